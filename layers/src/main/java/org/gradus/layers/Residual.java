// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.function.UnaryOperator;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;

/// A residual path around a part of a network, with layer normalisation behind the sum or before the part:
///
/// ```
/// POST:  y = LN(x + dropout(f(x)))          (RES-1)
/// PRE:   y = x + dropout(f(LN(x)))          (RES-2)
/// ```
public final class Residual {
  /// ε of the normalisation, added to the variance.
  public static final double EPSILON = 1e-6;

  private final LayerNorm norm;
  private final Dropout dropout;
  private final Norm placement;

  /// Where the normalisation stands.
  public enum Norm {
    /// behind the sum (Vaswani et al. 2017); deep stacks need a rate that rises slowly
    POST,
    /// before the part (Xiong et al. 2020); a stack of these ends in one more normalisation
    PRE
  }

  /// A path with a normalisation of its own under `params`.
  ///
  /// @param width size of the last axis
  /// @param dropout share of the part's output dropped in training
  public Residual(int width, Norm placement, double dropout, Params params) {
    this.norm = new LayerNorm(width, EPSILON, params);
    this.dropout = new Dropout(dropout, params);
    this.placement = placement;
  }

  /// x `[…, d]` → y `[…, d]`.
  ///
  /// @param part f
  public Var around(Var x, UnaryOperator<Var> part, Mode mode) {
    return switch (placement) {
      case POST -> norm.forward(x.add(dropout.forward(part.apply(x), mode))); // (RES-1)
      case PRE -> x.add(dropout.forward(part.apply(norm.forward(x)), mode)); //  (RES-2)
    };
  }
}
