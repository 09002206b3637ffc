// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.LayerNorm;
import org.gradus.layers.Linear;
import org.gradus.tensor.Shape;

/// One layer of a stream of the decoder: the elements of a node attend to each other, then each is transformed.
///
/// ```
/// Q = a(s W_Q),  K = a(s W_K),  V = a(s W_V)                        (EA-3)
/// Q̂, K̂, V̂ = split(Q, K, V)   [N, D] → [H, N, D/H]                    (EA-4)
/// O  = merge(softmax(Q̂ K̂ᵀ / ρ) V̂)                                   (EA-5)
/// ŝ  = LN₁(s + O),  s′ = LN₂(ŝ + FFN(ŝ))                            (EA-6)
/// FFN(x) = ELU(ELU(x W₁ + b₁) W₂ + b₂),  widths D → 2D → D
/// ```
///
/// No projection has a bias, and nothing follows the merge.
public final class DjeLayer {
  private static final double EPSILON = 1e-6;

  private final DenseParameter query; // W_Q [D, D]
  private final DenseParameter key; //   W_K [D, D]
  private final DenseParameter value; // W_V [D, D]
  private final Linear widen; //         W₁ [D, 2D], b₁
  private final Linear narrow; //        W₂ [2D, D], b₂
  private final LayerNorm first;
  private final LayerNorm second;
  private final Config config;

  /// ρ: what scores are divided by.
  public enum Scale {
    /// √D, as the published code has it, although heads have width D/H
    SQRT_MODEL,
    /// √(D/H)
    SQRT_HEAD
  }

  /// a: what follows the projections.
  public enum Activation {
    /// x for x > 0, else eˣ − 1
    ELU,
    /// x
    IDENTITY
  }

  /// What a user may set.
  ///
  /// @param heads H
  /// @param split what belongs to a head
  /// @param scale ρ
  /// @param activation a
  public record Config(int heads, HeadSplit split, Scale scale, Activation activation) {}

  /// `query`, `key` and `value` `[D, D]`, `widen/…`, `narrow/…`, `first/…` and `second/…`.
  ///
  /// @param width D, a multiple of the heads
  DjeLayer(int width, Config config, Params params) {
    if (config.heads < 1 || width % config.heads != 0) {
      throw new IllegalArgumentException(unfit(config.heads, width));
    }
    this.config = config;
    Shape square = Shape.of(width, width);
    query = params.weight("query", square, Initializers.xavierUniform());
    key = params.weight("key", square, Initializers.xavierUniform());
    value = params.weight("value", square, Initializers.xavierUniform());
    widen = new Linear(width, 2 * width, params.at("widen"));
    narrow = new Linear(2 * width, width, params.at("narrow"));
    first = new LayerNorm(width, EPSILON, params.at("first"));
    second = new LayerNorm(width, EPSILON, params.at("second"));
  }

  /// Why so many heads cannot share vectors of this width.
  static String unfit(int heads, int width) {
    return "easing: "
        + heads
        + " heads for vectors of "
        + width
        + " numbers, twice the width of an encoder. Expected a divisor.";
  }

  /// s `[B, N, D]` → `[B, N, D]`.
  Var forward(Var s) {
    Var a = first.forward(s.add(attention(s))); //                              [B, N, D]  (EA-6)
    Var f = narrow.forward(widen.forward(a).elu(1)).elu(1); //                  [B, N, D]
    return second.forward(a.add(f)); //                                         [B, N, D]  (EA-6)
  }

  /// O `[B, N, D]`.
  Var attention(Var s) {
    Tape tape = s.tape();
    Var q =
        config.split.split(projected(s, tape.use(query)), config.heads); // [B, H, N, D/H]  (EA-4)
    Var k = config.split.split(projected(s, tape.use(key)), config.heads); //   [B, H, N, D/H]
    Var v = config.split.split(projected(s, tape.use(value)), config.heads); // [B, H, N, D/H]
    int width = config.scale == Scale.SQRT_MODEL ? s.size(2) : q.size(3);
    Var weights = q.matmul(k, false, true).multiply(1 / Math.sqrt(width)).softmax();
    return config.split.merge(weights.matmul(v)); //                            [B, N, D]  (EA-5)
  }

  private Var projected(Var s, Var w) {
    Var z = s.matmul(w); //                                                     [B, N, D]  (EA-3)
    return config.activation == Activation.ELU ? z.elu(1) : z;
  }
}
