// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.ElementwiseKernels;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.ElementwiseKernels.Broadcast;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Operations on one or two numbers at every position, each with its derivative.
final class Elementwise {
  private Elementwise() {}

  static Var unary(Var x, Unary op) {
    return unary(x, op, 0, 0);
  }

  /// y = op(x; p, q);  dx = dy · op′(x)
  static Var unary(Var x, Unary op, double p, double q) {
    Tape tape = x.tape();
    ElementwiseKernels k = tape.kernels().elementwise();
    String name = op.name().toLowerCase(java.util.Locale.ROOT);
    int n = x.shape().elements();
    Tensor y = tape.scope().real(name, x.shape());
    k.unary(op, y.buffer(), x.value().buffer(), n, p, q);
    return tape.record(
        name,
        y,
        (dy, dx) -> {
          Tensor g = tape.scope().real(name, x.shape());
          k.unaryBackward(op, g.buffer(), dy.buffer(), x.value().buffer(), y.buffer(), n, p, q);
          dx.give(0, g);
        },
        x);
  }

  /// y = a + b;  da = dy,  db = dy, each summed over the axes that were stretched
  static Var add(Var a, Var b) {
    Tape tape = a.tape();
    return tape.record(
        "add",
        apply(tape.scope(), Binary.ADD, a.value(), b.value()),
        (dy, dx) -> {
          if (dx.wants(0)) {
            dx.give(0, sumTo(tape.scope(), tape.scope().share(dy), a.shape()));
          }
          if (dx.wants(1)) {
            dx.give(1, sumTo(tape.scope(), tape.scope().share(dy), b.shape()));
          }
        },
        a,
        b);
  }

  /// y = a · b;  da = dy · b,  db = dy · a
  static Var multiply(Var a, Var b) {
    Tape tape = a.tape();
    return tape.record(
        "multiply",
        apply(tape.scope(), Binary.MULTIPLY, a.value(), b.value()),
        (dy, dx) -> {
          Scope s = tape.scope();
          if (dx.wants(0)) {
            dx.give(0, sumTo(s, apply(s, Binary.MULTIPLY, dy, b.value()), a.shape()));
          }
          if (dx.wants(1)) {
            dx.give(1, sumTo(s, apply(s, Binary.MULTIPLY, dy, a.value()), b.shape()));
          }
        },
        a,
        b);
  }

  /// op(a, b) as a new tensor of the broadcast shape.
  static Tensor apply(Scope scope, Binary op, Tensor a, Tensor b) {
    String name = op.name().toLowerCase(java.util.Locale.ROOT);
    Shape shape = Shape.broadcast(name, a.shape(), b.shape());
    Tensor y = scope.real(name, shape);
    ElementwiseKernels k = scope.device().kernels().elementwise();
    if (a.shape().equals(b.shape())) {
      k.binary(op, y.buffer(), a.buffer(), b.buffer(), shape.elements());
    } else {
      k.binary(op, y.buffer(), a.buffer(), b.buffer(), Broadcast.of(shape, a.shape(), b.shape()));
    }
    return y;
  }

  /// The adjoint of broadcasting: g summed over the axes along which `to` was stretched. Takes g over.
  static Tensor sumTo(Scope scope, Tensor g, Shape to) {
    Tensor sum = g;
    while (sum.shape().rank() > to.rank()) {
      sum = sumAxis(scope, sum, 0, sum.shape().without(0));
    }
    for (int axis = 0; axis < to.rank(); axis++) {
      if (to.size(axis) == 1 && sum.shape().size(axis) != 1) {
        sum = sumAxis(scope, sum, axis, sum.shape().with(axis, 1));
      }
    }
    return sum;
  }

  private static Tensor sumAxis(Scope scope, Tensor x, int axis, Shape to) {
    Shape s = x.shape();
    Tensor y = scope.real("sum", to);
    scope
        .device()
        .kernels()
        .reduce()
        .sum(
            y.buffer(),
            x.buffer(),
            s.product(0, axis),
            s.size(axis),
            s.product(axis + 1, s.rank()),
            1);
    scope.release(x);
    return y;
  }
}
