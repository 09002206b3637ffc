// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.host;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;

/// `INT` values.
///
/// @param array the values, then padding
/// @param length number of values; at most the array's
@SuppressWarnings(
    "ArrayRecordComponent") // a block of memory: it is its array, and nobody compares two
public record Ints(int[] array, int length) implements Buffer {
  @Override
  public Kind kind() {
    return Kind.INT;
  }

  /// The array behind a buffer of this class.
  public static int[] of(Buffer buffer) {
    if (buffer instanceof Ints(var array, _)) {
      return array;
    }
    throw Foreign.buffer(buffer, "int[]");
  }
}
