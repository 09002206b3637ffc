// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Times of several sizes, in several rounds.
final class Series {
  private Series() {}

  private static final double SLICE = 0.05; // seconds
  private static final int FEWEST = 3;

  /// Seconds of a call: the median of three or more, after one that does not count.
  static double seconds(Runnable call) {
    call.run();
    List<Double> seconds = new ArrayList<>();
    double all = 0;
    while (all < SLICE || seconds.size() < FEWEST) {
      long begun = System.nanoTime();
      call.run();
      seconds.add((System.nanoTime() - begun) * 1e-9);
      all += seconds.getLast();
    }
    return median(seconds.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /// The fastest round of every size: whatever else the machine does makes a call slower, never faster.
  static double[] fastest(List<double[]> rounds) {
    double[] found = new double[rounds.getFirst().length];
    Arrays.setAll(found, i -> rounds.stream().mapToDouble(r -> r[i]).min().orElse(Double.NaN));
    return found;
  }

  /// The median over rounds of the ratio within the round, of every size.
  static double[] ratios(List<double[]> above, List<double[]> below) {
    double[] found = new double[above.getFirst().length];
    Arrays.setAll(
        found,
        i -> {
          double[] each = new double[above.size()];
          Arrays.setAll(each, r -> above.get(r)[i] / below.get(r)[i]);
          return median(each);
        });
    return found;
  }

  static double median(double[] values) {
    double[] v = values.clone();
    Arrays.sort(v);
    return 0.5 * (v[(v.length - 1) / 2] + v[v.length / 2]);
  }

  /// p of y ~ xᵖ between two points.
  static double exponent(double[] x, double[] y, int from, int to) {
    return Math.log(y[to] / y[from]) / Math.log(x[to] / x[from]);
  }

  /// The line with the least sum of squared relative distances.
  ///
  /// @param a its height at 0
  /// @param b its slope
  /// @param worst the largest |y − a − b x| / y
  record Fit(double a, double b, double worst) {
    static Fit of(double[] x, double[] y) {
      double w = 0;
      double wx = 0;
      double wxx = 0;
      double wy = 0;
      double wxy = 0;
      for (int i = 0; i < x.length; i++) {
        double weight = 1 / (y[i] * y[i]);
        w += weight;
        wx += weight * x[i];
        wxx += weight * x[i] * x[i];
        wy += weight * y[i];
        wxy += weight * x[i] * y[i];
      }
      double b = (w * wxy - wx * wy) / (w * wxx - wx * wx);
      double a = (wy - b * wx) / w;
      double worst = 0;
      for (int i = 0; i < x.length; i++) {
        worst = Math.max(worst, Math.abs(y[i] - a - b * x[i]) / y[i]);
      }
      return new Fit(a, b, worst);
    }

    double[] at(double[] x) {
      return Arrays.stream(x).map(n -> a + b * n).toArray();
    }
  }
}
