// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import jcuda.driver.CUfunction;

/// A kernel of a family, as the driver knows it.
///
/// @param name its symbol, `family_what`
/// @param parameters how many arguments it takes
record Kernel(String name, Function function, int parameters) {
  /// JCuda keeps the address to itself and its subclasses.
  static final class Function extends CUfunction {
    private long address() {
      return getNativePointer();
    }
  }

  /// The function, as libraries of C want it.
  long address() {
    return function.address();
  }
}
