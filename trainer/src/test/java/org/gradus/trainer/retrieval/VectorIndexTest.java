// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.gradus.autograd.Initializers;
import org.gradus.trainer.retrieval.VectorIndex.Hits;
import org.gradus.trainer.retrieval.VectorIndex.Metric;
import org.gradus.trainer.retrieval.VectorIndex.Vectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Exact and approximate search: the worked example and the invariants of retrieval, section 6.
class VectorIndexTest {
  @TempDir private Path folder;

  /// A query without a direction is equally near to all, in both indices.
  @Test
  void aQueryOfZerosHasNeighbours() {
    Vectors all = vectors(6, 2, Metric.COSINE, random(4, 12));
    float[] zero = {0, -0f};
    IntOpenHashSet without = new IntOpenHashSet(new int[] {8});
    try (ExactIndex exact = new ExactIndex(all);
        HnswIndex hnsw = HnswIndex.build(all, HnswIndex.Graph.DEFAULT)) {
      Hits found = hnsw.search(zero, 3, 10, without);
      assertThat(found.ids()).containsExactly(5, 11, 14);
      assertThat(found.scores()).containsOnly(0);
      assertThat(exact.search(zero, 3, 10, without).ids()).containsExactly(found.ids());
    }
  }

  private static float[] random(long key, int count) {
    float[] v = new float[count];
    for (int i = 0; i < count; i++) {
      v[i] = (float) Initializers.normalAt(key, i);
    }
    return v;
  }

  private static float[] unit(float[] v, int width) {
    float[] u = v.clone();
    for (int r = 0; r < u.length; r += width) {
      double norm = 0;
      for (int i = 0; i < width; i++) {
        norm += (double) u[r + i] * u[r + i];
      }
      for (int i = 0; i < width; i++) {
        u[r + i] /= (float) Math.sqrt(norm);
      }
    }
    return u;
  }

  private static Vectors vectors(int n, int width, Metric metric, float... v) {
    return new Vectors(IntStream.range(0, n).map(i -> 3 * i + 5).toArray(), v, width, metric);
  }

  /// What sorting all scores says, with arithmetic of the test's own.
  private static List<Integer> sorted(Vectors all, float[] query) {
    return IntStream.range(0, all.ids().length)
        .boxed()
        .sorted(
            (a, b) -> {
              int c = Double.compare(score(all, b, query), score(all, a, query));
              return c != 0 ? c : Integer.compare(all.ids()[a], all.ids()[b]);
            })
        .map(i -> all.ids()[i])
        .toList();
  }

  private static double score(Vectors all, int row, float[] q) {
    double dot = 0;
    double vv = 0;
    double qq = 0;
    double distance = 0;
    for (int i = 0; i < q.length; i++) {
      double v = all.vectors()[row * q.length + i];
      dot += v * q[i];
      vv += v * v;
      qq += (double) q[i] * q[i];
      distance += (v - q[i]) * (v - q[i]);
    }
    return switch (all.metric()) {
      case DOT -> dot;
      case COSINE -> vv == 0 ? 0 : dot / (Math.sqrt(vv) * Math.sqrt(qq));
      case L2 -> -distance;
    };
  }

  @ParameterizedTest
  @EnumSource
  void exactSearchIsSortingAllScores(Metric metric) {
    int n = 300;
    float[] v = random(1, n * 7);
    System.arraycopy(v, 0, v, 50 * 7, 7); // equal vectors: the smaller id first
    Arrays.fill(v, 7 * 7, 8 * 7, 0);
    Vectors all = vectors(n, 7, metric, v);
    try (ExactIndex index = new ExactIndex(all)) {
      float[][] queries = new float[20][];
      for (int q = 0; q < 20; q++) {
        queries[q] = q == 0 ? Arrays.copyOf(v, 7) : random(100 + q, 7);
        List<Integer> expected = sorted(all, queries[q]);
        for (int k : new int[] {1, 2, 10, n, 2 * n}) {
          Hits found = index.search(queries[q], k, k, IntSets.emptySet());
          assertThat(Arrays.stream(found.ids()).boxed().toList())
              .isEqualTo(expected.subList(0, Math.min(k, n)));
        }
        IntOpenHashSet without = new IntOpenHashSet(expected.subList(0, 5));
        assertThat(Arrays.stream(index.search(queries[q], 4, 4, without).ids()).boxed().toList())
            .isEqualTo(expected.subList(5, 9));
      }
      List<Hits> together =
          index.searchAll(queries, 9, 9, Collections.nCopies(20, IntSets.emptySet()));
      for (int q = 0; q < 20; q++) {
        assertThat(together.get(q).ids())
            .isEqualTo(index.search(queries[q], 9, 9, IntSets.emptySet()).ids());
      }
    }
  }

