// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Shape;

/// Initial values: a function of shape, key and position, so that any part can be drawn at any time, and every value is
/// representable in float32.
@FunctionalInterface
public interface Initializer {
  /// Writes the values of positions `first … first + values.length` of a parameter of this shape.
  ///
  /// @param key from the seed and the parameter's path
  void fill(float[] values, long first, Shape shape, long key);
}
