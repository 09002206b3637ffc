// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

/// How far predicted values are from what happened.
///
/// @param rmse √(mean (z − y)²)
/// @param mae mean |z − y|
public record RegressionError(Metric rmse, Metric mae) {
  /// Errors of predictions; undefined without rows.
  public static RegressionError of(double[] predictions, float[] labels) {
    Labels.sameLength("regression error", predictions.length, labels.length);
    if (labels.length == 0) {
      return new RegressionError(Metric.undefined("no rows"), Metric.undefined("no rows"));
    }
    double squares = 0;
    double magnitudes = 0;
    for (int i = 0; i < labels.length; i++) {
      double e = predictions[i] - labels[i];
      squares += e * e;
      magnitudes += Math.abs(e);
    }
    return new RegressionError(
        Metric.of(Math.sqrt(squares / labels.length)), Metric.of(magnitudes / labels.length));
  }
}