  @Test
  void workedExample() {
    float[] items = {3, 0, 1, 1, 0, 2};
    float[] query = {0.6f, 1};
    double[] dot = {1.8, 1.6, 2.0};
    double[] cosine = {0.514496, 0.970143, 0.857493};
    for (Metric metric : new Metric[] {Metric.DOT, Metric.COSINE}) {
      double[] expected = metric == Metric.DOT ? dot : cosine;
      for (int i = 0; i < 3; i++) {
        assertThat(metric.score(items, 2 * i, query)).isCloseTo(expected[i], within(1e-6));
      }
    }
    // inner products as distances: one more coordinate, √(M² − ‖v‖²), and 0 for the query
    float[] longer = {3, 0, 0, 1, 1, 2.645751f, 0, 2, 2.236068f};
    double[] squared = {6.76, 7.16, 6.36};
    for (int i = 0; i < 3; i++) {
      assertThat(-Metric.L2.score(longer, 3 * i, new float[] {0.6f, 1, 0}))
          .isCloseTo(squared[i], within(2e-6)); // coordinates are float32
    }
    assertThat(order(vectors(3, 2, Metric.DOT, items), query))
        .isEqualTo(order(vectors(3, 3, Metric.L2, longer), 0.6f, 1, 0))
        .isNotEqualTo(order(vectors(3, 2, Metric.COSINE, items), query));
  }

  private static int[] order(Vectors v, float... query) {
    return new ExactIndex(v).search(query, 3, 3, IntSets.emptySet()).ids();
  }

  @Test
  void onUnitVectorsAllMetricsAgree() {
    float[] v = unit(random(2, 200 * 8), 8);
    float[] query = unit(random(3, 8), 8);
    int[] dot = order(200, v, query, Metric.DOT);
    assertThat(order(200, v, query, Metric.COSINE)).isEqualTo(dot);
    assertThat(order(200, v, query, Metric.L2)).isEqualTo(dot);
  }

  private static int[] order(int n, float[] v, float[] query, Metric metric) {
    return new ExactIndex(vectors(n, 8, metric, v)).search(query, 20, 20, IntSets.emptySet()).ids();
  }

  /// 10,000 random unit vectors of 32, efSearch 200: the requirement.
  @Test
  void approximateSearchFindsNearlyAll() {
    Vectors all = vectors(10_000, 32, Metric.DOT, unit(random(4, 10_000 * 32), 32));
    float[][] queries = new float[200][];
    Arrays.setAll(queries, q -> unit(random(1000 + q, 32), 32));
    try (HnswIndex index = HnswIndex.build(all, HnswIndex.Graph.DEFAULT)) {
      assertThat(index.size()).isEqualTo(10_000);
      IndexComparison wide = IndexComparison.of(all, index, queries, 200, 1, 10, 100);
      assertThat(wide.recall().get(10)).isGreaterThanOrEqualTo(0.95);
      IndexComparison narrow = IndexComparison.of(all, index, queries, 10, 10);
      assertThat(narrow.recall().get(10)).isLessThanOrEqualTo(wide.recall().get(10));
      assertThat(wide.exact().mean()).isPositive();
      assertThat(wide.approximate().p99()).isPositive();
    }
  }

  /// Looking at everything finds everything, for every metric; scores are those of the exact index within float32.
  @ParameterizedTest
  @EnumSource
  void withAllEffortTheApproximateIndexIsExact(Metric metric) {
    int n = 400;
    Vectors all = vectors(n, 6, metric, random(5, n * 6));
    try (HnswIndex hnsw = HnswIndex.build(all, HnswIndex.Graph.DEFAULT);
        ExactIndex exact = new ExactIndex(all)) {
      for (int q = 0; q < 10; q++) {
        float[] query = random(200 + q, 6);
        Hits expected = exact.search(query, 15, 15, IntSets.emptySet());
        Hits found = hnsw.search(query, 15, n, IntSets.emptySet());
        assertThat(found.ids()).isEqualTo(expected.ids());
        // a score goes through 1/(1 + s) or its like in float32: a relative error of some 2⁻²³ (1 +
        // |s|)
        for (int i = 0; i < 15; i++) {
          double s = expected.scores()[i];
          assertThat(found.scores()[i]).isCloseTo(s, within(8 * 0x1p-23 * (1 + s * s)));
        }
        IntOpenHashSet without = new IntOpenHashSet(Arrays.copyOf(expected.ids(), 3));
        assertThat(hnsw.search(query, 12, n, without).ids())
            .isEqualTo(Arrays.copyOfRange(expected.ids(), 3, 15));
        assertThat(hnsw.search(query, Integer.MAX_VALUE, Integer.MAX_VALUE, without).ids())
            .hasSize(n - 3);
      }
    }
  }

