// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.SoftmaxKernels;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Normalised exponentials over the last axis, under a mask or not. A row with no entry left gives 0 and passes no
/// gradient.
final class Softmax {
  private Softmax() {}

  /// yⱼ = mⱼ e^xⱼ / Σₖ mₖ e^xₖ;  dxⱼ = yⱼ (dyⱼ − Σₖ yₖ dyₖ)
  static Var softmax(Var x, @Nullable Tensor mask) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    SoftmaxKernels kernels = tape.kernels().softmax();
    int rows = rows("softmax", x);
    int n = x.size(-1);
    Tensor y = s.real("softmax", x.shape());
    Buffer m = buffer(expanded("softmax", x, mask));
    kernels.softmax(y.buffer(), x.value().buffer(), m, rows, n);
    return tape.record(
        "softmax",
        y,
        (dy, dx) -> {
          Tensor g = s.real("softmax", x.shape());
          kernels.softmaxBackward(g.buffer(), dy.buffer(), y.buffer(), rows, n);
          dx.give(0, g);
        },
        x);
  }

  /// yⱼ = xⱼ − ln Σₖ mₖ e^xₖ, 0 where masked;  dxⱼ = mⱼ (dyⱼ − e^yⱼ Σₖ mₖ dyₖ)
  static Var logSoftmax(Var x, @Nullable Tensor mask) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    SoftmaxKernels kernels = tape.kernels().softmax();
    int rows = rows("logSoftmax", x);
    int n = x.size(-1);
    Tensor y = s.real("logSoftmax", x.shape());
    Tensor m = expanded("logSoftmax", x, mask);
    kernels.logSoftmax(y.buffer(), x.value().buffer(), buffer(m), rows, n);
    return tape.record(
        "logSoftmax",
        y,
        (dy, dx) -> {
          Tensor g = s.real("logSoftmax", x.shape());
          kernels.logSoftmaxBackward(g.buffer(), dy.buffer(), y.buffer(), buffer(m), rows, n);
          dx.give(0, g);
        },
        x);
  }

  /// y = ln Σₖ mₖ e^xₖ;  dxⱼ = mⱼ e^(xⱼ−y) dy
  static Var logSumExp(Var x, @Nullable Tensor mask) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    SoftmaxKernels kernels = tape.kernels().softmax();
    int rows = rows("logSumExp", x);
    int n = x.size(-1);
    Tensor y = s.real("logSumExp", x.shape().without(-1));
    Tensor m = expanded("logSumExp", x, mask);
    kernels.logSumExp(y.buffer(), x.value().buffer(), buffer(m), rows, n);
    return tape.record(
        "logSumExp",
        y,
        (dy, dx) -> {
          Tensor g = s.real("logSumExp", x.shape());
          kernels.logSumExpBackward(
              g.buffer(), dy.buffer(), x.value().buffer(), y.buffer(), buffer(m), rows, n);
          dx.give(0, g);
        },
        x);
  }

  private static int rows(String op, Var x) {
    int rank = x.shape().rank();
    if (rank == 0) {
      throw new IllegalArgumentException(op + ": a scalar. Expected […, n].");
    }
    return x.shape().product(0, rank - 1);
  }

  private static @Nullable Tensor expanded(String op, Var x, @Nullable Tensor mask) {
    if (mask == null) {
      return null;
    }
    Masks.check(op, mask);
    if (!Shape.broadcast(op, mask.shape(), x.shape()).equals(x.shape())) {
      throw new IllegalArgumentException(
          op
              + ": mask "
              + mask.shape()
              + " for scores "
              + x.shape()
              + ". Expected a mask that broadcasts to the scores.");
    }
    return Layout.expandTo(x.tape().scope(), mask, x.shape());
  }

  private static @Nullable Buffer buffer(@Nullable Tensor mask) {
    return mask == null ? null : mask.buffer();
  }
}
