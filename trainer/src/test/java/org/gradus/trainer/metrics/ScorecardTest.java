// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Objects;
import org.gradus.trainer.metrics.GroupedAuc.Weighting;
import org.gradus.trainer.metrics.Scorecard.Scale;
import org.junit.jupiter.api.Test;

class ScorecardTest {
  private static double value(Scorecard card, String name) {
    return Objects.requireNonNull(card.metrics().get(name), name).value();
  }

  @Test
  void logitsAndLogProbabilitiesOfTheSameModelScoreAlike() {
    double[] p = {0.9, 0.8, 0.8, 0.4, 0.3, 0.1};
    float[] y = {1, 1, 0, 0, 1, 0};
    Scorecard logits = new Scorecard(Scale.LOGIT);
    Scorecard pairs = new Scorecard(Scale.LOG_PROBABILITY);
    for (int i = 0; i < p.length; i++) {
      logits.add(StrictMath.log(p[i] / (1 - p[i])), y[i]);
      pairs.add(StrictMath.log(p[i]), StrictMath.log(1 - p[i]), y[i]);
    }
    assertThat(logits.metrics().get("auc")).isEqualTo(pairs.metrics().get("auc"));
    assertThat(logits.metrics().keySet()).isEqualTo(pairs.metrics().keySet());
    for (String name : logits.metrics().keySet()) {
      assertThat(value(pairs, name)).as(name).isCloseTo(value(logits, name), within(1e-14));
    }
    assertThat(value(logits, "logloss")).isCloseTo(0.626350, within(5e-7));
    assertThat(logits.groupedAuc(Weighting.IMPRESSIONS)).isNull();
  }

  @Test
  void valuesAreMeasuredByTheirErrors() {
    Scorecard values = new Scorecard(Scale.VALUE);
    values.add(2, 5);
    values.group(1);
    assertThat(values.metrics()).containsOnlyKeys("rmse", "mae");
    assertThat(value(values, "rmse")).isEqualTo(3);
    assertThat(values.groupedAuc(Weighting.IMPRESSIONS)).isNull();
  }
}
