// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSets;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.gradus.tensor.Counter;
import org.gradus.trainer.retrieval.CollaborativeFilter.Kind;
import org.gradus.trainer.retrieval.CsrMatrix.Duplicates;
import org.gradus.trainer.retrieval.Neighbours.MeanScope;
import org.gradus.trainer.retrieval.Neighbours.Measure;
import org.gradus.trainer.retrieval.Neighbours.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Collaborative filtering: the worked example and the invariants of retrieval, section 8.
class CollaborativeFilterTest {
  private static final double SIX_DECIMALS = 5e-7;

  /// u0 {0:5, 3:3}, u1 {0:4, 1:4}, u2 {1:2, 2:2, 3:1}, u3 {0:3}
  private static CsrMatrix example() {
    return new CsrMatrix.Builder(4, 4, Duplicates.SUM)
        .add(2, 3, 1)
        .add(0, 0, 5)
        .add(0, 3, 3)
        .add(1, 1, 4)
        .add(1, 0, 4)
        .add(2, 2, 2)
        .add(2, 1, 2)
        .add(3, 0, 3)
        .build();
  }

  private static double weight(Neighbours n, int row, int other) {
    for (int i = 0; i < n.rows()[row].length; i++) {
      if (n.rows()[row][i] == other) {
        return n.weights()[row][i];
      }
    }
    return 0;
  }

  private static void similar(CsrMatrix m, Measure measure, double... toFirst) {
    Neighbours n = Neighbours.of(m, Options.of(measure));
    for (int v = 1; v < 4; v++) {
      assertThat(weight(n, 0, v)).isCloseTo(toFirst[v - 1], within(SIX_DECIMALS));
      assertThat(weight(n, v, 0)).isEqualTo(weight(n, 0, v));
    }
  }

  @Test
  void similaritiesOfTheExample() {
    similar(example(), Measure.COSINE, 0.606339, 0.171499, 0.857493);
    similar(example().binary(), Measure.COSINE, 0.500000, 0.408248, 0.707107);
    similar(example(), Measure.JACCARD, 0.333333, 0.250000, 0.500000);
    similar(example(), Measure.IUF, 0.360674, 0.371604, 0.510070);
  }

  private static void scores(VectorIndex.Hits hits, int[] items, double... scores) {
    assertThat(hits.ids()).containsExactly(items);
    assertThat(hits.scores()).containsExactly(scores, within(SIX_DECIMALS));
  }

  @Test
  void listsOfTheExample() {
    IntOpenHashSet seen = new IntOpenHashSet(new int[] {0, 3});
    Options cosine = Options.of(Measure.COSINE);
    CollaborativeFilter binary = new CollaborativeFilter(Kind.USERS, example().binary(), cosine);
    scores(binary.recommend(0, 5, seen), new int[] {1, 2}, 0.908248, 0.408248);
    CollaborativeFilter weighted = new CollaborativeFilter(Kind.USERS, example(), cosine);
    scores(weighted.recommend(0, 5, seen), new int[] {1, 2}, 2.768353, 0.342997);
    CollaborativeFilter items = new CollaborativeFilter(Kind.ITEMS, example().binary(), cosine);
    Neighbours n = items.neighbours();
    assertThat(items.recommend(0, Integer.MAX_VALUE, seen).ids()).containsExactly(1, 2);
    assertThat(weight(n, 0, 1)).isCloseTo(0.408248, within(SIX_DECIMALS));
    assertThat(weight(n, 0, 3)).isCloseTo(0.408248, within(SIX_DECIMALS));
    assertThat(weight(n, 1, 2)).isCloseTo(0.707107, within(SIX_DECIMALS));
    assertThat(weight(n, 1, 3)).isCloseTo(0.500000, within(SIX_DECIMALS));
    assertThat(weight(n, 2, 3)).isCloseTo(0.707107, within(SIX_DECIMALS));
    scores(items.recommend(0, 5, seen), new int[] {1, 2}, 0.908248, 0.707107);
    scores(items.recommendFor(new int[] {0, 3}, 1, seen), new int[] {1}, 0.908248); // the same user
    Neighbours damped = Neighbours.of(example().transpose(), Options.of(Measure.IUF));
    assertThat(weight(damped, 0, 1)).isCloseTo(0.371604, within(SIX_DECIMALS));
  }

