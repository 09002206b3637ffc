// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

/// What becomes of a non-negative target before it is scaled, for targets whose large values are rare: a model that learns ln y errs by
/// factors.
///
/// ```
/// NONE y      LOG ln(y + ε), back max(0, eᶻ − ε)      LOG1P ln(1 + y), back eᶻ − 1
/// ```
///
/// What comes back estimates the median. Times e^{σ²/2}, σ² the variance of the residuals on the scale of the logarithm, it
/// estimates the mean.
///
/// @param kind which
/// @param epsilon ε, small beside the targets: with one that is large, ln(y + ε) is the same for all of them. Where zeros are many
/// and ε is tiny they become a heap far from the rest: prefer LOG1P, or an ε near the smallest target above 0
public record TargetTransform(Kind kind, double epsilon) {
  /// Which transform.
  public enum Kind {
    /// y
    NONE,
    /// ln(y + ε)
    LOG,
    /// ln(1 + y)
    LOG1P
  }

  /// Changes nothing.
  public static final TargetTransform NONE = new TargetTransform(Kind.NONE, 0);

  /// Checks ε.
  public TargetTransform {
    if (kind == Kind.LOG && !(epsilon > 0)) {
      throw new IllegalArgumentException(
          "target transform: LOG with ε = " + epsilon + ". Expected a small number above 0.");
    }
  }

  /// To the scale that is learned.
  public double apply(double y) {
    return switch (kind) {
      case NONE -> y;
      case LOG -> StrictMath.log(y + epsilon);
      case LOG1P -> StrictMath.log1p(y);
    };
  }

  /// Back, to the median.
  public double invert(double z) {
    return switch (kind) {
      case NONE -> z;
      case LOG -> Math.max(0, StrictMath.exp(z) - epsilon);
      case LOG1P -> StrictMath.expm1(z);
    };
  }

  /// Back, to the mean, if residuals are normal on the scale that is learned.
  ///
  /// @param residualVariance σ²
  public double invertToMean(double z, double residualVariance) {
    return switch (kind) {
      case NONE -> z;
      case LOG -> Math.max(0, StrictMath.exp(z) * biasCorrection(residualVariance) - epsilon);
      case LOG1P -> StrictMath.exp(z) * biasCorrection(residualVariance) - 1;
    };
  }

  /// e^{σ²/2}: the mean of a log-normal number over its median.
  public static double biasCorrection(double residualVariance) {
    return StrictMath.exp(residualVariance / 2);
  }
}
