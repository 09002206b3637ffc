// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// A recording tape on `reference`, whose released memory is poisoned with NaN, and short ways to use it in tests.
final class Bench implements AutoCloseable {
  final Device device = Device.open("reference", DeviceOptions.defaults().withPoison());
  final Tape tape = Tape.recording(device);

  /// A variable with these numbers.
  Var var(Shape shape, double... values) {
    return tape.variable(tape.scope().upload(shape, values));
  }

  /// A variable with numbers from a seed, uniform in [−1, 1).
  Var var(long seed, int... sizes) {
    Shape shape = Shape.of(sizes);
    return var(shape, numbers(seed, shape.elements()));
  }

  Tensor mask(Shape shape, int... values) {
    boolean[] mask = new boolean[values.length];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = values[i] != 0;
    }
    return tape.scope().upload(shape, mask);
  }

  Tensor ints(int... values) {
    return tape.scope().upload(Shape.of(values.length), values);
  }

  /// Gradients of Σ seed ⊙ y.
  Gradients walk(Var y, double... seed) {
    return tape.backward(y, tape.scope().upload(y.shape(), seed));
  }

  /// The gradient of Σ seed ⊙ y with respect to a variable; zero when y does not depend on it.
  double[] gradient(Var of, Var y, double... seed) {
    Tensor g = walk(y, seed).of(of);
    return g == null ? new double[of.shape().elements()] : g.toDoubles();
  }

  static double[] values(Var x) {
    return x.value().toDoubles();
  }

  static double[] numbers(long seed, int n) {
    return new Random(seed).doubles(n, -1, 1).toArray();
  }

  static double[] ones(int n) {
    double[] ones = new double[n];
    java.util.Arrays.fill(ones, 1);
    return ones;
  }

  /// Compares the gradient of Σ R ⊙ f with central differences at every coordinate of inputs uniform in [−1, 1).
  ///
  /// With h = 1e-5 the difference is off by h²/6 · f‴ < 2e-9 for |f‴| < 100 and by 1e-16 · |f| / h < 1e-10 for |f| < 10.
  static void differentiates(Function<List<Var>, Var> f, Shape... shapes) {
    double h = 1e-5;
    try (Bench b = new Bench()) {
      List<double[]> points = new ArrayList<>();
      List<Var> inputs = new ArrayList<>();
      for (int i = 0; i < shapes.length; i++) {
        points.add(numbers(100 + i, shapes[i].elements()));
        inputs.add(b.var(shapes[i], points.get(i)));
      }
      Var y = f.apply(inputs);
      double[] r = numbers(99, y.shape().elements());
      Gradients g = b.walk(y, r);
      for (int i = 0; i < shapes.length; i++) {
        Tensor gradient = g.of(inputs.get(i));
        assertThat(gradient).as("gradient of input %d", i).isNotNull();
        double[] analytic = gradient == null ? new double[0] : gradient.toDoubles();
        double[] at = points.get(i);
        for (int j = 0; j < at.length; j++) {
          double x = at[j];
          at[j] = x + h;
          double above = objective(b.device, f, r, shapes, points);
          at[j] = x - h;
          double below = objective(b.device, f, r, shapes, points);
          at[j] = x;
          double numeric = (above - below) / (2 * h);
          assertThat(analytic[j])
              .as("input %d, coordinate %d", i, j)
              .isCloseTo(numeric, within(1e-8 * Math.max(1, Math.abs(numeric))));
        }
      }
    }
  }

  private static double objective(
      Device device,
      Function<List<Var>, Var> f,
      double[] r,
      Shape[] shapes,
      List<double[]> points) {
    try (Tape tape = Tape.evaluating(device)) {
      List<Var> inputs = new ArrayList<>();
      for (int i = 0; i < shapes.length; i++) {
        inputs.add(tape.constant(shapes[i], points.get(i)));
      }
      double[] y = f.apply(inputs).value().toDoubles();
      double sum = 0;
      for (int i = 0; i < y.length; i++) {
        sum += r[i] * y[i];
      }
      return sum;
    }
  }

  @Override
  public void close() {
    tape.close();
    device.close();
  }
}
