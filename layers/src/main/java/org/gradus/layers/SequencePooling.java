// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.Arrays;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// One vector of a sequence of vectors. Padding has no part in it, and a sequence of padding alone is 0.
public final class SequencePooling {
  private SequencePooling() {}

  /// Σ_t m_t x_t / max(1, Σ_t m_t), `[B, D]`.
  ///
  /// @param x `[B, T, D]`, finite at padding too
  /// @param real m `[B, T]`
  public static Var mean(Var x, Tensor real) {
    Tape tape = x.tape();
    Var m = tape.constant(Masks.toReal(tape.scope(), real)); //              [B, T]
    Var count = m.sum(1, true).max(tape.constant(Shape.scalar(), 1.0)); //   [B, 1]
    return m.weightedSum(x).divide(count); //                                [B, D]
  }

  /// The last real vector of each row, `[B, D]`.
  ///
  /// @param x `[B, T, D]`
  /// @param lengths `[B]`: how many vectors of a row are real, at most T
  public static Var last(Var x, int... lengths) {
    int t = x.size(1);
    if (lengths.length != x.size(0)
        || Arrays.stream(lengths).anyMatch(length -> length < 0 || length > t)) {
      throw new IllegalArgumentException(
          "sequence pooling: lengths "
              + Arrays.toString(lengths)
              + " of sequences "
              + x.shape()
              + ". Expected "
              + x.size(0)
              + " of them, from 0 to "
              + t
              + ".");
    }
    Scope scope = x.tape().scope();
    int[] places = scope.ints(lengths.length);
    boolean[] any = scope.booleans(lengths.length);
    for (int b = 0; b < lengths.length; b++) {
      places[b] = b * t + Math.max(0, lengths[b] - 1);
      any[b] = lengths[b] > 0;
    }
    Shape rows = Shape.of(lengths.length);
    Var found = x.reshape(x.size(0) * t, x.size(2)).gather(0, scope.upload(rows, places)); // [B, D]
    return found.keepWhere(scope.upload(rows.insert(1, 1), any)); //         [B, D]
  }

  /// Σ_t a_t x_t with a = softmax of ⟨q, x_t⟩/√D over real t, `[B, D]`: what of a sequence concerns a target.
  ///
  /// @param target q `[B, D]`
  /// @param x `[B, T, D]`, finite at padding too
  /// @param real `[B, T]`
  public static Var attention(Var target, Var x, Tensor real) {
    Var scores = x.matmul(target.unsqueeze(2)).squeeze(2); //                [B, T]
    Var a = scores.multiply(1 / Math.sqrt(x.size(2))).softmax(real); //      [B, T]
    return a.weightedSum(x); //                                              [B, D]
  }
}
