// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import java.util.Arrays;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.InteractionKernels.Vectors;

class InteractionContractTest {
  /// batch, fields, width.
  private static final int[][] SIZES = {
    {0, 3, 4},
    {1, 1, 1},
    {2, 1, 8},
    {1, 2, 3},
    {3, 3, 16},
    {5, 7, 17},
    {9, 8, 31},
    {2, 27, 16},
    {33, 5, 1},
    {4, 16, 64},
    {3, 33, 7},
    {300, 27, 16}
  };

  @OnEveryDevice
  void pairwiseAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : SIZES) {
        int batch = s[0];
        int fields = s[1];
        int width = s[2];
        float[] e = Samples.normal(1, batch * fields * width);
        float[] dy = Samples.normal(2, batch);
        double[] sums = new double[batch * width];
        double[] squares = new double[batch];
        for (int i = 0; i < e.length; i++) {
          int b = i / (fields * width);
          sums[b * width + i % width] += Math.abs(e[i]);
          squares[b] += (double) e[i] * e[i];
        }
        // ½ Σ ((Σ|e|)² + Σ e²): what cancels in ½ Σ (s² − q).
        double[] magnitudes = new double[batch];
        for (int b = 0; b < batch; b++) {
          magnitudes[b] = squares[b] / 2;
          for (int d = 0; d < width; d++) {
            magnitudes[b] += sums[b * width + d] * sums[b * width + d] / 2;
          }
        }
        float[] sum =
            twin.exact(
                side -> {
                  Buffer y = side.blank(batch);
                  Buffer kept = side.blank(batch * width);
                  side.kernels()
                      .interaction()
                      .pairwise(y, kept, side.real(e), batch, fields, width);
                  side.result(kept, Bound.none());
                });
        twin.compare(
            "pairwise " + Arrays.toString(s),
            side -> {
              var kernels = side.kernels().interaction();
              Buffer y = side.blank(batch);
              Buffer kept = side.blank(batch * width);
              Buffer eb = side.real(e);
              kernels.pairwise(y, kept, eb, batch, fields, width);
              side.result(y, Bound.of(2 * fields + width + 8, magnitudes));
              side.result(kept, Bound.of(fields, sums));
              Buffer de = side.blank(e.length);
              kernels.pairwiseBackward(de, side.real(dy), side.real(sum), eb, batch, fields, width);
              side.result(de, Bound.relative(2));
            });
      }
    }
  }

  @OnEveryDevice
  void dotsAndTheirBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : SIZES) {
        for (int order = 0; order < 4; order++) {
          dots(twin, s[0], s[1], s[2], (order & 1) != 0, (order & 2) != 0);
        }
      }
    }
  }

  private static void dots(
      Twin twin, int batch, int fields, int width, boolean lower, boolean self) {
    int pairs = self ? fields * (fields + 1) / 2 : fields * (fields - 1) / 2;
    float[] e = Samples.normal(1, batch * fields * width);
    float[] dy = Samples.normal(2, batch * pairs);
    double[] products = new double[batch * pairs];
    double[] gradients = new double[e.length];
    int pair = 0;
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < fields; i++) {
        for (int j = 0; j < fields; j++) {
          boolean listed = i == j ? self : lower ? j < i : j > i;
          if (!listed) {
            continue;
          }
          for (int d = 0; d < width; d++) {
            int left = (b * fields + i) * width + d;
            int right = (b * fields + j) * width + d;
            products[pair] += Math.abs(e[left] * e[right]);
            gradients[left] += Math.abs(dy[pair] * e[right]);
            gradients[right] += Math.abs(dy[pair] * e[left]);
          }
          pair++;
        }
      }
    }
    twin.compare(
        "dots of %d × %d × %d, lower %s, self %s".formatted(batch, fields, width, lower, self),
        side -> {
          var kernels = side.kernels().interaction();
          Buffer y = side.blank(batch * pairs);
          Vectors eb = Vectors.of(side.real(e));
          kernels.dots(y, eb, batch, fields, width, lower, self);
          side.result(y, Bound.of(width + 2, products));
          Buffer de = side.blank(e.length);
          kernels.dotsBackward(
              Vectors.of(de), side.real(dy), eb, batch, fields, width, lower, self);
          side.result(de, Bound.of(fields + 3, gradients));
        });
    float[] firsts = columns(e, batch, fields * width, 0, width);
    float[] others = columns(e, batch, fields * width, width, fields * width);
    twin.compare(
        "dots of %d × (1 + %d) × %d, lower %s, self %s"
            .formatted(batch, fields - 1, width, lower, self),
        side -> {
          var kernels = side.kernels().interaction();
          Buffer y = side.blank(batch * pairs);
          Vectors eb = new Vectors(side.real(firsts), side.real(others));
          kernels.dots(y, eb, batch, fields, width, lower, self);
          side.result(y, Bound.of(width + 2, products));
          Buffer first = side.blank(firsts.length);
          Buffer rest = side.blank(others.length);
          kernels.dotsBackward(
              new Vectors(first, rest), side.real(dy), eb, batch, fields, width, lower, self);
          side.result(
              first, Bound.of(fields + 3, columns(gradients, batch, fields * width, 0, width)));
          side.result(
              rest,
              Bound.of(
                  fields + 3, columns(gradients, batch, fields * width, width, fields * width)));
        });
  }

  @OnEveryDevice
  void facingAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : SIZES) {
        int batch = s[0];
        int steps = s[1];
        int width = s[2];
        int rows = batch * steps;
        float[] q = Samples.normal(1, batch * width);
        float[] k = Samples.normal(2, rows * width);
        float[] dz = Samples.normal(3, rows * 4 * width);
        double[] ofKeys = new double[k.length];
        double[] ofQuery = new double[q.length];
        for (int i = 0; i < k.length; i++) {
          int of = i / (steps * width) * width + i % width;
          int z = i / width * 4 * width + i % width;
          double minus = Math.abs(dz[z + 2 * width]);
          double times = Math.abs(dz[z + 3 * width]);
          ofKeys[i] = Math.abs(dz[z + width]) + minus + Math.abs(q[of]) * times;
          ofQuery[of] += Math.abs(dz[z]) + minus + Math.abs(k[i]) * times;
        }
        twin.compare(
            "facing " + Arrays.toString(s),
            side -> {
              var kernels = side.kernels().interaction();
              Buffer qb = side.real(q);
              Buffer kb = side.real(k);
              Buffer z = side.blank(dz.length);
              kernels.facing(z, qb, kb, batch, steps, width);
              side.result(z, Bound.relative(1));
              Buffer dq = side.blank(q.length);
              Buffer dk = side.blank(k.length);
              kernels.facingBackward(dq, dk, side.real(dz), qb, kb, batch, steps, width);
              side.result(dq, Bound.of(steps + 2, ofQuery));
              side.result(dk, Bound.of(3, ofKeys));
            });
      }
    }
  }

  @OnEveryDevice
  void crossAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : SIZES) {
        for (boolean perRow : new boolean[] {false, true}) {
          int rows = s[0] * s[1];
          int width = s[2];
          int n = rows * width;
          float[] x0 = Samples.normal(1, n);
          float[] z = Samples.normal(2, perRow ? rows : n);
          float[] x = Samples.normal(3, n);
          float[] dy = Samples.normal(4, n);
          double[] terms = new double[n];
          double[] ofFactor = new double[z.length];
          for (int i = 0; i < n; i++) {
            int at = perRow ? i / width : i;
            terms[i] = Math.abs(x0[i] * z[at]) + Math.abs(x[i]);
            ofFactor[at] += Math.abs(dy[i] * x0[i]);
          }
          twin.compare(
              "cross " + Arrays.toString(s) + (perRow ? " per row" : ""),
              side -> {
                var kernels = side.kernels().interaction();
                Buffer first = side.real(x0);
                Buffer factor = side.real(z);
                Buffer y = side.blank(n);
                kernels.cross(y, first, factor, side.real(x), rows, width, perRow);
                side.result(y, Bound.of(2, terms));
                Buffer dx0 = side.blank(n);
                Buffer dz = side.blank(z.length);
                kernels.crossBackward(dx0, dz, side.real(dy), first, factor, rows, width, perRow);
                side.result(dx0, Bound.relative(1));
                side.result(dz, Bound.of(perRow ? width + 1 : 1, ofFactor));
              });
        }
      }
    }
  }

  @OnEveryDevice
  void weightedSumAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : SIZES) {
        int batch = s[0];
        int steps = s[1];
        int width = s[2];
        float[] w = Samples.normal(1, batch * steps);
        float[] x = Samples.normal(2, batch * steps * width);
        float[] dy = Samples.normal(3, batch * width);
        double[] sums = new double[dy.length];
        double[] dots = new double[w.length];
        for (int i = 0; i < x.length; i++) {
          int of = i / (steps * width) * width + i % width;
          sums[of] += Math.abs((double) w[i / width] * x[i]);
          dots[i / width] += Math.abs((double) dy[of] * x[i]);
        }
        twin.compare(
            "weightedSum " + Arrays.toString(s),
            side -> {
              var kernels = side.kernels().interaction();
              Buffer wb = side.real(w);
              Buffer xb = side.real(x);
              Buffer y = side.blank(dy.length);
              kernels.weightedSum(y, wb, xb, batch, steps, width);
              side.result(y, Bound.of(steps, sums));
              Buffer dw = side.blank(w.length);
              Buffer dx = side.blank(x.length);
              kernels.weightedSumBackward(dw, dx, side.real(dy), wb, xb, batch, steps, width);
              side.result(dw, Bound.of(width + 2, dots));
              side.result(dx, Bound.relative(1));
            });
      }
    }
  }

  /// Columns `from … to−1` of a matrix.
  private static float[] columns(float[] x, int rows, int width, int from, int to) {
    float[] y = new float[rows * (to - from)];
    for (int r = 0; r < rows; r++) {
      System.arraycopy(x, r * width + from, y, r * (to - from), to - from);
    }
    return y;
  }

  private static double[] columns(double[] x, int rows, int width, int from, int to) {
    double[] y = new double[rows * (to - from)];
    for (int r = 0; r < rows; r++) {
      System.arraycopy(x, r * width + from, y, r * (to - from), to - from);
    }
    return y;
  }
}
