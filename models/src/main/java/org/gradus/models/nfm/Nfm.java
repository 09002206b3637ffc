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
/// f_BI = Σ_{i<j} eᵢ ⊙ eⱼ = ½ ((Σᵢ eᵢ)² − Σᵢ eᵢ²),  eᵢ = xᵢ vᵢ  (NFM-1)
/// z₀   = Dropout(BN([f_BI; x_num]))                           (NFM-2)
/// z_l  = Dropout(act(BN(W_l z_{l−1} + b_l))),   l = 1 … L      (NFM-3)
/// ŷ    = w₀ + ℓ(x) + hᵀ z_L                                   (NFM-4)
/// ```
///
/// i and j run over the features of an example, its ids and its dense fields, each pair once. xᵢ is the value of a feature: 1
/// for the id of a categorical field, the number of a dense field, and for an id of a multi-valued field its weight, 1 if there
/// are none, divided as the field is pooled: by nothing, the sum of the weights, the number of ids or the root of the sum of
/// squared weights. vᵢ is the feature's vector of D numbers. ⊙ and squares are element by element: f_BI is a vector, and its D
/// numbers add up to FM's second order. Pairs are of features, so those inside a multi-valued field belong to f_BI.
///
/// z₀ is what the first layer reads, z_l what layer l of L gives, W_l and b_l are its weights and bias, act is its activation.
/// BN is batch norm by column, with a scale and a shift that are learned; Dropout makes a share of the numbers 0, in training
/// alone; [;] puts vectors one behind the other, and x_num is nothing or the dense fields. ŷ is the score, w₀ its bias, h the
/// weights of z_L, and ᵀ transposes. ℓ(x) is linear, one weight per feature times its value, in the paper Σᵢ wᵢ xᵢ.
///
/// The numbers of equations are ours: (NFM-1) is eqs. 3 and 4 of the paper, (NFM-3) without BN and Dropout eq. 5 and (NFM-4)
/// eqs. 2 and 6, by our reading. Where BN and Dropout stand, which the paper says in words, is as in the authors' program.
///
/// Fields that hold a history are not read.
///
/// Departs from the paper in three places: fields that share a table share its rows, where each field of the paper has its own;
/// x_num, the raw numbers beside f_BI, is an extension and off by default (a number has a
/// vector like any feature); and the loss is the label's, cross-entropy for a click, where the paper has the squared one of ±1.
public final class Nfm implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim D
  /// @param hidden sizes of the L layers; with none, z_L is z₀
  /// @param style what the layers have in common: act, the share dropped of each z_l, l ≥ 1, whether there is BN, in (NFM-2)
  ///     and in (NFM-3), and how W_l and b_l start (in `PAPER` uniform with the variance
  ///     of Glorot and Bengio, and at 0)
  /// @param dropoutBi share of z₀ that is dropped
  /// @param concatNumeric whether x_num is the dense fields; otherwise it is nothing
  public record Config(
      int embeddingDim,
      List<Integer> hidden,
      Mlp.Style style,
      double dropoutBi,
      boolean concatNumeric) {
    /// D = 64, one hidden layer of 64, ReLU, batch norm, by our reading. The paper tunes the shares that are dropped for each
    /// data set; 0.5 of z₀ and 0.2 of z₁ are those of the authors' program on Frappe.
    public static final Config PAPER =
        new Config(
            64, List.of(64), Mlp.Style.RELU.withBatchNorm(true).withDropout(0.2), 0.5, false);
  }

  private final FieldEmbeddings v; //       vᵢ, one vector per feature
  private final FirstOrder w; //            ℓ(x), one weight per feature
  private final DenseParameter bias; //     w₀
  private final @Nullable BatchNorm norm; // BN of (NFM-2), null without batch norm
  private final Dropout dropout; //         Dropout of (NFM-2)
  private final Mlp deep; //                the L layers of (NFM-3); without any the identity
  private final DenseParameter out; //      h [q, 1], as long as z_L
  private final int numbers; //             c, the dense fields of x_num
  private final Target target; //           the label, and whether ŷ is its logit or its value

  /// A model for the only label of the schema.
  public Nfm(Config config, Schema schema, Params params) {
    int dim = config.embeddingDim;
    v =
        new FieldEmbeddings(
            schema,
            dim,
            Numeric.SCALED_EMBEDDING, // a dense field is a feature: its vector times its number
            params.at("v"),
            Initializers.normal(0.01));
    v.requireValues("nfm"); // refuses fields pooled by MAX, whose ids have no value x
    w = new FirstOrder(schema, params.at("w"));
    bias = params.bias("bias", Shape.scalar());
    numbers = config.concatNumeric ? schema.dense().size() : 0;
    norm = config.style.batchNorm() ? new BatchNorm(dim + numbers, params.at("norm")) : null;
    dropout = new Dropout(config.dropoutBi, params.at("pooled")); // the path names its draws
    deep = new Mlp(dim + numbers, config.hidden, config.style, params.at("deep"));
    out =
        params.weight(
            "out",
            Shape.of(deep.out(), 1),
            // without layers h starts at 1: then, without batch norm, dropout and x_num, the model
            // is FM
            config.hidden.isEmpty() ? Initializers.constant(1) : Initializers.xavierUniform());
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    // B examples, F fields with dense ones among them, q numbers of the last layer
    Var pooled = pooled(batch, mode); //                             [B, D]  (NFM-1)
    if (numbers > 0) {
      Var x = tape.constant(Shape.of(batch.size(), numbers), batch.dense());
      pooled = Var.concat(1, List.of(pooled, x)); //                 [B, D + c]
    }
    Var normed = norm == null ? pooled : norm.forward(pooled, mode); // [B, D + c]  (NFM-2)
    Var z0 = dropout.forward(normed, mode); //                       [B, D + c]  (NFM-2)
    Var zL = deep.forward(z0, mode); //                              [B, q]  (NFM-3)
    Var dnn = zL.matmul(tape.use(out)).squeeze(1); //                [B], hᵀ z_L
    Var y = dnn.add(w.forward(batch, mode)).add(tape.use(bias)); //  [B], ŷ  (NFM-4)
    return target.outputs(y);
  }

  /// f_BI `[B, D]`: the pairs of different fields by the squares, then those inside each multi-valued field, which its pooled
  /// vector has lost.
  private Var pooled(Batch batch, Mode mode) {
    Var e = v.lookup(batch, mode); //                                [B, F, D], pooled by field
    Var squareOfSum = e.sum(1).square(); //                          [B, D]
    Var sumOfSquares = e.square().sum(1); //                         [B, D]
    Var pooled = squareOfSum.subtract(sumOfSquares).multiply(0.5); // [B, D], between fields
    // v.fields() are those of ids; the dense ones behind them are one feature each
    for (int f = 0; f < v.fields().size(); f++) {
      if (v.fields().get(f) instanceof Field.MultiValued) {
        // Σ eᵢ ⊙ eⱼ over the pairs i < j of field f, columns 0 … D − 1 of its vectors
        pooled = pooled.add(v.productsInside(f, 0, v.dim(), batch, mode)); // inside a field
      }
    }
    return pooled;
  }
}
