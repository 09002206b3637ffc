// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.synthetic;

/// Values 0 … n − 1 whose frequencies fall as a power of their rank: P(v) ∝ (v + 1)^−a.
///
/// Up to 2¹⁶ values the law is exact, by its cumulative table. Above, it is the continuous law with the same exponent,
/// drawn in 4096 pieces of equal probability with a constant density in each and cut down to whole numbers, so that
/// memory does not grow with n.
public final class PowerLaw {
  private static final int TABLE = 1 << 16;
  private static final int PIECES = 4096;

  private final int n;
  private final double[] cumulative;
  private final double[] quantiles;

  /// A law over n values with exponent a ≥ 0.
  public PowerLaw(int n, double exponent) {
    if (n < 1 || !(exponent >= 0)) {
      throw new IllegalArgumentException(
          "power law: n " + n + ", exponent " + exponent + ". Expected n ≥ 1 and exponent ≥ 0.");
    }
    this.n = n;
    boolean tabulated = n <= TABLE;
    this.cumulative = tabulated ? cumulative(n, exponent) : new double[0];
    this.quantiles = tabulated ? new double[0] : quantiles(n, exponent);
  }

  private static double[] cumulative(int n, double exponent) {
    double[] c = new double[n];
    double sum = 0;
    for (int v = 0; v < n; v++) {
      sum += StrictMath.pow(v + 1.0, -exponent);
      c[v] = sum;
    }
    for (int v = 0; v < n; v++) {
      c[v] /= sum;
    }
    return c;
  }

  /// n.
  public int size() {
    return n;
  }

  /// Whether the law is exact, and [#probability] known.
  public boolean tabulated() {
    return cumulative.length > 0;
  }

  /// P(v), of a law that is tabulated.
  public double probability(int v) {
    return v == 0 ? cumulative[0] : cumulative[v] - cumulative[v - 1];
  }

  /// The value for a uniform number in [0, 1).
  public int value(double uniform) {
    if (cumulative.length == 0) {
      return continuous(uniform);
    }
    int low = 0;
    int high = n - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (cumulative[middle] > uniform) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private int continuous(double uniform) {
    double place = uniform * PIECES;
    int piece = (int) place;
    double x = quantiles[piece] + (place - piece) * (quantiles[piece + 1] - quantiles[piece]);
    return (int) Math.min(n - 1, (long) x - 1);
  }

  /// The inverse of ∫₁ˣ t^−a dt over [1, n + 1), at 0, 1/4096, …, 1.
  private static double[] quantiles(int n, double exponent) {
    double[] q = new double[PIECES + 1];
    double power = 1 - exponent;
    double end = StrictMath.pow(n + 1.0, power) - 1;
    for (int k = 0; k <= PIECES; k++) {
      double u = (double) k / PIECES;
      q[k] =
          exponent == 1
              ? StrictMath.exp(u * StrictMath.log(n + 1.0))
              : StrictMath.pow(1 + u * end, 1 / power);
    }
    return q;
  }
}
