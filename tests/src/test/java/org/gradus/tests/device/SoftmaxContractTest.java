// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.tests.device.Bound.ELEMENTARY;

import java.util.Arrays;
import java.util.function.Consumer;
import org.gradus.tensor.Buffer;
import org.jspecify.annotations.Nullable;

/// In a row of n entries whose distance from the largest is at most R, the argument of e^(x−c) is off by uR, the
/// exponential by 8u and the sum by (n + 2)u more.
class SoftmaxContractTest {
  /// rows, n.
  private static final int[][] SIZES = {
    {0, 3},
    {1, 1},
    {5, 1},
    {1, 2},
    {3, 7},
    {9, 8},
    {2, 15},
    {4, 16},
    {3, 17},
    {5, 33},
    {2, 127},
    {3, 255},
    {1, 1000},
    {300, 150},
    {5000, 9}
  };

  private record Case(String name, int rows, int n, float[] x, byte @Nullable [] mask) {
    @Nullable Buffer mask(Side side) {
      return mask == null ? null : side.mask(mask);
    }

    boolean counts(int i) {
      return mask == null || mask[i] != 0;
    }

    /// R, and no less than the largest |x|: the distance between extremes of 0 and the entries that count.
    double span() {
      double lowest = 0;
      double highest = 0;
      for (int i = 0; i < x.length; i++) {
        lowest = counts(i) ? Math.min(lowest, x[i]) : lowest;
        highest = counts(i) ? Math.max(highest, x[i]) : highest;
      }
      return highest - lowest;
    }
  }

  /// Every size without a mask, and with one that leaves whole rows out and hides NaN and ∞.
  private static void each(Consumer<Case> body) {
    for (int[] s : SIZES) {
      float[] x = Samples.normal(s[1], s[0] * s[1]);
      for (int i = 0; i < x.length; i++) {
        x[i] = i % 13 == 0 ? 30 : 3 * x[i];
      }
      String name = Arrays.toString(s);
      body.accept(new Case(name, s[0], s[1], x, null));
      byte[] mask = Samples.mask(7, x.length);
      float[] hidden = x.clone();
      for (int i = 0; i < x.length; i++) {
        mask[i] = i / s[1] % 4 == 2 ? 0 : mask[i];
        if (mask[i] == 0) {
          hidden[i] = i % 2 == 0 ? Float.NaN : Float.POSITIVE_INFINITY;
        }
      }
      body.accept(new Case(name + " masked", s[0], s[1], hidden, mask));
    }
  }

  @OnEveryDevice
  void softmaxAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      each(
          c -> {
            int size = c.rows * c.n;
            double span = c.span();
            Consumer<Side> forward =
                side -> {
                  Buffer y = side.blank(size);
                  side.kernels().softmax().softmax(y, side.real(c.x), c.mask(side), c.rows, c.n);
                  side.result(y, Bound.relative(c.n + 4 + 2 * (ELEMENTARY + span)));
                };
            twin.compare("softmax " + c.name, forward);

            float[] y = twin.exact(forward);
            float[] dy = Samples.normal(3, size);
            double[] sums = new double[c.rows];
            for (int i = 0; i < size; i++) {
              sums[i / c.n] += Math.abs(y[i] * dy[i]);
            }
            Bound bound =
                (i, exact) -> (c.n + 6) * Bound.U * y[i] * (Math.abs(dy[i]) + sums[i / c.n]);
            twin.compare(
                "softmax backward " + c.name,
                side -> {
                  Buffer dx = side.blank(size);
                  Buffer yb = side.real(y);
                  side.kernels().softmax().softmaxBackward(dx, side.real(dy), yb, c.rows, c.n);
                  side.result(dx, bound);
                });
          });
    }
  }

  /// A row that has no softmax, since one of those that count is NaN or all are −∞, is NaN there, and 0 where nothing counts.
  @OnEveryDevice
  void whatIsMaskedStaysOutOfARowWithoutASoftmax(DeviceUnderTest device) {
    float[] x = {
      Float.NEGATIVE_INFINITY, 5, Float.NaN, 5, 1, Float.NaN, Float.POSITIVE_INFINITY, 5, 1, 5
    };
    byte[] mask = {1, 0, 1, 0, 1, 0, 1, 0, 1, 0};
    try (Twin twin = device.open()) {
      Consumer<Side> forward =
          side -> {
            Buffer y = side.blank(x.length);
            side.kernels().softmax().softmax(y, side.real(x), side.mask(mask), 5, 2);
            side.result(y, Bound.relative(ELEMENTARY));
          };
      twin.compare("softmax", forward);
      float nan = Float.NaN;
      assertThat(twin.exact(forward)).containsExactly(nan, 0, nan, 0, 1, 0, nan, 0, 1, 0);
    }
  }

  /// The rounding errors of c + ln Σ: those of the sum, of the logarithm, and of the numbers themselves.
  private static double logBound(Case c) {
    double span = c.span();
    double logOfN = Math.log(c.n + 1);
    return c.n + 2 + ELEMENTARY + span + ELEMENTARY * logOfN + 3 * (span + logOfN);
  }

  @OnEveryDevice
  void logSoftmaxAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      each(
          c -> {
            int size = c.rows * c.n;
            Consumer<Side> forward =
                side -> {
                  Buffer y = side.blank(size);
                  Buffer x = side.real(c.x);
                  side.kernels().softmax().logSoftmax(y, x, c.mask(side), c.rows, c.n);
                  side.result(y, Bound.absolute(logBound(c), 1));
                };
            twin.compare("logSoftmax " + c.name, forward);

            float[] y = twin.exact(forward);
            float[] dy = Samples.normal(3, size);
            double[] sums = new double[c.rows];
            for (int i = 0; i < size; i++) {
              sums[i / c.n] += Math.abs(dy[i]);
            }
            Bound bound =
                (i, exact) ->
                    (c.n + 4 + ELEMENTARY)
                        * Bound.U
                        * (Math.abs(dy[i]) + Math.exp(y[i]) * sums[i / c.n]);
            twin.compare(
                "logSoftmax backward " + c.name,
                side -> {
                  Buffer dx = side.blank(size);
                  Buffer yb = side.real(y);
                  side.kernels()
                      .softmax()
                      .logSoftmaxBackward(dx, side.real(dy), yb, c.mask(side), c.rows, c.n);
                  side.result(dx, bound);
                });
          });
    }
  }

  @OnEveryDevice
  void logSumExpAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      each(
          c -> {
            Consumer<Side> forward =
                side -> {
                  Buffer y = side.blank(c.rows);
                  Buffer x = side.real(c.x);
                  side.kernels().softmax().logSumExp(y, x, c.mask(side), c.rows, c.n);
                  side.result(y, Bound.absolute(logBound(c), 1));
                };
            twin.compare("logSumExp " + c.name, forward);

            float[] y = twin.exact(forward);
            float[] dy = Samples.normal(3, c.rows);
            twin.compare(
                "logSumExp backward " + c.name,
                side -> {
                  Buffer dx = side.blank(c.rows * c.n);
                  Buffer x = side.real(c.x);
                  Buffer yb = side.real(y);
                  Buffer up = side.real(dy);
                  side.kernels()
                      .softmax()
                      .logSumExpBackward(dx, up, x, yb, c.mask(side), c.rows, c.n);
                  double logOfN = Math.log(c.n + 1);
                  side.result(dx, Bound.relative(ELEMENTARY + 2 + 2 * (c.span() + logOfN)));
                });
          });
    }
  }
}
