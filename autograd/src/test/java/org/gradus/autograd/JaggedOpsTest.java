// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class JaggedOpsTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void listsArePooledAndEmptyOnesAreZero(Pooling pooling) {
    int[] ends = {0, 3, 3, 4};
    Var x = bench.var(1, 4, 2);
    Var y = x.pool(bench.ints(ends), pooling);
    double[] seed = Bench.numbers(2, 6);
    double[] expected = new double[6];
    double[] dx = new double[8];
    for (int s = 0; s < 3; s++) {
      int n = ends[s + 1] - ends[s];
      for (int d = 0; d < 2 && n > 0; d++) {
        int best = ends[s];
        double sum = 0;
        for (int k = ends[s]; k < ends[s + 1]; k++) {
          sum += Bench.values(x)[2 * k + d];
          best = Bench.values(x)[2 * k + d] > Bench.values(x)[2 * best + d] ? k : best;
        }
        double scale =
            switch (pooling) {
              case SUM, MAX -> 1;
              case MEAN, MEAN_COUNT -> 1.0 / n;
              case SQRTN -> 1 / Math.sqrt(n);
            };
        expected[2 * s + d] = pooling == Pooling.MAX ? Bench.values(x)[2 * best + d] : scale * sum;
        for (int k = ends[s]; k < ends[s + 1]; k++) {
          boolean counts = pooling != Pooling.MAX || k == best;
          dx[2 * k + d] = counts ? scale * seed[2 * s + d] : 0;
        }
      }
    }
    assertThat(Bench.values(y)).containsExactly(expected, within(1e-15));
    assertThat(bench.gradient(x, y, seed)).containsExactly(dx, within(1e-15));
  }

  @Test
  void listsAreCutAndPaddedToOneLength() {
    Var x = bench.var(Shape.of(4, 1), 1, 2, 3, 4);
    Tensor ends = bench.ints(0, 3, 3, 4);
    Var y = x.pad(ends, 2);
    assertThat(y.shape()).isEqualTo(Shape.of(3, 2, 1));
    assertThat(Bench.values(y)).containsExactly(1, 2, 0, 0, 4, 0);
    assertThat(bench.gradient(x, y, 1, 2, 3, 4, 5, 6)).containsExactly(1, 2, 0, 5);
    assertThatThrownBy(() -> x.flatten(0).pad(ends, 2))
        .hasMessage(
            "pad: values [4] with offsets [4] of kind INT. Expected [N, D] with [S+1] of kind"
                + " INT.");
  }

  @Test
  void offsetsThatLeaveRowsOutAreErrors() {
    Var x = bench.var(Shape.of(3, 1), 1, 2, 3);
    assertThatThrownBy(() -> x.pool(bench.ints(0, 1), Pooling.SUM))
        .hasMessage(
            "pool: offsets from 0 to 1 for values [3, 1]. Expected offsets from 0 to 3 that never"
                + " fall.");
    assertThatThrownBy(() -> x.pad(bench.ints(0, 2, 1, 3), 2)).hasMessageContaining("never fall");
    assertThatThrownBy(() -> x.pad(bench.ints(1, 3), 2)).hasMessageContaining("from 1 to 3");
  }
}
