// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// One row of one step of an LSTM: n numbers, a whole number of vectors.
///
/// What a step keeps of a row are six blocks of n numbers: the gates i, f and o, the candidate g, tanh(c′), and c.
final class LstmCell {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;
  private static final FloatVector ONE = FloatVector.broadcast(S, 1f);

  private LstmCell() {}

  /// c = f ∘ c + i ∘ g, h = o ∘ tanh(c)
  ///
  /// @param s holds the state at `h` and the cell at `c`
  static void next(float[] s, int h, int c, float[] kept, int at, int n) {
    for (int i = 0; i < n; i += W) {
      FloatVector cell = FloatVector.fromArray(S, s, c + i);
      cell.intoArray(kept, at + 5 * n + i);
      FloatVector forgotten = cell.mul(FloatVector.fromArray(S, kept, at + n + i));
      FloatVector next =
          FloatVector.fromArray(S, kept, at + i)
              .fma(FloatVector.fromArray(S, kept, at + 3 * n + i), forgotten);
      next.intoArray(s, c + i);
      FloatVector tanh = Polynomials.tanh(next);
      tanh.intoArray(kept, at + 4 * n + i);
      tanh.mul(FloatVector.fromArray(S, kept, at + 2 * n + i)).intoArray(s, h + i);
    }
  }

  /// From δ, the gradient of the new state, and that of the new cell: the gradients of what i, f, o and g are functions of,
  /// and that of the old cell.
  ///
  /// @param s holds δ at `d`, the cell's gradient at `dc`, and takes blocks of i, f, o, g at `da`
  static void backward(float[] s, int d, int dc, int da, float[] kept, int at, int n) {
    for (int k = 0; k < n; k += W) {
      FloatVector tanh = FloatVector.fromArray(S, kept, at + 4 * n + k);
      FloatVector o = FloatVector.fromArray(S, kept, at + 2 * n + k);
      FloatVector delta = FloatVector.fromArray(S, s, d + k);
      delta.mul(tanh).mul(o).mul(ONE.sub(o)).intoArray(s, da + 2 * n + k);
      FloatVector all =
          delta.mul(o).fma(tanh.neg().fma(tanh, ONE), FloatVector.fromArray(S, s, dc + k));
      FloatVector f = FloatVector.fromArray(S, kept, at + n + k);
      all.mul(FloatVector.fromArray(S, kept, at + 5 * n + k))
          .mul(f)
          .mul(ONE.sub(f))
          .intoArray(s, da + n + k);
      all.mul(f).intoArray(s, dc + k);
      FloatVector i = FloatVector.fromArray(S, kept, at + k);
      FloatVector g = FloatVector.fromArray(S, kept, at + 3 * n + k);
      all.mul(g).mul(i).mul(ONE.sub(i)).intoArray(s, da + k);
      all.mul(i).mul(g.neg().fma(g, ONE)).intoArray(s, da + 3 * n + k);
    }
  }
}
