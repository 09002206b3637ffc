// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import it.unimi.dsi.fastutil.floats.FloatArrayList;
import java.util.Arrays;

/// The empirical distribution of each number of an example, as quantiles of the training rows with straight lines between.
///
/// ```
/// x̃ = F(x), in 0 … 1                         (YR-1)
/// n = [x̃, x̃², √x̃, 1 if x is missing]        (YR-2)
/// ```
///
/// Where several quantiles are one value, F is the largest of theirs there. Below the first quantile F is 0, above the last 1; a
/// missing number, NaN, counts as 0.5. The powers are those of x̃, and constants: √ has no slope at 0.
///
/// @param breaks for each number its quantiles 0, 1/Q, …, 1, which never fall
record Quantiles(float[][] breaks) {
  /// Inputs that a number becomes.
  static final int INPUTS = 4;

  /// Quantiles of columns of values, NaN left out; a column without any gets 0 throughout.
  static Quantiles of(FloatArrayList[] columns, int q) {
    float[][] breaks = new float[columns.length][q + 1];
    for (int c = 0; c < columns.length; c++) {
      float[] sorted = columns[c].toFloatArray();
      Arrays.sort(sorted); // NaN last
      int n = sorted.length;
      while (n > 0 && Float.isNaN(sorted[n - 1])) {
        n--;
      }
      for (int k = 0; k <= q && n > 0; k++) {
        breaks[c][k] = sorted[(int) ((n - 1L) * k / q)];
      }
    }
    return new Quantiles(breaks);
  }

  /// F of a number  (YR-1)
  double of(int column, double x) {
    float[] b = breaks[column];
    int q = b.length - 1;
    if (Double.isNaN(x)) {
      return 0.5;
    }
    if (x < b[0]) {
      return 0;
    }
    if (x > b[q]) {
      return 1;
    }
    int at = last(b, x); // of the values that are at most x
    if (b[at] == x || at == q) {
      return (double) at / q;
    }
    int next = last(b, b[at + 1]);
    double share = (x - b[at]) / ((double) b[at + 1] - b[at]);
    return (at + share * (next - at)) / q; // (YR-1)
  }

  /// The last place whose value is at most x.
  private static int last(float[] b, double x) {
    int low = 0;
    int high = b.length - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (b[middle] <= x) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /// The inputs of a batch, row by row  (YR-2)
  ///
  /// @param dense `[B, c]`
  /// @param inputs is filled, `[B, 4c]`
  void inputs(float[] dense, double[] inputs) {
    int c = breaks.length;
    for (int i = 0; i < dense.length; i++) {
      double x = of(i % c, dense[i]);
      inputs[INPUTS * i] = x;
      inputs[INPUTS * i + 1] = x * x;
      inputs[INPUTS * i + 2] = Math.sqrt(x);
      inputs[INPUTS * i + 3] = Float.isNaN(dense[i]) ? 1 : 0;
    }
  }
}
