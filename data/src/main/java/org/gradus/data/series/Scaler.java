// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

/// x ↦ (x − shift) / scale, and back.
///
/// @param shift what becomes 0
/// @param scale what becomes 1 above it, never 0
public record Scaler(double shift, double scale) {
  /// Changes nothing.
  public static final Scaler NONE = new Scaler(0, 1);

  /// Fits to numbers, which must be those of training rows; NaN is left out. Where the numbers do not vary, the scale is 1.
  public static Scaler fit(Scaling scaling, double... values) {
    double n = 0;
    double mean = 0;
    double squares = 0;
    double min = Double.POSITIVE_INFINITY;
    double max = Double.NEGATIVE_INFINITY;
    for (double x : values) {
      if (Double.isNaN(x)) {
        continue;
      }
      n++;
      double before = x - mean;
      mean += before / n; // Welford
      squares += before * (x - mean);
      min = Math.min(min, x);
      max = Math.max(max, x);
    }
    if (n == 0) {
      throw new IllegalArgumentException(
          "scaler: no number to fit. Expected training rows with at least one.");
    }
    return switch (scaling) {
      case NONE -> NONE;
      case STANDARD -> new Scaler(mean, unlessZero(Math.sqrt(squares / n)));
      case MINMAX -> new Scaler(min, unlessZero(max - min));
      case MAX -> new Scaler(0, unlessZero(Math.max(Math.abs(min), Math.abs(max))));
      case MEAN -> new Scaler(0, unlessZero(mean));
    };
  }

  private static double unlessZero(double scale) {
    return scale == 0 ? 1 : scale;
  }

  /// To the scale of the model.
  public double apply(double x) {
    return (x - shift) / scale;
  }

  /// Back.
  public double invert(double z) {
    return z * scale + shift;
  }
}
