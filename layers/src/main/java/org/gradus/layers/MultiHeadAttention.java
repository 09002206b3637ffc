// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Multi-head attention (Vaswani et al. 2017, section 3.2): every query mixes the values of the keys that it may attend to, h
/// times over, in parts of d_k = d/h features.
///
/// ```
/// Q = X_q W_Q,  K = X_k W_K,  V = X_v W_V      [+ b]         (MHA-1)
/// [N, T, d] → [N, T, h, d_k] → [N, h, T, d_k]                (MHA-2)
/// A_i = softmax of Q_i K_iᵀ / √d_k over allowed keys          (MHA-3)
/// O_i = dropout(A_i) V_i                                     (MHA-4)
/// Y   = [O_1; …; O_h] W_O                      [+ b_O]       (MHA-5)
/// ```
///
/// N is the number of sequences: the rows of a batch, or their sessions.
///
/// A query without an allowed key has weights 0 and O = 0, so Y is b_O there, or 0. Keys that nobody may attend to change
/// nothing and get no gradient, whatever finite numbers they hold. Masked scores are left out of the softmax; nothing is added
/// to them.
public final class MultiHeadAttention {
  private final DenseParameter query; //               W_Q [d, d], or [h, d_k, d_k]
  private final DenseParameter key; //                 W_K
  private final DenseParameter value; //               W_V
  private final DenseParameter out; //                 W_O [d, d]
  private final @Nullable DenseParameter queryBias; // [d]
  private final @Nullable DenseParameter keyBias; //   [d]; the softmax cancels it
  private final @Nullable DenseParameter valueBias; // [d]
  private final @Nullable DenseParameter outBias; //   [d]
  private final Dropout dropout; //                    of A
  private final Config config;
  private final int width;
  private final int heads;

  /// What scores are divided by.
  public enum Scale {
    /// √d_k, the width of a head (Vaswani et al. 2017)
    D_HEAD,
    /// √d, the width of all heads together (as Feng et al. 2019 print it)
    D_MODEL
  }

  /// How a head gets its queries, keys and values.
  public enum Projection {
    /// one matrix `[d, d]`, whose columns are dealt to the heads (Vaswani et al. 2017)
    FULL_THEN_SPLIT,
    /// each head projects its own d_k features by a matrix `[d_k, d_k]` (Feng et al. 2019)
    SPLIT_THEN_PROJECT
  }

  /// What belongs to a head.
  public enum Split {
    /// d_k features of every position, (MHA-2)
    FEATURES,
    /// a block of T/h positions, reshaped `[N, T, d] → [N, h, T, d_k]` at once: positions mix, so that no mask has a meaning.
    /// For short fixed sets of fields only
    COUPLED
  }

  /// What a user may set.
  ///
  /// @param scale what scores are divided by
  /// @param projection how a head gets its queries, keys and values
  /// @param split what belongs to a head
  /// @param bias whether the four products have biases
  /// @param dropout share of the weights A dropped in training
  /// @param kvWidth width of keys and values where it is not that of queries; 0 where it is
  public record Config(
      Scale scale, Projection projection, Split split, boolean bias, double dropout, int kvWidth) {
    /// The paper's: √d_k, full matrices, no bias, no dropout of weights.
    public static final Config PAPER =
        new Config(Scale.D_HEAD, Projection.FULL_THEN_SPLIT, Split.FEATURES, false, 0, 0);

    /// The same with another divisor.
    public Config with(Scale other) {
      return new Config(other, projection, split, bias, dropout, kvWidth);
    }

    /// The same with another projection.
    public Config with(Projection other) {
      return new Config(scale, other, split, bias, dropout, kvWidth);
    }

    /// The same with another split.
    public Config with(Split other) {
      return new Config(scale, projection, other, bias, dropout, kvWidth);
    }

    /// The same with biases, or without.
    public Config withBias(boolean other) {
      return new Config(scale, projection, split, other, dropout, kvWidth);
    }

    /// The same with dropout of weights.
    public Config withDropout(double rate) {
      return new Config(scale, projection, split, bias, rate, kvWidth);
    }

    /// The same with keys and values of another width.
    public Config withKvWidth(int other) {
      return new Config(scale, projection, split, bias, dropout, other);
    }
  }

  /// Keys and values as the heads see them: what decoding keeps from one step to the next.
  ///
  /// @param keys K `[N, h, T, d_k]`
  /// @param values V `[N, h, T, d_k]`
  public record Projected(Var keys, Var values) {
    /// These positions, and then those.
    public Projected then(Projected more) {
      return new Projected(
          Var.concat(2, List.of(keys, more.keys)), Var.concat(2, List.of(values, more.values)));
    }

    /// These rows of the batch, in this order.
    ///
    /// @param rows `INT` `[B′]`
    public Projected rows(Tensor rows) {
      return new Projected(keys.gather(0, rows), values.gather(0, rows));
    }
  }

  /// New matrices `query/weight`, `key/weight`, `value/weight` and `out/weight` under `params`, and biases beside them.
  ///
  /// @param width d
  /// @param heads h, a divisor of d
  public MultiHeadAttention(int width, int heads, Config config, Params params) {
    check(width, heads, config, params);
    int kv = config.kvWidth == 0 ? width : config.kvWidth;
    this.width = width;
    this.heads = heads;
    this.config = config;
    query = weight(width, params.at("query"));
    key = weight(kv, params.at("key"));
    value = weight(kv, params.at("value"));
    out = params.at("out").weight("weight", Shape.of(width, width), Initializers.xavierUniform());
    queryBias = bias(params.at("query"));
    keyBias = bias(params.at("key"));
    valueBias = bias(params.at("value"));
    outBias = bias(params.at("out"));
    dropout = new Dropout(config.dropout, params);
  }

