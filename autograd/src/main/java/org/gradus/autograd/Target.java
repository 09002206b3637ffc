// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.Map;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// A tensor whose gradient is checked, as a row of numbers on the host: a parameter, or an input of the objective.
sealed interface Target {
  /// What names it in a report.
  String path();

  /// Sizes of its axes.
  Shape shape();

  /// Whether a number is no parameter: it lies in the padding row.
  default boolean fixed(int index) {
    return false;
  }

  /// Whether it takes new numbers when the point is redrawn.
  default boolean drawn() {
    return true;
  }

  /// New numbers for a point.
  double[] draw(long key);

  /// Puts numbers where the next pass reads them. Only the one at `changed` differs from what lies there, or any when
  /// `changed` is −1.
  void write(double[] values, int changed);

  /// The numbers that lie there.
  double[] read();

  /// Its gradient, zeros where the walk found none. An [IllegalStateException] says that its form is wrong.
  double[] gradient(Gradients gradients, Map<String, Var> inputs);

  private static double[] normal(long key, int n) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (0.5 * Initializers.normalAt(key, i));
    }
    return values;
  }

  /// A dense parameter.
  record Dense(DenseParameter parameter) implements Target {
    @Override
    public String path() {
      return parameter.path();
    }

    @Override
    public Shape shape() {
      return parameter.shape();
    }

    @Override
    public double[] draw(long key) {
      return normal(key, shape().elements());
    }

    @Override
    public void write(double[] values, int changed) {
      parameter.write(values);
    }

    @Override
    public double[] read() {
      return parameter.value().toDoubles();
    }

    @Override
    public double[] gradient(Gradients gradients, Map<String, Var> inputs) {
      return gradients.of(parameter) instanceof Gradient.Dense(Tensor values)
          ? values.toDoubles()
          : new double[shape().elements()];
    }
  }

  /// A table, its rows end to end.
  record Rows(TableParameter parameter) implements Target {
    @Override
    public String path() {
      return parameter.path();
    }

    @Override
    public Shape shape() {
      return Shape.of(parameter.table().rows(), parameter.table().width());
    }

    @Override
    public boolean fixed(int index) {
      return index / parameter.table().width() == parameter.paddingId();
    }

    @Override
    public double[] draw(long key) {
      double[] values = normal(key, shape().elements());
      for (int i = 0; i < values.length; i++) {
        if (fixed(i)) {
          values[i] = 0;
        }
      }
      return values;
    }

    @Override
    public void write(double[] values, int changed) {
      if (changed < 0) {
        parameter.table().write(0, values);
      } else {
        int width = parameter.table().width();
        int row = changed / width;
        parameter
            .table()
            .write(row, java.util.Arrays.copyOfRange(values, row * width, (row + 1) * width));
      }
    }

    @Override
    public double[] read() {
      double[] values = new double[shape().elements()];
      parameter.table().read(0, values);
      return values;
    }

    @Override
    public double[] gradient(Gradients gradients, Map<String, Var> inputs) {
      double[] dense = new double[shape().elements()];
      if (gradients.of(parameter) instanceof Gradient.Rows found) {
        int count = found.count();
        int width = parameter.table().width();
        int[] ids = found.rows().toInts();
        double[] numbers = found.values().toDoubles();
        for (int r = 0; r < count; r++) {
          if (ids[r] <= (r == 0 ? -1 : ids[r - 1]) || ids[r] >= parameter.table().rows()) {
            throw new IllegalStateException(
                "row gradient names row "
                    + ids[r]
                    + " at place "
                    + r
                    + " of "
                    + count
                    + ". Expected rows of the table, each once, rising");
          }
          for (int d = 0; d < width; d++) {
            double g = numbers[r * width + d];
            if (ids[r] == parameter.paddingId() && g != 0) {
              throw new IllegalStateException(
                  "padding row "
                      + ids[r]
                      + " gets gradient "
                      + g
                      + " at column "
                      + d
                      + ". Expected none: the row stays zero");
            }
            dense[ids[r] * width + d] = g;
          }
        }
      }
      return dense;
    }
  }

  /// An input of the objective, drawn or given.
  final class Input implements Target {
    private final String name;
    private final Shape shape;
    private final @Nullable Draw draw;
    private double[] values;

    Input(String name, Shape shape, Draw draw) {
      this.name = name;
      this.shape = shape;
      this.draw = draw;
      this.values = new double[shape.elements()];
    }

    Input(String name, Shape shape, double[] given) {
      this.name = name;
      this.shape = shape;
      this.draw = null;
      this.values = given;
    }

    /// The same input with numbers of its own, so that two checks do not meet in them.
    Input copy() {
      return draw == null ? new Input(name, shape, values.clone()) : new Input(name, shape, draw);
    }

    Var on(Tape tape) {
      return tape.variable(tape.scope().upload(shape, values));
    }

    @Override
    public String path() {
      return name;
    }

    @Override
    public Shape shape() {
      return shape;
    }

    @Override
    public boolean drawn() {
      return draw != null;
    }

    @Override
    public double[] draw(long key) {
      double[] drawn = values.clone();
      if (draw != null) {
        for (int i = 0; i < drawn.length; i++) {
          drawn[i] = (float) draw.value(key, i);
        }
      }
      return drawn;
    }

    @Override
    public void write(double[] numbers, int changed) {
      values = numbers.clone();
    }

    @Override
    public double[] read() {
      return values.clone();
    }

    @Override
    public double[] gradient(Gradients gradients, Map<String, Var> inputs) {
      Var x = inputs.get(name);
      Tensor g = x == null ? null : gradients.of(x);
      return g == null ? new double[shape.elements()] : g.toDoubles();
    }
  }
}
