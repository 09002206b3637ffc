// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// One row of one step of a GRU: n numbers, a whole number of vectors.
///
/// What a step keeps of a row are four blocks of n numbers: the gates u and r, the candidate, and q, which the reset gate
/// is multiplied by or which it gave.
final class GruCell {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;
  private static final FloatVector ONE = FloatVector.broadcast(S, 1f);

  private GruCell() {}

  /// x = σ(x)
  static void sigmoid(float[] x, int at, int n) {
    for (int i = at; i < at + n; i += W) {
      Polynomials.sigmoid(FloatVector.fromArray(S, x, i)).intoArray(x, i);
    }
  }

  /// x = tanh(x)
  static void tanh(float[] x, int at, int n) {
    for (int i = at; i < at + n; i += W) {
      Polynomials.tanh(FloatVector.fromArray(S, x, i)).intoArray(x, i);
    }
  }

  /// candidate = tanh(p + r ∘ q)
  static void candidate(float[] kept, int at, float[] p, int pAt, int n) {
    for (int i = 0; i < n; i += W) {
      FloatVector r = FloatVector.fromArray(S, kept, at + n + i);
      FloatVector q = FloatVector.fromArray(S, kept, at + 3 * n + i);
      Polynomials.tanh(r.fma(q, FloatVector.fromArray(S, p, pAt + i)))
          .intoArray(kept, at + 2 * n + i);
    }
  }

  /// q = r ∘ h
  static void reset(float[] kept, int at, float[] h, int hAt, int n) {
    for (int i = 0; i < n; i += W) {
      FloatVector.fromArray(S, kept, at + n + i)
          .mul(FloatVector.fromArray(S, h, hAt + i))
          .intoArray(kept, at + 3 * n + i);
    }
  }

  /// h += w ∘ (candidate − h), w = offset + slope · u
  static void mix(float[] h, int hAt, float[] kept, int at, float offset, float slope, int n) {
    FloatVector c = FloatVector.broadcast(S, offset);
    FloatVector s = FloatVector.broadcast(S, slope);
    for (int i = 0; i < n; i += W) {
      FloatVector w = FloatVector.fromArray(S, kept, at + i).fma(s, c);
      FloatVector from = FloatVector.fromArray(S, h, hAt + i);
      FloatVector.fromArray(S, kept, at + 2 * n + i).sub(from).fma(w, from).intoArray(h, hAt + i);
    }
  }

  /// From δ, the gradient of the new state: the gradients of what u and the candidate are functions of, and
  /// δ = (1 − w) ∘ δ.
  ///
  /// @param s holds δ at `d`, the old state at `h`, and takes blocks of u, r, candidate at `da`; that of r is left alone
  static void mixBackward(
      float[] s, int d, int da, int h, float[] kept, int at, float offset, float slope, int n) {
    FloatVector a = FloatVector.broadcast(S, offset);
    FloatVector b = FloatVector.broadcast(S, slope);
    for (int i = 0; i < n; i += W) {
      FloatVector u = FloatVector.fromArray(S, kept, at + i);
      FloatVector candidate = FloatVector.fromArray(S, kept, at + 2 * n + i);
      FloatVector delta = FloatVector.fromArray(S, s, d + i);
      FloatVector dw = delta.mul(candidate.sub(FloatVector.fromArray(S, s, h + i)));
      dw.mul(b).mul(u).mul(ONE.sub(u)).intoArray(s, da + i);
      FloatVector dn = delta.mul(u.fma(b, a));
      delta.sub(dn).intoArray(s, d + i);
      dn.mul(candidate.neg().fma(candidate, ONE)).intoArray(s, da + 2 * n + i);
    }
  }

  /// [Reset#AFTER][org.gradus.tensor.RecurrentKernels.Reset]: the gradient of what r is a function of, and in the place of
  /// the candidate's gradient that of q.
  static void resetAfterBackward(float[] s, int da, float[] kept, int at, int n) {
    for (int i = 0; i < n; i += W) {
      FloatVector r = FloatVector.fromArray(S, kept, at + n + i);
      FloatVector dn = FloatVector.fromArray(S, s, da + 2 * n + i);
      FloatVector dr = dn.mul(FloatVector.fromArray(S, kept, at + 3 * n + i));
      dr.mul(r).mul(ONE.sub(r)).intoArray(s, da + n + i);
      dn.mul(r).intoArray(s, da + 2 * n + i);
    }
  }

  /// [Reset#BEFORE][org.gradus.tensor.RecurrentKernels.Reset]: from the gradient of q = r ∘ h that of what r is a function
  /// of, and what δ gets.
  static void resetBeforeBackward(
      float[] s, int d, int da, int dq, int h, float[] kept, int at, int n) {
    for (int i = 0; i < n; i += W) {
      FloatVector r = FloatVector.fromArray(S, kept, at + n + i);
      FloatVector dqi = FloatVector.fromArray(S, s, dq + i);
      FloatVector dr = dqi.mul(FloatVector.fromArray(S, s, h + i));
      dr.mul(r).mul(ONE.sub(r)).intoArray(s, da + n + i);
      dqi.fma(r, FloatVector.fromArray(S, s, d + i)).intoArray(s, d + i);
    }
  }

  /// ∂L/∂α, one number: Σ δ ∘ (candidate − h) ∘ (offset′ + slope′ u); to be asked before δ changes.
  ///
  /// @param s holds δ at `d`, the old state at `h`, and has room for n numbers at `room`
  static float attention(
      float[] s, int d, int h, int room, float[] kept, int at, float offset, float slope, int n) {
    FloatVector a = FloatVector.broadcast(S, offset);
    FloatVector b = FloatVector.broadcast(S, slope);
    for (int i = 0; i < n; i += W) {
      FloatVector dw =
          FloatVector.fromArray(S, kept, at + 2 * n + i)
              .sub(FloatVector.fromArray(S, s, h + i))
              .mul(FloatVector.fromArray(S, s, d + i));
      dw.mul(FloatVector.fromArray(S, kept, at + i).fma(b, a)).intoArray(s, room + i);
    }
    return Lanes.sum(s, room, n);
  }
}
