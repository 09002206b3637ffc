// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.InteractionKernels;
import org.gradus.tensor.InteractionKernels.Vectors;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Fused interactions of field embeddings `[B, F, D]`.
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

  private static int pairs(int fields, boolean self) {
    return fields * (self ? fields + 1 : fields - 1) / 2;
  }

  private static void check(String op, Var e) {
    if (e.shape().rank() != 3) {
      throw new IllegalArgumentException(op + ": " + e.shape() + ". Expected [B, F, D].");
    }
  }
}
