// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.widedeep;

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

/// **Wide & Deep** — Cheng, Koc, Harmsen et al. DLRS 2016, [arXiv:1606.07792](https://arxiv.org/abs/1606.07792)
///
/// ```
/// φ_k(x) = Πᵢ xᵢ^{c_ki}                                       (WD-1), cross-product features
/// a⁽⁰⁾   = [e₁; …; e_F; x_num],  a⁽ˡ⁺¹⁾ = ReLU(W⁽ˡ⁾ a⁽ˡ⁾ + b⁽ˡ⁾)   (WD-2)
/// z      = w_wideᵀ [x; φ(x)] + w_deepᵀ a⁽ᴸ⁾ + b                (WD-3)
/// ```
///
/// x are the values of all features, over which i runs; xᵢ is that of feature i, 0 where an example does not have it. With α the
/// weight of an id, 1 unless the data has weights, the value is α for the id of a categorical field, and α, α/Σα, α/K or α/√Σα² for
/// each of K ids of a multi-valued field that is pooled by SUM, MEAN, MEAN_COUNT or SQRTN, Σ being over these; with MAX the field
/// gives w_wideᵀ x the largest of its ids' numbers in w_wide. A dense field is one feature, whose value is the number. k counts the
/// crosses; c_ki is 1 where feature i is a member of cross k and otherwise 0, and xᵢ⁰ = 1. φ(x) are all crosses, and w_wide has a
/// weight for each feature and each cross.
///
/// e₁ … e_F are the embeddings of the F fields with ids, categorical and multi-valued ones, D numbers each, and x_num the dense
/// fields. a⁽ˡ⁾ is what layer l reads, l = 0 … L − 1, of a tower of L layers, the paper's l_f, with weights W⁽ˡ⁾ and biases b⁽ˡ⁾.
/// w_deep are the weights of its output a⁽ᴸ⁾, b is the global bias, z the score, of which the loss takes the sigmoid; [ ; ] puts
/// vectors one behind the other, and ᵀ transposes. The numbers of equations are ours, for eqs. 1 and 2 of the paper and what is
/// inside the sigmoid of its eq. 3, by our reading.
///
/// [Crosses] computes (WD-1). Everything of the wide part lies below `wide`, so that an optimiser of its own can train it:
/// FTRL with L1 there, AdaGrad for the rest, jointly, for the logit is one sum.
///
/// Departs from the paper in eight places: only ids can be members of a cross, so that c_ki is 0 for dense fields;
/// fields that share a table share its rows, where each field of the paper has its own;
/// the sigmoid lives in the loss; numbers are features, and enter the tower, as they
/// are, where the paper maps them to quantiles; a multi-valued field is pooled as the field says, in its embedding and in x,
/// which by our reading the paper leaves open; which features are crossed is the user's to say, and nothing is by default,
/// which leaves a wide part that is linear in the features themselves, where the paper's app store has one cross alone; one
/// optimiser trains both parts unless the configuration has two; and the second order of [WideTerm#FM], whose vectors are
/// trained with the deep part, dropout and hashed crosses, all off unless asked for, are not the paper's.
public final class WideDeep implements Model {

  /// What the wide part is.
  public enum WideTerm {
    /// linear in features and crosses, as in the paper
    LINEAR,
    /// with the second order of a factorization machine beside them, Σ over pairs of features of ⟨uᵢ, uⱼ⟩ xᵢ xⱼ with a vector
    /// uᵢ of D numbers for each feature: another model
    FM
  }

  /// `PAPER` is the app store's setting, in figure 4 of the paper, by our reading, but for the wide part: there it is one cross of
  /// apps, here the features themselves.
  ///
  /// @param embeddingDim D, at least 1
  /// @param hidden widths of the L layers of the tower; with none w_deep reads a⁽⁰⁾
  /// @param dropout share dropped after each of them in training; the paper has none
  /// @param wide the wide part
  public record Config(int embeddingDim, List<Integer> hidden, double dropout, Wide wide) {
    /// D = 32, layers of 1024, 512 and 256; a linear wide part without crosses.
    public static final Config PAPER =
        new Config(32, List.of(1024, 512, 256), 0, new Wide(WideTerm.LINEAR, true, List.of(), 0));
  }

