// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.synthetic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.gradus.tensor.Counter;
import org.junit.jupiter.api.Test;

class BayesScoresTest {
  /// Σ wᵢ (1 − wⱼ) [pᵢ > pⱼ, ties one half] / Σ wᵢ (1 − wⱼ), over i ≠ j.
  private static double pairs(double[] p, double[] w) {
    double won = 0;
    double all = 0;
    for (int i = 0; i < p.length; i++) {
      for (int j = 0; j < p.length; j++) {
        if (i != j) {
          double pair = w[i] * (1 - w[j]);
          all += pair;
          won += p[i] > p[j] ? pair : p[i] == p[j] ? pair / 2 : 0;
        }
      }
    }
    return won / all;
  }

  @Test
  void scoresEqualThoseOfEveryPair() {
    int n = 200;
    double[] p = new double[n];
    float[] y = new float[n];
    double[] w = new double[n];
    double loss = 0;
    for (int i = 0; i < n; i++) {
      p[i] = (1 + Counter.below(1, i, 20)) / 22.0; // with ties
      y[i] = Counter.uniform53(2, i) < p[i] ? 1 : 0;
      w[i] = y[i];
      loss -= Math.log(y[i] == 1 ? p[i] : 1 - p[i]) / n;
    }
    BayesScores scores = BayesScores.of(p, y);
    // Sums of 40,000 terms in double: relative error below 40,000 · 2⁻⁵³ = 5e-12.
    assertThat(scores.auc()).isCloseTo(pairs(p, w), within(1e-11));
    assertThat(scores.expectedAuc()).isCloseTo(pairs(p, p), within(1e-11));
    assertThat(scores.logLoss()).isCloseTo(loss, within(1e-12));
  }

  @Test
  void workedExample() {
    BayesScores s =
        BayesScores.of(new double[] {0.9, 0.8, 0.8, 0.4, 0.3, 0.1}, new float[] {1, 1, 0, 0, 1, 0});
    assertThat(s.auc()).isCloseTo(0.722222, within(5e-7));
    assertThat(s.logLoss()).isCloseTo(0.626350, within(5e-7));
  }

  @Test
  void aPowerLawHasItsFrequencies() {
    PowerLaw law = new PowerLaw(50, 1.3);
    double sum = 0;
    for (int v = 1; v <= 50; v++) {
      sum += Math.pow(v, -1.3);
    }
    int draws = 100_000;
    int[] counts = new int[50];
    for (int i = 0; i < draws; i++) {
      counts[law.value(Counter.uniform53(9, i))]++;
    }
    for (int v = 0; v < 50; v++) {
      double p = Math.pow(v + 1, -1.3) / sum;
      assertThat(law.probability(v)).isCloseTo(p, within(1e-14));
      assertThat(Math.abs(counts[v] - draws * p)).isLessThan(6 * Math.sqrt(draws * p * (1 - p)));
    }
  }

  @Test
  void aLongPowerLawKeepsItsShape() {
    int n = 1 << 20;
    PowerLaw law = new PowerLaw(n, 1);
    int draws = 100_000;
    int below = 0;
    for (int i = 0; i < draws; i++) {
      int v = law.value(Counter.uniform53(9, i));
      assertThat(v).isBetween(0, n - 1);
      below += v < 1023 ? 1 : 0;
    }
    double p = Math.log(1024) / Math.log(n + 1.0); // of the continuous law
    // Six standard deviations, and a piece of 1/4096 at the cut.
    double bound = 6 * Math.sqrt(draws * p * (1 - p)) + draws / 4096.0;
    assertThat(Math.abs(below - draws * p)).isLessThan(bound);
  }
}
