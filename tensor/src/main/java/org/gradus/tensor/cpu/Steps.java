// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.gradus.tensor.UpdateKernels;

/// The rules of the optimisers on one vector of numbers: what dense buffers and rows of tables have in common.
final class Steps {
  private Steps() {}

  /// w − rate · g
  static FloatVector sgd(FloatVector w, FloatVector g, float rate) {
    return g.fma(FloatVector.broadcast(Lanes.SPECIES, -rate), w);
  }

  /// momentum · v + g
  static FloatVector velocity(FloatVector v, FloatVector g, float momentum) {
    return v.fma(FloatVector.broadcast(Lanes.SPECIES, momentum), g);
  }

  /// w − rate · g / (√s + ε)
  static FloatVector adagrad(
      FloatVector w, FloatVector s, FloatVector g, float rate, float epsilon) {
    return w.sub(g.mul(rate).div(s.sqrt().add(epsilon)));
  }

  /// One step of Adam in float32.
  ///
  /// @param step η c₁
  /// @param beta1 β₁
  /// @param rest1 1 − β₁
  /// @param beta2 β₂
  /// @param rest2 1 − β₂
  /// @param correction2 c₂
  /// @param epsilon ε
  record Adam(
      float step,
      float beta1,
      float rest1,
      float beta2,
      float rest2,
      float correction2,
      float epsilon) {
    static Adam of(UpdateKernels.Adam a) {
      return new Adam(
          (float) (a.rate() * a.correction1()),
          (float) a.beta1(),
          (float) (1 - a.beta1()),
          (float) a.beta2(),
          (float) (1 - a.beta2()),
          (float) a.correction2(),
          (float) a.epsilon());
    }

    /// β₁m + (1−β₁)g
    FloatVector first(FloatVector m, FloatVector g) {
      return m.fma(FloatVector.broadcast(Lanes.SPECIES, beta1), g.mul(rest1));
    }

    /// β₂v + (1−β₂)g²
    FloatVector second(FloatVector v, FloatVector g) {
      return v.fma(FloatVector.broadcast(Lanes.SPECIES, beta2), g.mul(g).mul(rest2));
    }

    /// w − η · m·c₁ / (√(v·c₂) + ε)
    FloatVector weight(FloatVector w, FloatVector m, FloatVector v) {
      return w.sub(m.mul(step).div(v.mul(correction2).sqrt().add(epsilon)));
    }
  }

  /// One step of FTRL-proximal in float32.
  ///
  /// @param alpha α
  /// @param inverse 1/α
  /// @param shift β/α + λ₂
  /// @param l1 λ₁
  record Ftrl(float alpha, float inverse, float shift, float l1) {
    static Ftrl of(UpdateKernels.Ftrl f) {
      return new Ftrl(
          (float) f.alpha(),
          (float) (1 / f.alpha()),
          (float) (f.beta() / f.alpha() + f.l2()),
          (float) f.l1());
    }

    /// n + g²
    FloatVector squares(FloatVector s, FloatVector g) {
      return g.fma(g, s);
    }

    /// z + g − σw, where σ = (√(n+g²) − √n)/α is taken as g² / ((√(n+g²) + √n) α), which does not cancel.
    FloatVector score(
        FloatVector z, FloatVector g, FloatVector w, FloatVector before, FloatVector after) {
      FloatVector roots = after.sqrt().add(before.sqrt()).mul(alpha);
      FloatVector divisor = roots.blend(1f, roots.compare(VectorOperators.EQ, 0f));
      FloatVector sigma = g.mul(g).div(divisor);
      return sigma.neg().fma(w, z.add(g));
    }

    /// 0 where |z| ≤ λ₁, else −(z − sign(z)λ₁) / ((β + √n)/α + λ₂)
    FloatVector weight(FloatVector z, FloatVector s) {
      FloatVector excess = z.abs().sub(l1);
      FloatVector w = excess.div(s.sqrt().mul(inverse).add(shift));
      FloatVector signed = w.neg().blend(w, z.compare(VectorOperators.LT, 0f));
      return signed.blend(0f, excess.compare(VectorOperators.LE, 0f));
    }
  }
}