  /// The wide part.
  ///
  /// @param term what it is
  /// @param raw whether w_wideᵀ x is there; the paper's app store has a cross alone
  /// @param crosses which features are crossed: see [Crosses]
  /// @param buckets rows of a hashed table for each cross of fields, or 0 for a row per combination of ids
  public record Wide(WideTerm term, boolean raw, List<String> crosses, int buckets) {}

  private final @Nullable FirstOrder raw; //     w_wide of x: one weight per feature, no bias
  private final Crosses crosses; //              w_wide of φ(x)
  private final @Nullable FieldEmbeddings fm; // of FM: a vector per field, Σ uᵢ xᵢ of its features
  private final FieldEmbeddings v; //            e₁ … e_F: a row of a table each, or its rows pooled
  private final Mlp deep; //                     the tower: linear, ReLU, dropout, layer by layer
  private final DenseParameter out; //           w_deep [width of layer L − 1, 1]
  private final DenseParameter bias; //          b
  private final int numbers; //                  how many dense fields there are, the size of x_num
  private final Target target; //                the label: z is its logit, or a number's value

  /// A model for the only label of the schema.
  public WideDeep(Config config, Schema schema, Params params) {
    int dim = config.embeddingDim; // D
    Params wide = params.at("wide");
    // RAW: dense fields have no vectors here; that vectors start with a deviation of 0.01 is ours
    v = new FieldEmbeddings(schema, dim, Numeric.RAW, params.at("v"), Initializers.normal(0.01));
    raw = config.wide.raw ? new FirstOrder(schema, wide.at("raw")) : null;
    crosses = new Crosses(config.wide.crosses, config.wide.buckets, v, wide.at("cross"));
    if (config.wide.term == WideTerm.FM) {
      // SCALED_EMBEDDING: a dense field has a vector too, times its number
      fm =
          new FieldEmbeddings(
              schema, dim, Numeric.SCALED_EMBEDDING, params.at("fm"), Initializers.normal(0.01));
      fm.requireValues("wide-deep, wide=FM"); // refuses MAX, whose ids have no x
    } else {
      fm = null;
    }
    numbers = schema.dense().size();
    deep =
        new Mlp(
            v.count() * dim + numbers,
            config.hidden,
            Mlp.Style.RELU.withDropout(config.dropout),
            params.at("deep"));
    out = params.weight("out", Shape.of(deep.out(), 1), Initializers.xavierUniform());
    bias = params.bias("bias", Shape.scalar());
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var a = v.lookup(batch, mode).flatten(1); //                   [B, F·D], of B examples
    if (numbers > 0) {
      Var x = tape.constant(Shape.of(batch.size(), numbers), batch.dense());
      a = Var.concat(1, List.of(a, x)); //                         [B, F·D + numbers], a⁽⁰⁾
    }
    Var z = deep.forward(a, mode).matmul(tape.use(out)).squeeze(1); // [B]  (WD-2)
    if (raw != null) {
      z = z.add(raw.forward(batch, mode)); //                      [B]  (WD-3), w_wideᵀ x
    }
    if (!crosses.isEmpty()) {
      z = z.add(crosses.forward(batch, mode)); //                  [B]  (WD-3), w_wideᵀ φ(x)
    }
    if (fm != null) {
      z = z.add(fm.lookup(batch, mode).pairwise()); //             [B], pairs between fields
      Var inside = fm.pairsInsideBags(batch, mode); //             [B], pairs inside fields, if any
      z = inside == null ? z : z.add(inside);
    }
    return target.outputs(z.add(tape.use(bias))); //               [B]  (WD-3)
  }
}
