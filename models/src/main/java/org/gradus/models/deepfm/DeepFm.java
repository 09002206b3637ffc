// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.deepfm;

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

/// **DeepFM** — Guo, Tang, Ye, Li, He. IJCAI 2017, [arXiv:1703.04247](https://arxiv.org/abs/1703.04247)
///
/// ```
/// y₁    = ℓ(x), one weight per feature                       (DFM-1)
/// y₂    = Σ_{i<j} ⟨eᵢ, eⱼ⟩                                   (DFM-2)
/// a⁽⁰⁾  = [e₁; …; e_F; x_num]                                (DFM-3)
/// a⁽ˡ⁺¹⁾ = ReLU(W⁽ˡ⁾ a⁽ˡ⁾ + b⁽ˡ⁾),  y_dnn = w_oᵀ a⁽ᴴ⁾         (DFM-3)
/// z     = w₀ + y₁ + y₂ + y_dnn                               (DFM-4)
/// ```
///
/// F is the number of fields that have an embedding, e₁ … e_F, of D numbers each: those with ids and, with
/// [Numeric#SCALED_EMBEDDING], the dense ones, each a vector times its number. i and j run over these fields; x_num are the c dense
/// fields with [Numeric#RAW]. ⟨·, ·⟩ is an inner product, [·; ·] puts vectors one behind the other, ᵀ transposes. The tower has H
/// layers, l = 0 … H − 1, with weights W⁽ˡ⁾ and biases b⁽ˡ⁾; w_o are the weights of its output a⁽ᴴ⁾. w₀ is a bias and z the score;
/// x stands for the features, ids and dense fields. B is the number of examples in a batch.
///
/// The numbers of equations are ours. By our reading y₁ + y₂ is y_FM, eq. 2 of the paper, (DFM-3) eqs. 3 and 4, and (DFM-4) eq. 1.
///
/// Fields that hold a history are not read.
///
/// Departs from the paper in six places: fields that share a table share its rows, where each field of the paper has its own;
/// the sigmoid lives in the loss; y_dnn is linear (the paper squashes it too, which
/// would bound one of the summands); dense fields, which the paper leaves open, enter the tower as numbers, or own a vector
/// each with [Numeric#SCALED_EMBEDDING] and then take part in y₂ too; a multi-valued field is one field, its pooled vector,
/// whose values do not meet each other in y₂; and there is one bias w₀ for all summands, where the paper, by our
/// reading, has one in the tower's last layer, and several would add up to one.
public final class DeepFm implements Model {

  /// Where the linear term y₁ comes from.
  public enum FirstOrderTerm {
    /// one weight per feature, as in the paper
    WEIGHT_TABLE,
    /// a linear layer over the embeddings: common in libraries, and a different model
    EMBEDDING_LINEAR,
    /// there is none
    NONE
  }

  /// `PAPER` is the Criteo setting of the paragraph "Parameter Settings", by our reading; that there is no batch norm and that
  /// dense fields are `RAW` is ours.
  ///
  /// @param embeddingDim D
  /// @param tower sizes and style of the tower
  /// @param parts which summands there are
  /// @param numeric what becomes of dense fields: `RAW` for x_num, `SCALED_EMBEDDING` for a vector each
  public record Config(int embeddingDim, Tower tower, Parts parts, Numeric numeric) {
    /// D = 10, three layers of 400, dropout 0.5.
    public static final Config PAPER =
        new Config(
            10,
            new Tower(List.of(400, 400, 400), Mlp.Style.RELU.withDropout(0.5)),
            new Parts(true, true, FirstOrderTerm.WEIGHT_TABLE),
            Numeric.RAW);
  }

  /// The tower.
  ///
  /// @param hidden sizes of its H layers
  /// @param style what the layers have in common
  public record Tower(List<Integer> hidden, Mlp.Style style) {}

  /// Which summands there are.
  ///
  /// @param useFm whether y₂ is there
  /// @param useDnn whether y_dnn is there; one of the two at least, for a linear model is another one
  /// @param firstOrder where y₁ comes from
  public record Parts(boolean useFm, boolean useDnn, FirstOrderTerm firstOrder) {}

  private final FieldEmbeddings v; //                      e₁ … e_F, shared by the FM and the tower
  private final @Nullable FirstOrder w; //                 ℓ(x), one weight per feature
  private final @Nullable DenseParameter embeddingWeight; // [F·D, 1], y₁ of EMBEDDING_LINEAR
  private final @Nullable Mlp deep; //                     the tower, a⁽⁰⁾ → a⁽ᴴ⁾
  private final @Nullable DenseParameter out; //           w_o [width of a⁽ᴴ⁾, 1]
  private final DenseParameter bias; //                    w₀
  private final boolean useFm;
  private final int numbers; //                            c, dense fields in x_num
  private final Target target;

  /// A model for the only label of the schema.
  public DeepFm(Config config, Schema schema, Params params) {
    Parts parts = config.parts;
    v =
        new FieldEmbeddings(
            schema, config.embeddingDim, config.numeric, params.at("v"), Initializers.normal(0.01));
    int flat = v.count() * config.embeddingDim;
    numbers = config.numeric == Numeric.RAW ? schema.dense().size() : 0;
    w =
        parts.firstOrder == FirstOrderTerm.WEIGHT_TABLE
            ? new FirstOrder(schema, params.at("w"))
            : null;
    embeddingWeight =
        parts.firstOrder == FirstOrderTerm.EMBEDDING_LINEAR
            ? params.weight("linear", Shape.of(flat, 1), Initializers.xavierUniform())
            : null;
    useFm = parts.useFm;
    if (parts.useDnn) {
      deep = new Mlp(flat + numbers, config.tower.hidden, config.tower.style, params.at("deep"));
      out = params.weight("out", Shape.of(deep.out(), 1), Initializers.xavierUniform());
    } else {
      deep = null;
      out = null;
    }
    bias = params.bias("bias", Shape.scalar());
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var e = v.lookup(batch, mode); //                             [B, F, D]
    Var z = tape.use(bias); //                                    []
    if (w != null) {
      z = z.add(w.forward(batch, mode)); //                       [B]  (DFM-1), (DFM-4)
    } else if (embeddingWeight != null) {
      z = z.add(e.flatten(1).matmul(tape.use(embeddingWeight)).squeeze(1)); // [B]  (DFM-4)
    }
    if (useFm) {
      z = z.add(e.pairwise()); //                                 [B]  (DFM-2), (DFM-4)
    }
    if (deep != null && out != null) {
      Var a = e.flatten(1); //                                    [B, F·D]
      if (numbers > 0) {
        Var x = tape.constant(Shape.of(batch.size(), numbers), batch.dense());
        a = Var.concat(1, List.of(a, x)); //                      [B, F·D + c]
      }
      z = z.add(deep.forward(a, mode).matmul(tape.use(out)).squeeze(1)); // [B]  (DFM-3), (DFM-4)
    }
    // expand: w₀ alone is no vector
    return target.outputs(z.expand(Shape.of(batch.size()))); //   [B]  (DFM-4)
  }
}