  /// Random ratings 1 to 5; the last user has none.
  private static CsrMatrix random(long key) {
    CsrMatrix.Builder b = new CsrMatrix.Builder(30, 20, Duplicates.LAST);
    for (int u = 0; u < 29; u++) {
      for (int i = 0; i < 20; i++) {
        if (Counter.below(key, 40 * u + i, 4) == 0) {
          b.add(u, i, 1 + (double) Counter.below(key + 1, 40 * u + i, 5));
        }
      }
    }
    return b.build();
  }

  static Stream<Arguments> kindsAndOptions() {
    return Arrays.stream(Kind.values())
        .flatMap(
            kind ->
                Stream.of(
                    Arguments.of(kind, Options.of(Measure.COSINE)),
                    Arguments.of(kind, Options.of(Measure.JACCARD).withTopK(3)),
                    Arguments.of(kind, Options.of(Measure.IUF)),
                    Arguments.of(kind, Options.of(Measure.PEARSON)),
                    Arguments.of(
                        kind, new Options(Measure.PEARSON, MeanScope.CO_RATED, 3, 0, 50, false, 0)),
                    Arguments.of(
                        kind,
                        new Options(Measure.COSINE, MeanScope.ALL_RATED, 2, 10, 5, true, 0))));
  }

  /// The two forms add up in different orders, hence 10⁻¹².
  @ParameterizedTest
  @MethodSource("kindsAndOptions")
  void mapsAndCompressedRowsSayTheSame(Kind kind, Options options) {
    CsrMatrix m = random(3);
    CollaborativeFilter filter = new CollaborativeFilter(kind, m, options);
    DictionaryFilter maps = new DictionaryFilter(kind, DictionaryFilter.maps(m), options);
    int found = 0;
    for (int u = 0; u < m.height(); u++) {
      IntOpenHashSet met = new IntOpenHashSet();
      for (int i = m.pointers()[u]; i < m.pointers()[u + 1]; i++) {
        met.add(m.columns()[i]);
      }
      VectorIndex.Hits one = filter.recommend(u, 20, met);
      VectorIndex.Hits other = maps.recommend(u, 20, met);
      assertThat(one.scores()).containsExactly(other.scores(), within(1e-12));
      found += one.ids().length;
      for (int item : one.ids()) {
        assertThat(met.contains(item)).isFalse();
      }
    }
    assertThat(found).isPositive();
    assertThat(filter.recommend(29, 5, IntSets.emptySet()).ids()).as("nothing known").isEmpty();
  }

  /// Weights 0.5 and 1/√2 of u0 become 1/√2 and 1 by the largest, 0.707107.
  @Test
  void aRowIsDividedByItsLargestWeight() {
    Options cosine = Options.of(Measure.COSINE);
    Neighbours plain = Neighbours.of(example().binary(), cosine);
    Neighbours n = Neighbours.of(example().binary(), cosine.normalised());
    assertThat(n.rows()).isDeepEqualTo(plain.rows());
    assertThat(weight(n, 0, 3)).isEqualTo(1);
    assertThat(weight(n, 0, 1)).isCloseTo(Math.sqrt(0.5), within(1e-15));
    // the example has no weight below 0; here the first neighbour's is, and nothing is divided
    CsrMatrix opposed =
        new CsrMatrix.Builder(2, 2, Duplicates.LAST)
            .add(0, 0, 1)
            .add(0, 1, 3)
            .add(1, 0, 3)
            .add(1, 1, 1)
            .build();
    Neighbours negative = Neighbours.of(opposed, Options.of(Measure.PEARSON).normalised());
    assertThat(negative.weights()[0]).containsExactly(new double[] {-1}, within(1e-15));
  }