  private static void check(int width, int heads, Config config, Params params) {
    if (width < 1 || heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          params.path()
              + ": "
              + heads
              + " heads of width "
              + width
              + ". Expected a number of heads that divides the width.");
    }
    if (config.projection == Projection.SPLIT_THEN_PROJECT
        && config.kvWidth != 0
        && config.kvWidth != width) {
      throw new IllegalArgumentException(
          params.path()
              + ": SPLIT_THEN_PROJECT with keys of width "
              + config.kvWidth
              + " and queries of width "
              + width
              + ". Expected one width, or FULL_THEN_SPLIT.");
    }
  }

  private DenseParameter weight(int in, Params params) {
    int dim = width / heads;
    Shape shape =
        config.projection == Projection.FULL_THEN_SPLIT
            ? Shape.of(in, width)
            : Shape.of(heads, dim, dim);
    return params.weight("weight", shape, Initializers.xavierUniform());
  }

  private @Nullable DenseParameter bias(Params params) {
    return config.bias ? params.bias("bias", Shape.of(width)) : null;
  }

  /// Y `[N, T_q, d]`.
  ///
  /// @param queries X_q `[N, T_q, d]`
  /// @param keys X_k `[N, T_k, d]`, or as wide as `kvWidth` says
  /// @param values X_v, one for each key
  /// @param mask true where a query may attend to a key: `[N, T_q, T_k]`, or with 1 for sizes that do not matter, such as
  ///     `[N, 1, T_k]` for padding; null where all may attend to all
  public Var forward(Var queries, Var keys, Var values, @Nullable Tensor mask, Mode mode) {
    return attend(queries, project(keys, values), mask, mode);
  }

  /// K and V of (MHA-1) and (MHA-2), for [#attend].
  public Projected project(Var keys, Var values) {
    return new Projected(
        projected(keys, key, keyBias), projected(values, value, valueBias)); // (MHA-1)
  }

  /// As [#forward], with keys and values that were projected before.
  public Var attend(Var queries, Projected to, @Nullable Tensor mask, Mode mode) {
    Var a = weights(queries, to, mask); //                       [N, h, T_q, T_k]  (MHA-3)
    Var o = dropout.forward(a, mode).matmul(to.values); //       [N, h, T_q, d_k]  (MHA-4)
    return product(merged(o), out, outBias); //                  [N, T_q, d]  (MHA-5)
  }

  /// A `[N, h, T_q, T_k]`: each row sums to 1, or is 0 where no key is allowed.
  public Var weights(Var queries, Projected to, @Nullable Tensor mask) {
    Var q = projected(queries, query, queryBias); //             [N, h, T_q, d_k]  (MHA-1)
    int scale = config.scale == Scale.D_HEAD ? width / heads : width;
    Var scores = q.matmul(to.keys, false, true).multiply(1 / Math.sqrt(scale));
    if (mask == null) {
      return scores.softmax();
    }
    return scores.softmax(everyHead(mask, scores));
  }

  /// The mask with an axis for the heads.
  private Tensor everyHead(Tensor mask, Var scores) {
    if (config.split == Split.COUPLED) {
      throw new IllegalArgumentException(
          "attention: a mask with split COUPLED, where a head holds parts of several positions."
              + " Expected no mask, or split FEATURES.");
    }
    Shape s = mask.shape();
    boolean fits = s.rank() == 3;
    int[] sizes = {scores.size(0), scores.size(2), scores.size(3)};
    for (int i = 0; fits && i < 3; i++) {
      fits = s.size(i) == sizes[i] || s.size(i) == 1;
    }
    if (!fits) {
      throw new IllegalArgumentException(
          "attention: mask "
              + s
              + " for queries and keys "
              + Shape.of(sizes)
              + ". Expected [B, T_q, T_k], with 1 for sizes that do not matter.");
    }
    return scores.tape().scope().reshape(mask, s.insert(1, 1));
  }

  private Var projected(Var x, DenseParameter w, @Nullable DenseParameter b) {
    if (config.projection == Projection.FULL_THEN_SPLIT) {
      return split(product(x, w, b)); //                         (MHA-2)
    }
    Tape tape = x.tape();
    Var y = split(x).matmul(tape.use(w)); //                     [N, h, T, d_k]
    return b == null ? y : y.add(tape.use(b).reshape(heads, 1, width / heads));
  }

  private static Var product(Var x, DenseParameter w, @Nullable DenseParameter b) {
    Tape tape = x.tape();
    return b == null
        ? x.matmul(tape.use(w))
        : x.linear(tape.use(w), tape.use(b), Activation.IDENTITY);
  }

  /// `[N, T, d]` → `[N, h, T, d_k]`
  private Var split(Var x) {
    int t = x.size(1);
    return config.split == Split.COUPLED
        ? x.reshape(x.size(0), heads, t, width / heads)
        : x.reshape(x.size(0), t, heads, width / heads).permute(0, 2, 1, 3);
  }

  /// `[N, h, T, d_k]` → `[N, T, d]`
  private Var merged(Var x) {
    return x.permute(0, 2, 1, 3).reshape(x.size(0), x.size(2), width);
  }
}
