// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;

/// Layer normalisation (Ba, Kiros, Hinton 2016) over the last axis: y = γ (x − m) / √(v + ε) + β, with mean m and biased
/// variance v of each vector.
public final class LayerNorm {
  private final DenseParameter scale; // γ [C]
  private final DenseParameter shift; // β [C]
  private final double epsilon;

  /// A new layer under `params`.
  ///
  /// @param width C, size of the last axis
  /// @param epsilon ε, added to the variance
  public LayerNorm(int width, double epsilon, Params params) {
    this.scale =
        params.dense("scale", Shape.of(width), Parameter.Role.NORM, Initializers.constant(1));
    this.shift = params.dense("shift", Shape.of(width), Parameter.Role.NORM, Initializers.zeros());
    this.epsilon = epsilon;
  }

  /// x `[…, C]` → `[…, C]`.
  public Var forward(Var x) {
    Tape tape = x.tape();
    return x.layerNorm(epsilon).multiply(tape.use(scale)).add(tape.use(shift));
  }
}
