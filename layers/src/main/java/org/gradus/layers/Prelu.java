// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;

/// PReLU (He, Zhang, Ren, Sun 2015): f(s) = max(0, s) + α min(0, s), with a slope α of its own for each column.
public final class Prelu {
  /// Where slopes start in the paper.
  public static final double PAPER = 0.25;

  /// Where slopes start in the program that the authors of DIEN (Zhou et al. 2019) published.
  public static final double DIEN = 0.1;

  private final DenseParameter alpha; // [C]

  /// Slopes `alpha [C]` under `params`, which a penalty leaves alone: it would turn PReLU into ReLU.
  ///
  /// @param width C
  /// @param start of every slope
  public Prelu(int width, double start, Params params) {
    alpha =
        params.dense("alpha", Shape.of(width), Parameter.Role.NORM, Initializers.constant(start));
  }

  /// s `[…, C]` → `[…, C]`.
  public Var forward(Var s) {
    return s.prelu(s.tape().use(alpha));
  }
}
