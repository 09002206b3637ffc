// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.jspecify.annotations.Nullable;

/// A mean of n numbers is off by e = (n + 2)u · mean|x|. The variance about it is off by (n + 8)u relative, and by e²:
/// moving the centre by e adds exactly that.
class NormContractTest {
  private static final double EPSILON = 0x1p-10;

  /// rows, n.
  private static final int[][] SIZES = {
    {1, 1},
    {2, 3},
    {5, 1},
    {3, 16},
    {7, 17},
    {8, 31},
    {33, 5},
    {64, 9},
    {127, 33},
    {255, 2},
    {1000, 7},
    {3, 1000},
    {2100, 20},
    {40, 1100}
  };

  private static float[] x(int rows, int n) {
    float[] x = Samples.normal(rows, rows * n);
    for (int i = 0; i < x.length; i++) {
      x[i] += i % n % 3; // some columns lie away from zero
    }
    return x;
  }

  private record Moments(double[] mean, double[] meanError, double[] variance) {
    double varianceError(int j, int count) {
      return (count + 8) * Bound.U * variance[j] + meanError[j] * meanError[j];
    }
  }

  /// Moments by the definition, along `count` numbers that lie `stride` apart for each of `n` groups.
  private static Moments moments(float[] x, byte @Nullable [] mask, int rows, int n) {
    double[] mean = new double[n];
    double[] error = new double[n];
    double[] variance = new double[n];
    int count = count(mask, rows);
    for (int j = 0; j < n && count > 0; j++) {
      for (int r = 0; r < rows; r++) {
        if (mask == null || mask[r] != 0) {
          mean[j] += x[r * n + j] / (double) count;
          error[j] += (count + 2) * Bound.U * Math.abs(x[r * n + j]) / count;
        }
      }
      for (int r = 0; r < rows; r++) {
        double d = x[r * n + j] - mean[j];
        variance[j] += mask == null || mask[r] != 0 ? d * d / count : 0;
      }
    }
    return new Moments(mean, error, variance);
  }

  private static int count(byte @Nullable [] mask, int rows) {
    int count = 0;
    for (int r = 0; r < rows; r++) {
      count += mask == null || mask[r] != 0 ? 1 : 0;
    }
    return count;
  }

  /// No mask, some rows, none.
  private static List<byte @Nullable []> masks(int rows) {
    return Arrays.asList(null, Samples.mask(5, rows), new byte[rows]);
  }

