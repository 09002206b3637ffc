// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import it.unimi.dsi.fastutil.ints.Int2DoubleOpenHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.gradus.tensor.Counter;
import org.gradus.trainer.metrics.RankedList.Ties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Metrics of lists: the worked example and the invariants of retrieval, section 9.2.
class RankedListTest {
  private static final double SIX_DECIMALS = 5e-7;
  private static final int[] LIST = {1, 2, 3, 4, 5}; // a, b, c, d, e
  private static final RankedList EXAMPLE = RankedList.of(LIST, 2, 5, 26); // b, e, z

  private static void close(double found, double expected) {
    assertThat(found).isCloseTo(expected, within(SIX_DECIMALS));
  }

  @Test
  void workedExample() {
    close(EXAMPLE.hitRate(5), 1);
    close(EXAMPLE.precision(5), 0.4);
    close(EXAMPLE.recall(5), 0.666667);
    close(EXAMPLE.dcg(5), 1.017783);
    close(EXAMPLE.idealDcg(5), 2.130930);
    close(EXAMPLE.ndcg(5), 0.477624);
    close(EXAMPLE.reciprocalRank(5), 0.5);
    close(EXAMPLE.meanReciprocalRank(), 0.233333);
    close(EXAMPLE.averagePrecision(5), 0.3);
    close(EXAMPLE.recall(2), 0.333333);
    close(EXAMPLE.cappedRecall(2), 0.5);
    close(EXAMPLE.averagePrecision(2), 0.25);
  }

  @Test
  void gradedRelevance() {
    Int2DoubleOpenHashMap gains = new Int2DoubleOpenHashMap();
    gains.put(7, 3);
    gains.put(9, 2);
    RankedList graded = RankedList.of(new int[] {7, 8, 9}, gains);
    close(graded.ndcg(3), 0.938557);
    close(graded.exponential().ndcg(3), 0.955831);
    close(EXAMPLE.exponential().ndcg(5), EXAMPLE.ndcg(5));
  }

  /// IDCG is that of all that is relevant, not of what was found.
  @Test
  void theIdealListHoldsWhatTheListMissed() {
    assertThat(RankedList.of(new int[] {1, 2}, 1, 3, 4).ndcg(2)).isLessThan(1);
    assertThat(RankedList.of(new int[] {3, 1, 4, 9}, 1, 3, 4).ndcg(4)).isEqualTo(1);
    assertThat(RankedList.of(new int[] {3, 1, 4, 9}, 1, 3, 4).averagePrecision(4)).isEqualTo(1);
    assertThat(RankedList.of(new int[] {3, 1}, 1, 3, 4).ndcg(2)).isEqualTo(1);
  }

  @Test
  void aShortListMissesWhereItEnds() {
    RankedList one = RankedList.of(new int[] {4}, 4, 5);
    assertThat(one.precision(10)).isEqualTo(0.1);
    assertThat(one.precisionOfShown(10)).isEqualTo(1);
    assertThat(EXAMPLE.precisionOfShown(4)).isEqualTo(EXAMPLE.precision(4));
    assertThat(one.recall(10)).isEqualTo(0.5);
    RankedList none = RankedList.of(new int[0], 4);
    assertThat(none.precisionOfShown(3)).isNaN();
    assertThat(none.hitRate(3) + none.ndcg(3) + none.averagePrecision(3)).isZero();
  }

