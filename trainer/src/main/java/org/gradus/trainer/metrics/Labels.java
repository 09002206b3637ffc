// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

/// Checks shared by the metrics.
final class Labels {
  private Labels() {}

  static void sameLength(String metric, int predictions, int labels) {
    if (predictions != labels) {
      throw new IllegalArgumentException(
          metric
              + ": "
              + predictions
              + " predictions for "
              + labels
              + " labels. Expected one each.");
    }
  }

  /// Whether a binary label is 1.
  static boolean positive(String metric, float[] labels, int row) {
    float y = labels[row];
    if (y != 0 && y != 1) {
      throw new IllegalArgumentException(
          metric + ": label " + y + " of row " + row + ". Expected 0 or 1.");
    }
    return y == 1;
  }

  /// The score, checked to have a place in an order.
  static double score(String metric, double[] scores, int row) {
    double s = scores[row];
    if (Double.isNaN(s)) {
      throw new IllegalArgumentException(
          metric
              + ": the score of row "
              + row
              + " is NaN. Expected a number, which can be ranked.");
    }
    return s + 0.0; // −0 becomes 0, which it equals: sorting would put it before
  }
}
