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
/// l_p  = inner products of pairs, weighted                    (PNN-2)
///      + outer products of pairs, weighted                    (PNN-3)
/// l₁   = ReLU(l_z + l_p + b₁)                                 (PNN-4)
/// l₂   = ReLU(W₂ [l₁; x_num] + b₂), …,  z = w_oᵀ l_L + b_o      (PNN-5)
/// ```
///
/// (PNN-2) and (PNN-3) are spelled out in [ProductLayer].
///
/// Departs from the paper in four places: the sigmoid lives in the loss; dense fields, which the paper does not have, stand
/// beside l₁ as numbers, or own a vector each with [Numeric#SCALED_EMBEDDING]; the norm in (PNN-2) is squared, as the
/// paper's derivation has it and its last line has not; and the pairs i < j alone are an option beside all of them.
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

  private final FieldEmbeddings v;
  private final ProductLayer product;
  private final Mlp deep;
  private final Linear out; //   w_o, b_o
  private final int numbers; //  dense fields that stand beside l₁
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
    Var l = product.forward(f); //                       [B, D₁]  (PNN-1) to (PNN-4)
    if (numbers > 0) {
      Var x = mode.tape().constant(Shape.of(batch.size(), numbers), batch.dense());
      l = Var.concat(1, List.of(l, x)); //               [B, D₁ + c]
    }
    Var z = out.forward(deep.forward(l, mode)); //       [B, 1]  (PNN-5)
    return target.outputs(z.squeeze(1)); //              [B]
  }
}
