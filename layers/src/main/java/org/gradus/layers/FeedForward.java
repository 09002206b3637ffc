// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels;

/// The position-wise feed-forward network of the Transformer (Vaswani et al. 2017, section 3.3): widen, bend, narrow, with the
/// same weights at every position.
///
/// ```
/// FFN(x) = dropout(f(x W₁ + b₁)) W₂ + b₂                     (FFN-1)
/// ```
///
/// It equals two convolutions with kernel 1.
public final class FeedForward {
  private static final double ROOT = 0.7978845608028654; // √(2/π)

  private final Linear widen; //  W₁ [d, d_ff], b₁ [d_ff]
  private final Linear narrow; // W₂ [d_ff, d], b₂ [d]
  private final Dropout dropout;
  private final Activation activation;

  /// f.
  public enum Activation {
    /// max(x, 0) (the paper)
    RELU,
    /// x Φ(x) by its approximation ½x(1 + tanh(√(2/π)(x + 0.044715 x³))) (Hendrycks, Gimpel 2016)
    GELU_TANH
  }

  /// What a user may set.
  ///
  /// @param hidden d_ff
  /// @param activation f
  /// @param dropout share of f dropped in training; the paper lists none here
  public record Config(int hidden, Activation activation, double dropout) {}

  /// A network whose layers have the paths `widen` and `narrow` under `params`.
  ///
  /// @param width d
  public FeedForward(int width, Config config, Params params) {
    widen =
        new Linear(
            width,
            config.hidden,
            config.activation == Activation.RELU
                ? MatMulKernels.Activation.RELU
                : MatMulKernels.Activation.IDENTITY,
            LinearInit.XAVIER,
            params.at("widen"));
    narrow = new Linear(config.hidden, width, params.at("narrow"));
    dropout = new Dropout(config.dropout, params);
    activation = config.activation;
  }

  /// x `[…, d]` → `[…, d]`.
  public Var forward(Var x, Mode mode) {
    Var h = widen.forward(x); //                                 […, d_ff]
    Var f = activation == Activation.GELU_TANH ? gelu(h) : h;
    return narrow.forward(dropout.forward(f, mode)); //          […, d]  (FFN-1)
  }

  private static Var gelu(Var x) {
    Var inner = x.add(x.square().multiply(x).multiply(0.044715)).multiply(ROOT);
    return x.multiply(0.5).multiply(inner.tanh().add(1));
  }
}
