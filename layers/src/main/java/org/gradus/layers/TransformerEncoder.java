// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// A stack of self-attention layers over sequences (Vaswani et al. 2017, section 3.1): the encoder of a Transformer, or with a
/// causal mask a model of what comes next.
///
/// ```
/// M = key is real      [and not after the query]             (MASK-1), (MASK-2)
/// y_l = layer_l(y_{l−1}; M)                                  (ENC-1), (ENC-2)
/// memory = y_N at real positions, 0 elsewhere                (ENC-3)
/// ```
///
/// With normalisation before the parts, one more stands behind the stack.
public final class TransformerEncoder {
  private final List<EncoderLayer> layers = new ArrayList<>();
  private final @Nullable LayerNorm last;
  private final boolean causal;

  /// What the layers of a stack have in common.
  ///
  /// @param layers N
  /// @param heads h
  /// @param norm where normalisation stands
  /// @param attention of every layer
  /// @param network of every layer
  /// @param dropout share of each part's output dropped in training
  public record Config(
      int layers,
      int heads,
      Residual.Norm norm,
      MultiHeadAttention.Config attention,
      FeedForward.Config network,
      double dropout) {
    /// Checks the number of layers.
    public Config {
      if (layers < 1) {
        throw new IllegalArgumentException(
            "transformer: " + layers + " layers. Expected at least 1.");
      }
    }

    /// The residual path around a part of a layer.
    public Residual residual(int width, Params params) {
      return new Residual(width, norm, dropout, params);
    }

    /// What stands behind the stack, if anything does.
    public @Nullable LayerNorm last(int width, Params params) {
      return norm == Residual.Norm.PRE ? new LayerNorm(width, Residual.EPSILON, params) : null;
    }
  }

  /// A stack whose layers have the paths `0`, `1`, … under `params`.
  ///
  /// @param width d
  /// @param causal whether a position sees only itself and what came before
  public TransformerEncoder(int width, Config config, boolean causal, Params params) {
    for (int l = 0; l < config.layers; l++) {
      layers.add(new EncoderLayer(width, config, params.at(l)));
    }
    last = config.last(width, params.at("norm"));
    this.causal = causal;
  }

  /// x `[B, T, d]` → memory `[B, T, d]`, 0 at padding.
  ///
  /// @param real `[B, T]`, true at real positions
  public Var forward(Var x, Tensor real, Mode mode) {
    Scope scope = mode.tape().scope();
    Tensor mask = causal ? causal(scope, real) : keys(scope, real);
    Var y = x;
    for (EncoderLayer layer : layers) {
      y = layer.forward(y, mask, mode); //                       [B, T, d]
    }
    Var normed = last == null ? y : last.forward(y);
    return normed.keepWhere(positions(scope, real)); //          [B, T, d]  (ENC-3)
  }

  /// `[B, 1, T]`: every query may attend to the real keys.
  ///
  /// @param real `[B, T]`
  public static Tensor keys(Scope scope, Tensor real) {
    return scope.reshape(real, real.shape().insert(1, 1)); // (MASK-1)
  }

  /// `[B, T, T]`: a query may attend to the real keys up to its own position.
  ///
  /// @param real `[B, T]`
  public static Tensor causal(Scope scope, Tensor real) {
    int t = real.shape().size(1);
    Tensor band = scope.reshape(Masks.band(scope, t, t, -1, 0), Shape.of(1, t, t));
    return Masks.and(scope, band, keys(scope, real)); // (MASK-2)
  }

  /// `[B, T, 1]`: for [Var#keepWhere] over features.
  ///
  /// @param real `[B, T]`
  public static Tensor positions(Scope scope, Tensor real) {
    return scope.reshape(real, real.shape().insert(2, 1));
  }
}