  /// Item 0 has the ratings 5, 4 and 3 of u0, u1 and u3: with two, u3 is left alone.
  @Test
  void columnsAreCut() {
    Options two = Options.of(Measure.COSINE).withMaxListLength(2);
    Neighbours n = Neighbours.of(example(), two);
    assertThat(n.cut()).isEqualTo(1);
    assertThat(n.rows()[3]).isEmpty();
    assertThat(weight(n, 0, 1))
        .isCloseTo(0.606339, within(SIX_DECIMALS)); // both have their rows whole
    Neighbours tied = Neighbours.of(example().binary(), two);
    assertThat(tied.rows()[3]).as("of equal values the first rows stay").isEmpty();
    assertThat(Neighbours.of(example(), Options.of(Measure.COSINE)).cut()).isZero();
    assertThat(Neighbours.of(random(3), Options.of(Measure.IUF).withMaxListLength(20)).rows())
        .isDeepEqualTo(Neighbours.of(random(3), Options.of(Measure.IUF)).rows()); // no bound met
    assertThatThrownBy(() -> Options.of(Measure.COSINE).withMaxListLength(-1))
        .hasMessageContaining("maxListLength -1");
  }

  /// A rating two half-lives old is a quarter in the matrix, one of now is whole; none is from the future.
  @Test
  void oldRatingsFade() {
    double gamma = Math.log(2) / 30;
    CsrMatrix m =
        new CsrMatrix.Builder(1, 2, Duplicates.LAST)
            .addFaded(0, 0, 1, 60, gamma)
            .addFaded(0, 1, 1, 0, gamma)
            .build();
    assertThat(m.values()).containsExactly(new double[] {0.25, 1}, within(1e-15));
    CsrMatrix.Builder b = new CsrMatrix.Builder(1, 1, Duplicates.LAST);
    assertThatThrownBy(() -> b.addFaded(0, 0, 1, -1, gamma)).hasMessageContaining("age -1.0");
  }

  /// (CF-1) to (CF-4) as double sums over all pairs.
  @ParameterizedTest
  @EnumSource
  void similaritiesAreTheirEquations(Measure measure) {
    CsrMatrix m = random(5);
    double[][] r = new double[m.height()][m.width()];
    boolean[][] has = new boolean[m.height()][m.width()];
    int[] users = new int[m.width()];
    for (int u = 0; u < m.height(); u++) {
      for (int i = m.pointers()[u]; i < m.pointers()[u + 1]; i++) {
        r[u][m.columns()[i]] = m.values()[i];
        has[u][m.columns()[i]] = true;
        users[m.columns()[i]]++;
      }
    }
    Neighbours n = Neighbours.of(m, Options.of(measure));
    for (int u = 0; u < m.height(); u++) {
      for (int v = 0; v < m.height(); v++) {
        if (u != v) {
          assertThat(weight(n, u, v))
              .isCloseTo(expected(measure, r[u], r[v], has[u], has[v], users), within(1e-12));
        }
      }
      assertThat(n.rows()[u]).doesNotContain(u);
    }
  }

  private static double expected(
      Measure measure, double[] a, double[] b, boolean[] hasA, boolean[] hasB, int[] users) {
    int[] both = IntStream.range(0, a.length).filter(i -> hasA[i] && hasB[i]).toArray();
    double nA = IntStream.range(0, a.length).filter(i -> hasA[i]).count();
    double nB = IntStream.range(0, b.length).filter(i -> hasB[i]).count();
    if (both.length < (measure == Measure.PEARSON ? 2 : 1)) {
      return 0;
    }
    double meanA = Arrays.stream(a).sum() / nA;
    double meanB = Arrays.stream(b).sum() / nB;
    double ab = 0;
    double aa = 0;
    double bb = 0;
    double rare = 0;
    for (int i : both) {
      ab += (a[i] - meanA) * (b[i] - meanB);
      aa += (a[i] - meanA) * (a[i] - meanA);
      bb += (b[i] - meanB) * (b[i] - meanB);
      rare += 1 / Math.log(1 + users[i]);
    }
    double dot = IntStream.of(both).mapToDouble(i -> a[i] * b[i]).sum();
    return switch (measure) {
      case COSINE ->
          dot
              / Math.sqrt(Arrays.stream(a).map(x -> x * x).sum())
              / Math.sqrt(Arrays.stream(b).map(x -> x * x).sum());
      case JACCARD -> both.length / (nA + nB - both.length);
      case IUF -> rare / Math.sqrt(nA * nB);
      case PEARSON -> aa < 1e-9 || bb < 1e-9 ? 0 : ab / Math.sqrt(aa * bb);
    };
  }

