// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NormalizationTest {
  private static final double EPSILON = 1e-3;

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void columnsAreStandardisedOverRealRows() {
    Var x = bench.var(1, 2, 3, 2); // [B, T, C]
    int[] real = {1, 1, 0, 1, 0, 1};
    Normalized n = x.batchNorm(bench.mask(Shape.of(2, 3), real), EPSILON);
    for (int c = 0; c < 2; c++) {
      double mean = 0;
      double variance = 0;
      for (int r = 0; r < 6; r++) {
        mean += real[r] * Bench.values(x)[2 * r + c] / 4;
      }
      for (int r = 0; r < 6; r++) {
        double d = Bench.values(x)[2 * r + c] - mean;
        variance += real[r] * d * d / 4;
      }
      assertThat(n.mean().toDoubles()[c]).isCloseTo(mean, within(1e-15));
      assertThat(n.variance().toDoubles()[c]).isCloseTo(variance, within(1e-15));
      for (int r = 0; r < 6; r++) {
        double y = real[r] * (Bench.values(x)[2 * r + c] - mean) / Math.sqrt(variance + EPSILON);
        assertThat(Bench.values(n.y())[2 * r + c]).isCloseTo(y, within(1e-14));
      }
    }
    double[] gradient = bench.gradient(x, n.y(), Bench.numbers(2, 12));
    for (int r = 0; r < 6; r++) {
      if (real[r] == 0) {
        assertThat(gradient[2 * r]).isZero();
        assertThat(gradient[2 * r + 1]).isZero();
      }
    }
    assertThatThrownBy(() -> x.batchNorm(bench.mask(Shape.of(6), real), EPSILON))
        .hasMessage("batchNorm: row mask [6] for [2, 3, 2]. Expected [2, 3].");
  }

  @Test
  void gradientsPassThroughTheStatistics() {
    Bench.differentiates(in -> in.get(0).batchNorm(null, EPSILON).y(), Shape.of(5, 3));
    Bench.differentiates(
        in -> {
          Tape tape = in.get(0).tape();
          Tensor rows = tape.scope().upload(Shape.of(5), true, true, false, true, true);
          return in.get(0).batchNorm(rows, EPSILON).y();
        },
        Shape.of(5, 3));
    Bench.differentiates(in -> in.get(0).layerNorm(EPSILON), Shape.of(2, 2, 4));
    Bench.differentiates(
        in -> {
          Tape tape = in.get(0).tape();
          Tensor mean = tape.scope().upload(Shape.of(3), 0.1, 0.2, 0.3);
          Tensor variance = tape.scope().upload(Shape.of(3), 1.0, 2.0, 3.0);
          return in.get(0).normalizeColumns(mean, variance, EPSILON);
        },
        Shape.of(2, 2, 3));
  }

  @Test
  void givenStatisticsAreConstants() {
    Var x = bench.var(Shape.of(2, 2), 1, 2, 3, 4);
    Tensor mean = bench.tape.scope().upload(Shape.of(2), 1.0, 1.0);
    Tensor variance = bench.tape.scope().upload(Shape.of(2), 3.0, 8.0);
    Var y = x.normalizeColumns(mean, variance, 1);
    assertThat(Bench.values(y)).containsExactly(new double[] {0, 1 / 3.0, 1, 1}, within(1e-15));
    assertThat(bench.gradient(x, y, 2, 3, 4, 6))
        .containsExactly(new double[] {1, 1, 2, 2}, within(1e-15));
    assertThatThrownBy(() -> x.normalizeColumns(mean, x.value(), 1))
        .hasMessage(
            "normalizeColumns: mean [2] and variance [2, 2] for [2, 2]. Expected [2], one number"
                + " per column.");
  }

  @Test
  void rowsAreStandardisedOneByOne() {
    Var x = bench.var(Shape.of(2, 4), 1, 2, 3, 4, -10, 30, 10, 10);
    double[] y = Bench.values(x.layerNorm(0));
    assertThat(y)
        .containsExactly(
            new double[] {
              -1.5 / Math.sqrt(1.25),
              -0.5 / Math.sqrt(1.25),
              0.5 / Math.sqrt(1.25),
              1.5 / Math.sqrt(1.25),
              -20 / Math.sqrt(200),
              20 / Math.sqrt(200),
              0,
              0
            },
            within(1e-14));
    assertThatThrownBy(() -> x.sum().layerNorm(0))
        .hasMessage("layerNorm: a scalar. Expected […, n].");
  }
}
