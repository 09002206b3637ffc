// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.function.Predicate;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Mutation;
import org.gradus.autograd.Objective;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// A tape in float64 and parameters to set, for one test.
final class Bench implements AutoCloseable {
  /// The specifications print six decimals.
  static final double SIX_DECIMALS = 1e-6;

  /// What a few dozen float64 operations on numbers of size one may lose, with room to spare.
  static final double EXACT = 1e-12;

  final Device device = Device.open("reference");
  final Params params = Params.create(device, 1);
  final Tape tape = Tape.recording(device);
  final Mode training = Mode.training(tape, 1, 1);
  final Mode evaluation = Mode.evaluation(tape);

  @Override
  public void close() {
    tape.close();
    params.close();
    device.close();
  }

  DenseParameter dense(String path) {
    return (DenseParameter) params.get(path);
  }

  /// Overwrites a parameter.
  void set(String path, double... values) {
    dense(path).write(values);
  }

  /// The numbers of a parameter.
  double[] get(String path) {
    return dense(path).value().toDoubles();
  }

  Var variable(Shape shape, double... values) {
    return tape.variable(tape.scope().upload(shape, values));
  }

  Tensor upload(Shape shape, double... values) {
    return tape.scope().upload(shape, values);
  }

  /// A mask.
  Tensor upload(boolean[] values, int... sizes) {
    return tape.scope().upload(Shape.of(sizes), values);
  }

  /// Lengths of rows.
  Tensor lengths(int... lengths) {
    return tape.scope().upload(Shape.of(lengths.length), lengths);
  }

  static double[] numbers(Var y) {
    return y.value().toDoubles();
  }

  double[] gradient(Gradients gradients, String path) {
    DenseParameter p = dense(path);
    return gradients.of(p) instanceof Gradient.Dense(Tensor g)
        ? g.toDoubles()
        : new double[p.shape().elements()];
  }

  /// The gradient of a variable; zeros where nothing depends on it.
  static double[] gradient(Gradients gradients, Var of) {
    Tensor g = gradients.of(of);
    return g == null ? new double[of.shape().elements()] : g.toDoubles();
  }

  /// So many numbers of N(0, 1).
  static double[] normal(long seed, int n) {
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      x[i] = Initializers.normalAt(seed, i);
    }
    return x;
  }

  /// The sequence φ(n) = ((7n + 3) mod 11 − 5)/10 that fills the weights of worked examples.
  static double[] filled(int from, int n) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = ((7 * (from + i) + 3) % 11 - 5) / 10.0;
    }
    return values;
  }

  static double[] row(double[] matrix, int row, int width) {
    return Arrays.copyOfRange(matrix, row * width, (row + 1) * width);
  }

  static void assertClose(double[] actual, double[] expected, double allowed) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(Math.abs(actual[i] - expected[i]))
          .as("place %d: %s, expected %s", i, actual[i], expected[i])
          .isLessThanOrEqualTo(allowed * Math.max(1, Math.abs(expected[i])));
    }
  }

  /// Gradients are right, and no wrong one would pass.
  static void verify(GradCheck check, Objective.Builder layer) {
    verify(check, layer, _ -> false);
  }

  /// As above, but for those errors that cannot show.
  static void verify(GradCheck check, Objective.Builder layer, Predicate<Mutation> blind) {
    try (Device reference = Device.open("reference")) {
      for (long seed : new long[] {1, 20, 300}) {
        assertThat(check.seed(seed).survivors(reference, layer))
            .as("seed %d", seed)
            .allMatch(blind);
      }
    }
  }
}
