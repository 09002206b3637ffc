// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.fibinet;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The bilinear interaction of all pairs of fields, between inner and Hadamard product:
///
/// ```
/// FIELD_ALL           p_ij = (eᵢ W) ⊙ eⱼ                      (FB-4)
/// FIELD_EACH          p_ij = (eᵢ Wᵢ) ⊙ eⱼ                     (FB-4)
/// FIELD_INTERACTION   p_ij = (eᵢ W_ij) ⊙ eⱼ                   (FB-4)
/// HADAMARD            p_ij = eᵢ ⊙ eⱼ                         (FB-4)
/// ```
///
/// All with i < j; eᵢ is the embedding of field i of f, fields being counted from 0: a row of k numbers. W, Wᵢ and W_ij are k
/// × k, and ⊙ multiplies number by number. The matrix acts on the left, smaller index, and on a row vector: p_ij is not p_ji.
/// The P pairs, P = f (f − 1) / 2, come in the order 01, 02, …, 12, …. E are the embeddings of B examples; for q the same
/// class is given the rescaled ones. Matrices start as Glorot and Bengio have them, which is ours.
public final class Bilinear {
  // [k, k], [f−1, k, k] (everyField: [f, k, k]) or [P, k, k]; null for HADAMARD, and of one field
  private final @Nullable DenseParameter w;
  private final Kind kind;
  private final int[] left; //  i of each pair
  private final int[] right; // j of each pair

  /// How many matrices there are.
  public enum Kind {
    /// one
    FIELD_ALL,
    /// one per left field
    FIELD_EACH,
    /// one per pair
    FIELD_INTERACTION,
    /// none: what the paper compares with, by our reading
    HADAMARD
  }

  /// What a user may set.
  ///
  /// @param kind how many matrices there are
  /// @param everyField whether FIELD_EACH has a matrix for the last field too, which is never on the left and never
  ///     trained: for weights that come from elsewhere
  public record Config(Kind kind, boolean everyField) {}

  /// New matrices under `params`.
  ///
  /// @param fields f
  /// @param dim k
  Bilinear(int fields, int dim, Config config, Params params) {
    kind = config.kind;
    int pairs = fields * (fields - 1) / 2;
    left = new int[pairs];
    right = new int[pairs];
    int pair = 0;
    for (int i = 0; i < fields; i++) {
      for (int j = i + 1; j < fields; j++) {
        left[pair] = i;
        right[pair++] = j;
      }
    }
    Shape shape =
        switch (kind) {
          case FIELD_ALL -> Shape.of(dim, dim);
          case FIELD_EACH -> Shape.of(config.everyField ? fields : fields - 1, dim, dim);
          case FIELD_INTERACTION -> Shape.of(pairs, dim, dim);
          case HADAMARD -> Shape.of(0);
        };
    // of one field there are no pairs, and no matrices
    w =
        pairs == 0 || kind == Kind.HADAMARD
            ? null
            : params.weight("w", shape, Initializers.xavierUniform());
  }

  /// P
  int pairs() {
    return left.length;
  }

  /// E `[B, f, k]` → p `[B, P, k]`.
  Var forward(Var e) {
    Tape tape = e.tape();
    Tensor i = tape.scope().upload(Shape.of(left.length), left);
    Tensor j = tape.scope().upload(Shape.of(right.length), right);
    Var ei = e.gather(1, i); //                                           [B, P, k]
    Var turned = w == null ? ei : turned(e, ei, tape.use(w), i); //       [B, P, k]
    return turned.multiply(e.gather(1, j)); //                            [B, P, k]  (FB-4)
  }

  /// eᵢ times its matrix. Where pairs share a matrix each field is multiplied once.
  private Var turned(Var e, Var ei, Var w, Tensor i) {
    return switch (kind) {
      case FIELD_ALL -> e.matmul(w).gather(1, i); //                      [B, P, k]
      // the first f − 1 fields are those on the left; with everyField all f have a matrix
      case FIELD_EACH -> each(e.slice(1, 0, w.size(0)), w).gather(1, i); // [B, P, k]
      case FIELD_INTERACTION -> each(ei, w); //                           [B, P, k]
      case HADAMARD -> ei; // not met: w is null then
    };
  }

  /// x `[B, m, k]`, of each example a row for each of the m matrices w `[m, k, k]` → each row times its matrix, `[B, m, k]`. A
  /// product of stacks takes matrix by matrix along the first axis, so that axis is the matrices' meanwhile.
  private static Var each(Var x, Var w) {
    return x.permute(1, 0, 2).matmul(w).permute(1, 0, 2);
  }
}
