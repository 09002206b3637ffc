// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.Locale;

/// What the losses of a run say about it: whether it learned too little, enough, or its training rows by heart.
///
/// The verdict is advice. A gap alone, while both losses still fall, is no over-fitting; a validation loss that swings may come from
/// few validation rows as well as from a rate that is too high.
///
/// @param verdict in a word
/// @param reason in a sentence, with the numbers that decided
/// @param bestEpoch from 1; the epoch with the least validation loss, the first of equals
/// @param gapAtBest validation loss less training loss there
/// @param trainSlope change of the training loss per epoch over the last epochs, relative to its mean there
/// @param validSlope the same for validation
/// @param validVariation standard deviation of the validation loss over its mean, over the last epochs, after the trend is taken out
public record Diagnosis(
    Verdict verdict,
    String reason,
    int bestEpoch,
    double gapAtBest,
    double trainSlope,
    double validSlope,
    double validVariation) {

  /// What became of a run.
  public enum Verdict {
    /// both losses are as high as those of knowing nothing, or still fall fast
    UNDERFIT,
    /// none of the others
    OK,
    /// training gets better and validation does not
    OVERFIT,
    /// validation swings
    UNSTABLE
  }

  /// Where verdicts begin.
  ///
  /// @param last k, epochs at the end that slopes and variation are taken over
  /// @param slope relative change per epoch that counts as falling or rising
  /// @param variation of validation that counts as swinging
  /// @param rise of the mean of the last validation losses over the best one before them, relative, that counts as over-fitting
  /// @param uninformed loss of knowing nothing, such as that of the mean; both losses above 0.9 of it are under-fitting. NaN if unknown
  public record Thresholds(
      int last, double slope, double variation, double rise, double uninformed) {
    /// Five epochs, 1 % per epoch, a variation of 15 %, a rise of 5 %.
    public static final Thresholds PRESET = new Thresholds(5, 0.01, 0.15, 0.05, Double.NaN);

    /// Checks the ranges.
    public Thresholds {
      if (last < 2 || !(slope > 0) || !(variation > 0) || !(rise > 0)) {
        throw new IllegalArgumentException(
            "diagnosis: last "
                + last
                + ", slope "
                + slope
                + ", variation "
                + variation
                + ", rise "
                + rise
                + ". Expected at least 2 epochs, and numbers above 0.");
      }
    }
  }

  /// The diagnosis of a history.
  ///
  /// @param train loss of each epoch
  /// @param valid loss of each epoch on the validation rows, the same kind of loss
  public static Diagnosis of(double[] train, double[] valid, Thresholds t) {
    if (train.length != valid.length || train.length < 2) {
      throw new IllegalArgumentException(
          "diagnosis: "
              + train.length
              + " training and "
              + valid.length
              + " validation losses. Expected as many of both, and at least 2 epochs.");
    }
    int best = 0;
    for (int e = 1; e < valid.length; e++) {
      if (valid[e] < valid[best]) {
        best = e;
      }
    }
    int from = Math.max(0, valid.length - t.last);
    Line ofTrain = Line.through(train, from);
    Line ofValid = Line.through(valid, from);
    double gap = valid[best] - train[best];
    double rise = (valid[valid.length - 1] - valid[best]) / Math.abs(valid[best]);
    // one bad epoch at the end says nothing: the best must lie before those that slopes are taken
    // over
    boolean above = best < from && (ofValid.mean - valid[best]) / Math.abs(valid[best]) > t.rise;
    double falling = -t.slope;
    Verdict verdict;
    String reason;
    if (ofValid.variation > t.variation) {
      verdict = Verdict.UNSTABLE;
      reason =
          String.format(
              Locale.ROOT,
              "the validation loss varies by %.0f %% around its trend over the last %d epochs",
              100 * ofValid.variation,
              valid.length - from);
    } else if (ofTrain.slope < 0 && (ofValid.slope > t.slope || above)) {
      verdict = Verdict.OVERFIT;
      reason =
          String.format(
              Locale.ROOT,
              "the training loss falls by %.1f %% an epoch, the validation loss is %.1f %% above"
                  + " its best, of epoch %d",
              -100 * ofTrain.slope,
              100 * rise,
              best + 1);
    } else if (train[train.length - 1] > 0.9 * t.uninformed
        && valid[valid.length - 1] > 0.9 * t.uninformed) {
      verdict = Verdict.UNDERFIT;
      reason =
          String.format(
              Locale.ROOT,
              "training %.4g and validation %.4g are close to %.4g, the loss of knowing nothing",
              train[train.length - 1],
              valid[valid.length - 1],
              t.uninformed);
    } else if (ofTrain.slope < falling && ofValid.slope < falling) {
      verdict = Verdict.UNDERFIT;
      reason =
          String.format(
              Locale.ROOT,
              "both losses still fall, by %.1f %% and %.1f %% an epoch: more epochs would help",
              -100 * ofTrain.slope,
              -100 * ofValid.slope);
    } else {
      verdict = Verdict.OK;
      reason =
          String.format(
              Locale.ROOT,
              "the validation loss has settled, %.1f %% above its best, of epoch %d",
              100 * rise,
              best + 1);
    }
    return new Diagnosis(
        verdict, reason, best + 1, gap, ofTrain.slope, ofValid.slope, ofValid.variation);
  }

  /// Verdict, reason and numbers, a line each.
  public String report() {
    return String.format(
        Locale.ROOT,
        "%s: %s%n  best epoch            %d%n  gap there             %.6g%n  training slope       "
            + " %+.4f an epoch%n  validation slope      %+.4f an epoch%n  validation variation "
            + " %.4f%n",
        verdict,
        reason,
        bestEpoch,
        gapAtBest,
        trainSlope,
        validSlope,
        validVariation);
  }

  /// A straight line through the last losses, by least squares.
  ///
  /// @param mean of the last losses
  /// @param slope per epoch, relative to the mean
  /// @param variation standard deviation of what is left, relative to the mean
  private record Line(double mean, double slope, double variation) {
    static Line through(double[] losses, int from) {
      int n = losses.length - from;
      double mean = 0;
      for (int i = from; i < losses.length; i++) {
        mean += losses[i] / n;
      }
      double middle = (n - 1) / 2.0;
      double products = 0;
      double squares = 0;
      for (int i = 0; i < n; i++) {
        products += (i - middle) * (losses[from + i] - mean);
        squares += (i - middle) * (i - middle);
      }
      double slope = products / squares;
      double rest = 0;
      for (int i = 0; i < n; i++) {
        double e = losses[from + i] - mean - slope * (i - middle);
        rest += e * e / n;
      }
      double size = Math.max(Math.abs(mean), Double.MIN_NORMAL);
      return new Line(mean, slope / size, Math.sqrt(rest) / size);
    }
  }
}
