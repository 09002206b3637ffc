// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.InteractionKernels;
import org.gradus.tensor.InteractionKernels.Vectors;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Fused interactions of field embeddings `[B, F, D]`, and of a query with the keys of a sequence.
final class Interaction {
  private Interaction() {}

  /// y = ½ Σ_d ((Σ_f e)² − Σ_f e²) (FM-2);  de = dy · (Σ_f e − e) (FM-4)
  static Var pairwise(Var e) {
    check("pairwise", e);
    Tape tape = e.tape();
    Scope s = tape.scope();
    InteractionKernels kernels = tape.kernels().interaction();
    int batch = e.size(0);
    int fields = e.size(1);
    int width = e.size(2);
    Tensor y = s.real("pairwise", Shape.of(batch));
    Tensor sums = s.real("pairwise", Shape.of(batch, width));
    kernels.pairwise(y.buffer(), sums.buffer(), e.value().buffer(), batch, fields, width);
    return tape.record(
        "pairwise",
        y,
        (dy, dx) -> {
          Tensor g = s.real("pairwise", e.shape());
          kernels.pairwiseBackward(
              g.buffer(), dy.buffer(), sums.buffer(), e.value().buffer(), batch, fields, width);
          dx.give(0, g);
        },
        e);
  }

  /// y = the products ⟨eᵢ, eⱼ⟩ of one triangle, packed (DI-2);  de = G e, G symmetric from dy, its diagonal 2 dy (DI-4)
  static Var dots(Var e, boolean lower, boolean self) {
    check("dots", e);
    Tape tape = e.tape();
    Scope s = tape.scope();
    InteractionKernels kernels = tape.kernels().interaction();
    int batch = e.size(0);
    int fields = e.size(1);
    int width = e.size(2);
    Tensor y = s.real("dots", Shape.of(batch, pairs(fields, self)));
    Vectors x = Vectors.of(e.value().buffer());
    kernels.dots(y.buffer(), x, batch, fields, width, lower, self);
    return tape.record(
        "dots",
        y,
        (dy, dx) -> {
          Tensor g = s.real("dots", e.shape());
          kernels.dotsBackward(
              Vectors.of(g.buffer()), dy.buffer(), x, batch, fields, width, lower, self);
          dx.give(0, g);
        },
        e);
  }

  /// As above, of the vectors `[first; e₀; e₁; …]`, which are not copied side by side for it.
  static Var dots(Var first, Var e, boolean lower, boolean self) {
    check("dots", e);
    int batch = e.size(0);
    int fields = e.size(1) + 1;
    int width = e.size(2);
    if (!first.shape().equals(Shape.of(batch, width))) {
      throw new IllegalArgumentException(
          "dots: " + first.shape() + " before " + e.shape() + ". Expected [B, D], [B, F, D].");
    }
    Tape tape = e.tape();
    Scope s = tape.scope();
    InteractionKernels kernels = tape.kernels().interaction();
    Tensor y = s.real("dots", Shape.of(batch, pairs(fields, self)));
    Vectors x = new Vectors(first.value().buffer(), e.value().buffer());
    kernels.dots(y.buffer(), x, batch, fields, width, lower, self);
    return tape.record(
        "dots",
        y,
        (dy, dx) -> {
          Tensor ofFirst = s.real("dots", first.shape());
          Tensor ofRest = s.real("dots", e.shape());
          Vectors g = new Vectors(ofFirst.buffer(), ofRest.buffer());
          kernels.dotsBackward(g, dy.buffer(), x, batch, fields, width, lower, self);
          dx.give(0, ofFirst);
          dx.give(1, ofRest);
        },
        first,
        e);
  }

