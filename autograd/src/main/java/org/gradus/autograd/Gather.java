// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Kind;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Places of a tensor by index.
final class Gather {
  private Gather() {}

  /// y[…, j, …] = x[…, idsⱼ, …];  dx[…, i, …] = Σ over j with idsⱼ = i of dy[…, j, …], in the order of j
  static Var gather(Var x, int axis, Tensor ids) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    int a = x.shape().axis(axis);
    int n = x.size(a);
    check("gather", s, ids, x.shape(), n);
    int outer = x.shape().product(0, a);
    int inner = x.shape().product(a + 1, x.shape().rank());
    Shape to = x.shape().without(a);
    for (int i = 0; i < ids.shape().rank(); i++) {
      to = to.insert(a + i, ids.shape().size(i));
    }
    int k = ids.elements();
    Tensor y = s.real("gather", to);
    tape.kernels()
        .gather()
        .gather(y.buffer(), x.value().buffer(), ids.buffer(), outer, n, k, inner);
    return tape.record(
        "gather",
        y,
        (dy, dx) -> {
          Tensor g = Layout.zeros(s, "gather", x.shape());
          tape.kernels()
              .gather()
              .scatterAdd(g.buffer(), dy.buffer(), ids.buffer(), outer, n, k, inner);
          dx.give(0, g);
        },
        x);
  }

  /// y_r = x[r, ids_r];  dx[r, ids_r] = dy_r, 0 elsewhere
  static Var pick(Var x, Tensor ids) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    if (x.shape().rank() != 2 || !ids.shape().equals(Shape.of(x.size(0)))) {
      throw new IllegalArgumentException(
          "pick: ids " + ids.shape() + " for " + x.shape() + ". Expected [rows] for [rows, n].");
    }
    int rows = x.size(0);
    int n = x.size(1);
    check("pick", s, ids, x.shape(), n);
    Tensor y = s.real("pick", ids.shape());
    tape.kernels().gather().pick(y.buffer(), x.value().buffer(), ids.buffer(), rows, n);
    return tape.record(
        "pick",
        y,
        (dy, dx) -> {
          Tensor g = Layout.zeros(s, "pick", x.shape());
          tape.kernels().gather().pickBackward(g.buffer(), dy.buffer(), ids.buffer(), rows, n);
          dx.give(0, g);
        },
        x);
  }

  private static void check(String op, Scope s, Tensor ids, Shape of, int bound) {
    if (ids.kind() != Kind.INT) {
      throw new IllegalArgumentException(
          op + ": ids of kind " + ids.kind() + ". Expected kind INT.");
    }
    int[] values = s.ints(ids);
    for (int i = 0; i < values.length; i++) {
      if (values[i] < 0 || values[i] >= bound) {
        throw new IllegalArgumentException(
            op
                + ": id "
                + values[i]
                + " at position "
                + i
                + " for "
                + of
                + ". Expected ids from 0 to "
                + (bound - 1)
                + ".");
      }
    }
  }
}