  /// A user who met the 150 nearest of 400 items still gets a list of ten, of the items nearest behind them.
  @ParameterizedTest
  @EnumSource
  void itemsThatAreLeftOutDoNotShortenAList(Metric metric) {
    int n = 400;
    Vectors all = vectors(n, 6, metric, random(8, n * 6));
    try (HnswIndex hnsw = HnswIndex.build(all, HnswIndex.Graph.DEFAULT);
        ExactIndex exact = new ExactIndex(all)) {
      for (int q = 0; q < 10; q++) {
        float[] query = random(300 + q, 6);
        Hits nearest = exact.search(query, 150, 150, IntSets.emptySet());
        IntOpenHashSet met = new IntOpenHashSet(nearest.ids());
        Hits found = hnsw.search(query, 10, 10, met);
        assertThat(found.ids()).hasSize(10);
        assertThat(Arrays.stream(found.ids()).filter(met::contains)).isEmpty();
        double last = nearest.scores()[149]; // those of the graph are float32
        assertThat(Arrays.stream(found.scores())).allMatch(s -> s <= last + 1e-3);
      }
    }
  }

  @Test
  void savedIndicesFindTheSame() {
    Vectors all = vectors(500, 6, Metric.COSINE, random(6, 500 * 6));
    float[] query = random(7, 6);
    try (HnswIndex hnsw = HnswIndex.build(all, new HnswIndex.Graph(8, 50));
        ExactIndex exact = new ExactIndex(all)) {
      hnsw.save(folder.resolve("hnsw"));
      exact.save(folder.resolve("exact"));
      assertThat(hnsw.bytes()).isGreaterThan(exact.bytes()); // the graph comes on top
      try (HnswIndex read = HnswIndex.load(folder.resolve("hnsw"));
          ExactIndex other = ExactIndex.load(folder.resolve("exact"))) {
        same(
            read.search(query, 20, 40, IntSets.emptySet()),
            hnsw.search(query, 20, 40, IntSets.emptySet()));
        same(
            other.search(query, 20, 20, IntSets.emptySet()),
            exact.search(query, 20, 20, IntSets.emptySet()));
      }
    }
    try (HnswIndex again = HnswIndex.build(all, new HnswIndex.Graph(8, 50));
        HnswIndex read = HnswIndex.load(folder.resolve("hnsw"))) {
      same(
          again.search(query, 20, 20, IntSets.emptySet()),
          read.search(query, 20, 20, IntSets.emptySet()));
    }
  }

  private static void same(Hits found, Hits expected) {
    assertThat(found.ids()).isEqualTo(expected.ids());
    assertThat(found.scores()).isEqualTo(expected.scores());
  }

  /// Nearest are {1, 2, 3} and {4, 5, 6}, found {1, 3, 9} and {4, 5, 6}.
  @Test
  void recallOfTheSpecification() {
    int[] ids = {1, 2, 3, 4, 5, 6, 9};
    float[] all = {9, 0, 8, 0, 7, 0, 0, 9, 0, 8, 0, 7, 1, 1};
    float[] other = {9, 0, 0, 0, 7, 0, 0, 9, 0, 8, 0, 7, 6, 1};
    IndexComparison found =
        IndexComparison.of(
            new Vectors(ids, all, 2, Metric.DOT),
            new ExactIndex(new Vectors(ids, other, 2, Metric.DOT)),
            new float[][] {{1, 0}, {0, 1}},
            3,
            3);
    assertThat(found.recall().getOrDefault(3, 0.0)).isCloseTo(0.833333, within(5e-7));
  }

  @Test
  void recallCountsWhatIsAsGood() {
    // two items with the score of place 1: whichever is returned is right
    Vectors all = vectors(3, 1, Metric.DOT, 2, 2, 1);
    IndexComparison same =
        IndexComparison.of(all, new ExactIndex(all), new float[][] {{1}, {1}}, 3, 1, 3);
    assertThat(same.recall()).containsEntry(1, 1.0).containsEntry(3, 1.0);
    VectorIndex worst =
        new ExactIndex(new Vectors(all.ids(), new float[] {1, 2, 3}, 1, Metric.DOT));
    IndexComparison other = IndexComparison.of(all, worst, new float[][] {{1}}, 3, 1, 2);
    assertThat(other.recall()).containsEntry(1, 0.0).containsEntry(2, 0.5);
  }

  @Test
  void impossibleQuestionsAreRefused() {
    Vectors all = vectors(2, 2, Metric.DOT, 1, 2, 3, 4);
    try (ExactIndex index = new ExactIndex(all)) {
      assertThatThrownBy(() -> index.search(new float[3], 1, 1, IntSets.emptySet()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("a query of 3 numbers");
    }
    assertThatThrownBy(() -> vectors(2, 2, Metric.DOT, 1, 2, 3))
        .hasMessageContaining("3 numbers for 2 vectors of 2");
    assertThatThrownBy(() -> vectors(1, 1, Metric.DOT, Float.NaN)).hasMessageContaining("NaN");
    assertThatThrownBy(() -> new Vectors(new int[] {4, 4}, new float[2], 1, Metric.DOT))
        .hasMessageContaining("not distinct");
  }
}
