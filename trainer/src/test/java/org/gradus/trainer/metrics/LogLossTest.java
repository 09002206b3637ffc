// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LogLossTest {
  private static final double QUOTED = 5e-7;

  private static double[] logits(double... probabilities) {
    double[] z = new double[probabilities.length];
    for (int i = 0; i < z.length; i++) {
      z[i] = StrictMath.log(probabilities[i] / (1 - probabilities[i]));
    }
    return z;
  }

  @Test
  void checkValuesOfTheSpecification() {
    assertThat(LogLoss.ofLogit(0.5, 1)).isCloseTo(0.474077, within(QUOTED));
    assertThat(LogLoss.ofLogit(0.5, 0)).isCloseTo(0.974077, within(QUOTED));
    assertThat(LogLoss.ofLogit(-40, 1)).isCloseTo(40, within(QUOTED));
    assertThat(LogLoss.ofLogits(new double[] {2, -1, 0.5}, new float[] {1, 0, 0}).value())
        .isCloseTo(0.471422, within(QUOTED));
    assertThat(LogLoss.entropy(0.02)).isCloseTo(0.098039, within(QUOTED));
  }

  @Test
  void workedExample() {
    double[] z = logits(0.9, 0.8, 0.8, 0.4, 0.3, 0.1);
    float[] y = {1, 1, 0, 0, 1, 0};
    assertThat(LogLoss.ofLogits(z, y).value()).isCloseTo(0.626350, within(QUOTED));
    double[] more = logits(0.9, 0.8, 0.3, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.1, 0.1, 0.1);
    float[] moreY = {1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    assertThat(LogLoss.ofLogits(more, moreY).value()).isCloseTo(0.684112, within(QUOTED));
  }

  /// He et al. 2014: the log loss over the entropy of a quarter.
  @Test
  void workedExampleOfNormalizedEntropy() {
    float[] y = {1, 0, 0, 0};
    Metric loss = LogLoss.ofLogits(logits(0.6, 0.3, 0.2, 0.1), y);
    assertThat(LogLoss.normalizedEntropy(loss, y).value()).isCloseTo(0.531713, within(QUOTED));
  }

  @Test
  void staysFiniteForCertainMistakes() {
    assertThat(LogLoss.ofLogits(new double[] {-1000, 1000}, new float[] {1, 0}).value())
        .isEqualTo(1000);
    assertThat(LogLoss.ofLogit(1000, 1)).isZero();
    assertThat(LogLoss.sigmoid(-1000)).isZero();
    assertThat(LogLoss.sigmoid(1000)).isEqualTo(1);
  }

  @Test
  void logProbabilitiesAndLogitsAgree() {
    double[] p = {0.7, 0.01, 0.5};
    float[] y = {1, 1, 0};
    double[] logP = new double[3];
    double[] logNotP = new double[3];
    for (int i = 0; i < 3; i++) {
      logP[i] = StrictMath.log(p[i]);
      logNotP[i] = StrictMath.log(1 - p[i]);
    }
    double byHand = -(logP[0] + logP[1] + logNotP[2]) / 3;
    assertThat(LogLoss.ofLogProbabilities(logP, logNotP, y).value()).isEqualTo(byHand);
    assertThat(LogLoss.ofLogits(logits(p), y).value()).isCloseTo(byHand, within(1e-14));
  }

  @Test
  void theBaseRateHasNormalizedEntropyOne() {
    float[] y = {1, 0, 0, 0};
    Metric loss = LogLoss.ofLogits(logits(0.25, 0.25, 0.25, 0.25), y);
    assertThat(LogLoss.normalizedEntropy(loss, y).value()).isCloseTo(1, within(1e-14));
    assertThat(LogLoss.normalizedEntropy(loss, new float[] {1, 1}).defined()).isFalse();
  }

  @Test
  void badLabelsAndNoRows() {
    assertThatThrownBy(() -> LogLoss.ofLogits(new double[] {0}, new float[] {2}))
        .hasMessage("logloss: label 2.0 of row 0. Expected 0 or 1.");
    assertThat(LogLoss.ofLogits(new double[0], new float[0]).undefined()).isEqualTo("no rows");
  }
}
