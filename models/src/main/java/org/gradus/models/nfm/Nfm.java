// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.nfm;

import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.FirstOrder;
import org.gradus.embeddings.Schema;
import org.gradus.layers.BatchNorm;
import org.gradus.layers.Dropout;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **NFM** — He, Chua. SIGIR 2017, [arXiv:1708.05027](https://arxiv.org/abs/1708.05027)
///
/// ```
/// f_BI = Σ_{i<j} eᵢ ⊙ eⱼ = ½ ((Σᵢ eᵢ)² − Σᵢ eᵢ²),  eᵢ = xᵢ vᵢ     (NFM-1)
/// z₀   = Dropout(BN([f_BI; x_num]))                           (NFM-2)
/// z_l  = Dropout(act(BN(W_l z_{l−1} + b_l)))                   (NFM-3)
/// z    = w₀ + ℓ(x) + hᵀ z_L                                   (NFM-4)
/// ```
///
/// ℓ(x) is linear, one weight per feature. Squares are element by element: f_BI is a vector, and its sum is FM's second
/// order. The sum runs over features, so pairs inside a multi-valued field belong to it.
///
/// Departs from the paper in two places: x_num, the raw numbers beside f_BI, is an extension and off by default (a number has
/// a vector like any feature); and the loss is the label's, cross-entropy for a click, where the paper has the squared one of ±1.
public final class Nfm implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim D
  /// @param hidden sizes of the layers; none leaves z₀
  /// @param style of the layers; with batch norm, f_BI is normalised too
  /// @param dropoutBi share of z₀ that is dropped
  /// @param concatNumeric whether raw numbers stand beside f_BI
  public record Config(
      int embeddingDim,
      List<Integer> hidden,
      Mlp.Style style,
      double dropoutBi,
      boolean concatNumeric) {
    /// D = 64, one hidden layer of 64, ReLU, batch norm. The paper tunes the dropout rates for each data set; 0.5 and 0.2 lie in
    /// the range that it finds good.
    public static final Config PAPER =
        new Config(
            64, List.of(64), Mlp.Style.RELU.withBatchNorm(true).withDropout(0.2), 0.5, false);
  }

  private final FieldEmbeddings v; //       one vector per feature
  private final FirstOrder w; //            one weight per feature
  private final DenseParameter bias; //     w₀
  private final @Nullable BatchNorm norm; // of [f_BI; x_num]
  private final Dropout dropout; //         of z₀
  private final Mlp deep;
  private final DenseParameter out; //      h [h_L, 1]
  private final int numbers; //             dense fields that stand beside f_BI
  private final Target target;

  /// A model for the only label of the schema.
  public Nfm(Config config, Schema schema, Params params) {
    int dim = config.embeddingDim;
    v =
        new FieldEmbeddings(
            schema, dim, Numeric.SCALED_EMBEDDING, params.at("v"), Initializers.normal(0.01));
    v.requireValues("nfm");
    w = new FirstOrder(schema, params.at("w"));
    bias = params.bias("bias", Shape.scalar());
    numbers = config.concatNumeric ? schema.dense().size() : 0;
    norm = config.style.batchNorm() ? new BatchNorm(dim + numbers, params.at("norm")) : null;
    dropout = new Dropout(config.dropoutBi, params.at("pooled"));
    deep = new Mlp(dim + numbers, config.hidden, config.style, params.at("deep"));
    out =
        params.weight(
            "out",
            Shape.of(deep.out(), 1),
            // without layers h starts at 1, and without batch norm and dropout too, the model is FM
            config.hidden.isEmpty() ? Initializers.constant(1) : Initializers.xavierUniform());
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var pooled = pooled(batch, mode); //                             [B, D]  (NFM-1)
    if (numbers > 0) {
      Var x = tape.constant(Shape.of(batch.size(), numbers), batch.dense());
      pooled = Var.concat(1, List.of(pooled, x)); //                 [B, D + c]
    }
    Var normed = norm == null ? pooled : norm.forward(pooled, mode); // (NFM-2)
    Var z0 = dropout.forward(normed, mode); //                       [B, D + c]  (NFM-2)
    Var zL = deep.forward(z0, mode); //                              [B, h_L]  (NFM-3)
    Var dnn = zL.matmul(tape.use(out)).squeeze(1); //                [B]
    Var z = dnn.add(w.forward(batch, mode)).add(tape.use(bias)); //  [B]  (NFM-4)
    return target.outputs(z);
  }

  /// f_BI
  private Var pooled(Batch batch, Mode mode) {
    Var e = v.lookup(batch, mode); //                                [B, F, D]
    Var squareOfSum = e.sum(1).square(); //                          [B, D]
    Var sumOfSquares = e.square().sum(1); //                         [B, D]
    Var pooled = squareOfSum.subtract(sumOfSquares).multiply(0.5); // [B, D], between fields
    for (int f = 0; f < v.fields().size(); f++) {
      if (v.fields().get(f) instanceof Field.MultiValued) {
        pooled = pooled.add(v.productsInside(f, 0, v.dim(), batch, mode)); // inside a field
      }
    }
    return pooled;
  }
}
