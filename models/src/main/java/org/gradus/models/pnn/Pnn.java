// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.pnn;

import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Linear;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;

/// **PNN** — Qu, Cai, Ren, Zhang, Yu, Wen, Wang. ICDM 2016, [arXiv:1611.00144](https://arxiv.org/abs/1611.00144)
///
/// ```
/// l_z  = W_z [f₁; …; f_N]                                     (PNN-1)
/// INNER  l_pⁿ = Σᵢ Σⱼ (W_pⁿ)ᵢⱼ ⟨fᵢ, fⱼ⟩ = ‖Σᵢ θᵢⁿ fᵢ‖²          (PNN-2)
/// OUTER  l_pⁿ = W_pⁿ • f_Σ f_Σᵀ,  f_Σ = Σᵢ fᵢ                   (PNN-3)
/// l₁   = ReLU(l_z + l_p + b₁)                                 (PNN-4)
/// l₂   = ReLU(W₂ [l₁; x_num] + b₂), …,  z = w_oᵀ l_L + b_o      (PNN-5)
/// ```
///
/// f₁ … f_N are the embeddings of the N fields, each of M numbers; l_z and l_p have D₁ units, n being one of them; A • B is
/// Σₐ Σ_b A_ab B_ab. The product layer, [ProductLayer], is (PNN-1) to (PNN-4). INNER is the paper's IPNN, and what there is
/// unless set otherwise; its W_pⁿ is θⁿ θⁿᵀ, which gives the right side of (PNN-2), or with [ProductLayer.InnerWeights#FULL]
/// a weight for every pair. OUTER is OPNN, BOTH is PNN*.
///
/// Departs from the paper in seven places: the sigmoid lives in the loss; dense fields, which the paper does not have, stand
/// beside l₁ as numbers, or own a vector each with [Numeric#SCALED_EMBEDDING]; a multi-valued field is one field, its pooled
/// vector, whose values do not meet each other; the norm in (PNN-2) is squared, as the paper's derivation has it and its
/// last line has not; the pairs i < j alone are an option beside all of them; PNN* adds the two l_p, where the paper puts
/// both kinds of products side by side under one map, which computes the same; and l₁ counts as the first of the hidden
/// layers but nothing of it is dropped.
public final class Pnn implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim M
  /// @param product the product layer
  /// @param hidden sizes of the layers above it
  /// @param style of these layers
  /// @param numeric what becomes of dense fields
  public record Config(
      int embeddingDim,
      ProductLayer.Config product,
      List<Integer> hidden,
      Mlp.Style style,
      Numeric numeric) {
    /// M = 10, three hidden layers, the product layer being the first, ReLU, dropout 0.5. How wide they are is ours.
    public static final Config PAPER =
        new Config(
            10,
            new ProductLayer.Config(
                100,
                ProductLayer.Product.INNER,
                ProductLayer.InnerWeights.FACTORIZED,
                ProductLayer.Pairs.ALL),
            List.of(100, 100),
            Mlp.Style.RELU.withDropout(0.5),
            Numeric.RAW);
  }

  private final FieldEmbeddings v; //  f₁ … f_N
  private final ProductLayer product; // W_z, θ or W_p, b₁
  private final Mlp deep; //           W₂, b₂, …
  private final Linear out; //         w_o, b_o
  private final int numbers; //        dense fields that stand beside l₁
  private final Target target;

  /// A model for the only label of the schema.
  public Pnn(Config config, Schema schema, Params params) {
    int dim = config.embeddingDim;
    v = new FieldEmbeddings(schema, dim, config.numeric, params.at("v"), Initializers.normal(0.01));
    product = new ProductLayer(config.product, v.count(), dim, params.at("product"));
    numbers = config.numeric == Numeric.RAW ? schema.dense().size() : 0;
    deep = new Mlp(product.out() + numbers, config.hidden, config.style, params.at("deep"));
    out = new Linear(deep.out(), 1, params.at("out"));
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var f = v.lookup(batch, mode); //                    [B, N, M]
    Var l = product.forward(f); //                       [B, D₁], l₁
    if (numbers > 0) {
      Var x = mode.tape().constant(Shape.of(batch.size(), numbers), batch.dense());
      l = Var.concat(1, List.of(l, x)); //               [B, D₁ + c]
    }
    Var z = out.forward(deep.forward(l, mode)); //       [B, 1]  (PNN-5)
    return target.outputs(z.squeeze(1)); //              [B]
  }
}
