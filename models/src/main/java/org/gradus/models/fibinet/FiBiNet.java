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
/// zᵢ   = (1/k) Σ_t e_{i,t}                                    (FB-1)
/// A    = σ₂(σ₁(z W₁) W₂)                                      (FB-2)
/// vᵢ   = Aᵢ eᵢ                                                (FB-3)
/// p_ij = (eᵢ W) ⊙ eⱼ,  q_ij = (vᵢ W) ⊙ vⱼ,  i < j             (FB-4)
/// c    = [p₀₁; …; p_{f−2,f−1}; q₀₁; …; q_{f−2,f−1}]           (FB-5)
/// SHALLOW  y = w₀ + ℓ(x) + Σ_s c_s                            (FB-6)
/// DEEP     y = w₀ + ℓ(x) + w_oᵀ tower([c; x_num])             (FB-6)
/// ```
///
/// eᵢ is the embedding of field i of f, fields being counted from 0: a row of k numbers, over which t runs. z is the row of the
/// squeezed fields zᵢ, W₁ is f × f_r and W₂ is f_r × f, with f_r = max(1, ⌊f/r⌋), r being the reduction ratio; σ₁ is ReLU, and
/// σ₂ too unless set otherwise. A is a row with a number Aᵢ per field, vᵢ the rescaled embedding. W, k × k, is one matrix for all
/// pairs, one per left field, one per pair, or none; q has its own unless told to share. ⊙ multiplies number by number, [ ; ] puts
/// vectors one behind the other, ᵀ transposes. s runs over the f(f−1)k numbers of c. w₀ is the global bias, ℓ(x) the linear part,
/// one weight per feature of the example x; x_num are the n dense fields, tower is fully connected layers with ReLU, w_o the
/// weights of its output. y is the logit, of which the loss takes the sigmoid.
///
/// [Senet] learns how much each field counts, for each example, and rescales its embedding; [Bilinear] multiplies pairs of
/// embeddings with a matrix W between them. Both the embeddings as they are and the rescaled ones are crossed. The numbers of
/// equations are ours: by our reading (FB-1) to (FB-3) are the paper's SENET layer, (FB-4) its bilinear-interaction layer, (FB-5)
/// its combination layer, and (FB-6) its output layer.
///
/// Departs from the paper in six places: fields that share a table share its rows, where each field of the paper has its own;
/// the sigmoid lives in the loss; dense fields, which the paper turns into
/// categories, enter the linear part and the tower as numbers, and neither the squeeze nor the pairs; a multi-valued field is
/// one field, its vectors and weights pooled as the field says, where by our reading the paper has one value per field; with a
/// matrix per field there are f − 1, for the last field is never on the left, where by our reading the paper counts f; and layer
/// norm of the products and a sigmoid for σ₂ are extensions, off unless asked for.
///
/// One field has no pairs, and there is no c: a linear model remains, in DEEP with a tower over x_num if there are dense fields.
///
/// With ReLU for σ₂, as in the paper, a field's weight may be 0 for all examples, and its column of W₂ learns nothing while
/// that lasts.
public final class FiBiNet implements Model {

  /// What the logit is made of.
  public enum Depth {
    /// the sum of all numbers of c, without a tower
    SHALLOW,
    /// a tower over c and x_num
    DEEP
  }

  /// `PAPER` is the Criteo setting of the section "Implementation Details", the deep model, by our reading.
  ///
  /// @param embeddingDim k, at least 1, and at least 2 with layer norm
  /// @param senet squeeze and excitation: z, r, σ₂
  /// @param interaction the pairs: W
  /// @param tower for [Depth#DEEP], otherwise not there
  /// @param mode what the logit is made of
  public record Config(
      int embeddingDim, Senet.Config senet, Interaction interaction, Tower tower, Depth mode) {
    /// k = 10, r = 3, mean and ReLU, three layers of 400 with dropout 0.5. FIELD_EACH, one of those that the paper compares,
    /// is our choice, and so is that p and q do not share matrices.
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
  /// @param raw p, of the embeddings as they are
  /// @param rescaled q, of those that [Senet] rescaled
  /// @param shared whether q uses the matrices of p, both being of one kind; otherwise it has its own
  /// @param layerNorm whether each p_ij and q_ij is normalised over its k numbers
  public record Interaction(
      Bilinear.Config raw, Bilinear.Config rescaled, boolean shared, boolean layerNorm) {}

  /// The tower.
  ///
  /// @param hidden widths of its layers; with none w_o reads [c; x_num]
  /// @param style what the layers have in common: ReLU, and the share that is dropped after each in training
  public record Tower(List<Integer> hidden, Mlp.Style style) {}

  private static final double EPSILON = 1e-5; // of layer norm, added to the variance; ours

  private final FieldEmbeddings embeddings; //      eᵢ: a row of a table each, or its rows pooled
  private final FirstOrder linear; //               ℓ(x): one weight per feature, no bias
  private final Senet senet; //                     W₁, W₂: gives V, all vᵢ
  private final Bilinear raw; //                    W of p
  private final Bilinear rescaled; //               W of q: that of p if shared
  private final @Nullable LayerNorm rawNorm; //     of p, null without layerNorm
  private final @Nullable LayerNorm rescaledNorm; // of q, likewise
  private final @Nullable Mlp deep; //              the tower: linear, ReLU, dropout, layer by layer
  private final @Nullable DenseParameter out; //    w_o [width of the tower's last layer, 1]
  private final DenseParameter bias; //             w₀
  private final int numbers; //                     n, dense fields that the tower reads
  private final Target target; //                   the label: y is its logit, or a number's value

  /// A model for the only label of the schema.
  public FiBiNet(Config config, Schema schema, Params params) {
    String conflict = config.conflict();
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
    int k = config.embeddingDim;
    Interaction pairs = config.interaction;
    // RAW: dense fields have no vectors; that vectors start with a deviation of 0.01 is ours
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
    Var y = linear.forward(batch, mode).add(tape.use(bias)); //        [B], of B examples
    List<Var> inputs = new ArrayList<>(); // [c; x_num]
    if (raw.pairs() > 0) {
      Var e = embeddings.lookup(batch, mode); //                       [B, f, k]
      // of the P = f (f − 1) / 2 pairs
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
    Var input = Var.concat(1, inputs); //                              [B, f·(f−1)·k + n]
    y =
        deep != null && out != null
            ? y.add(deep.forward(input, mode).matmul(tape.use(out)).squeeze(1)) // [B]  (FB-6)
            : y.add(input.sum(1)); //                                  [B]  (FB-6), SHALLOW
    return target.outputs(y);
  }

  /// Each product over its k numbers, if there is a norm.
  private static Var normed(Var products, @Nullable LayerNorm norm) {
    return norm == null ? products : norm.forward(products);
  }
}
