// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.floats.FloatArrayList;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Collects the predictions of one head over a split, batch by batch, and measures them at the end.
public final class Scorecard {
  /// Bins of the calibration curve.
  public static final int BINS = 10;

  private final Scale scale;
  private final DoubleArrayList scores = new DoubleArrayList();
  private final DoubleArrayList logP = new DoubleArrayList();
  private final DoubleArrayList logNotP = new DoubleArrayList();
  private final FloatArrayList labels = new FloatArrayList();
  private final LongArrayList groups = new LongArrayList();
  private final FloatArrayList weights = new FloatArrayList();

  /// What a prediction is.
  public enum Scale {
    /// a logit z: the probability is σ(z)
    LOGIT,
    /// ln p and ln(1 − p)
    LOG_PROBABILITY,
    /// a real number
    VALUE
  }

  /// Nothing collected yet.
  public Scorecard(Scale scale) {
    this.scale = scale;
  }

  /// Adds one logit or value.
  public void add(double score, float label) {
    if (scale == Scale.LOG_PROBABILITY) {
      throw new IllegalStateException("scorecard: log probabilities come in pairs");
    }
    scores.add(score);
    labels.add(label);
  }

  /// Adds one pair ln p, ln(1 − p).
  public void add(double lnP, double lnNotP, float label) {
    if (scale != Scale.LOG_PROBABILITY) {
      throw new IllegalStateException("scorecard: a " + scale + " is one number");
    }
    // Both may be −∞ when rounded, never at once: a certain prediction ranks at ±∞.
    scores.add(lnP - lnNotP);
    logP.add(lnP);
    logNotP.add(lnNotP);
    labels.add(label);
  }

  /// What a prediction is.
  public Scale scale() {
    return scale;
  }

  /// Adds every row of another card of values.
  public void addAll(Scorecard other) {
    if (scale != Scale.VALUE || other.scale != Scale.VALUE) {
      throw new IllegalStateException("scorecard: only values of several labels make one metric");
    }
    scores.addAll(other.scores);
    labels.addAll(other.labels);
  }

  /// Says whose list the row added last belongs to; for every row or for none.
  public void group(long group) {
    groups.add(group);
  }

  /// Says how much the row added last weighs; for every row or for none. Of the metrics, [#weightedUserLoss] alone asks.
  public void weight(float weight) {
    weights.add(weight);
  }

  /// Number of rows collected.
  public int rows() {
    return labels.size();
  }

  /// Every metric that suits the scale, by name: `auc`, `logloss`, `normalized_entropy`, `calibration_ratio`,
  /// `mean_predicted`, `mean_observed`, `expected_calibration_error`, or `rmse` and `mae`. GAUC comes apart.
  public Map<String, Metric> metrics() {
    Map<String, Metric> found = new LinkedHashMap<>();
    float[] y = labels.toFloatArray();
    double[] s = scores.toDoubleArray();
    if (scale == Scale.VALUE) {
      RegressionError error = RegressionError.of(s, y);
      found.put("rmse", error.rmse());
      found.put("mae", error.mae());
      return found;
    }
    Metric logLoss =
        scale == Scale.LOGIT
            ? LogLoss.ofLogits(s, y)
            : LogLoss.ofLogProbabilities(logP.toDoubleArray(), logNotP.toDoubleArray(), y);
    found.put("auc", Auc.of(s, y));
    found.put("logloss", logLoss);
    found.put("normalized_entropy", LogLoss.normalizedEntropy(logLoss, y));
    Calibration calibration = calibration();
    found.put("mean_predicted", calibration.predicted());
    found.put("mean_observed", calibration.observed());
    found.put("calibration_ratio", calibration.ratio());
    found.put("expected_calibration_error", calibration.expectedError());
    return found;
  }

  /// The calibration curve of a binary head.
  public Calibration calibration() {
    double[] p = new double[rows()];
    for (int i = 0; i < p.length; i++) {
      p[i] =
          scale == Scale.LOGIT
              ? LogLoss.sigmoid(scores.getDouble(i))
              : StrictMath.exp(logP.getDouble(i));
    }
    return Calibration.of(p, labels.toFloatArray(), BINS);
  }

  /// GAUC, or null when no groups were given or the head is no classifier.
  public @Nullable GroupedAuc groupedAuc(GroupedAuc.Weighting weighting) {
    if (groups.isEmpty() || scale == Scale.VALUE) {
      return null;
    }
    return GroupedAuc.of(
        scores.toDoubleArray(), labels.toFloatArray(), groups.toLongArray(), weighting);
  }

  /// The weighted per-user loss, or null when no groups or no weights were given or the head is no classifier.
  public @Nullable Metric weightedUserLoss() {
    if (groups.isEmpty() || weights.isEmpty() || scale == Scale.VALUE) {
      return null;
    }
    return WeightedUserLoss.of(
        scores.toDoubleArray(),
        labels.toFloatArray(),
        weights.toFloatArray(),
        groups.toLongArray());
  }
}
