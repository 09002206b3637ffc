// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.fibinet;

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
import org.gradus.layers.LayerNorm;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **FiBiNET** — Huang, Zhang, Zhang. RecSys 2019, [arXiv:1905.09433](https://arxiv.org/abs/1905.09433)
///
/// ```
/// zᵢ   = mean over t of e_{i,t}                               (FB-1)
/// A    = σ₂(σ₁(z W₁) W₂)                                      (FB-2)
/// vᵢ   = Aᵢ eᵢ                                                (FB-3)
/// p_ij = (eᵢ W) ⊙ eⱼ,  q_ij = the same of v,  i < j           (FB-4)
/// c    = [p₀₁; …; p_{f−2,f−1}; q₀₁; …]                        (FB-5)
/// SHALLOW  y = w₀ + ℓ(x) + Σ_t c_t                            (FB-6)
/// DEEP     y = w₀ + ℓ(x) + w_oᵀ tower([c; x_num])             (FB-6)
/// ```
///
/// eᵢ is the embedding of the i-th of f fields, of k numbers; z are the squeezed fields, and y is the logit. ℓ(x) is linear:
/// one weight per feature. x_num are the n dense fields.
///
/// [Senet] learns how much each field counts, for each example, and rescales its embedding; [Bilinear] multiplies pairs of
/// embeddings with a matrix W between them: one for all, one per left field or one per pair. Both the embeddings as they are and
/// the rescaled ones are crossed.
///
/// Departs from the paper in seven places: the sigmoid lives in the loss; dense fields, which the paper turns into
/// categories, enter the linear part and the tower as numbers, and neither the squeeze nor the pairs; a multi-valued field is
/// one field, its pooled vector, whose values do not meet each other; p and q have matrices of their own unless told to share,
/// of which the paper says nothing; with a matrix per field the last field, never on the left, has none; layer norm of the
/// products is an extension, off unless asked for; and of one field, which has no pairs, a linear model remains, with a tower
/// over numbers if there are any.
///
/// With ReLU for σ₂, as in the paper, a field's weight may be 0 for all examples, and is then never trained again.
public final class FiBiNet implements Model {

  /// What the logit is made of.
  public enum Depth {
    /// the sum of all products
    SHALLOW,
    /// a tower over all products
    DEEP
  }

  /// `PAPER` is the Criteo setting of the section "Implementation Details", the deep model.
  ///
  /// @param embeddingDim k
  /// @param senet squeeze and excitation
  /// @param interaction the pairs
  /// @param tower for [Depth#DEEP]
  /// @param mode what the logit is made of
  public record Config(
      int embeddingDim, Senet.Config senet, Interaction interaction, Tower tower, Depth mode) {
    /// k = 10, r = 3, three layers of 400 with dropout 0.5; FIELD_EACH, one of the three that the paper compares.
    public static final Config PAPER =
        new Config(
            10,
            new Senet.Config(3, Senet.Squeeze.MEAN, Senet.Excitation.RELU),
            new Interaction(
                new Bilinear.Config(Bilinear.Kind.FIELD_EACH, false),
                new Bilinear.Config(Bilinear.Kind.FIELD_EACH, false),
                false,
                false),
            new Tower(List.of(400, 400, 400), Mlp.Style.RELU.withDropout(0.5)),
            Depth.DEEP);

    /// Why no model can be built, or null.
    @Nullable String conflict() {
      if (interaction.layerNorm && embeddingDim == 1) {
        return "fibinet: layerNorm with embeddingDim=1: a product of one number, normalised, is the"
            + " same for all examples. Expected embeddingDim of at least 2.";
      }
      Bilinear.Kind one = interaction.raw.kind();
      Bilinear.Kind other = interaction.rescaled.kind();
      return interaction.shared && one != other
          ? "fibinet: shareBilinear with bilinear="
              + one
              + " and bilinearSenet="
              + other
              + ". Expected one kind for both, or shareBilinear=false."
          : null;
    }
  }

  /// The pairs.
  ///
  /// @param raw of the embeddings as they are
  /// @param rescaled of those that [Senet] rescaled
  /// @param shared whether the second uses the matrices of the first; both must be alike
  /// @param layerNorm whether each product is normalised
  public record Interaction(
      Bilinear.Config raw, Bilinear.Config rescaled, boolean shared, boolean layerNorm) {}

  /// The tower.
  ///
  /// @param hidden layer sizes
  /// @param style what the layers have in common
  public record Tower(List<Integer> hidden, Mlp.Style style) {}

  private static final double EPSILON = 1e-5; // of layer norm

  private final FieldEmbeddings embeddings; //      e₁ … e_f
  private final FirstOrder linear; //               ℓ(x), one weight per feature
  private final Senet senet; //                     W₁, W₂
  private final Bilinear raw; //                    W of p
  private final Bilinear rescaled; //               W of q
  private final @Nullable LayerNorm rawNorm; //     of p
  private final @Nullable LayerNorm rescaledNorm; // of q
  private final @Nullable Mlp deep; //              the tower
  private final @Nullable DenseParameter out; //    w_o [h, 1]
  private final DenseParameter bias; //             w₀
  private final int numbers; //                     n, dense fields that the tower reads
  private final Target target;

  /// A model for the only label of the schema.
  public FiBiNet(Config config, Schema schema, Params params) {
    String conflict = config.conflict();
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
    int k = config.embeddingDim;
    Interaction pairs = config.interaction;
    embeddings =
        new FieldEmbeddings(schema, k, Numeric.RAW, params.at("v"), Initializers.normal(0.01));
    linear = new FirstOrder(schema, params.at("w"));
    int f = embeddings.count();
    senet = new Senet(embeddings.names(), config.senet, params.at("senet"));
    raw = new Bilinear(f, k, pairs.raw, params.at("bilinear"));
    rescaled = pairs.shared ? raw : new Bilinear(f, k, pairs.rescaled, params.at("bilinearSenet"));
    boolean norm = pairs.layerNorm && raw.pairs() > 0;
    rawNorm = norm ? new LayerNorm(k, EPSILON, params.at("norm")) : null;
    rescaledNorm = norm ? new LayerNorm(k, EPSILON, params.at("normSenet")) : null;
    numbers = config.mode == Depth.DEEP ? schema.dense().size() : 0;
    int in = 2 * raw.pairs() * k + numbers; // f(f−1)k + n, nothing for one field alone
    if (config.mode == Depth.DEEP && in > 0) {
      deep = new Mlp(in, config.tower.hidden, config.tower.style, params.at("deep"));
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
    Var y = linear.forward(batch, mode).add(tape.use(bias)); //        [B]
    List<Var> inputs = new ArrayList<>(); // [c; x_num]
    if (raw.pairs() > 0) {
      Var e = embeddings.lookup(batch, mode); //                       [B, f, k]
      Var p = normed(raw.forward(e), rawNorm); //                      [B, P, k]  (FB-4)
      Var v = senet.forward(e, mode); //                               [B, f, k]  (FB-1) to (FB-3)
      Var q = normed(rescaled.forward(v), rescaledNorm); //            [B, P, k]  (FB-4)
      Var c = Var.concat(1, List.of(p, q)).flatten(1); //              [B, f·(f−1)·k]  (FB-5)
      inputs.add(c);
    }
    if (numbers > 0) {
      inputs.add(tape.constant(Shape.of(batch.size(), numbers), batch.dense())); // [B, n]
    }
    if (inputs.isEmpty()) {
      return target.outputs(y); // one field, no numbers: a linear model
    }
    Var x = Var.concat(1, inputs); //                                  [B, f·(f−1)·k + n]
    y =
        deep != null && out != null
            ? y.add(deep.forward(x, mode).matmul(tape.use(out)).squeeze(1)) // [B]  (FB-6)
            : y.add(x.sum(1)); //                                      [B]  (FB-6)
    return target.outputs(y);
  }

  private static Var normed(Var products, @Nullable LayerNorm norm) {
    return norm == null ? products : norm.forward(products);
  }
}
