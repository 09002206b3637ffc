// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Counter;

/// How a gradient check draws an input. The check rounds what it gets to float32, so that every device can hold it.
@FunctionalInterface
public interface Draw {
  /// The number at a position, a function of key and position.
  double value(long key, int position);

  /// N(0, 0.5²), as every parameter is drawn.
  static Draw normal() {
    return (key, i) -> 0.5 * Initializers.normalAt(key, i);
  }

  /// Uniform in [low, high), for operations that are defined there only: the logarithm, the square root.
  static Draw uniform(double low, double high) {
    return (key, i) -> low + (high - low) * Counter.uniform53(key, i);
  }
}