  /// z_t = [q, k_t, q − k_t, q ⊙ k_t] (DIN-1);  with dz in quarters: dk_t = z₁ − z₂ + q ⊙ z₃,
  /// dq = Σ_t (z₀ + z₂ + k_t ⊙ z₃)
  static Var facing(Var k, Var q) {
    if (k.shape().rank() != 3 || !q.shape().equals(Shape.of(k.size(0), k.size(2)))) {
      throw new IllegalArgumentException(
          "facing: keys " + k.shape() + ", query " + q.shape() + ". Expected [B, T, D], [B, D].");
    }
    Tape tape = k.tape();
    Scope s = tape.scope();
    InteractionKernels kernels = tape.kernels().interaction();
    int batch = k.size(0);
    int steps = k.size(1);
    int width = k.size(2);
    Tensor z = s.real("facing", k.shape().with(2, 4 * width));
    kernels.facing(z.buffer(), q.value().buffer(), k.value().buffer(), batch, steps, width);
    return tape.record(
        "facing",
        z,
        (dz, dx) -> {
          Tensor dk = s.real("facing", k.shape());
          Tensor dq = s.real("facing", q.shape());
          kernels.facingBackward(
              dq.buffer(),
              dk.buffer(),
              dz.buffer(),
              q.value().buffer(),
              k.value().buffer(),
              batch,
              steps,
              width);
          dx.give(0, dk);
          dx.give(1, dq);
        },
        k,
        q);
  }

  /// y = Σ_t w_t x_t (DIN-4);  dw_t = ⟨dy, x_t⟩,  dx_t = w_t dy
  static Var weightedSum(Var w, Var x) {
    if (x.shape().rank() != 3 || !w.shape().equals(x.shape().without(2))) {
      throw new IllegalArgumentException(
          "weightedSum: weights "
              + w.shape()
              + ", vectors "
              + x.shape()
              + ". Expected [B, T], [B, T, D].");
    }
    Tape tape = x.tape();
    Scope s = tape.scope();
    InteractionKernels kernels = tape.kernels().interaction();
    int batch = x.size(0);
    int steps = x.size(1);
    int width = x.size(2);
    Tensor y = s.real("weightedSum", Shape.of(batch, width));
    kernels.weightedSum(y.buffer(), w.value().buffer(), x.value().buffer(), batch, steps, width);
    return tape.record(
        "weightedSum",
        y,
        (dy, dx) -> {
          Tensor dw = s.real("weightedSum", w.shape());
          Tensor g = s.real("weightedSum", x.shape());
          kernels.weightedSumBackward(
              dw.buffer(),
              g.buffer(),
              dy.buffer(),
              w.value().buffer(),
              x.value().buffer(),
              batch,
              steps,
              width);
          dx.give(0, dw);
          dx.give(1, g);
        },
        w,
        x);
  }

  /// y = x₀ ⊙ z + x (DCN-1, DCN-2);  dx₀ = dy ⊙ z,  dz = dy ⊙ x₀ (its sum over a row where z is one number),  dx = dy
  static Var cross(Var x0, Var z, Var x) {
    boolean perRow = x0.shape().rank() == 2 && z.shape().equals(x0.shape().with(1, 1));
    if (x0.shape().rank() != 2
        || !x.shape().equals(x0.shape())
        || !(perRow || z.shape().equals(x0.shape()))) {
      throw new IllegalArgumentException(
          "cross: "
              + x0.shape()
              + " times "
              + z.shape()
              + " plus "
              + x.shape()
              + ". Expected [B, N], [B, N] or [B, 1], and [B, N].");
    }
    Tape tape = x0.tape();
    Scope s = tape.scope();
    InteractionKernels kernels = tape.kernels().interaction();
    int rows = x0.size(0);
    int width = x0.size(1);
    Tensor y = s.real("cross", x0.shape());
    kernels.cross(
        y.buffer(),
        x0.value().buffer(),
        z.value().buffer(),
        x.value().buffer(),
        rows,
        width,
        perRow);
    return tape.record(
        "cross",
        y,
        (dy, dx) -> {
          Tensor ofFirst = s.real("cross", x0.shape());
          Tensor ofFactor = s.real("cross", z.shape());
          kernels.crossBackward(
              ofFirst.buffer(),
              ofFactor.buffer(),
              dy.buffer(),
              x0.value().buffer(),
              z.value().buffer(),
              rows,
              width,
              perRow);
          dx.give(0, ofFirst);
          dx.give(1, ofFactor);
          dx.give(2, s.share(dy));
        },
        x0,
        z,
        x);
  }

  private static int pairs(int fields, boolean self) {
    return fields * (self ? fields + 1 : fields - 1) / 2;
  }

  private static void check(String op, Var e) {
    if (e.shape().rank() != 3) {
      throw new IllegalArgumentException(op + ": " + e.shape() + ". Expected [B, F, D].");
    }
  }
}
