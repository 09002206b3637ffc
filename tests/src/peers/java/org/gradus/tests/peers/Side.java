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

  /// Checks the name, which becomes a column of a line.
  Side {
    if (name.isBlank() || name.indexOf(',') >= 0) {
      throw new IllegalArgumentException(
          "side: name \"" + name + "\". Expected a name that is not blank and holds no comma.");
    }
  }

  static Side ours(Runnable call) {
    return new Side(OURS, false, call);
  }

  static Side torch(String variant, Runnable call) {
    return new Side(variant, true, call);
  }
}
