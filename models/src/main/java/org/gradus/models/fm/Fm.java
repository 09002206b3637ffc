// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.fm;

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
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **FM** — Rendle. ICDM 2010, [doi:10.1109/ICDM.2010.127](https://doi.org/10.1109/ICDM.2010.127)
///
/// ```
/// s_f = Σᵢ v_{i,f} xᵢ,   q_f = Σᵢ v²_{i,f} xᵢ²               (FM-1)
/// φ₂  = Σ_{i<j} ⟨vᵢ, vⱼ⟩ xᵢ xⱼ = ½ Σ_f (s_f² − q_f)          (FM-2)
/// z   = w₀ + Σᵢ wᵢ xᵢ + φ₂                                   (FM-3)
/// ∂φ₂/∂v_{i,f} = xᵢ (s_f − v_{i,f} xᵢ)                       (FM-4)
/// ```
///
/// The sum runs over features, not fields: two values of one multi-valued field interact like any other two. A pooled vector
/// has lost them, so (FM-2) is taken over pooled vectors first and the pairs inside each bag are added:
///
/// ```
/// φ₂ = Σ_{fields f<g} ⟨e_f, e_g⟩ + ½ Σ_{bags f} Σ_d (e²_{f,d} − q_{f,d})
/// ```
///
/// Departs from the paper in three places: the model of order d > 2 is not here; dense fields can be kept out of (FM-2), by
/// [Numeric#RAW]; and fields that share a table share the vectors and weights of its ids.
public final class Fm implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim D, width of a latent vector
  /// @param deviation σ of the initial latent vectors; the original software has 0.1, this library 0.01
  /// @param useBias whether there is a w₀
  /// @param useLinear whether there is a linear term
  /// @param numeric whether dense fields take part in the second order, or in the first only
  public record Config(
      int embeddingDim, double deviation, boolean useBias, boolean useLinear, Numeric numeric) {
    /// Eight factors, everything on: the paper names no setting, so this is a starting point.
    public static final Config DEFAULT = new Config(8, 0.01, true, true, Numeric.SCALED_EMBEDDING);
  }

  private final FieldEmbeddings v; //              one latent vector per feature
  private final @Nullable FirstOrder w; //         one weight per feature
  private final @Nullable DenseParameter bias; //  w₀
  private final Target target;

  /// A model for the only label of the schema.
  public Fm(Config config, Schema schema, Params params) {
    v =
        new FieldEmbeddings(
            schema,
            config.embeddingDim,
            config.numeric,
            params.at("v"),
            Initializers.normal(config.deviation));
    v.requireValues("fm");
    w = config.useLinear ? new FirstOrder(schema, params.at("w")) : null;
    bias = config.useBias ? params.bias("bias", Shape.scalar()) : null;
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var e = v.lookup(batch, mode); //     [B, F, D]
    Var z = e.pairwise(); //              [B]  (FM-1, FM-2), between fields
    Var inside = v.pairsInsideBags(batch, mode);
    if (inside != null) {
      z = z.add(inside); //               [B]  (FM-2), inside bags
    }
    if (w != null) {
      z = z.add(w.forward(batch, mode)); // [B]  (FM-3)
    }
    if (bias != null) {
      z = z.add(tape.use(bias)); //       [B]  (FM-3)
    }
    return target.outputs(z);
  }
}
