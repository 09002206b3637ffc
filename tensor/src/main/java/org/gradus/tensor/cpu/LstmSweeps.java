// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The loops of an LSTM. Rows that have ended are passed over.
///
/// What a step keeps are six blocks, each `[rows, padded]`: the gates i, f and o, the candidate g, tanh(c′), and c.
///
/// @param rows of a tile
/// @param padded numbers of a state, a whole number of vectors
/// @param h where in the scratch the states lie, or δ; cells, or their gradients, follow
/// @param real where the scratch has a 1 for every row that has not ended
/// @param gradients backward: where the slots of gradients begin, gate by gate
record LstmSweeps(int rows, int padded, int h, int real, int gradients) {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;
  private static final FloatVector ONE = FloatVector.broadcast(S, 1f);

  /// Numbers in a block.
  int block() {
    return rows * padded;
  }

  /// c = f ∘ c + i ∘ g, h = o ∘ tanh(c)
  void next(float[] s, int slot, float[] kept, int at) {
    int n = block();
    int c = h + n;
    for (int row = 0; row < rows; row++) {
      if (s[real + row] == 0) {
        continue;
      }
      for (int k = row * padded; k < (row + 1) * padded; k += W) {
        FloatVector cell = Lanes.load(s, c + k);
        cell.intoArray(kept, at + 5 * n + k);
        FloatVector forgotten = cell.mul(Lanes.load(kept, at + n + k));
        FloatVector next =
            Lanes.load(kept, at + k).fma(Lanes.load(kept, at + 3 * n + k), forgotten);
        next.intoArray(s, c + k);
        FloatVector tanh = Polynomials.tanh(next);
        tanh.intoArray(kept, at + 4 * n + k);
        tanh.mul(Lanes.load(kept, at + 2 * n + k)).intoArray(s, h + k);
      }
    }
  }

  /// Where the slots of the gradients of one gate lie.
  int ofGate(int gate) {
    return gradients + gate * GruBackward.STEPS * block();
  }

  /// From δ, the gradient of the new state, and that of the new cell: the gradients of what i, f, o and g are functions of,
  /// and that of the old cell. δ of a row that goes on becomes 0: the old state acts through the gates alone.
  void backward(float[] s, int slot, float[] kept, int at) {
    int n = block();
    int dc = h + n;
    for (int row = 0; row < rows; row++) {
      if (s[real + row] == 0) {
        for (int gate = 0; gate < 4; gate++) {
          Rows.zero(s, ofGate(gate) + slot + row * padded, padded);
        }
        continue;
      }
      for (int k = row * padded; k < (row + 1) * padded; k += W) {
        FloatVector tanh = Lanes.load(kept, at + 4 * n + k);
        FloatVector o = Lanes.load(kept, at + 2 * n + k);
        FloatVector delta = Lanes.load(s, h + k);
        delta.mul(tanh).mul(o).mul(ONE.sub(o)).intoArray(s, ofGate(2) + slot + k);
        FloatVector all = delta.mul(o).fma(tanh.neg().fma(tanh, ONE), Lanes.load(s, dc + k));
        FloatVector f = Lanes.load(kept, at + n + k);
        FloatVector df = all.mul(Lanes.load(kept, at + 5 * n + k));
        df.mul(f).mul(ONE.sub(f)).intoArray(s, ofGate(1) + slot + k);
        all.mul(f).intoArray(s, dc + k);
        FloatVector i = Lanes.load(kept, at + k);
        FloatVector g = Lanes.load(kept, at + 3 * n + k);
        all.mul(g).mul(i).mul(ONE.sub(i)).intoArray(s, ofGate(0) + slot + k);
        all.mul(i).mul(g.neg().fma(g, ONE)).intoArray(s, ofGate(3) + slot + k);
        FloatVector.zero(S).intoArray(s, h + k);
      }
    }
  }
}
