// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The loops of a GRU.
///
/// What a step keeps are four blocks, each `[rows, padded]`: the gates u and r, the candidate, and q, by which the reset
/// gate is multiplied or which it gave.
///
/// @param rows of a tile
/// @param padded numbers of a state, a whole number of vectors
/// @param h where in the scratch the old states lie, `[rows, padded]`; in the backward pass counted from a step's slot
/// @param p forward: where the projections of the candidate lie; backward: where δ lies
/// @param mixing where offset and slope of every row lie: w = offset + slope · u, and both 0 in a row that has ended
record GruSweeps(int rows, int padded, int h, int p, int mixing) {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;
  private static final FloatVector ONE = FloatVector.broadcast(S, 1f);

  /// Numbers in a block.
  int block() {
    return rows * padded;
  }

  /// candidate = tanh(p + r ∘ q)
  void candidate(float[] s, int slot, float[] kept, int at) {
    int n = block();
    for (int i = 0; i < n; i += W) {
      FloatVector r = Lanes.load(kept, at + n + i);
      FloatVector q = Lanes.load(kept, at + 3 * n + i);
      Polynomials.tanh(r.fma(q, Lanes.load(s, p + i))).intoArray(kept, at + 2 * n + i);
    }
  }

  /// q = r ∘ h
  void reset(float[] s, int slot, float[] kept, int at) {
    int n = block();
    for (int i = 0; i < n; i += W) {
      Lanes.load(kept, at + n + i).mul(Lanes.load(s, h + i)).intoArray(kept, at + 3 * n + i);
    }
  }

  /// h += w ∘ (candidate − h)
  void mix(float[] s, int slot, float[] kept, int at) {
    int n = block();
    for (int row = 0; row < rows; row++) {
      float offset = s[mixing + row];
      float slope = s[mixing + rows + row];
      for (int i = row * padded; i < (row + 1) * padded; i += W) {
        FloatVector w =
            Lanes.load(kept, at + i)
                .fma(FloatVector.broadcast(S, slope), FloatVector.broadcast(S, offset));
        FloatVector from = Lanes.load(s, h + i);
        Lanes.load(kept, at + 2 * n + i).sub(from).fma(w, from).intoArray(s, h + i);
      }
    }
  }

  /// From δ, the gradient of the new state: the gradients of what u and the candidate are functions of, which go to the
  /// slot's blocks 1 and 3 behind the old state, and δ = (1 − w) ∘ δ.
  void mixBackward(float[] s, int slot, float[] kept, int at) {
    int n = block();
    for (int row = 0; row < rows; row++) {
      float offset = s[mixing + row];
      float slope = s[mixing + rows + row];
      for (int i = row * padded; i < (row + 1) * padded; i += W) {
        FloatVector u = Lanes.load(kept, at + i);
        FloatVector candidate = Lanes.load(kept, at + 2 * n + i);
        FloatVector delta = Lanes.load(s, p + i);
        FloatVector dw = delta.mul(candidate.sub(Lanes.load(s, h + slot + i)));
        dw.mul(slope).mul(u).mul(ONE.sub(u)).intoArray(s, ofGate(0) + slot + i);
        FloatVector dn =
            delta.mul(u.fma(FloatVector.broadcast(S, slope), FloatVector.broadcast(S, offset)));
        delta.sub(dn).intoArray(s, p + i);
        dn.mul(candidate.neg().fma(candidate, ONE)).intoArray(s, ofGate(2) + slot + i);
      }
    }
  }

  /// Where the slots of the gradients of one gate lie, those of the old states lying first.
  int ofGate(int gate) {
    return h + (gate + 1) * GruBackward.STEPS * block();
  }

  /// Reset after the product: the gradient of what r is a function of, and in the place of the candidate's gradient that
  /// of q.
  void resetAfterBackward(float[] s, int slot, float[] kept, int at) {
    int n = block();
    int da = ofGate(1) + slot;
    int dq = ofGate(2) + slot;
    for (int i = 0; i < n; i += W) {
      FloatVector r = Lanes.load(kept, at + n + i);
      FloatVector dn = Lanes.load(s, dq + i);
      FloatVector dr = dn.mul(Lanes.load(kept, at + 3 * n + i));
      dr.mul(r).mul(ONE.sub(r)).intoArray(s, da + i);
      dn.mul(r).intoArray(s, dq + i);
    }
  }

  /// Reset before the product: from the gradient of q = r ∘ h, which lies behind δ, that of what r is a function of, and
  /// what δ gets.
  void resetBeforeBackward(float[] s, int slot, float[] kept, int at) {
    int n = block();
    int da = ofGate(1) + slot;
    for (int i = 0; i < n; i += W) {
      FloatVector r = Lanes.load(kept, at + n + i);
      FloatVector dq = Lanes.load(s, p + n + i);
      FloatVector dr = dq.mul(Lanes.load(s, h + slot + i));
      dr.mul(r).mul(ONE.sub(r)).intoArray(s, da + i);
      dq.fma(r, Lanes.load(s, p + i)).intoArray(s, p + i);
    }
  }

  /// The terms of ∂L/∂α = Σ δ ∘ (candidate − h) ∘ (offset′ + slope′ u), behind δ; to be asked before δ changes. The
  /// derivatives offset′ and slope′ stand behind the offsets and slopes.
  void attention(float[] s, int slot, float[] kept, int at) {
    int n = block();
    float offset = s[mixing + 2 * rows];
    float slope = s[mixing + 2 * rows + 1];
    for (int i = 0; i < n; i += W) {
      FloatVector dw =
          Lanes.load(kept, at + 2 * n + i)
              .sub(Lanes.load(s, h + slot + i))
              .mul(Lanes.load(s, p + i));
      dw.mul(
              Lanes.load(kept, at + i)
                  .fma(FloatVector.broadcast(S, slope), FloatVector.broadcast(S, offset)))
          .intoArray(s, p + n + i);
    }
  }
}
