// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.host;

import org.gradus.tensor.Buffer;

/// The error of a kernel that is handed a buffer which is not its own.
final class Foreign {
  private Foreign() {}

  static IllegalArgumentException buffer(Buffer given, String expected) {
    return new IllegalArgumentException(
        "buffer: "
            + given.getClass().getSimpleName()
            + " of kind "
            + given.kind()
            + " and length "
            + given.length()
            + ". Expected "
            + expected
            + ": a buffer of the device whose kernel was called, of the kind that the kernel"
            + " reads.");
  }
}
