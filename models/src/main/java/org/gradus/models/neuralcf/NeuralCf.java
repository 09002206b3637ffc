// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.neuralcf;

import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.models.Assembled;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **Neural collaborative filtering** — He, Liao, Zhang, Nie, Hu, Chua. WWW 2017, [arXiv:1708.05031](https://arxiv.org/abs/1708.05031)
///
/// ```
/// φ_GMF = p_G ⊙ q_G                                            (NCF-1)
/// z₁    = [p_M; q_M],  z_l = ReLU(W_l z_{l−1} + b_l),  φ_MLP = z_L  (NCF-2)
/// z     = h_Gᵀ φ_GMF,  h_Mᵀ φ_MLP  or  hᵀ[φ_GMF; φ_MLP],  + b_o    (NCF-3)
/// h     = [α h_G; (1 − α) h_M],  b_o = α b_G + (1 − α) b_M           (NCF-4), where NeuMF starts
/// ```
///
/// GMF, MLP or both (NeuMF), of one user and one item; other fields are not read. h is kept in two parts, h_G and h_M, so that the
/// parameters of a trained GMF and MLP are those of NeuMF: [#startFrom].
///
/// Departs from the paper in four places: b_o, which it does not have and the authors' code does; a multi-valued field may
/// stand for the user or the item, by its pooled vector, which the paper proposes for side information; tower and h start as
/// Glorot and Bengio propose, where the paper, by our reading, draws all from N(0, 0.01²), as tables are here; and the
/// sigmoid lives in the loss.
public final class NeuralCf implements Assembled {

  /// Which halves there are.
  public enum Variant {
    /// the product alone
    GMF,
    /// the tower alone
    MLP,
    /// both
    NEUMF
  }

  /// What a user may set.
  ///
  /// @param variant which halves there are
  /// @param factors k, width of the vectors that are multiplied
  /// @param tower the other half
  /// @param sharedEmbeddings whether both halves of NeuMF look into the same tables, which the paper argues against
  /// @param outputBias whether there is b_o
  /// @param alpha α, the share of GMF where NeuMF starts from both halves
  public record Config(
      Variant variant,
      int factors,
      Tower tower,
      boolean sharedEmbeddings,
      boolean outputBias,
      double alpha) {
    /// 8 predictive factors, k = s_L = 8, the tower halving from 32, α = ½.
    public static final Config PAPER =
        new Config(Variant.NEUMF, 8, new Tower(16, List.of(16, 8)), false, true, 0.5);

    /// Checks the range.
    public Config {
      if (!(alpha >= 0 && alpha <= 1)) {
        throw new IllegalArgumentException(
            "neural-cf: alpha " + alpha + ". Expected a number from 0 to 1.");
      }
    }

    /// Why no model can be built, or null.
    @Nullable String conflict() {
      return sharedEmbeddings && variant == Variant.NEUMF && factors != tower.embeddingDim
          ? "neural-cf: sharedEmbeddings with factors="
              + factors
              + " and embeddingDim="
              + tower.embeddingDim
              + ". Expected one width for both halves."
          : null;
    }
  }

  /// The tower.
  ///
  /// @param embeddingDim e, width of each of its two vectors
  /// @param hidden s₂ … s_L, sizes of its layers
  public record Tower(int embeddingDim, List<Integer> hidden) {}

  private final @Nullable UserAndItem product; //  P_G, Q_G [·, k]
  private final @Nullable DenseParameter hGmf; //  h_G [k, 1]
  private final @Nullable UserAndItem beside; //   P_M, Q_M [·, e]
  private final @Nullable Mlp tower;
  private final @Nullable DenseParameter hMlp; //  h_M [s_L, 1]
  private final @Nullable DenseParameter bias; //  b_o
  private final Config config;
  private final Params params;
  private final Target target;

  /// A model for the only label of the schema.
  ///
  /// @param fields which fields are user and item
  public NeuralCf(Config config, UserAndItem.Fields fields, Schema schema, Params params) {
    String conflict = config.conflict();
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
    target = Target.only(schema);
    int k = config.factors;
    int e = config.tower.embeddingDim;
    Params gmf = params.at("gmf");
    Params mlp = params.at("mlp");
    if (config.variant == Variant.MLP) {
      product = null;
      hGmf = null;
    } else {
      product = new UserAndItem(fields, schema, k, gmf);
      hGmf = gmf.weight("h", Shape.of(k, 1), Initializers.xavierUniform());
    }
    if (config.variant == Variant.GMF) {
      beside = null;
      tower = null;
      hMlp = null;
    } else {
      boolean shared = config.sharedEmbeddings && product != null;
      beside = shared ? product : new UserAndItem(fields, schema, e, mlp);
      tower = new Mlp(2 * e, config.tower.hidden, Mlp.Style.RELU, mlp.at("tower"));
      hMlp = mlp.weight("h", Shape.of(tower.out(), 1), Initializers.xavierUniform());
    }
    bias = config.outputBias ? params.bias("bias", Shape.scalar()) : null;
    this.config = config;
    this.params = params;
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var z = null;
    if (product != null && hGmf != null) {
      Var pq = product.lookup(batch, mode); //                    [B, 2, k]
      Var phi = pq.index(1, 0).multiply(pq.index(1, 1)); //       [B, k]  (NCF-1)
      z = phi.matmul(mode.tape().use(hGmf)).squeeze(1); //        [B]  (NCF-3)
    }
    if (beside != null && tower != null && hMlp != null) {
      Var z1 = beside.lookup(batch, mode).flatten(1); //          [B, 2e]  (NCF-2)
      Var phi = tower.forward(z1, mode); //                       [B, s_L]  (NCF-2)
      Var deep = phi.matmul(mode.tape().use(hMlp)).squeeze(1); // [B]  (NCF-3)
      z = z == null ? deep : z.add(deep);
    }
    if (z == null) {
      throw new IllegalStateException("neural-cf: " + config.variant + " has no half.");
    }
    return target.outputs(bias == null ? z : z.add(mode.tape().use(bias))); // [B]  (NCF-3)
  }

  /// Starts this NeuMF from a GMF and an MLP trained before (NCF-4), in any order. Train it with plain SGD then: moments of Adam that
  /// begin anew would distort the start.
  @Override
  public void startFrom(List<Model> parts) {
    if (parts.size() != 2
        || !(parts.get(0) instanceof NeuralCf first)
        || !(parts.get(1) instanceof NeuralCf second)) {
      throw new IllegalArgumentException(
          "neural-cf: " + parts.size() + " parts. Expected a GMF and an MLP, two of neural-cf.");
    }
    boolean turned = first.config.variant == Variant.MLP;
    startFrom(turned ? second : first, turned ? first : second);
  }

  private void startFrom(NeuralCf gmf, NeuralCf mlp) {
    double alpha = config.alpha;
    boolean halves = gmf.config.variant == Variant.GMF && mlp.config.variant == Variant.MLP;
    if (!halves || config.variant != Variant.NEUMF || config.sharedEmbeddings) {
      throw new IllegalArgumentException(
          "neural-cf: "
              + config.variant
              + (config.sharedEmbeddings ? " with shared embeddings" : "")
              + " cannot start from "
              + gmf.config.variant
              + " and "
              + mlp.config.variant
              + ". Expected a NEUMF with embeddings for each half, a GMF and an MLP.");
    }
    if (bias == null && (gmf.bias != null || mlp.bias != null)) {
      throw new IllegalArgumentException(
          "neural-cf: the halves have a constant each, and outputBias is false. Expected outputBias"
              + " true, or halves without.");
    }
    params.at("gmf").copyFrom(gmf.params.at("gmf"));
    params.at("mlp").copyFrom(mlp.params.at("mlp"));
    scale(hGmf, alpha); //     h_G  (NCF-4)
    scale(hMlp, 1 - alpha); // h_M  (NCF-4)
    if (bias != null) { //     b_o  (NCF-4)
      bias.write(new double[] {alpha * gmf.constant() + (1 - alpha) * mlp.constant()});
    }
  }

  private double constant() {
    return bias == null ? 0 : bias.value().item();
  }

  private static void scale(@Nullable DenseParameter h, double factor) {
    if (h != null) {
      double[] values = h.value().toDoubles();
      for (int i = 0; i < values.length; i++) {
        values[i] *= factor;
      }
      h.write(values);
    }
  }
}
