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
/// s_d = Σᵢ v_{i,d} xᵢ,   q_d = Σᵢ v²_{i,d} xᵢ²               (FM-1)
/// φ₂  = Σ_{i<j} ⟨vᵢ, vⱼ⟩ xᵢ xⱼ = ½ Σ_d (s_d² − q_d)          (FM-2)
/// z   = w₀ + Σᵢ wᵢ xᵢ + φ₂                                   (FM-3)
/// ∂φ₂/∂v_{i,d} = xᵢ (s_d − v_{i,d} xᵢ)                       (FM-4)
/// ```
///
/// i and j run over the features: one for each id of each field, and one for each dense field. xᵢ is the value of feature i in an
/// example: 1 for the id of a categorical field, what its pooling makes of each id of a multi-valued field (1 for sum, 1/m for the
/// mean of m), the number of a dense field, and 0 for what is not there. vᵢ is its latent vector, of D numbers v_{i,d}, for which
/// the paper writes f and k; ⟨·, ·⟩ is an inner product. wᵢ is its weight, w₀ a constant, φ₂ the second order and z the score.
///
/// The sums run over features, not fields: two values of one multi-valued field interact like any other two. A pooled vector
/// has lost them, so (FM-2) is taken over pooled vectors first and the pairs inside each field are added:
///
/// ```
/// φ₂ = Σ_{a<b} ⟨e_a, e_b⟩ + ½ Σ_a Σ_d (e²_{a,d} − q_{a,d})
/// ```
///
/// Here a and b run over the fields, e_a is the sum of vᵢ xᵢ and q_{a,d} that of v²_{i,d} xᵢ² over the features i of field a. Where
/// an example has one feature of a field, as of all but multi-valued ones, the field's part of the second sum is 0.
///
/// The numbers of equations are ours. By our reading (FM-2) is lemma 3.1 of the paper, (FM-3) eq. 1 and (FM-4) eq. 4.
///
/// Fields that hold a history are not read.
///
/// Departs from the paper in three places: the model of orders above 2 is not here; dense fields can be kept out of (FM-2), by
/// [Numeric#RAW]; and fields that share a table share the vectors and weights of its ids.
public final class Fm implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim D, width of a latent vector
  /// @param deviation standard deviation of the initial latent vectors; 0.1 in the author's software
  /// @param useBias whether there is a w₀
  /// @param useLinear whether there is the linear term Σᵢ wᵢ xᵢ
  /// @param numeric whether dense fields own a vector each and take part in φ₂, or are in the linear term only
  public record Config(
      int embeddingDim, double deviation, boolean useBias, boolean useLinear, Numeric numeric) {
    /// D = 8, everything on: by our reading the paper names no setting, so this is a starting point of this library.
    public static final Config DEFAULT = new Config(8, 0.01, true, true, Numeric.SCALED_EMBEDDING);
  }

  private final FieldEmbeddings v; //              vᵢ of every feature: e_a of an example's fields
  private final @Nullable FirstOrder w; //         Σᵢ wᵢ xᵢ, one weight per feature; null without
  private final @Nullable DenseParameter bias; //  w₀, null without
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
    v.requireValues("fm"); // no field is pooled by the maximum, which leaves no xᵢ
    w = config.useLinear ? new FirstOrder(schema, params.at("w")) : null;
    bias = config.useBias ? params.bias("bias", Shape.scalar()) : null;
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    // B examples, F fields that have vectors
    Var e = v.lookup(batch, mode); //     [B, F, D]
    Var z = e.pairwise(); //              [B]  (FM-1, FM-2), between fields
    Var inside = v.pairsInsideBags(batch, mode);
    if (inside != null) { // null without multi-valued fields
      z = z.add(inside); //               [B]  (FM-2), inside fields
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
