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
/// ψ⁽ʰ⁾(e_m, e_k) = ⟨W_Query⁽ʰ⁾ e_m, W_Key⁽ʰ⁾ e_k⟩                    (AI-1)
/// α⁽ʰ⁾_{m,k}     = exp ψ⁽ʰ⁾(e_m, e_k) / Σ_n exp ψ⁽ʰ⁾(e_m, e_n)        (AI-2)
/// ẽ_m⁽ʰ⁾  = Σ_k α⁽ʰ⁾_{m,k} W_Value⁽ʰ⁾ e_k,  ẽ_m = [ẽ_m⁽¹⁾; …; ẽ_m⁽ᴴ⁾]  (AI-3)
/// e_m^Res = ReLU(ẽ_m + W_Res e_m), the next layer's e_m              (AI-4)
/// z       = wᵀ [e₁^Res; …; e_M^Res] + b                             (AI-5)
///           + w_oᵀ tower([e₁; …; e_M])  with `dnn`: AutoInt+         (AI-5)
///           + ℓ(x)                      with `useLinear`            (AI-5)
/// ```
///
/// M is the number of fields, those with ids and then the dense ones, over which m, k and n run from 1. e_m is the embedding
/// of field m, of d numbers: V_m x_m, the row of its table V_m for the id x_m (pooled, if there are several), or for a dense
/// field a vector v_m times its number x_m. (AI-1) to (AI-4) are one layer, [InteractingLayer], of H heads, h = 1 … H, each
/// d′ wide, with matrices W of its own: ψ is a score, α the share that field m takes of field k, ẽ_m the mixtures that the
/// heads make of the fields by these shares, and e_m^Res, of H·d′ numbers, the layer's result for field m. In the layers
/// after the first d is H·d′. In (AI-5) the e_m^Res are those of the last layer, the e_m the embeddings. ⟨·, ·⟩ is an inner
/// product, [·; ·] puts vectors one behind the other, ᵀ transposes. z is the score of an example, w its weights and b its
/// bias; tower is fully connected layers with ReLU, w_o the weights of its output; ℓ(x) is linear, one weight per feature,
/// that is, per id and per dense field. B is the number of examples in a batch.
///
/// Fields are tokens: each asks all of them, itself included, and takes a mixture of what they offer, once per head. Layers make
/// combinations of combinations; the residual keeps the lower orders.
///
/// The numbers of equations are ours. By our reading (AI-1) and (AI-2) are eq. 5 of the paper, (AI-3) eqs. 6 and 7, (AI-4)
/// eq. 8, (AI-5) eq. 9, and the embeddings eqs. 2 to 4.
///
/// Fields that hold a history are not read.
///
/// Departs from the paper in seven places: numbers enter as they come, where by our reading the paper takes the squared logarithm
/// of those above 2; the sigmoid lives in the loss; the tower of AutoInt+ ends in weights without a
/// bias, for z has one; a multi-valued field is pooled as it says, where the paper takes the mean; fields that
/// share a table have one V_m; ℓ(x) can be added, which the paper has not; and where dropout acts, which by our reading the paper does not say, is on α and in the tower. It
/// follows the paper where the authors' program does not: no biases and no ReLU on the projections, no division by √d′
/// unless `scaled`, no layer norm.
public final class AutoInt implements Model {

  /// `PAPER` is the setting of the paragraph "Implementation Details", by our reading, without the tower of AutoInt+ and, which is
  /// ours, without dropout.
  ///
  /// @param embeddingDim d of the first layer
  /// @param attention the interacting layers
  /// @param dnn the tower of AutoInt+, or null for AutoInt
  /// @param useLinear whether ℓ(x) is added
  public record Config(
      int embeddingDim, Attention attention, @Nullable Tower dnn, boolean useLinear) {
    /// d = 16, three layers with residual, unscaled, of two heads of 32.
    public static final Config PAPER =
        new Config(16, new Attention(3, 2, 32, true, false, 0), null, false); // no tower, no ℓ(x)
  }

  /// The interacting layers.
  ///
  /// @param layers how many, at least 1
  /// @param heads H, at least 1
  /// @param headDim d′, at least 1
  /// @param residual whether there is a W_Res; without, e_m^Res = ReLU(ẽ_m)
  /// @param scaled whether ψ is divided by √d′, which the paper does not
  /// @param dropout share of α dropped in training, in [0, 1)
  public record Attention(
      int layers, int heads, int headDim, boolean residual, boolean scaled, double dropout) {}

  /// The tower of AutoInt+.
  ///
  /// @param hidden layer sizes
  /// @param style what the layers have in common: ReLU, and the share dropped behind each
  public record Tower(List<Integer> hidden, Mlp.Style style) {
    /// Two layers, as in the paper; their sizes, and that nothing is dropped, are a starting point of this library.
    public static final Tower DEFAULT = new Tower(List.of(400, 400), Mlp.Style.RELU);
  }

  private final FieldEmbeddings v; //                                 e₁ … e_M of an example
  private final List<InteractingLayer> layers = new ArrayList<>(); // (AI-1) to (AI-4), one by one
  private final DenseParameter out; //                                w [M·H·d′, 1]
  private final DenseParameter bias; //                               b
  private final @Nullable Mlp deep; //                                the tower; null for AutoInt
  private final @Nullable DenseParameter deepOut; //                  w_o [width of the tower, 1]
  private final @Nullable FirstOrder linear; //                       ℓ(x), one weight per feature
  private final Target target; //                                     the label that z predicts

  /// A model for the only label of the schema.
  public AutoInt(Config config, Schema schema, Params params) {
    Attention a = config.attention;
    if (a.layers < 1) {
      throw new IllegalArgumentException(
          "autoint: " + a.layers + " interacting layers. Expected at least 1.");
    }
    v = // SCALED_EMBEDDING: dense fields own a vector v_m each
        new FieldEmbeddings(
            schema,
            config.embeddingDim,
            Numeric.SCALED_EMBEDDING,
            params.at("v"),
            Initializers.normal(0.01));
    var shared = new InteractingLayer.Config(a.heads, a.headDim, a.residual, a.scaled, a.dropout);
    int width = config.embeddingDim; // d of the layer: H·d′ behind the first
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
      int flat = v.count() * config.embeddingDim; // M·d, all embeddings
      deep = new Mlp(flat, tower.hidden, tower.style, params.at("deep"));
      deepOut = params.weight("deepOut", Shape.of(deep.out(), 1), Initializers.xavierUniform());
    }
    linear = config.useLinear ? new FirstOrder(schema, params.at("w")) : null;
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var e = v.lookup(batch, mode); //                        [B, M, d]
    Var res = e;
    for (InteractingLayer layer : layers) {
      res = layer.forward(res, mode); //                     [B, M, H·d′]  (AI-1) to (AI-4)
    }
    Var z = res.flatten(1).matmul(tape.use(out)).squeeze(1); // [B]  (AI-5)
    z = z.add(tape.use(bias)); //                            [B]  (AI-5)
    if (deep != null && deepOut != null) {
      Var y = deep.forward(e.flatten(1), mode); //           [B, width of the tower]
      z = z.add(y.matmul(tape.use(deepOut)).squeeze(1)); //  [B]  (AI-5), AutoInt+
    }
    if (linear != null) {
      z = z.add(linear.forward(batch, mode)); //             [B]  (AI-5), ℓ(x)
    }
    return target.outputs(z);
  }
}
