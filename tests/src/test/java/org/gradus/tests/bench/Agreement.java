// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

/// Whether the ways that a benchmark compares give the same numbers: times of unequal work say nothing.
final class Agreement {
  /// The largest difference, as a share of the largest number.
  private static final double TOLERANCE = 1e-4;

  private Agreement() {}

  /// An error unless both ways gave the same numbers, not all of them 0.
  ///
  /// @param what was computed
  static void check(String what, float[] one, float[] other) {
    if (one.length != other.length) {
      throw new IllegalStateException(
          what + ": " + one.length + " numbers one way, " + other.length + " the other.");
    }
    double largest = 0;
    for (float x : one) {
      largest = Math.max(largest, Math.abs(x));
    }
    for (int i = 0; i < one.length; i++) {
      boolean same = Math.abs((double) one[i] - other[i]) <= TOLERANCE * largest;
      if (!same || largest == 0) { // what is not a number is not the same either
        throw new IllegalStateException(
            what
                + ": "
                + one[i]
                + " at place "
                + i
                + " one way, "
                + other[i]
                + " the other, the largest being "
                + largest
                + ". Expected the same numbers, not all of them 0.");
      }
    }
  }
}