  @Test
  void duplicatesAndImpossibleValuesAreErrors() {
    assertThatThrownBy(() -> RankedList.of(new int[] {3, 4, 3}, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("ranked list: item 3 stands there twice. Expected distinct items.");
    assertThatThrownBy(() -> EXAMPLE.recall(0)).hasMessageContaining("K = 0");
    assertThatThrownBy(
            () ->
                RankedList.ofScores(new double[] {Double.NaN}, new double[] {1}, Ties.PESSIMISTIC))
        .hasMessageContaining("the score of row 0 is NaN");
  }

  @Test
  void aConstantScoreIsNoAchievement() {
    double[] gains = {1, 0, 0, 0};
    double[] scores = new double[4];
    assertThat(RankedList.ofScores(scores, gains, Ties.PESSIMISTIC).reciprocalRank(4))
        .isEqualTo(0.25);
    assertThat(RankedList.ofScores(scores, gains, Ties.BY_ID).reciprocalRank(4)).isEqualTo(1);
    double[] zeros = {-0.0, 0.0};
    assertThat(RankedList.ofScores(zeros, new double[] {0, 1}, Ties.PESSIMISTIC).reciprocalRank(2))
        .isEqualTo(0.5);
  }

  /// Random lists against plain sums, and what holds for all of them.
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void everyListBehaves(long seed) {
    int n = 30;
    int[] list =
        IntStream.range(0, n)
            .boxed()
            .sorted((a, b) -> Long.compare(Counter.bits(seed, a), Counter.bits(seed, b)))
            .mapToInt(Integer::intValue)
            .toArray();
    int[] relevant =
        IntStream.range(0, n + 10).filter(i -> Counter.below(seed + 9, i, 4) == 0).toArray();
    RankedList ranked = RankedList.of(list, relevant);
    double lastHit = 0;
    double lastRecall = 0;
    for (int k = 1; k <= n + 5; k++) {
      double hits = 0;
      double dcg = 0;
      double ap = 0;
      for (int j = 1; j <= Math.min(k, n); j++) {
        int item = list[j - 1];
        if (IntStream.of(relevant).anyMatch(r -> r == item)) {
          hits++;
          dcg += Math.log(2) / Math.log(j + 1);
          ap += hits / j;
        }
      }
      double ideal = 0;
      for (int j = 1; j <= Math.min(k, relevant.length); j++) {
        ideal += Math.log(2) / Math.log(j + 1);
      }
      assertThat(ranked.hits(k)).isEqualTo((int) hits);
      assertThat(ranked.ndcg(k)).isCloseTo(dcg / ideal, within(1e-12)).isBetween(0.0, 1.0);
      assertThat(ranked.averagePrecision(k))
          .isCloseTo(ap / Math.min(k, relevant.length), within(1e-12));
      assertThat(ranked.hitRate(k)).isGreaterThanOrEqualTo(lastHit);
      assertThat(ranked.hitRate(k)).isGreaterThanOrEqualTo(ranked.reciprocalRank(k));
      assertThat(ranked.recall(k)).isGreaterThanOrEqualTo(lastRecall);
      lastHit = ranked.hitRate(k);
      lastRecall = ranked.recall(k);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7})
  void withOneRelevantItemEverythingFollowsFromItsRank(int rank) {
    RankedList one = RankedList.of(IntStream.rangeClosed(1, 10).toArray(), rank);
    assertThat(one.recall(10)).isEqualTo(one.hitRate(10)).isEqualTo(1);
    assertThat(one.ndcg(10)).isCloseTo(Math.log(2) / Math.log(rank + 1), within(1e-14));
    assertThat(one.reciprocalRank(10)).isEqualTo(1.0 / rank);
    assertThat(one.averagePrecision(10)).isEqualTo(1.0 / rank);
  }

  @Test
  void meansAreOverUsersWithSomethingRelevant() {
    TopK top = new TopK(5, 40);
    top.add(LIST, 2, 5, 26);
    top.add(new int[] {30, 31}, 32);
    top.add(LIST);
    assertThat(top.users()).isEqualTo(2);
    assertThat(top.skippedUsers()).isEqualTo(1);
    assertThat(top.shortLists()).isEqualTo(1);
    Map<String, Metric> m = top.metrics();
    close(value(m, "hr@5"), 0.5);
    close(value(m, "precision@5"), 0.2);
    close(value(m, "recall@5"), 0.333333);
    close(value(m, "ndcg@5"), 0.238812);
    close(value(m, "mrr@5"), 0.25);
    close(value(m, "map@5"), 0.15);
    close(value(m, "coverage@5"), 7.0 / 40);
    TopK other = new TopK(5, 40);
    other.add(new int[] {30, 31}, 32);
    other.add(LIST, 2, 5, 26);
    assertThat(other.metrics()).isEqualTo(m);
  }

  @Test
  void withoutUsersNothingIsDefined() {
    TopK top = new TopK(3, 10);
    top.add(LIST);
    assertThat(top.metrics().values())
        .allSatisfy(
            m -> {
              assertThat(m.defined()).isFalse();
              assertThat(m.undefined()).isEqualTo("nothing is relevant to any of 1 users");
            });
  }

  private static double value(Map<String, Metric> metrics, String name) {
    return Objects.requireNonNull(metrics.get(name), name).value();
  }
}
