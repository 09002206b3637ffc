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

  /// Where Q is 0 in float64 too; n and d of larger numbers may overflow.
  private static final double FAR = 40;

  /// n of Q, the highest power first.
  private static final double[] N = {
    3.52624965998911e-2,
    0.700383064443688,
    6.37396220353165,
    33.912866078383,
    112.079291497871,
    221.213596169931,
    220.206867912376
  };

  /// d of Q.
  private static final double[] D = {
    8.83883476483184e-2,
    1.75566716318264,
    16.064177579207,
    86.7807322029461,
    296.564248779674,
    637.333633378831,
    793.826512519948,
    440.413735824752
  };

  private final Linear widen; //  W₁ [d, d_ff], b₁ [d_ff]
  private final Linear narrow; // W₂ [d_ff, d], b₂ [d]
  private final Dropout dropout;
  private final Activation activation;

  /// f.
  public enum Activation {
    /// max(x, 0) (the paper)
    RELU,
    /// x Φ(x), with Φ the distribution function of the normal law: ½x(1 + erf(x/√2)) (Hendrycks, Gimpel 2016)
    GELU,
    /// x Φ(x) by the approximation ½x(1 + tanh(√(2/π)(x + 0.044715 x³))) (Hendrycks, Gimpel 2016)
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
    Var f =
        switch (activation) {
          case RELU -> h; // in the kernel of the product
          case GELU -> gelu(h);
          case GELU_TANH -> geluByTanh(h);
        };
    return narrow.forward(dropout.forward(f, mode)); //          […, d]  (FFN-1)
  }

  /// max(x, 0) − |x| Q(|x|), with Q(a) = 1 − Φ(a) = e^{−a²/2} n(a)/d(a) within 2e-16: number 5666 of Hart et al., "Computer
  /// Approximations" (1968).
  private static Var gelu(Var x) {
    Var size = x.abs();
    Var a = size.clip(0, FAR);
    Var tail = x.square().multiply(-0.5).exp().multiply(polynomial(N, a).divide(polynomial(D, a)));
    return x.relu().subtract(size.multiply(tail));
  }

  /// By Horner, the highest power first.
  private static Var polynomial(double[] coefficients, Var x) {
    Var sum = x.multiply(coefficients[0]).add(coefficients[1]);
    for (int i = 2; i < coefficients.length; i++) {
      sum = sum.multiply(x).add(coefficients[i]);
    }
    return sum;
  }

  private static Var geluByTanh(Var x) {
    Var inner = x.add(x.square().multiply(x).multiply(0.044715)).multiply(ROOT);
    return x.multiply(0.5).multiply(inner.tanh().add(1));
  }
}
