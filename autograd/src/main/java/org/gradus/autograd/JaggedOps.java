// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.JaggedKernels;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Lists of vectors of different lengths: values `[N, D]`, of which list s holds rows `offsets[s] … offsets[s+1]`.
final class JaggedOps {
  private JaggedOps() {}

  /// y_s = the rows of list s pooled;  each row gets its share of dy_s, under a maximum where it was the first largest
  static Var pool(Var values, Tensor offsets, Pooling pooling) {
    check("pool", values, offsets);
    Tape tape = values.tape();
    Scope s = tape.scope();
    JaggedKernels kernels = tape.kernels().jagged();
    int bags = offsets.elements() - 1;
    int width = values.size(1);
    Shape to = Shape.of(bags, width);
    Tensor y = s.real("pool", to);
    Tensor argmax = pooling == Pooling.MAX ? s.allocate("pool", Kind.INT, to) : null;
    Buffer places = argmax == null ? null : argmax.buffer();
    kernels.pool(
        y.buffer(), places, values.value().buffer(), offsets.buffer(), pooling, bags, width);
    if (argmax != null) {
      Kinks.places(tape, "pool", argmax);
    }
    return tape.record(
        "pool",
        y,
        (dy, dx) -> {
          Tensor g = s.real("pool", values.shape());
          kernels.poolBackward(
              g.buffer(),
              dy.buffer(),
              argmax == null ? null : argmax.buffer(),
              offsets.buffer(),
              pooling,
              bags,
              width);
          dx.give(0, g);
        },
        values);
  }

  /// y[s, t] = row t of list s, 0 behind its end;  rows get their dy, rows beyond T get 0
  static Var pad(Var values, Tensor offsets, int length) {
    check("pad", values, offsets);
    Tape tape = values.tape();
    Scope s = tape.scope();
    JaggedKernels kernels = tape.kernels().jagged();
    int bags = offsets.elements() - 1;
    int width = values.size(1);
    Tensor y = s.real("pad", Shape.of(bags, length, width));
    kernels.pad(y.buffer(), values.value().buffer(), offsets.buffer(), bags, length, width);
    return tape.record(
        "pad",
        y,
        (dy, dx) -> {
          Tensor g = s.real("pad", values.shape());
          kernels.padBackward(g.buffer(), dy.buffer(), offsets.buffer(), bags, length, width);
          dx.give(0, g);
        },
        values);
  }

  private static void check(String op, Var values, Tensor offsets) {
    if (values.shape().rank() != 2
        || offsets.kind() != Kind.INT
        || offsets.shape().rank() != 1
        || offsets.elements() == 0) {
      throw new IllegalArgumentException(
          op
              + ": values "
              + values.shape()
              + " with offsets "
              + offsets.shape()
              + " of kind "
              + offsets.kind()
              + ". Expected [N, D] with [S+1] of kind INT.");
    }
    int[] ends = values.tape().scope().ints(offsets);
    boolean rising = ends[0] == 0 && ends[ends.length - 1] == values.size(0);
    for (int i = 1; i < ends.length; i++) {
      rising &= ends[i - 1] <= ends[i];
    }
    if (!rising) {
      throw new IllegalArgumentException(
          op
              + ": offsets from "
              + ends[0]
              + " to "
              + ends[ends.length - 1]
              + " for values "
              + values.shape()
              + ". Expected offsets from 0 to "
              + values.size(0)
              + " that never fall.");
    }
  }
}
