// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.List;
import java.util.function.Consumer;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.Dropout;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// A few queries ask many tokens:
///
/// ```
/// CA(Q, K) = softmax(Q W_Q (K W_K)ᵀ / √d_k) K W_V             (IN-7)
/// ```
///
/// without biases, one head, and no matrix behind it. Several heads of width d/h, with W_O behind them, are an option that the paper
/// does not have, and so are what [Sparsity] puts in the place of the softmax, and [Products] in that of real products.
///
/// Padded keys have weight 0. A query without a real key gets 0. With one real key the weights are 1 whatever W_Q and W_K.
public final class CrossAttention {
  private final DenseParameter query; //         W_Q [d, d]
  private final DenseParameter key; //           W_K [d, d]
  private final DenseParameter value; //         W_V [d, d]
  private final @Nullable DenseParameter out; // W_O [d, d]
  private final Dropout dropout; //              of the result
  private final Config config;
  private final int width;
  private final String path;

  /// What all attentions of a model have in common.
  ///
  /// @param heads h, a divisor of d
  /// @param outputProjection whether there is W_O
  /// @param sparsity how scores become weights
  /// @param dropout share of the results dropped in training
  /// @param inference how it multiplies where it is not trained
  public record Config(
      int heads, boolean outputProjection, Sparsity sparsity, double dropout, Products inference) {
    /// One head, a softmax.
    public static final Config PAPER = new Config(1, false, Sparsity.SOFTMAX, 0, Products.REALS);
  }

  /// New matrices under `params`.
  ///
  /// @param width d
  CrossAttention(int width, Config config, Params params) {
    if (config.heads < 1 || width % config.heads != 0) {
      throw new IllegalArgumentException(heads(config.heads, width));
    }
    Shape shape = Shape.of(width, width);
    query = params.weight("query", shape, Initializers.xavierUniform());
    key = params.weight("key", shape, Initializers.xavierUniform());
    value = params.weight("value", shape, Initializers.xavierUniform());
    out =
        config.outputProjection ? params.weight("out", shape, Initializers.xavierUniform()) : null;
    dropout = new Dropout(config.dropout, params);
    this.config = config;
    this.width = width;
    this.path = params.path();
  }

  /// Why so many heads cannot share a width.
  static String heads(int heads, int width) {
    return "infnet: "
        + heads
        + " heads of width "
        + width
        + ". Expected a number of heads that divides the width.";
  }

  /// What is asked.
  ///
  /// @param tokens K `[B, n, d]`; B may be 1 where tokens do not depend on the example, here and for queries
  /// @param mask `[B, n]`, true at real tokens; null when all are
  /// @param over sequences of the batch whose steps the tokens are, for watchers; none if they are no one sequence
  record Keys(Var tokens, @Nullable Tensor mask, List<String> over) {}

  /// `[B, m, d]`
  ///
  /// @param queries Q `[B, m, d]`
  /// @param penalty is given the mean entropy of the weights, where the sparsity penalises it
  Var forward(Var queries, Keys keys, Mode mode, Consumer<Var> penalty) {
    Products products = mode.training() ? Products.REALS : config.inference;
    Var tokens = products.real(keys.tokens, keys.mask);
    // each [B, h, …, d/h], or [B, …, d] for one head
    Var q = split(products.project(queries, query));
    Var k = split(products.project(tokens, key));
    Var v = split(products.project(tokens, value));
    Var scores = products.pairs(q, k).multiply(1 / Math.sqrt((double) width / config.heads));
    Sparsity.Weights weights = config.sparsity.weights(scores, keys.mask);
    Var alpha = weights.alpha(); // how much each query hears of each token
    mode.watch(path, keys.over, alpha, keys.over.isEmpty() ? null : keys.mask);
    Var entropy = weights.entropy();
    if (entropy != null) {
      penalty.accept(entropy);
    }
    Var y = merged(products.mix(alpha, v)); //                 [B, …, m, d]  (IN-7)
    return dropout.forward(out == null ? y : products.project(y, out), mode);
  }

  /// `[B, n, d]` → `[B, h, n, d/h]`; as it is for one head
  private Var split(Var x) {
    int h = config.heads;
    return h == 1 ? x : x.reshape(x.size(0), x.size(1), h, width / h).permute(0, 2, 1, 3);
  }

  /// `[B, h, m, d/h]` → `[B, m, d]`
  private Var merged(Var x) {
    return config.heads == 1 ? x : x.permute(0, 2, 1, 3).reshape(x.size(0), x.size(2), width);
  }
}
