// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.FeedForward;
import org.gradus.layers.LayerNorm;
import org.gradus.layers.Residual;
import org.gradus.layers.TransformerEncoder;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// What one behaviour's steps say to each other before anybody asks them: an option that the paper does not have.
///
/// ```
/// o_i = Σ_j softmax_j(q_i·k_j/√d_h + β_{h, min(|i−j|, K−1)}) v_j,  j ≤ i if causal     (IN-18)
/// x   ← x + [o₁; …; o_H] W_O,  q, k, v from LN(x)                                      (IN-19)
/// x   ← x + W₂ ReLU(W₁ LN(x) + b₁) + b₂                                                (IN-19)
/// ```
///
/// Padding is asked by nobody, and is 0 in the result.
public final class SequenceEncoder {
  private final List<Layer> layers = new ArrayList<>();
  private final Config config;
  private final int width;

  /// What a user may set.
  ///
  /// @param layers how many; 0 for no encoder
  /// @param heads H, a divisor of d
  /// @param maxDistance K: steps further apart than K − 1 count as that far
  /// @param causal whether a step sees only itself and what came before
  /// @param hidden units of the network of each layer
  public record Config(int layers, int heads, int maxDistance, boolean causal, int hidden) {
    /// Checks the ranges.
    public Config {
      if (layers < 0 || heads < 1 || maxDistance < 1) {
        throw new IllegalArgumentException(
            "infnet: an encoder of "
                + layers
                + " layers, "
                + heads
                + " heads and distances up to "
                + maxDistance
                + ". Expected at least 0, 1 and 1.");
      }
    }
  }

  /// @param beta β `[H, K]`, never regularised
  private record Layer(
      LayerNorm before,
      DenseParameter query,
      DenseParameter key,
      DenseParameter value,
      DenseParameter out,
      DenseParameter beta,
      LayerNorm between,
      FeedForward network) {}

  /// Layers with the paths `<i>` under `params`.
  ///
  /// @param width d
  SequenceEncoder(int width, Config config, Params params) {
    if (width % config.heads != 0) {
      throw new IllegalArgumentException(CrossAttention.heads(config.heads, width));
    }
    this.config = config;
    this.width = width;
    Shape square = Shape.of(width, width);
    Shape distances = Shape.of(config.heads, config.maxDistance);
    var network = new FeedForward.Config(config.hidden, FeedForward.Activation.RELU, 0);
    for (int i = 0; i < config.layers; i++) {
      Params p = params.at(i);
      layers.add(
          new Layer(
              new LayerNorm(width, Residual.EPSILON, p.at("before")),
              p.weight("query", square, Initializers.xavierUniform()),
              p.weight("key", square, Initializers.xavierUniform()),
              p.weight("value", square, Initializers.xavierUniform()),
              p.weight("out", square, Initializers.xavierUniform()),
              p.dense("beta", distances, Parameter.Role.BIAS, Initializers.zeros()),
              new LayerNorm(width, Residual.EPSILON, p.at("between")),
              new FeedForward(width, network, p.at("network"))));
    }
  }

  /// x `[B, T, d]` → `[B, T, d]`, 0 at padding.
  ///
  /// @param real `[B, T]`
  Var forward(Var x, Tensor real, Mode mode) {
    Tape tape = mode.tape();
    Scope scope = tape.scope();
    Tensor mask =
        config.causal
            ? TransformerEncoder.causal(scope, real)
            : TransformerEncoder.keys(scope, real);
    Tensor everyHead = scope.reshape(mask, mask.shape().insert(1, 1));
    Var h = x;
    for (Layer layer : layers) {
      Var normed = layer.before.forward(h); //                       [B, …, T, d]
      Var q = split(normed.matmul(tape.use(layer.query))); //        [B, …, H, T, d_h]
      Var k = split(normed.matmul(tape.use(layer.key))); //          [B, …, H, T, d_h]
      Var v = split(normed.matmul(tape.use(layer.value))); //        [B, …, H, T, d_h]
      Var o = mix(q, k, v, tape.use(layer.beta), everyHead); //      [B, …, H, T, d_h]  (IN-18)
      Var joined = o.permute(0, 2, 1, 3).reshape(h.size(0), h.size(1), width);
      h = h.add(joined.matmul(tape.use(layer.out))); //              [B, …, T, d]  (IN-19)
      h = h.add(layer.network.forward(layer.between.forward(h), mode)); //      (IN-19)
    }
    return h.keepWhere(TransformerEncoder.positions(scope, real));
  }

  /// (IN-18) of queries, keys and values `[B, H, T, d_h]`.
  ///
  /// @param beta `[H, K]`
  /// @param mask `[B, 1, T, T]`, or with 1 for the queries
  static Var mix(Var q, Var k, Var v, Var beta, Tensor mask) {
    int t = q.size(2);
    int furthest = beta.size(1) - 1;
    int[] distances = new int[t * t];
    for (int i = 0; i < t; i++) {
      for (int j = 0; j < t; j++) {
        distances[i * t + j] = Math.min(Math.abs(i - j), furthest);
      }
    }
    Tensor apart = q.tape().scope().upload(Shape.of(t, t), distances);
    Var bias = beta.gather(1, apart); //                             [H, T, T]
    Var scores = q.matmul(k, false, true).multiply(1 / Math.sqrt(q.size(3))).add(bias);
    return scores.softmax(mask).matmul(v); //                        [B, …, H, T, d_h]  (IN-18)
  }

  /// `[B, T, d]` → `[B, H, T, d_h]`
  private Var split(Var x) {
    return x.reshape(x.size(0), x.size(1), config.heads, width / config.heads).permute(0, 2, 1, 3);
  }
}