  private static float[] floats(double[] x) {
    float[] rounded = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      rounded[i] = (float) x[i];
    }
    return rounded;
  }

  @OnEveryDevice
  void columns(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : SIZES) {
        int rows = s[0];
        int n = s[1];
        float[] x = x(rows, n);
        float[] dy = Samples.normal(2, x.length);
        for (byte @Nullable [] mask : masks(rows)) {
          int count = count(mask, rows);
          for (int i = 0; i < x.length && mask != null; i++) {
            x[i] = mask[i / n] == 0 ? Float.NaN : x[i]; // what is masked may be anything
          }
          if (mask != null && count > 0) {
            for (int i = 0; i < x.length; i++) {
              dy[i] = mask[i / n] == 0 ? Float.NaN : dy[i];
            }
          }
          Moments moments = moments(x, mask, rows, n);
          float[] mean = floats(moments.mean);
          float[] variance = floats(moments.variance);
          String name = Arrays.toString(s) + (mask == null ? "" : " with " + count + " rows left");
          twin.compare(
              "moments of " + name,
              side -> {
                Buffer m = side.blank(n);
                Buffer v = side.blank(n);
                Buffer rowMask = mask == null ? null : side.mask(mask);
                side.kernels().norm().columnMoments(m, v, side.real(x), rowMask, rows, n);
                side.result(m, (j, exact) -> moments.meanError[j]);
                side.result(v, (j, exact) -> moments.varianceError(j, count));
              });
          float[] y =
              twin.exact(
                  side -> side.result(normalized(side, x, mean, variance, mask), Bound.none()));
          double[] means = new double[n];
          double[] products = new double[n];
          for (int i = 0; i < x.length; i++) {
            if (mask == null || mask[i / n] != 0) {
              means[i % n] += Math.abs(dy[i]) / (double) count;
              products[i % n] += Math.abs(dy[i] * y[i]) / (double) count;
            }
          }
          twin.compare(
              "normalized columns of " + name,
              side -> {
                side.result(normalized(side, x, mean, variance, mask), Bound.relative(8));
                Buffer dx = side.blank(x.length);
                Buffer rowMask = mask == null ? null : side.mask(mask);
                side.kernels()
                    .norm()
                    .normalizeColumnsBackward(
                        dx,
                        side.real(dy),
                        side.real(y),
                        side.real(variance),
                        rowMask,
                        rows,
                        n,
                        EPSILON);
                side.result(
                    dx,
                    (i, exact) ->
                        mask != null && mask[i / n] == 0
                            ? 0
                            : (count + 8)
                                * Bound.U
                                * (Math.abs(dy[i])
                                    + means[i % n]
                                    + Math.abs(y[i] * products[i % n]))
                                / Math.sqrt(variance[i % n] + EPSILON));
              });
        }
      }
    }
  }

  private static Buffer normalized(
      Side side, float[] x, float[] mean, float[] variance, byte @Nullable [] mask) {
    int n = mean.length;
    Buffer y = side.blank(x.length);
    Buffer rowMask = mask == null ? null : side.mask(mask);
    side.kernels()
        .norm()
        .normalizeColumns(
            y,
            side.real(x),
            side.real(mean),
            side.real(variance),
            rowMask,
            x.length / n,
            n,
            EPSILON);
    return y;
  }

  @OnEveryDevice
  void rows(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : SIZES) {
        int rows = s[0];
        int n = s[1];
        float[] x = x(rows, n);
        float[] dy = Samples.normal(2, x.length);
        double[] error = new double[rows]; // of the mean, in standard deviations
        double[] factor = new double[rows]; // of invStd, relative
        for (int r = 0; r < rows; r++) {
          Moments row = moments(Arrays.copyOfRange(x, r * n, (r + 1) * n), null, n, 1);
          double spread = row.variance[0] + EPSILON;
          error[r] = row.meanError[0] / Math.sqrt(spread);
          factor[r] = row.varianceError(0, n) / spread / 2 + 4 * Bound.U;
        }
        twin.compare(
            "normalized rows of " + Arrays.toString(s),
            side -> {
              Buffer y = side.blank(x.length);
              Buffer invStd = side.blank(rows);
              side.kernels().norm().normalizeRows(y, invStd, side.real(x), rows, n, EPSILON);
              side.result(
                  y, (i, exact) -> error[i / n] + Math.abs(exact) * (factor[i / n] + 3 * Bound.U));
              side.result(invStd, (r, exact) -> factor[r] * exact);
            });

        float[] y = Samples.normal(3, x.length);
        float[] invStd = Samples.positive(4, rows);
        double[] means = new double[rows];
        double[] products = new double[rows];
        for (int i = 0; i < x.length; i++) {
          means[i / n] += Math.abs(dy[i]) / (double) n;
          products[i / n] += Math.abs(dy[i] * y[i]) / (double) n;
        }
        twin.compare(
            "normalized rows backward of " + Arrays.toString(s),
            side -> {
              Buffer dx = side.blank(x.length);
              Buffer yb = side.real(y);
              Buffer factors = side.real(invStd);
              side.kernels().norm().normalizeRowsBackward(dx, side.real(dy), yb, factors, rows, n);
              side.result(
                  dx,
                  (i, exact) ->
                      (n + 8)
                          * Bound.U
                          * invStd[i / n]
                          * (Math.abs(dy[i]) + means[i / n] + Math.abs(y[i]) * products[i / n]));
            });
      }
    }
  }
}
