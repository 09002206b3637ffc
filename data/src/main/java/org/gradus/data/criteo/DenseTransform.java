// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import org.jspecify.annotations.Nullable;

/// From whole numbers to what a model sees, stored as float32.
///
/// @param kind the formula
/// @param shift s of ln(x + s); 0 for [Kind#LOG_ONE_PLUS_CLAMPED]
/// @param missingFill the raw value that a missing one becomes
/// @param clampMin raw values below it become it, or null to make them errors
public record DenseTransform(Kind kind, int shift, int missingFill, @Nullable Integer clampMin) {
  /// The formulas.
  public enum Kind {
    /// ln(x + s), for x ≥ 1 − s, so that nothing is negative
    LOG_SHIFT,
    /// ln(max(x, 0) + 1), as in the first DLRM scripts
    LOG_ONE_PLUS_CLAMPED
  }

  /// Checks that a missing value and the clamp can be transformed.
  public DenseTransform {
    long min = kind == Kind.LOG_SHIFT ? 1L - shift : Integer.MIN_VALUE;
    if (missingFill < min || (clampMin != null && clampMin < min)) {
      throw new IllegalArgumentException(
          "dense transform ln(x + "
              + shift
              + "): missingFill "
              + missingFill
              + ", clampMin "
              + clampMin
              + ". Expected at least "
              + min
              + ".");
    }
  }

  /// ln(x + s), missing values as 0, small values as errors.
  public static DenseTransform logShift(int s) {
    return new DenseTransform(Kind.LOG_SHIFT, s, 0, null);
  }

  /// ln(max(x, 0) + 1), missing values as 0.
  public static DenseTransform logOnePlusClamped() {
    return new DenseTransform(Kind.LOG_ONE_PLUS_CLAMPED, 0, 0, null);
  }

  /// The same with another clamp.
  public DenseTransform clampedAt(@Nullable Integer min) {
    return new DenseTransform(kind, shift, missingFill, min);
  }

  /// Whether a raw value can be transformed.
  public boolean accepts(int x) {
    return kind == Kind.LOG_ONE_PLUS_CLAMPED || clampMin != null || x >= 1L - shift;
  }

  /// Whether a raw value is changed by the clamp.
  public boolean clamps(int x) {
    return clampMin != null && x < clampMin;
  }

  /// The transformed value.
  public float of(int raw, boolean missing) {
    int x = missing ? missingFill : raw;
    if (clampMin != null) {
      x = Math.max(x, clampMin);
    }
    return (float)
        switch (kind) {
          case LOG_SHIFT -> StrictMath.log((double) x + shift); // ln(x + 3) for Criteo
          case LOG_ONE_PLUS_CLAMPED -> StrictMath.log(Math.max(x, 0) + 1.0);
        };
  }

  /// What an error about a small value says.
  String rule() {
    return "Expected at least "
        + (1 - shift)
        + ", so that ln(x + "
        + shift
        + ") is not negative. Set clampMin="
        + (1 - shift)
        + " to raise smaller values to it, or a larger shift.";
  }
}
