// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import java.util.Arrays;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.models.Retriever;
import org.gradus.models.youtubednn.YoutubeDnn.Similarity;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// The rows of the softmax, and the logits of users with them.
///
/// ```
/// o_j = ⟨u, v_j⟩/τ + b_j                  DOT                   (YD-5)
/// o_j = ⟨u, v_j⟩/(τ ‖u‖ ‖v_j‖) + b_j      COSINE                (YD-6)
/// ```
///
/// Norms are √(Σx² + 10⁻¹²), so that a vector of zeros has a cosine of 0.
///
/// @param v one row per id, those of padding and unknown values too, `[V, d]`
/// @param bias b, `[V, 1]`, or null for 0
/// @param similarity inner product, or cosine
/// @param temperature τ
record ItemVectors(
    TableParameter v, @Nullable TableParameter bias, Similarity similarity, double temperature) {
  private static final double EPSILON = 1e-12;

  /// u as it is compared, `[B, d]`.
  Var comparable(Var u) {
    if (similarity == Similarity.DOT) {
      return u;
    }
    int last = u.shape().rank() - 1;
    return u.multiply(u.square().sum(last, true).add(EPSILON).rsqrt());
  }

  /// Logits with the same items for every user.
  ///
  /// @param u comparable, `[B, d]`
  /// @param ids n items
  /// @return `[B, n]`
  Var shared(Var u, int... ids) {
    Tape tape = u.tape();
    Shape n = Shape.of(ids.length);
    Var items = comparable(Lookup.rows(tape, v, n, ids)); //             [n, d]
    Var o = u.matmul(items, false, true).multiply(1 / temperature); //   [B, n]  (YD-5), (YD-6)
    return bias == null
        ? o
        : o.add(Lookup.rows(tape, bias, n, ids).reshape(1, ids.length)); // [B, n]
  }

  /// Logits with items of each user's own.
  ///
  /// @param u comparable, `[B, d]`
  /// @param ids B · k items, user by user
  /// @return `[B, k]`
  Var own(Var u, int... ids) {
    Tape tape = u.tape();
    int size = u.size(0);
    Shape each = Shape.of(size, ids.length / size);
    Var items = comparable(Lookup.rows(tape, v, each, ids)); //          [B, k, d]
    Var o = items.multiply(u.unsqueeze(1)).sum(2).multiply(1 / temperature); // [B, k]
    return bias == null ? o : o.add(Lookup.rows(tape, bias, each, ids).squeeze(2));
  }

  /// The ids of all items.
  int[] all() {
    int[] ids = new int[v.table().rows() - Retriever.FIRST_ITEM];
    Arrays.setAll(ids, j -> j + Retriever.FIRST_ITEM);
    return ids;
  }

  /// Vectors whose inner products with those of users rank as the logits do: with a constant per item, τ b is the last number
  /// of a vector.
  ///
  /// @return `[C, d]`, or `[C, d + 1]`
  Var exported(Tape tape) {
    int[] ids = all();
    Shape n = Shape.of(ids.length);
    Var items = comparable(Lookup.rows(tape, v, n, ids)); //             [C, d]
    return bias == null
        ? items
        : Var.concat(
            1, java.util.List.of(items, Lookup.rows(tape, bias, n, ids).multiply(temperature)));
  }

  /// The vectors of users for these.
  ///
  /// @param u comparable, `[B, d]`
  /// @return `[B, d]`, or `[B, d + 1]` with 1 at the end
  Var exported(Var u) {
    if (bias == null) {
      return u;
    }
    double[] ones = new double[u.size(0)];
    Arrays.fill(ones, 1);
    return Var.concat(1, java.util.List.of(u, u.tape().constant(Shape.of(ones.length, 1), ones)));
  }
}
