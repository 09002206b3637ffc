// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.host;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;

/// `MASK` values: 1 is a real entry, 0 is padding.
///
/// @param array the values, then padding
/// @param length number of values; at most the array's
@SuppressWarnings(
    "ArrayRecordComponent") // a block of memory: it is its array, and nobody compares two
public record Flags(byte[] array, int length) implements Buffer {
  @Override
  public Kind kind() {
    return Kind.MASK;
  }

  /// The array behind a buffer of this class.
  public static byte[] of(Buffer buffer) {
    if (buffer instanceof Flags(var array, _)) {
      return array;
    }
    throw Foreign.buffer(buffer, "byte[]");
  }
}
