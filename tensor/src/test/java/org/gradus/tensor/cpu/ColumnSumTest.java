// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Against naive column sums in double; a term passes ⌈m/16⌉ + 47 roundings, or m when there are fewer.
class ColumnSumTest {
  @ParameterizedTest
  @CsvSource({
    "0, 5",
    "5, 0",
    "1, 1",
    "1, 17",
    "31, 1",
    "33, 15",
    "67, 16",
    "129, 31",
    "513, 33",
    "2047, 80",
    "1000, 257"
  })
  void sumsColumns(int m, int n) {
    Random random = new Random(m * 31L + n);
    float[] dy = randoms(m * n, random);
    float[] y = randoms(m * n, random);
    float[] start = randoms(n + 2, random);
    float[] first = null;
    float[] firstMasked = null;
    for (int threads : new int[] {1, 2, 3, 5}) {
      try (Workers workers = new Workers(threads)) {
        ColumnSum columnSum = new ColumnSum(workers);
        for (boolean accumulate : new boolean[] {true, false}) {
          float[] out = start.clone();
          columnSum.sum(Matrix.of(dy, n), m, n, out, 1, accumulate);
          float[] dz = new float[m * n];
          float[] db = start.clone();
          columnSum.reluBackward(dz, dy, y, new ColumnSum.Bias(db, 1, accumulate), m, n);
          for (int i = 0; i < m * n; i++) {
            assertThat(dz[i]).isEqualTo(y[i] > 0 ? dy[i] : 0);
          }
          checkSums(dy, m, n, out, accumulate ? start : new float[n + 2]);
          checkSums(dz, m, n, db, accumulate ? start : new float[n + 2]);
          assertThat(out[0]).isEqualTo(start[0]);
          assertThat(out[n + 1]).isEqualTo(start[n + 1]);
          if (!accumulate) {
            first = first == null ? out : first;
            firstMasked = firstMasked == null ? db : firstMasked;
            assertThat(out).containsExactly(first);
            assertThat(db).containsExactly(firstMasked);
          }
        }
      }
    }
  }

  /// The bits of all derivatives first and then the sums.
  @ParameterizedTest
  @CsvSource({
    "0, 5",
    "5, 16",
    "16, 3",
    "31, 16",
    "64, 8",
    "96, 31",
    "1600, 40",
    "2048, 17",
    "33, 16",
    "1000, 64"
  })
  void derivesAndSumsInOneWalk(int m, int n) {
    Random random = new Random(m * 31L + n);
    float[] dy = randoms(m * n, random);
    float[] y = randoms(m * n, random);
    UnaryGradients.Loop loop = UnaryGradients.of(Unary.TANH);
    float[] apart = new float[m * n];
    loop.run(apart, dy, y, y, 0, m * n, 0, 0);
    for (int threads : new int[] {1, 2, 3}) {
      try (Workers workers = new Workers(threads)) {
        ColumnSum columnSum = new ColumnSum(workers);
        assertThat(columnSum.evenParts(m, n)).isTrue();
        float[] sums = new float[n];
        columnSum.sum(Matrix.of(apart, n), m, n, sums, 0, false);
        for (boolean inPlace : new boolean[] {false, true}) {
          float[] given = dy.clone();
          float[] dz = inPlace ? given : new float[m * n];
          float[] db = new float[n];
          columnSum.backward(loop, dz, given, y, new ColumnSum.Bias(db, 0, false), m, n);
          assertThat(dz).containsExactly(apart);
          assertThat(db).containsExactly(sums);
        }
      }
    }
  }

  /// Two parts must not meet within a block of 16.
  @ParameterizedTest
  @CsvSource({"5, 15", "33, 8", "37, 3", "3000, 17"})
  void partsOfUnevenSizeAreTold(int m, int n) {
    try (Workers workers = new Workers(1)) {
      assertThat(new ColumnSum(workers).evenParts(m, n)).isFalse();
    }
  }

  private static void checkSums(float[] x, int m, int n, float[] sums, float[] start) {
    for (int j = 0; j < n; j++) {
      double exact = start[j + 1];
      double magnitude = Math.abs(exact);
      for (int i = 0; i < m; i++) {
        exact += x[i * n + j];
        magnitude += Math.abs(x[i * n + j]);
      }
      double roundings = (m + 15) / 16 + 47;
      assertThat(Math.abs(sums[j + 1] - exact))
          .isLessThanOrEqualTo(roundings * 0x1p-24 * magnitude);
    }
  }

  private static float[] randoms(int size, Random random) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
