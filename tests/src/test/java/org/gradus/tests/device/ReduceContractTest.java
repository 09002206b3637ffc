// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;

class ReduceContractTest {
  /// outer, n, inner.
  private static final int[][] SIZES = {
    {1, 0, 1},
    {3, 0, 5},
    {0, 4, 3},
    {2, 3, 0},
    {1, 1, 1},
    {1, 5, 1},
    {1, 16, 1},
    {1, 17, 1},
    {1, 1000, 1},
    {7, 33, 1},
    {64, 15, 1},
    {5, 255, 1},
    {1, 7, 17},
    {3, 5, 16},
    {2, 9, 31},
    {4, 127, 3},
    {1, 1000, 64},
    {31, 2, 2},
    {1, 40_007, 1},
    {300, 150, 1},
    {1, 3000, 17},
    {100, 20, 33},
    {3, 20_000, 1}
  };

  /// Σ|x| per sum.
  private static double[] magnitudes(float[] x, int outer, int n, int inner) {
    double[] sums = new double[outer * inner];
    for (int i = 0; i < x.length; i++) {
      sums[i / (n * inner) * inner + i % inner] += Math.abs(x[i]);
    }
    return sums;
  }

  @OnEveryDevice
  void sum(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : SIZES) {
        int n = s[1];
        float[] x = Samples.normal(n, s[0] * n * s[2]);
        double[] magnitudes = magnitudes(x, s[0], n, s[2]);
        twin.compare(
            "sum over the middle of " + java.util.Arrays.toString(s),
            side -> {
              Buffer y = side.blank(s[0] * s[2]);
              side.kernels().reduce().sum(y, side.real(x), s[0], n, s[2], 1);
              side.result(y, Bound.of(n + 2, magnitudes));
              Buffer mean = side.blank(s[0] * s[2]);
              side.kernels().reduce().sum(mean, side.real(x), s[0], n, s[2], 1.0 / 3);
              side.result(
                  mean, (i, exact) -> (n + 4) * Bound.U * magnitudes[i] / 3); // ⅓ rounds too
            });
      }
    }
  }

  /// More rows than a grid of CUDA has blocks along its second side: some blocks sum two of them.
  @OnEveryDevice
  void sumOfManyRows(DeviceUnderTest device) {
    int outer = 65_537;
    int n = 9;
    int inner = 2;
    float[] x = Samples.normal(n, outer * n * inner);
    double[] magnitudes = magnitudes(x, outer, n, inner);
    try (Twin twin = device.open()) {
      twin.compare(
          "sums of " + outer + " rows",
          side -> {
            Buffer y = side.blank(outer * inner);
            side.kernels().reduce().sum(y, side.real(x), outer, n, inner, 1);
            side.result(y, Bound.of(n + 2, magnitudes));
          });
    }
  }

  @OnEveryDevice
  void maxAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : SIZES) {
        if (s[1] == 0) {
          continue;
        }
        float[] x = Samples.normal(s[1], s[0] * s[1] * s[2]);
        for (int i = 0; i < x.length; i++) {
          x[i] = i % 11 == 0 ? Float.NEGATIVE_INFINITY : Math.round(4 * x[i]); // many ties
        }
        twin.compare(
            "max over the middle of " + java.util.Arrays.toString(s),
            side -> {
              int n = s[0] * s[2];
              Buffer y = side.blank(n);
              Buffer argmax = side.blank(Kind.INT, n);
              side.kernels().reduce().max(y, argmax, side.real(x), s[0], s[1], s[2]);
              side.exact(y);
              side.exact(argmax);
              Buffer dx = side.blank(x.length);
              Buffer dy = side.real(Samples.normal(2, n));
              side.kernels().reduce().maxBackward(dx, dy, argmax, s[0], s[1], s[2]);
              side.exact(dx);
            });
      }
    }
  }

  @OnEveryDevice
  void norms(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int n : Samples.sizes()) {
        float[] x = Samples.normal(n, n);
        twin.compare(
            "norms of " + n,
            side -> {
              Buffer b = side.real(x);
              side.result(side.kernels().reduce().sumOfSquares(b, n), Bound.relative(n + 2));
              side.result(side.kernels().reduce().sumOfMagnitudes(b, n), Bound.relative(n + 2));
            });
      }
    }
  }

  @OnEveryDevice
  void firstNonFinite(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int n : Samples.sizes()) {
        for (int bad : new int[] {-1, 0, n / 2, n - 1}) {
          float[] x = Samples.normal(n, n);
          if (bad >= 0 && bad < n) {
            x[bad] = bad % 2 == 0 ? Float.NaN : Float.NEGATIVE_INFINITY;
            x[n - 1] = Float.POSITIVE_INFINITY;
          }
          twin.compare(
              "the place " + bad + " of " + n,
              side ->
                  side.result(
                      side.kernels().reduce().firstNonFinite(side.real(x), n), Bound.none()));
        }
      }
    }
  }
}