  @Test
  void scalingAndShiftingAUserChangesNothing() {
    CsrMatrix m = random(7);
    double[] scaled = m.values().clone();
    double[] shifted = m.values().clone();
    for (int i = m.pointers()[4]; i < m.pointers()[5]; i++) {
      scaled[i] *= 3;
      shifted[i] += 2;
    }
    same(m, new CsrMatrix(m.width(), m.pointers(), m.columns(), scaled), Measure.COSINE);
    same(m, new CsrMatrix(m.width(), m.pointers(), m.columns(), shifted), Measure.PEARSON);
  }

  private static void same(CsrMatrix one, CsrMatrix other, Measure measure) {
    Neighbours a = Neighbours.of(one, Options.of(measure));
    Neighbours b = Neighbours.of(other, Options.of(measure));
    for (int u = 0; u < one.height(); u++) {
      for (int v = 0; v < one.height(); v++) {
        assertThat(weight(b, u, v)).isCloseTo(weight(a, u, v), within(1e-12));
      }
    }
  }

  @Test
  void itemsOfAMatrixAreUsersOfItsTranspose() {
    CsrMatrix m = random(9);
    Options options = Options.of(Measure.COSINE);
    Neighbours items = new CollaborativeFilter(Kind.ITEMS, m, options).neighbours();
    Neighbours users = new CollaborativeFilter(Kind.USERS, m.transpose(), options).neighbours();
    assertThat(items.rows()).isDeepEqualTo(users.rows());
    assertThat(items.weights()).isDeepEqualTo(users.weights());
  }

  /// (CF-8) on the example, by hand: r̄ = 4, 4, 5/3, 3; u1, u2 have item 1.
  @Test
  void ratingsArePredicted() {
    CollaborativeFilter f =
        new CollaborativeFilter(Kind.USERS, example(), Options.of(Measure.COSINE));
    double w1 = 20 / Math.sqrt(34 * 32);
    double w2 = 3 / Math.sqrt(34 * 9);
    assertThat(f.rating(0, 1))
        .isCloseTo(4 + (w1 * 0 + w2 * (2 - 5.0 / 3)) / (w1 + w2), within(1e-12));
    CollaborativeFilter none =
        new CollaborativeFilter(Kind.USERS, random(3), Options.of(Measure.COSINE));
    assertThat(none.rating(29, 3)).isZero();
    assertThatThrownBy(() -> f.recommendFor(new int[] {1}, 3, IntSets.emptySet()))
        .isInstanceOf(IllegalStateException.class);
  }

  /// A million values in 10,000 rows: about 11.48 MiB, where all places would take 762.94.
  @Test
  void compressedRowsAreSmall() {
    int[] pointers = new int[10_001];
    Arrays.setAll(pointers, u -> 100 * u);
    int[] columns = new int[1_000_000];
    Arrays.setAll(columns, i -> i % 100);
    CsrMatrix m = new CsrMatrix(10_000, pointers, columns, new double[1_000_000]);
    assertThat(m.bytes() / 0x1p20).isCloseTo(11.48, within(0.005));
    assertThat(8.0 * m.height() * m.width() / 0x1p20).isCloseTo(762.94, within(0.005));
  }

  @Test
  void compressedRows() {
    CsrMatrix m = example();
    assertThat(m.pointers()).containsExactly(0, 2, 4, 7, 8);
    assertThat(m.columns()).containsExactly(0, 3, 0, 1, 1, 2, 3, 0);
    assertThat(m.transpose().transpose().values()).isEqualTo(m.values());
    assertThat(m.transpose().count(0)).isEqualTo(3);
    assertThat(m.bytes()).isEqualTo(4 * 5 + 4 * 8 + 8 * 8);
    for (Duplicates d : Duplicates.values()) {
      CsrMatrix one = new CsrMatrix.Builder(1, 2, d).add(0, 1, 5).add(0, 1, 3).build();
      assertThat(one.values())
          .containsExactly(
              switch (d) {
                case SUM -> 8;
                case LAST -> 3;
                case MAX -> 5;
              });
    }
    assertThatThrownBy(() -> new CsrMatrix.Builder(1, 1, Duplicates.SUM).add(0, 1, 1))
        .hasMessageContaining("place (0, 1). Expected one within (1, 1)");
  }
}
