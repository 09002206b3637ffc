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
/// z      = w_wideᵀ [x, φ(x)] + w_deepᵀ a⁽ᴸ⁾ + b                (WD-3)
/// ```
///
/// [Crosses] computes (WD-1). Everything of the wide part lies below `wide`, so that an optimiser of its own can train it:
/// FTRL with L1 there, AdaGrad for the rest, jointly, for the logit is one sum.
///
/// Departs from the paper in four places: the sigmoid lives in the loss; numbers enter the tower as they are, where the
/// paper maps them to quantiles; which features are crossed is the user's to say, and nothing is by default, which leaves a
/// linear wide part; and the optional second order of [WideTerm#FM], whose vectors are trained with the deep part, is not
/// the paper's.
public final class WideDeep implements Model {

  /// What the wide part is.
  public enum WideTerm {
    /// linear in features and crosses, as in the paper
    LINEAR,
    /// with the second order of a factorization machine beside them: another model
    FM
  }

  /// `PAPER` is the app store's setting, in figure 4 of the paper, but for the crosses.
  ///
  /// @param embeddingDim D
  /// @param hidden sizes of the tower
  /// @param dropout share dropped after each of its layers; the paper has none
  /// @param wide the wide part
  public record Config(int embeddingDim, List<Integer> hidden, double dropout, Wide wide) {
    /// D = 32, layers of 1024, 512 and 256.
    public static final Config PAPER =
        new Config(32, List.of(1024, 512, 256), 0, new Wide(WideTerm.LINEAR, true, List.of(), 0));
  }

  /// The wide part.
  ///
  /// @param term what it is
  /// @param raw whether the features themselves belong to it; the paper's app store has a cross alone
  /// @param crosses which features are crossed: see [Crosses]
  /// @param buckets rows of a hashed table of crosses, or 0 for a row per combination
  public record Wide(WideTerm term, boolean raw, List<String> crosses, int buckets) {}

  private final @Nullable FirstOrder raw; //  w_wide of x
  private final Crosses crosses; //           w_wide of φ(x)
  private final @Nullable FieldEmbeddings fm;
  private final FieldEmbeddings v;
  private final Mlp deep;
  private final DenseParameter out; //        w_deep [h_L, 1]
  private final DenseParameter bias; //       b
  private final int numbers;
  private final Target target;

  /// A model for the only label of the schema.
  public WideDeep(Config config, Schema schema, Params params) {
    int dim = config.embeddingDim;
    Params wide = params.at("wide");
    v = new FieldEmbeddings(schema, dim, Numeric.RAW, params.at("v"), Initializers.normal(0.01));
    raw = config.wide.raw ? new FirstOrder(schema, wide.at("raw")) : null;
    crosses = new Crosses(config.wide.crosses, config.wide.buckets, v, wide.at("cross"));
    if (config.wide.term == WideTerm.FM) {
      fm =
          new FieldEmbeddings(
              schema, dim, Numeric.SCALED_EMBEDDING, params.at("fm"), Initializers.normal(0.01));
      fm.requireValues("wide-deep, wide=FM");
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
    Var a = v.lookup(batch, mode).flatten(1); //                   [B, F·D]
    if (numbers > 0) {
      Var x = tape.constant(Shape.of(batch.size(), numbers), batch.dense());
      a = Var.concat(1, List.of(a, x)); //                         [B, F·D + c]
    }
    Var z = deep.forward(a, mode).matmul(tape.use(out)).squeeze(1); // [B]  (WD-2)
    if (raw != null) {
      z = z.add(raw.forward(batch, mode)); //                      [B]  (WD-3), w_wideᵀ x
    }
    if (!crosses.isEmpty()) {
      z = z.add(crosses.forward(batch, mode)); //                  [B]  (WD-3), w_wideᵀ φ(x)
    }
    if (fm != null) {
      z = z.add(fm.lookup(batch, mode).pairwise()); //             [B], the extension
      Var inside = fm.pairsInsideBags(batch, mode);
      z = inside == null ? z : z.add(inside);
    }
    return target.outputs(z.add(tape.use(bias))); //               [B]  (WD-3)
  }
}
