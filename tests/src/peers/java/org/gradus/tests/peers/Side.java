// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

/// One way to do the work of a case.
///
/// @param name `gradus`, or the variant of libtorch
/// @param torch whether it runs on libtorch
/// @param call does the work once
record Side(String name, boolean torch, Runnable call) {
  /// The name of our side.
  static final String OURS = "gradus";

  static Side ours(Runnable call) {
    return new Side(OURS, false, call);
  }

  static Side torch(String variant, Runnable call) {
    return new Side(variant, true, call);
  }
}
