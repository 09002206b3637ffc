// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConvolutionTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @ParameterizedTest(name = "T {0}, k {1}, stride {2}, same {3}: {4}")
  @CsvSource({
    "7, 3, 1, false, 5",
    "7, 3, 2, false, 3",
    "8, 3, 2, false, 3",
    "5, 5, 3, false, 1",
    "4, 1, 1, false, 4",
    "7, 3, 1, true, 7",
    "7, 3, 2, true, 4",
    "8, 3, 2, true, 4",
    "2, 5, 1, true, 2",
    "5, 2, 3, true, 2"
  })
  void againstTheSum(int t, int k, int stride, boolean same, int length) {
    Var x = bench.var(1, 2, t, 3);
    Var w = bench.var(2, k, 3, 4);
    Var y = x.conv1d(w, stride, same);
    assertThat(y.shape()).isEqualTo(Shape.of(2, length, 4));
    int missing = same ? Math.max(0, (length - 1) * stride + k - t) : 0;
    double[] seed = Bench.numbers(3, y.shape().elements());
    double[] expected = new double[seed.length];
    double[] dx = new double[x.shape().elements()];
    double[] dw = new double[w.shape().elements()];
    for (int b = 0; b < 2; b++) {
      for (int p = 0; p < length; p++) {
        for (int f = 0; f < 4; f++) {
          int at = (b * length + p) * 4 + f;
          for (int i = 0; i < k; i++) {
            int source = p * stride + i - missing / 2;
            for (int c = 0; c < 3 && source >= 0 && source < t; c++) {
              int u = (b * t + source) * 3 + c;
              int v = (i * 3 + c) * 4 + f;
              expected[at] += Bench.values(x)[u] * Bench.values(w)[v];
              dx[u] += seed[at] * Bench.values(w)[v];
              dw[v] += seed[at] * Bench.values(x)[u];
            }
          }
        }
      }
    }
    // Sums of at most 20 products below 1.
    assertThat(Bench.values(y)).containsExactly(expected, within(1e-14));
    assertThat(bench.gradient(x, y, seed)).containsExactly(dx, within(1e-14));
    assertThat(bench.gradient(w, y, seed)).containsExactly(dw, within(1e-14));
  }

  @Test
  void aFilterLongerThanTheInputIsAnError() {
    Var x = bench.var(1, 2, 4, 3);
    assertThatThrownBy(() -> x.conv1d(bench.var(2, 5, 3, 1), 1, false))
        .hasMessage(
            "conv1d: a filter of length 5 over 4 positions. Expected a filter of 1 to 4 positions,"
                + " or same = true.");
    assertThatThrownBy(() -> x.conv1d(bench.var(2, 2, 4, 1), 1, false))
        .hasMessage(
            "conv1d: x [2, 4, 3], filter [2, 4, 1], stride 1. Expected x [B, T, C], filter [k, C,"
                + " F], stride of at least 1.");
  }
}
