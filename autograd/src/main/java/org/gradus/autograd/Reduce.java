// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Kind;
import org.gradus.tensor.LayoutKernels.View;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Sums, means and maxima along one axis, or over everything.
final class Reduce {
  private Reduce() {}

  /// An axis as the middle one of `[outer, n, inner]`.
  private record Middle(int outer, int n, int inner) {
    static Middle of(Shape s, int axis) {
      int a = s.axis(axis);
      return new Middle(s.product(0, a), s.size(a), s.product(a + 1, s.rank()));
    }

    /// The view that repeats `[outer, inner]` along the middle.
    View repeated() {
      return new View(0, new int[] {outer, n, inner}, new int[] {inner, 0, 1});
    }
  }

  /// y = Σ x;  dx = dy everywhere
  static Var sum(Var x) {
    return scaled("sum", x, Shape.scalar(), new Middle(1, x.shape().elements(), 1), 1);
  }

  static Var sum(Var x, int axis, boolean keepDims) {
    return scaled("sum", x, reduced(x, axis, keepDims), Middle.of(x.shape(), axis), 1);
  }

  /// y = Σ x / n;  dx = dy / n everywhere
  static Var mean(Var x) {
    int n = x.shape().elements();
    return scaled("mean", x, Shape.scalar(), new Middle(1, n, 1), reciprocal(n));
  }

  static Var mean(Var x, int axis, boolean keepDims) {
    Middle m = Middle.of(x.shape(), axis);
    return scaled("mean", x, reduced(x, axis, keepDims), m, reciprocal(m.n));
  }

  /// 1/n, and 0 for the mean of nothing, which is 0.
  private static double reciprocal(int n) {
    return n == 0 ? 0 : 1.0 / n;
  }

  private static Shape reduced(Var x, int axis, boolean keepDims) {
    return keepDims ? x.shape().with(axis, 1) : x.shape().without(axis);
  }

  private static Var scaled(String op, Var x, Shape to, Middle m, double scale) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    Tensor y = s.real(op, to);
    tape.kernels().reduce().sum(y.buffer(), x.value().buffer(), m.outer, m.n, m.inner, scale);
    return tape.record(
        op,
        y,
        (dy, dx) -> {
          if (scale == 1) {
            dx.give(0, Layout.read(s, op, dy, x.shape(), m.repeated()));
          } else {
            Tensor part = Elementwise.unary(s, Unary.AFFINE, dy, scale, 0);
            dx.give(0, Layout.read(s, op, part, x.shape(), m.repeated()));
            s.release(part);
          }
        },
        x);
  }

  /// y = max x;  dx = dy at the first place of the maximum, 0 elsewhere
  static Var max(Var x, int axis, boolean keepDims) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    Middle m = Middle.of(x.shape(), axis);
    if (m.n == 0) {
      throw new IllegalArgumentException(
          "max: axis " + axis + " of " + x.shape() + " is empty. Expected at least one element.");
    }
    Shape to = reduced(x, axis, keepDims);
    Tensor y = s.real("max", to);
    Tensor argmax = s.allocate("max", Kind.INT, to);
    tape.kernels()
        .reduce()
        .max(y.buffer(), argmax.buffer(), x.value().buffer(), m.outer, m.n, m.inner);
    Kinks.places(tape, "max", argmax);
    return tape.record(
        "max",
        y,
        (dy, dx) -> {
          Tensor g = s.real("max", x.shape());
          tape.kernels()
              .reduce()
              .maxBackward(g.buffer(), dy.buffer(), argmax.buffer(), m.outer, m.n, m.inner);
          dx.give(0, g);
        },
        x);
  }

  /// y = Σ m x / max(1, Σ m), composed
  static Var maskedMean(Var x, Tensor mask) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    Masks.check("maskedMean", mask);
    if (!Shape.broadcast("maskedMean", mask.shape(), x.shape()).equals(x.shape())) {
      throw new IllegalArgumentException(
          "maskedMean: mask "
              + mask.shape()
              + " for values "
              + x.shape()
              + ". Expected a mask that broadcasts to the values.");
    }
    Tensor m = Layout.expandTo(s, mask, x.shape());
    Var count = tape.constant(Masks.toReal(s, m)).sum().max(tape.constant(Shape.scalar(), 1.0));
    return x.keepWhere(m).sum().divide(count);
  }
}
