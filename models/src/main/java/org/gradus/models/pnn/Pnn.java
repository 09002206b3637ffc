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
/// l_zⁿ = ⟨W_zⁿ, [f₁; …; f_N]⟩                                 (PNN-1)
/// INNER  l_pⁿ = Σᵢ Σⱼ (W_pⁿ)ᵢⱼ ⟨fᵢ, fⱼ⟩ = ‖Σᵢ θᵢⁿ fᵢ‖²          (PNN-2)
/// OUTER  l_pⁿ = W_pⁿ • f_Σ f_Σᵀ,  f_Σ = Σᵢ fᵢ                   (PNN-3)
/// l₁   = ReLU(l_z + l_p + b₁)                                 (PNN-4)
/// l₂   = ReLU(W₂ [l₁; x_num] + b₂), …,  z = w_oᵀ l_L + b_o      (PNN-5)
/// ```
///
/// fᵢ is the embedding of field i, M numbers; i and j run over the N fields from 1. n, from 1 to D₁, is a unit of the product
/// layer, no power: l_zⁿ and l_pⁿ are number n of the vectors l_z and l_p, W_zⁿ, W_pⁿ and θⁿ (a number θᵢⁿ per field) the
/// weights of that unit, b₁ is a bias. ⟨ , ⟩ is an inner product, ‖ ‖ the Euclidean norm, [ ; ] puts vectors one behind the
/// other, ᵀ transposes, and U • V is Σ_s Σ_t U_st V_st, for which the paper writes ⊙. x_num are the c dense fields; l_L is the
/// output of the last of L layers, of which l₁ is the first, W₂ … W_L and b₂ … b_L belong to those above it, w_o and b_o to
/// the output. z is the score, of which the loss takes the sigmoid; the paper's z is [f₁; …; f_N].
///
/// The product layer, [ProductLayer], is (PNN-1) to (PNN-4). INNER is the paper's IPNN, and what there is unless set
/// otherwise; its W_pⁿ, N × N, is θⁿ θⁿᵀ, which gives the right side of (PNN-2), or with [ProductLayer.InnerWeights#FULL] a
/// weight for every pair. OUTER is OPNN, with another W_pⁿ, M × M; BOTH is PNN*, where l_p is the sum of both: the paper puts
/// both kinds of products side by side under one map, which computes the same. The numbers of equations are ours: (PNN-4) is
/// eq. 3 of the paper and (PNN-5), without x_num, eqs. 2 and 1, by our reading.
///
/// Departs from the paper in seven places: fields that share a table share its rows, where each field of the paper has its own;
/// the sigmoid lives in the loss; dense fields, which the paper does not have, stand
/// beside l₁ as numbers, or own a vector each with [Numeric#SCALED_EMBEDDING]; the vectors of a multi-valued field are pooled
/// as the field says, where by our reading the paper adds them up; the norm in (PNN-2) is squared, as the paper's derivation
/// has it and its last line has not; the pairs i < j alone are an option, off unless asked for; and l₁ counts as the first of
/// the hidden layers, for which the paper names a rate of dropout, but nothing of it is dropped.
public final class Pnn implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim M, at least 1
  /// @param product the product layer
  /// @param hidden widths of l₂ … l_L; with none the output reads [l₁; x_num]
  /// @param style of these layers: ReLU in (PNN-5), and the share that is dropped after each in training
  /// @param numeric whether dense fields are x_num, `RAW`, or own a vector each, times the number, and are among the N fields
  public record Config(
      int embeddingDim,
      ProductLayer.Config product,
      List<Integer> hidden,
      Mlp.Style style,
      Numeric numeric) {
    /// M = 10, three hidden layers, the product layer being the first, ReLU, dropout 0.5, by our reading. How wide the layers
    /// are is ours, and that it is IPNN, of the three that the paper compares, with θ and all pairs.
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

  private final FieldEmbeddings v; //    f₁ … f_N: a row of a table each, or its rows pooled
  private final ProductLayer product; // W_z, θ or W_p, b₁: gives l₁
  private final Mlp deep; //             W₂, b₂, …: linear, ReLU, dropout, layer by layer
  private final Linear out; //           w_o, b_o
  private final int numbers; //          c, dense fields that stand beside l₁
  private final Target target; //        the label: z is its logit, or a number's value

  /// A model for the only label of the schema.
  public Pnn(Config config, Schema schema, Params params) {
    int dim = config.embeddingDim; // M
    // that vectors start with a deviation of 0.01 is ours
    v = new FieldEmbeddings(schema, dim, config.numeric, params.at("v"), Initializers.normal(0.01));
    product = new ProductLayer(config.product, v.count(), dim, params.at("product"));
    numbers = config.numeric == Numeric.RAW ? schema.dense().size() : 0;
    deep = new Mlp(product.out() + numbers, config.hidden, config.style, params.at("deep"));
    out = new Linear(deep.out(), 1, params.at("out"));
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var f = v.lookup(batch, mode); //                    [B, N, M], of B examples
    Var l = product.forward(f); //                       [B, D₁], l₁
    if (numbers > 0) {
      Var x = mode.tape().constant(Shape.of(batch.size(), numbers), batch.dense());
      l = Var.concat(1, List.of(l, x)); //               [B, D₁ + c], [l₁; x_num]
    }
    Var z = out.forward(deep.forward(l, mode)); //       [B, 1]  (PNN-5)
    return target.outputs(z.squeeze(1)); //              [B]
  }
}
