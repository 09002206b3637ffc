// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.Locale;

/// What the losses of a run say about it: whether it learned too little, enough, or its training rows by heart.
///
/// The verdict is advice, and the first of these that holds, n epochs after the best validation loss:
///
/// ```
/// DIVERGING   both last losses lie above their best ones, and both lines rise
/// UNSTABLE    validation turns back and forth and varies by more than a threshold, or leaps in the last epoch
/// OVERFIT     training falls, and validation has not improved for as many epochs as are looked at,
///             or has risen since its best one, over at least two epochs
/// UNDERFIT    both are as high as those of knowing nothing, or still fall
/// OK          none of these
/// ```
///
/// A gap alone, while both losses still fall, is no over-fitting; a validation loss that swings may come from few validation rows as
/// well as from a rate that is too high. The first epoch is the fall from where the parameters began, and no line is drawn through
/// it unless there are only two.
///
/// @param verdict in a word
/// @param reason in a sentence, with the numbers that decided
/// @param bestEpoch from 1; the epoch with the least validation loss, the first of equals
/// @param gapAtBest validation loss less training loss there; NaN where the two are not the same kind of loss
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
    UNSTABLE,
    /// training and validation get worse
    DIVERGING
  }

  /// Where verdicts begin.
  ///
  /// @param last k, epochs at the end that slopes and variation are taken over, and after which validation counts as no longer improving
  /// @param slope relative change per epoch that counts as falling or rising
  /// @param variation of validation that counts as swinging
  /// @param rise of a loss over its best one, relative, that counts as getting worse
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
  /// @throws IllegalArgumentException when there are fewer than two epochs, or a loss is no finite number
  public static Diagnosis of(double[] train, double[] valid, Thresholds t) {
    if (train.length != valid.length || train.length < 2) {
      throw new IllegalArgumentException(
          "diagnosis: "
              + train.length
              + " training and "
              + valid.length
              + " validation losses. Expected as many of both, and at least 2 epochs.");
    }
    checkFinite("training", train);
    checkFinite("validation", valid);
    int from = Math.min(valid.length - 2, Math.max(1, valid.length - t.last));
    Losses ofTrain = Losses.of(train, from);
    Losses ofValid = Losses.of(valid, from);
    Verdict verdict = verdict(ofTrain, ofValid, t);
    int best = ofValid.best;
    return new Diagnosis(
        verdict,
        reason(verdict, ofTrain, ofValid, t),
        best + 1,
        valid[best] - train[best],
        ofTrain.line.slope,
        ofValid.line.slope,
        ofValid.line.variation);
  }

  private static void checkFinite(String part, double[] losses) {
    for (int e = 0; e < losses.length; e++) {
      if (!Double.isFinite(losses[e])) {
        throw new IllegalArgumentException(
            "diagnosis: the "
                + part
                + " loss of epoch "
                + (e + 1)
                + " is "
                + losses[e]
                + ". Expected finite numbers; a smaller rate or a bound on the gradient's norm may"
                + " keep them so.");
      }
    }
  }

  private static Verdict verdict(Losses train, Losses valid, Thresholds t) {
    boolean swings = valid.line.variation > t.variation && valid.turns() > 1;
    boolean bothRise =
        train.rise() > t.rise
            && valid.rise() > t.rise
            && train.line.slope > t.slope
            && valid.line.slope > t.slope;
    if (bothRise && (!swings || (train.isWorseThanAtFirst() && valid.isWorseThanAtFirst()))) {
      return Verdict.DIVERGING;
    }
    int since = valid.sinceBest();
    // one bad epoch at the end is no trend, however bad
    if (swings || (since == 1 && valid.rise() > t.variation)) {
      return Verdict.UNSTABLE;
    }
    boolean worse = since > 1 && valid.meanRise() > t.rise;
    if (worse && train.last() >= train.losses[valid.best]) {
      return Verdict.DIVERGING;
    }
    boolean stalled = since >= t.last && train.line.slope < -t.slope;
    if (worse || stalled) {
      return Verdict.OVERFIT;
    }
    boolean stillFall = train.stillFalls(t.slope) && valid.stillFalls(t.slope);
    return uninformed(train, valid, t) || stillFall ? Verdict.UNDERFIT : Verdict.OK;
  }

  private static boolean uninformed(Losses train, Losses valid, Thresholds t) {
    return train.last() > 0.9 * t.uninformed && valid.last() > 0.9 * t.uninformed;
  }

  private static String reason(Verdict verdict, Losses train, Losses valid, Thresholds t) {
    double rise = 100 * valid.rise();
    int best = valid.best + 1;
    return switch (verdict) {
      case DIVERGING ->
          String.format(
              Locale.ROOT,
              "both losses get worse: training ends %.1f %% and validation %.1f %% above its best,"
                  + " that of validation of epoch %d",
              100 * train.rise(),
              rise,
              best);
      case UNSTABLE ->
          valid.turns() > 1
              ? String.format(
                  Locale.ROOT,
                  "the validation loss varies by %.0f %% around its trend over the last %d epochs",
                  100 * valid.line.variation,
                  valid.losses.length - valid.from)
              : String.format(
                  Locale.ROOT,
                  "the validation loss leaps to %.1f %% above its best, of epoch %d, in the last"
                      + " epoch: one more would tell",
                  rise,
                  best);
      case OVERFIT ->
          String.format(
              Locale.ROOT,
              "in %d epochs the training loss fell by %.1f %%, and the validation loss is %.1f %%"
                  + " above its best, of epoch %d",
              valid.sinceBest(),
              100 * (train.losses[valid.best] - train.last()) / Math.abs(train.losses[valid.best]),
              rise,
              best);
      case UNDERFIT ->
          uninformed(train, valid, t)
              ? String.format(
                  Locale.ROOT,
                  "training %.4g and validation %.4g are close to %.4g, the loss of knowing"
                      + " nothing",
                  train.last(),
                  valid.last(),
                  t.uninformed)
              : String.format(
                  Locale.ROOT,
                  "both losses still fall, by %.1f %% and %.1f %% an epoch: more epochs would help",
                  -100 * train.line.slope,
                  -100 * valid.line.slope);
      case OK ->
          String.format(
              Locale.ROOT,
              "the validation loss ends %.1f %% above its best, of epoch %d",
              rise,
              best);
    };
  }

  /// The same where training and validation losses are not of one kind, so that no gap lies between them.
  Diagnosis withoutGap() {
    return new Diagnosis(
        verdict, reason, bestEpoch, Double.NaN, trainSlope, validSlope, validVariation);
  }

  /// Verdict, reason and numbers, a line each.
  public String report() {
    return String.format(
        Locale.ROOT,
        "%s: %s%n  best epoch            %d%n  gap there             %s%n  training slope       "
            + " %+.4f an epoch%n  validation slope      %+.4f an epoch%n  validation variation "
            + " %.4f%n",
        verdict,
        reason,
        bestEpoch,
        Double.isNaN(gapAtBest)
            ? "none: training and validation measure different losses"
            : String.format(Locale.ROOT, "%.6g", gapAtBest),
        trainSlope,
        validSlope,
        validVariation);
  }

  /// The losses of one part.
  ///
  /// @param best place of the least, the first of equals
  /// @param from place where the last ones begin
  /// @param size what rises are relative to: the best loss, but at least a hundredth of the range, since a loss near 0 may double and
  /// mean nothing
  /// @param line through the last ones
  private record Losses(double[] losses, int best, int from, double size, Line line) {
    static Losses of(double[] losses, int from) {
      int best = 0;
      double most = losses[0];
      for (int e = 1; e < losses.length; e++) {
        best = losses[e] < losses[best] ? e : best;
        most = Math.max(most, losses[e]);
      }
      double least = losses[best];
      double noise = Math.max(0.01 * (most - least), Double.MIN_NORMAL);
      return new Losses(
          losses, best, from, Math.max(Math.abs(least), noise), Line.through(losses, from, noise));
    }

    double last() {
      return losses[losses.length - 1];
    }

    int sinceBest() {
      return losses.length - 1 - best;
    }

    /// Of the last loss over the best.
    double rise() {
      return (last() - losses[best]) / size;
    }

    /// Of the mean of the losses behind the best one over it.
    double meanRise() {
      double mean = 0;
      for (int e = best + 1; e < losses.length; e++) {
        mean += losses[e] / sinceBest();
      }
      return (mean - losses[best]) / size;
    }

    boolean isWorseThanAtFirst() {
      return last() > losses[0];
    }

    /// How often the last losses change direction.
    int turns() {
      int turns = 0;
      double before = 0;
      for (int e = from + 1; e < losses.length; e++) {
        double change = losses[e] - losses[e - 1];
        turns += change * before < 0 ? 1 : 0;
        before = change == 0 ? before : change;
      }
      return turns;
    }

    /// Whether the line falls, and the last two epochs went on falling as fast as counts.
    boolean stillFalls(double slope) {
      int n = losses.length;
      double before = losses[Math.max(0, n - 3)];
      int epochs = Math.min(2, n - 1);
      return line.slope < -slope && (before - last()) / size > epochs * slope;
    }
  }

  /// A straight line through the last losses, by least squares.
  ///
  /// @param slope per epoch, relative to the mean
  /// @param variation standard deviation of what is left, relative to the mean
  private record Line(double slope, double variation) {
    static Line through(double[] losses, int from, double noise) {
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
      double size = Math.max(Math.abs(mean), noise);
      return new Line(slope / size, Math.sqrt(rest) / size);
    }
  }
}
