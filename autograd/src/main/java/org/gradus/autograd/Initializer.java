// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Shape;

/// Initial values: a function of fans, key and position, so that any part can be drawn at any time and by any thread, several
/// at once, and every value is representable in float32.
@FunctionalInterface
public interface Initializer {
  /// Writes the values of positions `first … first + values.length` of a parameter, row by row.
  ///
  /// @param key from the seed and the parameter's path
  void fill(float[] values, long first, Fans fans, long key);

  /// How many numbers flow in and out of one number of a layer: the last two sizes of its weight, 1 where there is none.
  /// Not a [Shape], since a table may have more elements than a tensor.
  record Fans(int in, int out) {
    /// Of a parameter of this shape.
    static Fans of(Shape shape) {
      int rank = shape.rank();
      return new Fans(rank >= 2 ? shape.size(-2) : 1, rank >= 1 ? shape.size(-1) : 1);
    }

    /// in + out
    long sum() {
      return (long) in + out;
    }
  }
}
