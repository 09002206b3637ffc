// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

/// A number and how far what float32 computes for it may be off: every operation passes on the errors of its operands and
/// adds its own rounding. For results that no count of operations describes, because errors go through gates and steps.
///
/// @param value the exact number
/// @param error the largest distance
record Approx(double value, double error) {
  private static final double U = Bound.U;

  static Approx exact(double value) {
    return new Approx(value, 0);
  }

  static Approx[] exact(float[] values, int from, int n) {
    Approx[] all = new Approx[n];
    for (int i = 0; i < n; i++) {
      all[i] = exact(values[from + i]);
    }
    return all;
  }

  private static Approx rounded(double value, double error) {
    return new Approx(value, error + U * (Math.abs(value) + error));
  }

  Approx plus(Approx b) {
    return rounded(value + b.value, error + b.error);
  }

  Approx minus(Approx b) {
    return rounded(value - b.value, error + b.error);
  }

  Approx times(Approx b) {
    double both = Math.abs(value) * b.error + Math.abs(b.value) * error + error * b.error;
    return rounded(value * b.value, both);
  }

  /// 1 − x
  Approx complement() {
    return exact(1).minus(this);
  }

  /// x + w (b − x), in which an error of x counts 1 − w times: less from step to step, where a sum of the two terms would
  /// count it more than once.
  Approx towards(Approx b, Approx w) {
    double distance = Math.abs(b.value - value) + b.error + error;
    double share = Math.abs(w.value) + w.error;
    double y = value + w.value * (b.value - value);
    double off = Math.abs(1 - w.value) * error + share * b.error + distance * w.error;
    return new Approx(y, off + U * (2 * share * distance + Math.abs(y) + off));
  }

  /// x − x w, in the same way.
  Approx less(Approx w) {
    return towards(exact(0), w);
  }

  /// The slope of σ is at most ¼.
  Approx sigmoid() {
    double y = 1 / (1 + Math.exp(-value));
    return new Approx(y, error / 4 + Bound.ELEMENTARY * U * (y + error));
  }

  /// The slope of tanh is at most 1.
  Approx tanh() {
    double y = Math.tanh(value);
    return new Approx(y, error + Bound.ELEMENTARY * U * (Math.abs(y) + error));
  }

  /// A sum in any order, of which the bound (n − 1) u Σ|terms| holds to first order; one more rounding for every term that
  /// may be added to something else first, or be the product of two roundings.
  static final class Sum {
    private double value;
    private double error;
    private double magnitude;
    private int terms;

    void add(Approx x) {
      value += x.value;
      error += x.error;
      magnitude += Math.abs(x.value) + x.error;
      terms++;
    }

    Approx result() {
      return new Approx(value, error + 2.0 * terms * U * magnitude);
    }
  }
}
