// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.List;

/// A central difference, extrapolated.
///
/// ```
/// D(h) = (f(x + h) − f(x − h)) / 2h
/// n    = (4 D(h/2) − D(h)) / 3                    error O(h⁴) instead of O(h²) (Richardson)
/// ```
///
/// The noise of n is that of D(h/2) and D(h): what they differ by bounds it, and is never less than what rounding the
/// outputs to float64 can cause, 2⁻⁵² Σ |R y| / h over the outputs that moved.
///
/// @param derivative n
/// @param floor its noise
/// @param moved whether any output changed at all
record Difference(double derivative, double floor, boolean moved) {
  /// @param plus outputs at x + h, minus those at x − h, and the same for h/2
  static Difference of(
      List<Passes.Output> plus,
      List<Passes.Output> minus,
      List<Passes.Output> halfPlus,
      List<Passes.Output> halfMinus,
      double h) {
    double coarse = change(plus, minus) / (2 * h);
    double fine = change(halfPlus, halfMinus) / h;
    double magnitude = Math.max(moved(plus, minus), moved(halfPlus, halfMinus));
    return new Difference(
        (4 * fine - coarse) / 3, Math.abs(coarse - fine) + 0x1p-52 * magnitude / h, magnitude > 0);
  }

  /// Σ R ⊙ (y₊ − y₋): the outputs are subtracted before they are summed, so that those that did not move add no noise.
  private static double change(List<Passes.Output> plus, List<Passes.Output> minus) {
    double sum = 0;
    for (int o = 0; o < plus.size(); o++) {
      double[] p = plus.get(o).values();
      double[] m = minus.get(o).values();
      double[] r = plus.get(o).weights();
      for (int i = 0; i < p.length; i++) {
        sum += r[i] * (p[i] - m[i]);
      }
    }
    return sum;
  }

  private static double moved(List<Passes.Output> plus, List<Passes.Output> minus) {
    double sum = 0;
    for (int o = 0; o < plus.size(); o++) {
      double[] p = plus.get(o).values();
      double[] m = minus.get(o).values();
      double[] r = plus.get(o).weights();
      for (int i = 0; i < p.length; i++) {
        if (p[i] != m[i]) {
          sum += Math.abs(r[i]) * Math.max(Math.abs(p[i]), Math.abs(m[i]));
        }
      }
    }
    return sum;
  }
}
