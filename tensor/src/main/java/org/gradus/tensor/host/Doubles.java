// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.host;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;

/// `REAL` values in float64.
///
/// @param array the values, then padding
/// @param length number of values; at most the array's
@SuppressWarnings(
    "ArrayRecordComponent") // a block of memory: it is its array, and nobody compares two
public record Doubles(double[] array, int length) implements Buffer {
  @Override
  public Kind kind() {
    return Kind.REAL;
  }

  /// The array behind a buffer of this class.
  public static double[] of(Buffer buffer) {
    if (buffer instanceof Doubles(var array, _)) {
      return array;
    }
    throw Foreign.buffer(buffer, "double[]");
  }
}
