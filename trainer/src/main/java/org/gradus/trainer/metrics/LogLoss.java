// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

/// Mean negative log likelihood of binary labels, in float64 and from logits, so that it stays finite where a
/// probability would round to 0 or 1.
public final class LogLoss {
  private LogLoss() {}

  /// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)
  public static double softplus(double x) {
    return Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
  }

  /// 1/(1 + e⁻ˣ), by the sign-split form.
  public static double sigmoid(double x) {
    double e = StrictMath.exp(-Math.abs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
  }

  /// Loss of one row: max(z, 0) − z·y + ln(1 + e^−|z|)  (S-3).
  public static double ofLogit(double z, double y) {
    return y == 1 ? softplus(-z) : softplus(z);
  }

  /// Mean over rows, from logits.
  ///
  /// @return undefined without rows
  public static Metric ofLogits(double[] logits, float[] labels) {
    Labels.sameLength("logloss", logits.length, labels.length);
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      sum += ofLogit(logits[i], Labels.positive("logloss", labels, i) ? 1 : 0);
    }
    return mean(sum, logits.length);
  }

  /// Mean over rows, from ln p and ln(1 − p): for models whose probability is no sigmoid of a sum.
  ///
  /// @return undefined without rows
  public static Metric ofLogProbabilities(double[] logP, double[] logNotP, float[] labels) {
    Labels.sameLength("logloss", logP.length, labels.length);
    Labels.sameLength("logloss", logNotP.length, labels.length);
    double sum = 0;
    for (int i = 0; i < logP.length; i++) {
      sum -= Labels.positive("logloss", labels, i) ? logP[i] : logNotP[i];
    }
    return mean(sum, logP.length);
  }

  private static Metric mean(double sum, int rows) {
    return rows == 0 ? Metric.undefined("no rows") : Metric.of(sum / rows);
  }

  /// Log loss of the constant prediction π: −π ln π − (1 − π) ln(1 − π), 0 at both ends.
  public static double entropy(double rate) {
    return term(rate) + term(1 - rate);
  }

  private static double term(double p) {
    return p == 0 ? 0 : -p * StrictMath.log(p);
  }

  /// Log loss over the entropy of the base rate: 1 is what a constant achieves, lower is better (He et al. 2014).
  ///
  /// @return undefined when all labels are equal
  public static Metric normalizedEntropy(Metric logLoss, float[] labels) {
    long positives = 0;
    for (int i = 0; i < labels.length; i++) {
      positives += Labels.positive("normalized entropy", labels, i) ? 1 : 0;
    }
    if (positives == 0 || positives == labels.length) {
      return Metric.undefined("all labels are equal, so the entropy of the base rate is 0");
    }
    return Metric.of(logLoss.value() / entropy((double) positives / labels.length));
  }
}
