// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// Inverted dropout (Srivastava et al. 2014): in training each number is 0 with probability `rate`, and otherwise divided by
/// 1 − rate; in evaluation nothing happens. What is dropped is a function of seed, step, path and position.
public final class Dropout {
  private final double rate;
  private final String path;

  /// Dropout at a rate.
  ///
  /// @param rate share dropped, in [0, 1)
  /// @param params names the layer; no parameter is made
  public Dropout(double rate, Params params) {
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException(
          params.path() + ": dropout rate " + rate + ". Expected 0 ≤ rate < 1.");
    }
    this.rate = rate;
    this.path = params.path();
  }

  /// x of any shape.
  public Var forward(Var x, Mode mode) {
    return drops(mode) ? x.dropout(rate, mode.draw(path)) : x;
  }

  /// Factors of this shape, 0 or 1/(1 − rate), for numbers that are dropped at several places alike, such as every step of a
  /// sequence; null when nothing is dropped.
  public @Nullable Var factors(Shape shape, Mode mode) {
    return drops(mode)
        ? forward(mode.tape().constant(Shape.scalar(), 1f).expand(shape), mode)
        : null;
  }

  private boolean drops(Mode mode) {
    return mode.training() && rate > 0;
  }
}
