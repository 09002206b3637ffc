// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.gradus.tensor.Counter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AucTest {
  /// Quoted numbers have six decimals.
  private static final double QUOTED = 5e-7;

  @Test
  void specificationExamples() {
    double[] scores = {0.9, 0.8, 0.8, 0.4, 0.3, 0.1};
    float[] labels = {1, 1, 0, 0, 1, 0};
    assertThat(Auc.of(scores, labels).value()).isCloseTo(0.722222, within(QUOTED));
    // each negative three times: replicating a class changes nothing
    double[] more = {0.9, 0.8, 0.3, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.1, 0.1, 0.1};
    float[] moreLabels = {1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    assertThat(Auc.of(more, moreLabels).value()).isCloseTo(0.722222, within(QUOTED));
    assertThat(
            Auc.of(
                    new double[] {0.9, 0.8, 0.8, 0.4, 0.4, 0.4, 0.1},
                    new float[] {1, 1, 0, 1, 0, 0, 0})
                .value())
        .isCloseTo(0.791667, within(QUOTED));
  }

  /// What a sort without average ranks makes of the ties of the example, as they happen to stand: 0.666667 with every positive last, 0.916667 with
  /// every positive first. The AUC lies in the middle.
  @Test
  void tiesBrokenByASortWouldGiveAnythingBetween() {
    double[] scores = {0.9, 0.8, 0.8, 0.4, 0.4, 0.4, 0.1};
    float[] labels = {1, 1, 0, 1, 0, 0, 0};
    double[] ends = new double[2];
    for (int first = 0; first < 2; first++) {
      double[] broken = scores.clone();
      for (int i = 0; i < 7; i++) {
        broken[i] += (labels[i] == 1) == (first == 1) ? 1e-6 : 0;
      }
      ends[first] = Auc.of(broken, labels).value();
    }
    assertThat(ends[0]).isCloseTo(0.666667, within(QUOTED));
    assertThat(ends[1]).isCloseTo(0.916667, within(QUOTED));
    assertThat(Auc.of(scores, labels).value()).isCloseTo((ends[0] + ends[1]) / 2, within(1e-15));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void equalsThePairsCountedOneByOne(long seed) {
    int n = 60 + (int) seed;
    double[] scores = new double[n];
    float[] labels = new float[n];
    for (int i = 0; i < n; i++) {
      // few distinct values, both zeros among them, so that ties abound
      scores[i] = (Counter.below(seed, i, 9) - 4) * (Counter.bits(seed, n + i) < 0 ? 0.5 : -0.5);
      labels[i] = Counter.uniform(seed + 100, i) < 0.3f ? 1 : 0;
    }
    labels[0] = 1;
    labels[1] = 0;
    double won = 0;
    long pairs = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        if (labels[i] == 1 && labels[j] == 0) {
          pairs++;
          won += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
        }
      }
    }
    double auc = Auc.of(scores, labels).value();
    assertThat(auc).isEqualTo(won / pairs); // sums of halves are exact
    double[] negated = scores.clone();
    double[] transformed = scores.clone();
    for (int i = 0; i < n; i++) {
      negated[i] = -scores[i];
      transformed[i] = StrictMath.exp(scores[i]) + 7;
    }
    assertThat(Auc.of(negated, labels).value()).isCloseTo(1 - auc, within(1e-15));
    assertThat(Auc.of(transformed, labels).value()).isEqualTo(auc);
  }

  /// Enough scores for several threads. They are whole numbers, so that positives below each can be counted in a table.
  @Test
  void manyScoresWithTies() {
    int n = 100_000;
    int values = 1000;
    double[] scores = new double[n];
    float[] labels = new float[n];
    long[] positives = new long[values];
    long[] negatives = new long[values];
    for (int i = 0; i < n; i++) {
      int s = (int) Counter.below(5, i, values);
      scores[i] = s - 400;
      boolean positive = Counter.below(6, i, values) < s;
      labels[i] = positive ? 1 : 0;
      (positive ? positives : negatives)[s]++;
    }
    long halves = 0;
    long below = 0;
    long p = 0;
    for (int s = 0; s < values; s++) {
      halves += positives[s] * (2 * below + negatives[s]);
      below += negatives[s];
      p += positives[s];
    }
    assertThat(Auc.of(scores, labels).value()).isEqualTo(0.5 * halves / ((double) p * below));
  }

  @Test
  void zerosOfBothSignsAreEqual() {
    assertThat(Auc.of(new double[] {-0.0, 0.0}, new float[] {1, 0}).value()).isEqualTo(0.5);
    assertThat(Auc.of(new double[] {0.0, -0.0}, new float[] {1, 0}).value()).isEqualTo(0.5);
  }

  @Test
  void infiniteScoresRankAtTheEnds() {
    double inf = Double.POSITIVE_INFINITY;
    assertThat(Auc.of(new double[] {inf, 3, -inf, inf}, new float[] {1, 0, 0, 0}).value())
        .isEqualTo(2.5 / 3);
  }

  @Test
  void oneClassHasNoAuc() {
    Metric ones = Auc.of(new double[] {0.1, 0.2}, new float[] {1, 1});
    assertThat(ones.value()).isNaN();
    assertThat(ones.undefined()).isEqualTo("all 2 labels are 1");
    assertThat(Auc.of(new double[] {0.1}, new float[] {0}).undefined())
        .isEqualTo("all 1 labels are 0");
    assertThat(Auc.of(new double[0], new float[0]).undefined()).isEqualTo("no rows");
  }

  @Test
  void manyRowsDoNotOverflow() {
    // 200,000 positives and 200,000 negatives: 4·10¹⁰ pairs, all tied but one positive
    int n = 200_000;
    double[] scores = new double[2 * n];
    float[] labels = new float[2 * n];
    for (int i = 0; i < n; i++) {
      labels[i] = 1;
    }
    scores[0] = 1;
    double pairs = (double) n * n;
    assertThat(Auc.of(scores, labels).value()).isEqualTo((0.5 * pairs + 0.5 * n) / pairs);
  }

  @Test
  void badInputIsNamed() {
    assertThatThrownBy(() -> Auc.of(new double[] {1, Double.NaN}, new float[] {1, 0}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("auc: the score of row 1 is NaN. Expected a number, which can be ranked.");
    assertThatThrownBy(() -> Auc.of(new double[] {1, 2}, new float[] {1, 0.5f}))
        .hasMessage("auc: label 0.5 of row 1. Expected 0 or 1.");
    assertThatThrownBy(() -> Auc.of(new double[] {1, 2}, new float[] {1}))
        .hasMessage("auc: 2 predictions for 1 labels. Expected one each.");
  }

  @Test
  void relaImprOfTheSpecification() {
    assertThat(Auc.relaImpr(0.62, 0.60)).isCloseTo(20, within(1e-12));
    assertThat(Auc.relaImpr(0.60, 0.60)).isZero();
  }
}
