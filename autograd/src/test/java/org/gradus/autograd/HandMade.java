// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.function.DoubleUnaryOperator;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Operations made by hand, right or wrong on purpose, whose derivatives a reader can check at a glance.
final class HandMade {
  private HandMade() {}

  /// y = f(x), dx = dy · slope(x), whether or not that is its derivative.
  static Var function(String op, Var x, DoubleUnaryOperator f, DoubleUnaryOperator slope) {
    Tape tape = x.tape();
    double[] in = x.value().toDoubles();
    return tape.record(
        op,
        tape.scope().upload(x.shape(), map(in, f)),
        (dy, dx) -> {
          double[] g = dy.toDoubles();
          for (int i = 0; i < g.length; i++) {
            g[i] *= slope.applyAsDouble(in[i]);
          }
          dx.give(0, tape.scope().upload(x.shape(), g));
        },
        x);
  }

  /// max(x, 0), which says on which side each x lies.
  static Var relu(Var x) {
    Tape tape = x.tape();
    if (tape.probe().watchesBranches()) {
      double[] in = x.value().toDoubles();
      int[] sides = new int[in.length];
      for (int i = 0; i < sides.length; i++) {
        sides[i] = in[i] > 0 ? 1 : 0;
      }
      tape.probe().branch("relu", sides);
    }
    return silentRelu(x);
  }

  /// max(x, 0), which does not say so.
  static Var silentRelu(Var x) {
    return function("relu", x, v -> Math.max(v, 0), v -> v > 0 ? 1 : 0);
  }

  /// x less its mean; a constant added to x cancels.
  static Var center(Var x) {
    Tape tape = x.tape();
    return tape.record(
        "center",
        tape.scope().upload(x.shape(), centered(x.value())),
        (dy, dx) -> dx.give(0, tape.scope().upload(x.shape(), centered(dy))),
        x);
  }

  private static double[] centered(Tensor x) {
    double[] values = x.toDoubles();
    double sum = 0;
    for (double v : values) {
      sum += v;
    }
    double mean = sum / values.length;
    return map(values, v -> v - mean);
  }

  /// The value, with no derivative.
  static Var stop(Var x) {
    return x.tape().constant(x.tape().probe().stopped(x.value(), x.tape().scope()));
  }

  /// y = rows `ids` of a table, each once and rising. Its gradient names rows `named`, of which it passes the first
  /// `count`, with the values of dy from place `from`.
  static Var rows(Tape tape, TableParameter table, int[] ids, int[] named, int from) {
    int width = table.table().width();
    Tensor y = tape.scope().real("rows", Shape.of(ids.length, width));
    Tensor places = tape.scope().upload(Shape.of(ids.length), ids);
    tape.kernels().gather().rows(y.buffer(), table.table(), places.buffer(), ids.length);
    return tape.record(
        "rows",
        y,
        (dy, dx) -> {
          double[] given = new double[named.length * width];
          System.arraycopy(dy.toDoubles(), from * width, given, 0, given.length);
          Tensor rows = tape.scope().allocate("rows", Kind.INT, Shape.of(named.length));
          tape.device().upload(rows.buffer(), named);
          dx.give(
              table,
              new Gradient.Rows(
                  rows, tape.scope().upload(Shape.of(named.length, width), given), named.length));
        },
        true);
  }

  private static double[] map(double[] values, DoubleUnaryOperator f) {
    double[] y = new double[values.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = f.applyAsDouble(values[i]);
    }
    return y;
  }
}
