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
/// f₁ is the field of feature j₁, and w_{j₁,f₂} the vector that j₁ keeps for features of field f₂. The sum runs over features:
/// what a multi-valued field has pooled for a field f, Σⱼ w_{j,f} xⱼ, meets other fields, and its own values meet each other
/// with the vectors that they keep for their own field.
///
/// Departs from the paper in four places: a number is one feature of its own value, where the paper cuts numbers into
/// categories; fields that share a table share the vectors of its ids; the logarithmic loss of ±1 and the penalty live in
/// the trainer; and the linear part of (FFM-3) is an extension, off unless asked for.
public final class Ffm implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim k, width of a latent vector
  /// @param useLinear whether there are w₀ and one weight per feature; the paper leaves both out
  /// @param instanceNorm whether φ is divided by ‖x‖²
  /// @param includeSameField whether two values of one multi-valued field meet, as (FFM-2) has it
  public record Config(
      int embeddingDim, boolean useLinear, boolean instanceNorm, boolean includeSameField) {
    /// k = 4 and instance-wise normalisation, as in the experiments.
    public static final Config PAPER = new Config(4, false, true, true);
  }

  private final FieldEmbeddings v; //              F vectors of width k per feature
  private final @Nullable FirstOrder w; //         one weight per feature
  private final @Nullable DenseParameter bias; //  w₀
  private final FieldPairs pairs;
  private final Config config;
  private final Target target;

  /// A model for the only label of the schema.
  public Ffm(Config config, Schema schema, Params params) {
    int k = config.embeddingDim;
    int fields = // F
        schema.categorical().size()
            + schema.all(Field.MultiValued.class).size()
            + schema.dense().size();
    v =
        new FieldEmbeddings(
            schema, fields * k, Numeric.SCALED_EMBEDDING, params.at("v"), positive(k));
    v.requireValues("ffm");
    w = config.useLinear ? new FirstOrder(schema, params.at("w")) : null;
    bias = config.useLinear ? params.bias("bias", Shape.scalar()) : null;
    pairs = FieldPairs.of(fields);
    this.config = config;
    target = Target.only(schema);
  }

  /// Uniform in [0, 1/√k), as the paper says.
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
    int fields = v.count();
    Var e = v.lookup(batch, mode).reshape(b, fields * fields, k); //       [B, F·F, k]
    Var first = e.gather(1, places(pairs.left(), pairs.right(), tape)); //  [B, P, k]  w_{j₁,f₂}
    Var second = e.gather(1, places(pairs.right(), pairs.left(), tape)); // [B, P, k]  w_{j₂,f₁}
    Var phi = first.multiply(second).flatten(1).sum(1); //   [B]  (FFM-2), between fields
    for (int f = 0; f < v.fields().size() && config.includeSameField; f++) {
      if (v.fields().get(f) instanceof Field.MultiValued) {
        Var own = v.productsInside(f, f * k, (f + 1) * k, batch, mode); // [B, k]
        phi = phi.add(own.sum(1)); //                        [B]  (FFM-2), inside a field
      }
    }
    if (config.instanceNorm) {
      double[] r = reciprocals(v.squaredNorms(batch, tape.scope())); // [B]  (FFM-1)
      phi = phi.multiply(tape.constant(Shape.of(b), r)); //  [B]  (FFM-1), (FFM-2)
    }
    if (w != null && bias != null) {
      phi = phi.add(w.forward(batch, mode)).add(tape.use(bias)); // [B]  (FFM-3)
    }
    return target.outputs(phi);
  }

  /// Where the vectors of fields `own` for fields `other` are: own · F + other, `[P]`.
  private Tensor places(int[] own, int[] other, Tape tape) {
    int[] at = tape.scope().ints(own.length);
    for (int p = 0; p < at.length; p++) {
      at[p] = own[p] * v.count() + other[p];
    }
    return tape.scope().upload(Shape.of(at.length), at);
  }

  /// 1/x, and 0 for 0: an example without features has no pairs to scale.
  private static double[] reciprocals(double[] x) {
    for (int b = 0; b < x.length; b++) {
      x[b] = x[b] == 0 ? 0 : 1 / x[b];
    }
    return x;
  }
}
