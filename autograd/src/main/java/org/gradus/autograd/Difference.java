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
/// The noise floor is four times what D(h) and D(h/2) differ by. With the same rounding noise in every f, n has 1.2 times
/// the standard deviation of that difference; the rest is for its being a draw itself. Where a tensor has few
/// derivatives, so that all of these draws may be small, the largest over further steps between h/2 and h counts. The floor
/// is never less than what rounding the outputs to float64 can cause, 2⁻⁵² Σ |R y| / h over the outputs that moved.
///
/// @param derivative n
/// @param floor its noise
/// @param resolution the smallest derivative that could have moved an output, 2⁻⁵² Σ |R y| / h over all of them
/// @param moved whether any output changed at all
record Difference(double derivative, double floor, double resolution, boolean moved) {
  private static final double MARGIN = 4;

  /// The objective's outputs on both sides of a point.
  ///
  /// @param step distance h of each side
  record Sides(double step, List<Passes.Output> plus, List<Passes.Output> minus) {
    /// D(h)
    double quotient() {
      return change(plus, minus) / (2 * step);
    }
  }

  /// From the sides at h, at h/2, and at any number of steps in between.
  static Difference of(List<Sides> sides) {
    double coarse = sides.get(0).quotient();
    double fine = sides.get(1).quotient();
    double noise = 0;
    double magnitude = 0;
    for (Sides s : sides) {
      noise = Math.max(noise, Math.abs(s.quotient() - fine));
      magnitude = Math.max(magnitude, moved(s.plus, s.minus));
    }
    double step = sides.get(0).step;
    return new Difference(
        (4 * fine - coarse) / 3,
        MARGIN * noise + 0x1p-52 * magnitude / step,
        0x1p-52 * magnitude(sides.get(0).plus) / step,
        magnitude > 0);
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

  private static double magnitude(List<Passes.Output> outputs) {
    double sum = 0;
    for (Passes.Output o : outputs) {
      for (int i = 0; i < o.values().length; i++) {
        sum += Math.abs(o.weights()[i] * o.values()[i]);
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
