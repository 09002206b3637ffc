// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import java.util.List;
import java.util.stream.IntStream;

/// Whether predicted probabilities mean what they say.
///
/// @param predicted mean predicted probability
/// @param observed share of positives
/// @param ratio predicted / observed; undefined without positives
/// @param expectedError Σ_b (n_b / n) · |mean predicted − share of positives| over the bins; undefined without rows
/// @param bins equal in width over [0, 1]; the last includes 1
public record Calibration(
    Metric predicted, Metric observed, Metric ratio, Metric expectedError, List<Bin> bins) {
  /// Copies the list.
  public Calibration {
    bins = List.copyOf(bins);
  }

  /// The rows whose prediction falls between two bounds.
  ///
  /// @param rows how many
  /// @param predicted sum of their predictions
  /// @param positives how many of them are positive
  public record Bin(long rows, double predicted, long positives) {}

  /// Calibration of probabilities against labels in {0, 1}, with so many bins.
  public static Calibration of(double[] probabilities, float[] labels, int bins) {
    Labels.sameLength("calibration", probabilities.length, labels.length);
    long[] rows = new long[bins];
    double[] predicted = new double[bins];
    long[] positives = new long[bins];
    double sum = 0;
    long clicks = 0;
    for (int i = 0; i < labels.length; i++) {
      double p = probabilities[i];
      if (!(p >= 0 && p <= 1)) {
        throw new IllegalArgumentException(
            "calibration: probability " + p + " of row " + i + ". Expected a number in [0, 1].");
      }
      int bin = Math.min((int) (p * bins), bins - 1);
      rows[bin]++;
      predicted[bin] += p;
      sum += p;
      if (Labels.positive("calibration", labels, i)) {
        positives[bin]++;
        clicks++;
      }
    }
    int n = labels.length;
    List<Bin> found =
        IntStream.range(0, bins)
            .mapToObj(b -> new Bin(rows[b], predicted[b], positives[b]))
            .toList();
    if (n == 0) {
      Metric none = Metric.undefined("no rows");
      return new Calibration(none, none, none, none, found);
    }
    double error = 0;
    for (int b = 0; b < bins; b++) {
      error += Math.abs(predicted[b] - positives[b]) / n;
    }
    return new Calibration(
        Metric.of(sum / n),
        Metric.of((double) clicks / n),
        clicks == 0 ? Metric.undefined("no positives") : Metric.of(sum / clicks),
        Metric.of(error),
        found);
  }

  /// The probability in the full population, for a model trained with each negative kept with probability `kept`:
  /// q = p / (p + (1 − p)/w), that is ln w added to the logit.
  public static double undoNegativeSampling(double p, double kept) {
    return p / (p + (1 - p) / kept);
  }
}
