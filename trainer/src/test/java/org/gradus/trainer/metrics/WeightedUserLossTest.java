// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.gradus.tensor.Counter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Watch time that is ranked below what nobody clicked.
class WeightedUserLossTest {
  /// User 1: 120 s below one of two negatives, 30 s above both; user 2: 60 s beside an equal; user 3 has no negative. Of
  /// 2 · 150 + 60 seconds 120 and half of 60 are missed.
  @Test
  void byHand() {
    double[] scores = {0.5, 0.9, 0.8, 0.1, 0.3, 0.3, 0.2};
    float[] labels = {1, 1, 0, 0, 1, 0, 1};
    float[] seconds = {120, 30, 7, 9, 60, 5, 1000};
    long[] users = {1, 1, 1, 1, 2, 2, 3};
    assertThat(WeightedUserLoss.of(scores, labels, seconds, users).value())
        .isCloseTo(150.0 / 360, within(1e-15));
    float[] none = {0, 0, 7, 9, 0, 5, 1000};
    assertThat(WeightedUserLoss.of(scores, labels, none, users).undefined())
        .isEqualTo("no group has a negative beside a positive with a weight above 0");
    float[] wrong = seconds.clone();
    wrong[1] = -1;
    assertThatThrownBy(() -> WeightedUserLoss.of(scores, labels, wrong, users))
        .hasMessage("weighted user loss: weight -1.0 of row 1. Expected at least 0.");
  }

  /// Against every pair, one by one; with weights of 1 what is left to a GAUC of pairs.
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void equalsThePairsCountedOneByOne(long seed) {
    int n = 60;
    double[] scores = new double[n];
    float[] labels = new float[n];
    float[] weights = new float[n];
    long[] groups = new long[n];
    for (int i = 0; i < n; i++) {
      scores[i] = Counter.below(seed, i, 7);
      labels[i] = Counter.below(seed + 10, i, 3) == 0 ? 1 : 0;
      weights[i] = Counter.below(seed + 20, i, 100);
      groups[i] = Counter.below(seed + 30, i, 5);
    }
    double missed = 0;
    double all = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        if (labels[i] == 1 && labels[j] == 0 && groups[i] == groups[j]) {
          all += weights[i];
          missed +=
              scores[i] < scores[j] ? weights[i] : scores[i] == scores[j] ? weights[i] / 2 : 0;
        }
      }
    }
    assertThat(WeightedUserLoss.of(scores, labels, weights, groups).value())
        .isCloseTo(missed / all, within(1e-14));
    float[] ones = new float[n];
    Arrays.fill(ones, 1);
    double gauc = GroupedAuc.of(scores, labels, groups, GroupedAuc.Weighting.PAIRS).gauc().value();
    assertThat(WeightedUserLoss.of(scores, labels, ones, groups).value())
        .isCloseTo(1 - gauc, within(1e-14));
  }

  @Test
  void aScorecardNeedsGroupsAndWeights() {
    Scorecard card = new Scorecard(Scorecard.Scale.LOGIT);
    assertThat(card.weightedUserLoss()).isNull();
    double[] logits = {1, 2};
    for (int i = 0; i < 2; i++) {
      card.add(logits[i], 1 - i);
      card.group(4);
    }
    assertThat(card.weightedUserLoss()).isNull();
    card.weight(30);
    card.weight(1);
    assertThat(card.weightedUserLoss()).isEqualTo(Metric.of(1));
  }
}
