// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReduceTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void reductionsAlongEveryAxis() {
    int[] sizes = {2, 3, 4};
    for (int axis = 0; axis < 3; axis++) {
      Var x = bench.var(axis, sizes);
      double[] values = Bench.values(x);
      Var sum = x.sum(axis);
      Var mean = x.mean(axis - 3);
      Var max = x.max(axis);
      assertThat(sum.shape()).isEqualTo(x.shape().without(axis));
      assertThat(x.sum(axis, true).shape()).isEqualTo(x.shape().with(axis, 1));
      assertThat(x.mean(axis, true).shape()).isEqualTo(x.shape().with(axis, 1));
      assertThat(x.max(axis, true).shape()).isEqualTo(x.shape().with(axis, 1));
      int n = sizes[axis];
      int inner = x.shape().strides()[axis];
      double[] seed = Bench.numbers(9, 24 / n);
      double[] ofSum = bench.gradient(x, sum, seed);
      double[] ofMean = bench.gradient(x, mean, seed);
      double[] ofMax = bench.gradient(x, max, seed);
      for (int r = 0; r < 24 / n; r++) {
        int first = r / inner * n * inner + r % inner;
        double s = 0;
        int best = first;
        for (int i = 0; i < n; i++) {
          int at = first + i * inner;
          s += values[at];
          best = values[at] > values[best] ? at : best;
          assertThat(ofSum[at]).isEqualTo(seed[r]);
          assertThat(ofMean[at]).isCloseTo(seed[r] / n, within(1e-16));
        }
        assertThat(Bench.values(sum)[r]).isCloseTo(s, within(1e-15));
        assertThat(Bench.values(mean)[r]).isCloseTo(s / n, within(1e-15));
        assertThat(Bench.values(max)[r]).isEqualTo(values[best]);
        for (int i = 0; i < n; i++) {
          int at = first + i * inner;
          assertThat(ofMax[at]).isEqualTo(at == best ? seed[r] : 0);
        }
      }
    }
  }

  @Test
  void everythingBecomesOneNumber() {
    Var x = bench.var(Shape.of(2, 2), 1, 2, 3, 6);
    assertThat(x.sum().shape()).isEqualTo(Shape.scalar());
    assertThat(x.sum().value().item()).isEqualTo(12);
    assertThat(x.mean().value().item()).isEqualTo(3);
    assertThat(bench.gradient(x, x.mean(), 8)).containsExactly(2, 2, 2, 2);
    assertThat(bench.gradient(x, x.sum(), 8)).containsExactly(8, 8, 8, 8);
  }

  @Test
  void theFirstOfEqualMaximaGetsTheGradient() {
    Var x = bench.var(Shape.of(2, 3), 5, 5, 1, 0, 7, 7);
    assertThat(bench.gradient(x, x.max(1), 1, 2)).containsExactly(1, 0, 0, 0, 2, 0);
  }

  @Test
  void nothingSumsToZero() {
    Var x = bench.var(Shape.of(2, 0));
    assertThat(Bench.values(x.sum(1))).containsExactly(0, 0);
    assertThat(Bench.values(x.mean(1))).containsExactly(0, 0);
    assertThat(x.mean().value().item()).isEqualTo(0);
    assertThatThrownBy(() -> x.max(1))
        .hasMessage("max: axis 1 of [2, 0] is empty. Expected at least one element.");
  }

  @Test
  void aMaskedMeanCountsRealElements() {
    Var x = bench.var(Shape.of(2, 3), 1, 2, Double.NaN, 6, Double.NaN, 5);
    Var y = x.maskedMean(bench.mask(Shape.of(2, 3), 1, 1, 0, 1, 0, 0));
    assertThat(y.value().item()).isEqualTo(3);
    assertThat(bench.gradient(x, y, 6)).containsExactly(2, 2, 0, 2, 0, 0);
    Var none = x.maskedMean(bench.mask(Shape.of(3), 0, 0, 0));
    assertThat(none.value().item()).isEqualTo(0);
    assertThat(bench.gradient(x, none, 1)).containsOnly(0);
    assertThatThrownBy(() -> x.maskedMean(bench.mask(Shape.of(2), 1, 1)))
        .hasMessageContaining("maskedMean: shapes [2] and [2, 3] do not broadcast");
  }
}
