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
/// φ_GMF = p_G ⊙ q_G                                                (NCF-1)
/// t₁    = [p_M; q_M],  t_l = ReLU(W_l t_{l−1} + b_l),  φ_MLP = t_L   (NCF-2)
/// z     = h_Gᵀ φ_GMF,  h_Mᵀ φ_MLP  or  [h_G; h_M]ᵀ [φ_GMF; φ_MLP],  + b_o  (NCF-3)
/// [h_G; h_M] ← [α h_G; (1 − α) h_M],  b_o ← α b_G + (1 − α) b_M       (NCF-4)
/// ```
///
/// GMF, MLP or both (NeuMF), of one user and one item; other fields are not read. φ_GMF and φ_MLP are what the two halves
/// make of them, vectors from which the score is taken. p_G and q_G, of k numbers, are the vectors of the user and the item
/// for the product, p_M and q_M, of e numbers, those for the tower. ⊙ multiplies number by number, [·; ·] puts vectors one
/// behind the other, ᵀ transposes. L counts the layers of the tower, its input t₁ of s₁ = 2e numbers being the first; for l =
/// 2 … L layer l gives the s_l numbers of t_l, and has the weights W_l and the biases b_l. The paper writes z_l for t_l, and
/// h for [h_G; h_M]. z is the score of an example, h_G (k numbers) and h_M (s_L numbers) its weights, b_o a constant. B is
/// the number of examples in a batch.
///
/// (NCF-4) is where a NeuMF starts, [#startFrom]: right of ← stand h_G, h_M and the constants, b_G and b_M, of a GMF and an MLP
/// that were trained before, α being what GMF counts. h is kept in two parts, so that the parameters of these two are those of
/// NeuMF.
///
/// The numbers of equations are ours. By our reading (NCF-1) is eq. 8 of the paper, (NCF-2) eq. 10, (NCF-3) eqs. 9, 10 and 12 for
/// the three, and (NCF-4) eq. 13, all without b_o, b_G and b_M.
///
/// Departs from the paper in four places: b_o, which it does not have and the authors' code does; a multi-valued field may
/// stand for the user or the item, by its pooled vector, which the paper proposes for side information; tower and h start as
/// Glorot and Bengio propose, where the paper, by our reading, draws all normal with mean 0 and deviation 0.01, as tables are
/// here; and the sigmoid lives in the loss.
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
  /// @param factors k, width of the vectors that are multiplied; not read by an MLP
  /// @param tower the other half; not read by a GMF
  /// @param sharedEmbeddings whether both halves of NeuMF look into the same tables (p_M = p_G, q_M = q_G), which the paper argues
  ///     against and needs k = e
  /// @param outputBias whether there is b_o
  /// @param alpha α, from 0 to 1, what GMF counts where NeuMF starts from both halves; read by [#startFrom] alone
  public record Config(
      Variant variant,
      int factors,
      Tower tower,
      boolean sharedEmbeddings,
      boolean outputBias,
      double alpha) {
    /// 8 predictive factors, k = s_L = 8, the tower halving from 2e = 32, α = ½, as in the paper by our reading; and b_o, which is
    /// of the authors' code.
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
  /// @param embeddingDim e, width of p_M and of q_M
  /// @param hidden s₂ … s_L, sizes of its layers; none for φ_MLP = t₁
  public record Tower(int embeddingDim, List<Integer> hidden) {}

  // the product's half, null in an MLP
  private final @Nullable UserAndItem product; //  p_G and q_G of an example
  private final @Nullable DenseParameter hGmf; //  h_G [k, 1]
  // the tower's half, null in a GMF
  private final @Nullable UserAndItem beside; //   p_M and q_M of an example
  private final @Nullable Mlp tower; //            W_l and b_l for l = 2 … L: t₁ → t_L
  private final @Nullable DenseParameter hMlp; //  h_M [s_L, 1]
  private final @Nullable DenseParameter bias; //  b_o, null without
  private final Config config;
  private final Params params; //                  of this model, for startFrom
  private final Target target; //                  the label, and whether z is its logit or value

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
      // p_M = p_G and q_M = q_G where there is a product to share with
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
      Var t1 = beside.lookup(batch, mode).flatten(1); //          [B, 2e]  (NCF-2)
      Var phi = tower.forward(t1, mode); //                       [B, s_L]  (NCF-2)
      Var deep = phi.matmul(mode.tape().use(hMlp)).squeeze(1); // [B]  (NCF-3)
      z = z == null ? deep : z.add(deep); //                      [B]  (NCF-3)
    }
    if (z == null) { // no variant leaves both halves out
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
    // which of the two is the GMF; whether it is one, and the other an MLP, is checked below
    boolean turned = first.config.variant == Variant.MLP;
    startFrom(turned ? second : first, turned ? first : second);
  }

  /// (NCF-4), or an error where this is no NeuMF with tables for each half, or one of the two is not what it should be.
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
    // vectors, tower, h_G and h_M; a size that differs is an error
    params.at("gmf").copyFrom(gmf.params.at("gmf"));
    params.at("mlp").copyFrom(mlp.params.at("mlp"));
    scale(hGmf, alpha); //     h_G  (NCF-4)
    scale(hMlp, 1 - alpha); // h_M  (NCF-4)
    if (bias != null) { //     b_o  (NCF-4)
      bias.write(new double[] {alpha * gmf.constant() + (1 - alpha) * mlp.constant()});
    }
  }

  /// The value of b_o, 0 without.
  private double constant() {
    return bias == null ? 0 : bias.value().item();
  }

  /// h ← factor · h, of a part that is there.
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
