// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.autoint;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.FirstOrder;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **AutoInt** — Song, Shi, Xiao, Duan, Xu, Zhang, Tang. CIKM 2019, [arXiv:1810.11921](https://arxiv.org/abs/1810.11921)
///
/// ```
/// e_m   = V_m x_m, for numbers v_m x_m
/// ψ⁽ʰ⁾(e_m, e_k) = ⟨W_Q⁽ʰ⁾ e_m, W_K⁽ʰ⁾ e_k⟩                    (AI-1)
/// α⁽ʰ⁾_{m,k}     = softmax of ψ⁽ʰ⁾(e_m, ·) over k               (AI-2)
/// ẽ_m   = [Σ_k α⁽¹⁾_{m,k} W_V⁽¹⁾ e_k; …; Σ_k α⁽ᴴ⁾_{m,k} W_V⁽ᴴ⁾ e_k]   (AI-3)
/// e_m^Res = ReLU(ẽ_m + W_Res e_m), the next layer's e_m        (AI-4)
/// z     = wᵀ [e₁^Res; …; e_M^Res] + b                          (AI-5)
///         + w_oᵀ tower([e₁; …; e_M])       AutoInt+, `dnn`       (AI-5)
///         + ℓ(x)                           `useLinear`          (AI-5)
/// ```
///
/// ℓ(x) is linear, one weight per feature. Fields are tokens: each asks all of them, itself included, and takes a mixture of
/// what they offer, once per head. Layers make combinations of combinations; the residual keeps the lower orders.
///
/// Departs from the paper in five places: the sigmoid lives in the loss; the tower of AutoInt+ ends in weights without a
/// bias, for z has one; a multi-valued field is pooled as it says, where the paper takes the mean; ℓ(x) can be added, which
/// the paper has not; and where dropout acts, which by our reading the paper does not say, is on α and in the tower. It
/// follows the paper where the authors' program does not: no biases and no ReLU on the projections, no division by √d′
/// unless `scaled`, no layer norm.
public final class AutoInt implements Model {

  /// `PAPER` is the setting of the paragraph "Implementation Details", without the tower of AutoInt+.
  ///
  /// @param embeddingDim d
  /// @param attention the interacting layers
  /// @param dnn the tower of AutoInt+, or null for AutoInt
  /// @param useLinear whether there is a linear term
  public record Config(
      int embeddingDim, Attention attention, @Nullable Tower dnn, boolean useLinear) {
    /// d = 16, three layers of two heads of 32.
    public static final Config PAPER =
        new Config(16, new Attention(3, 2, 32, true, false, 0), null, false);
  }

  /// The interacting layers.
  ///
  /// @param layers how many
  /// @param heads H
  /// @param headDim d′
  /// @param residual whether there is a W_Res
  /// @param scaled whether ψ is divided by √d′
  /// @param dropout share of the attention weights dropped in training
  public record Attention(
      int layers, int heads, int headDim, boolean residual, boolean scaled, double dropout) {}

  /// The tower of AutoInt+.
  ///
  /// @param hidden layer sizes
  /// @param style what the layers have in common
  public record Tower(List<Integer> hidden, Mlp.Style style) {
    /// Two layers; their size and dropout, which the paper tunes, are a starting point of this library.
    public static final Tower DEFAULT = new Tower(List.of(400, 400), Mlp.Style.RELU);
  }

  private final FieldEmbeddings v; //                                          V_m, v_m
  private final List<InteractingLayer> layers = new ArrayList<>(); //         W_Q, W_K, W_V, W_Res
  private final DenseParameter out; //                                        w [M·H·d′, 1]
  private final DenseParameter bias; //                                       b
  private final @Nullable Mlp deep; //                                        AutoInt+
  private final @Nullable DenseParameter deepOut; //                          w_o [h, 1]
  private final @Nullable FirstOrder w; //                                    ℓ(x)
  private final Target target;

  /// A model for the only label of the schema.
  public AutoInt(Config config, Schema schema, Params params) {
    Attention a = config.attention;
    if (a.layers < 1) {
      throw new IllegalArgumentException(
          "autoint: " + a.layers + " interacting layers. Expected at least 1.");
    }
    v =
        new FieldEmbeddings(
            schema,
            config.embeddingDim,
            Numeric.SCALED_EMBEDDING,
            params.at("v"),
            Initializers.normal(0.01));
    var shared = new InteractingLayer.Config(a.heads, a.headDim, a.residual, a.scaled, a.dropout);
    int width = config.embeddingDim;
    for (int l = 0; l < a.layers; l++) {
      layers.add(new InteractingLayer(v.names(), width, shared, params.at("attention").at(l)));
      width = shared.width();
    }
    out = params.weight("out", Shape.of(v.count() * width, 1), Initializers.xavierUniform());
    bias = params.bias("bias", Shape.scalar());
    Tower tower = config.dnn;
    if (tower == null) {
      deep = null;
      deepOut = null;
    } else {
      int flat = v.count() * config.embeddingDim;
      deep = new Mlp(flat, tower.hidden, tower.style, params.at("deep"));
      deepOut = params.weight("deepOut", Shape.of(deep.out(), 1), Initializers.xavierUniform());
    }
    w = config.useLinear ? new FirstOrder(schema, params.at("w")) : null;
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var e = v.lookup(batch, mode); //                                  [B, M, d]
    Var x = e;
    for (InteractingLayer layer : layers) {
      x =
          layer.forward(
              x, mode); //                                   [B, M, H·d′]  (AI-1) to (AI-4)
    }
    Var z = x.flatten(1).matmul(tape.use(out)).squeeze(1); //          [B]  (AI-5)
    z = z.add(tape.use(bias));
    if (deep != null && deepOut != null) {
      Var h = deep.forward(e.flatten(1), mode); //                     [B, h]
      z = z.add(h.matmul(tape.use(deepOut)).squeeze(1)); //            [B]  (AI-5), AutoInt+
    }
    if (w != null) {
      z = z.add(w.forward(batch, mode)); //                            [B]
    }
    return target.outputs(z);
  }
}
