// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.ffm;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializer;
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
import org.gradus.layers.FieldPairs;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// **FFM** — Juan, Zhuang, Chin, Lin. RecSys 2016, [doi:10.1145/2959100.2959134](https://doi.org/10.1145/2959100.2959134)
///
/// ```
/// r = 1/‖x‖² with instance-wise normalisation, otherwise 1             (FFM-1)
/// φ = r Σ_{j₁<j₂} ⟨w_{j₁,f₂}, w_{j₂,f₁}⟩ x_{j₁} x_{j₂}                  (FFM-2)
/// z = φ [+ w₀ + Σⱼ wⱼ xⱼ]                                              (FFM-3)
/// ```
///
/// j, j₁ and j₂ run over the features of an example, each pair of them counted once. xⱼ is the value of feature j, and ‖x‖² =
/// Σⱼ xⱼ²; r is 0 without features. f₁ is the field of j₁ and f₂ that of j₂, of F fields, counted from 0. w_{j,f} is the
/// vector of k numbers that j keeps for features of field f; ⟨ , ⟩ is an inner product. φ is the sum over pairs, times r. w₀
/// is a bias and wⱼ a weight per feature, both with `useLinear` only. z is the score, of which the loss takes the sigmoid.
/// The numbers of equations are ours: (FFM-2) without r is eq. 4 of the paper, by our reading, and r its instance-wise
/// normalisation.
///
/// A categorical field has one feature, its id, of value α, the weight that the data give the id, 1 where they give none. A
/// multi-valued field has one per id, of value α, α/Σα, α/K or α/√Σα² where K ids are pooled by SUM, MEAN, MEAN_COUNT or SQRTN, the
/// sums running over the K. A dense field has one, whose value is the number. Padding, the id 0, is no feature.
///
/// Pairs of features of two fields f and g add up to one inner product, of the sums Σⱼ w_{j,g} xⱼ over the features j of f and
/// Σⱼ w_{j,f} xⱼ over those of g. These sums are what a lookup gives, F per field. Features of one multi-valued field meet
/// each other with the vectors that they keep for their own field, and their sum has lost that, so it is computed beside.
///
/// Departs from the paper in four places: a number is one feature of its own value, a way that the paper names, by our
/// reading, but it advises to cut numbers into categories; fields that share a table share the vectors of its ids; the logarithmic loss of
/// ±1 and the penalty live in the trainer, where the penalty counts all F vectors of a row that a batch reads; and the linear
/// part of (FFM-3), off unless asked for, and leaving out the pairs inside a field are options beside the paper's model.
public final class Ffm implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim k, width of a latent vector, at least 1
  /// @param useLinear whether there are w₀ and wⱼ; the paper leaves both out
  /// @param instanceNorm whether r is 1/‖x‖²; otherwise it is 1
  /// @param includeSameField whether two values of one multi-valued field meet, as (FFM-2) has it; otherwise pairs are of
  ///     different fields only
  public record Config(
      int embeddingDim, boolean useLinear, boolean instanceNorm, boolean includeSameField) {
    /// k = 4 and instance-wise normalisation, by our reading those of the experiments; no linear part, and pairs inside a field,
    /// as in the paper's equation.
    public static final Config PAPER = new Config(4, false, true, true);
  }

  private final FieldEmbeddings v; //              per field Σⱼ w_{j,g} xⱼ for all fields g: F · k
  private final @Nullable FirstOrder w; //         Σⱼ wⱼ xⱼ, one weight per feature, no bias
  private final @Nullable DenseParameter bias; //  w₀
  private final FieldPairs pairs; //               the P = F (F − 1) / 2 pairs f < g of fields
  private final Config config;
  private final Target target; //                  the label: z is its logit, or a number's value

  /// A model for the only label of the schema.
  public Ffm(Config config, Schema schema, Params params) {
    int k = config.embeddingDim;
    int fields = // F; a history is none
        schema.categorical().size()
            + schema.all(Field.MultiValued.class).size()
            + schema.dense().size();
    v =
        new FieldEmbeddings(
            schema,
            fields * k,
            Numeric.SCALED_EMBEDDING, // a dense field has vectors too, times its number
            params.at("v"),
            positive(k));
    v.requireValues("ffm"); // refuses fields pooled by MAX, whose ids have no x
    w = config.useLinear ? new FirstOrder(schema, params.at("w")) : null;
    bias = config.useLinear ? params.bias("bias", Shape.scalar()) : null;
    pairs = FieldPairs.of(fields);
    this.config = config;
    target = Target.only(schema);
  }

  /// Uniform between 0 and 1/√k, as the paper has it by our reading: a number of its own for each seed, path (`key`) and place.
  private static Initializer positive(int k) {
    double bound = 1 / StrictMath.sqrt((double) k);
    return (values, first, _, key) -> {
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (bound * Counter.uniform53(key, first + i));
      }
    };
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    int b = batch.size();
    int k = config.embeddingDim;
    int fields = v.count(); // F
    // B examples; vector f·F + g is Σⱼ w_{j,g} xⱼ over the features j of field f
    Var e = v.lookup(batch, mode).reshape(b, fields * fields, k); //       [B, F·F, k]
    Var first = e.gather(1, places(pairs.left(), pairs.right(), tape)); //  [B, P, k]  of f, for g
    Var second = e.gather(1, places(pairs.right(), pairs.left(), tape)); // [B, P, k]  of g, for f
    Var phi = first.multiply(second).flatten(1).sum(1); //   [B]  (FFM-2), between fields
    for (int f = 0; f < v.fields().size() && config.includeSameField; f++) {
      if (v.fields().get(f) instanceof Field.MultiValued) {
        // Σ over pairs of its ids of w_{j₁,f} ⊙ w_{j₂,f} x_{j₁} x_{j₂}, number by number
        Var own = v.productsInside(f, f * k, (f + 1) * k, batch, mode); // [B, k]
        phi = phi.add(own.sum(1)); //                        [B]  (FFM-2), inside a field
      }
    }
    if (config.instanceNorm) {
      // ‖x‖² of each example, and 1 over it
      double[] r = reciprocals(v.squaredNorms(batch, tape.scope())); // [B]  (FFM-1)
      phi = phi.multiply(tape.constant(Shape.of(b), r)); //  [B]  (FFM-1), (FFM-2)
    }
    if (w != null && bias != null) {
      phi = phi.add(w.forward(batch, mode)).add(tape.use(bias)); // [B]  (FFM-3): z
    }
    return target.outputs(phi);
  }

  /// Where the vectors that fields `own` keep for fields `other` stand among the F·F of an example: own · F + other, `[P]`.
  private Tensor places(int[] own, int[] other, Tape tape) {
    int[] at = tape.scope().ints(own.length);
    for (int p = 0; p < at.length; p++) {
      at[p] = own[p] * v.count() + other[p];
    }
    return tape.scope().upload(Shape.of(at.length), at);
  }

  /// 1 over each number, in place, and 0 for 0: an example without features has no pairs to scale.
  private static double[] reciprocals(double[] norms) {
    for (int b = 0; b < norms.length; b++) {
      norms[b] = norms[b] == 0 ? 0 : 1 / norms[b];
    }
    return norms;
  }
}
