// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.gradus.tensor.Counter;
import org.gradus.trainer.metrics.RankedList.Ties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Expected metrics: the mean over every order that the scores allow, one by one.
class TiedListTest {
  /// A few hundred additions of numbers up to 1.
  private static final double EXACT = 1e-13;

  /// Every order of 0 … n − 1.
  private static List<int[]> orders(int n) {
    List<int[]> all = List.of(new int[0]);
    for (int i = 0; i < n; i++) {
      List<int[]> longer = new ArrayList<>();
      for (int[] order : all) {
        for (int at = 0; at <= order.length; at++) {
          int[] more = new int[order.length + 1];
          System.arraycopy(order, 0, more, 0, at);
          more[at] = i;
          System.arraycopy(order, at, more, at + 1, order.length - at);
          longer.add(more);
        }
      }
      all = longer;
    }
    return all;
  }

  /// The mean of a metric over all orders in which scores fall.
  private static double mean(double[] scores, double[] gains, ToDoubleFunction<RankedList> metric) {
    double sum = 0;
    int count = 0;
    for (int[] order : orders(scores.length)) {
      double[] s = Arrays.stream(order).mapToDouble(i -> scores[i]).toArray();
      boolean falls = true;
      for (int j = 1; j < s.length; j++) {
        falls &= s[j - 1] >= s[j];
      }
      if (falls) { // in their own order then, ties as they stand
        double[] g = Arrays.stream(order).mapToDouble(i -> gains[i]).toArray();
        sum += metric.applyAsDouble(RankedList.ofScores(s, g, Ties.BY_ID));
        count++;
      }
    }
    return sum / count;
  }

  /// Six candidates with three scores, graded gains, every K and one beyond.
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void everyMetricIsTheMeanOverAllOrders(long seed) {
    double[] scores = new double[6];
    double[] gains = new double[6];
    for (int i = 0; i < 6; i++) {
      scores[i] = Counter.below(seed, i, 3);
      gains[i] = Math.max(0, Counter.below(seed + 9, i, 5) - 2.0);
    }
    gains[(int) seed % 6] = 1; // something is relevant
    TiedList tied = TiedList.of(scores, gains);
    for (int k = 1; k <= 7; k++) {
      int at = k;
      close(tied.hits(k), mean(scores, gains, r -> r.hits(at)));
      close(tied.hitRate(k), mean(scores, gains, r -> r.hitRate(at)));
      close(tied.precision(k), mean(scores, gains, r -> r.precision(at)));
      close(tied.recall(k), mean(scores, gains, r -> r.recall(at)));
      close(tied.reciprocalRank(k), mean(scores, gains, r -> r.reciprocalRank(at)));
      close(tied.dcg(k), mean(scores, gains, r -> r.dcg(at)));
      close(tied.ndcg(k), mean(scores, gains, r -> r.ndcg(at)));
      close(tied.averagePrecision(k), mean(scores, gains, r -> r.averagePrecision(at)));
    }
  }

  private static void close(double found, double expected) {
    assertThat(found).isCloseTo(expected, within(EXACT));
  }

  /// Without ties there is one order; of a constant score the first place is the relevant one's with probability 1/n.
  @Test
  void betweenTheWorstAndTheBestOrder() {
    double[] gains = {0, 1, 0, 0};
    TiedList constant = TiedList.of(new double[4], gains);
    close(constant.hitRate(1), 0.25);
    close(constant.reciprocalRank(4), (1 + 1 / 2.0 + 1 / 3.0 + 1 / 4.0) / 4);
    double[] distinct = {3, 4, 1, 2};
    RankedList one = RankedList.ofScores(distinct, gains, Ties.PESSIMISTIC);
    for (int k = 1; k <= 4; k++) {
      close(TiedList.of(distinct, gains).ndcg(k), one.ndcg(k));
      double worst =
          RankedList.ofScores(new double[4], gains, Ties.PESSIMISTIC).averagePrecision(k);
      assertThat(constant.averagePrecision(k)).isBetween(worst, 1.0);
    }
    close(TiedList.of(new double[] {-0.0, 0.0}, new double[] {1, 0}).hitRate(1), 0.5);
  }

  @Test
  void whetherChanceDecidesWhoIsShown() {
    TiedList list = TiedList.of(new double[] {5, 3, 3, 3, 1}, new double[] {0, 1, 0, 0, 0});
    boolean[] tied = new boolean[6];
    for (int k = 1; k <= 6; k++) {
      tied[k - 1] = list.tiedAtCutoff(k);
    }
    assertThat(tied).containsExactly(false, true, true, false, false, false);
    assertThatThrownBy(() -> list.ndcg(0)).hasMessage("tied list: K = 0. Expected at least 1.");
    assertThatThrownBy(() -> TiedList.of(new double[] {Double.NaN}, new double[] {1}))
        .hasMessageContaining("the score of row 0 is NaN");
  }
}
