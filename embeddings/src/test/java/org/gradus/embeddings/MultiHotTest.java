// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.gradus.embeddings.MultiHot.Config;
import org.gradus.embeddings.MultiHot.Distribution;
import org.gradus.embeddings.MultiHot.SeedMode;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The transform of one id into a bag of ids, and its statistics: examples worked by hand, and invariants.
class MultiHotTest {
  private static final List<String> KEYS = List.of("a", "b", "c", "d");
  private static final int[] SIZES = {6, 7, 5, 9};

  private final KeyedJaggedTensor batch =
      KeyedJaggedTensor.oneHot(KEYS, new int[] {2, 5, 3, 6, 4, 0, 5, 8}, 2);

  /// The example's table: row 5 is (·, 7, 0), row 8 is (·, 6, 5).
  private static int row(int feature, int row, int column) {
    assertThat(feature).isEqualTo(3);
    return row == 5 ? new int[] {-1, 7, 0}[column] : new int[] {-1, 6, 5}[column];
  }

  private static final MultiHot EXAMPLE =
      new MultiHot(KEYS, SIZES, Config.ofLargeTables(SIZES, 8, 3), MultiHotTest::row);

  @Test
  void workedExample() {
    KeyedJaggedTensor out = EXAMPLE.expand(batch);
    assertThat(out.values()).containsExactly(2, 5, 3, 6, 4, 0, 5, 7, 0, 8, 6, 5);
    assertThat(out.offsets()).containsExactly(0, 1, 2, 3, 4, 5, 6, 9, 12);
    assertThat(out.lengthPerKey()).containsExactly(2, 2, 2, 6);
    assertThat(out.offsetPerKey()).containsExactly(0, 2, 4, 6, 12);
    assertThat(batch.values()).containsExactly(2, 5, 3, 6, 4, 0, 5, 8);
  }

  @Test
  void statisticsExample() {
    MultiHotStatistics statistics = new MultiHotStatistics(EXAMPLE.config());
    statistics.add(batch, EXAMPLE.expand(batch));
    long[] pre = new long[9];
    long[] post = new long[9];
    Arrays.setAll(pre, id -> statistics.pre(3, id));
    Arrays.setAll(post, id -> statistics.post(3, id));
    assertThat(pre).containsExactly(0, 0, 0, 0, 0, 1, 0, 0, 1);
    assertThat(post).containsExactly(1, 0, 0, 0, 0, 2, 1, 1, 1);
  }

  @Test
  void writesCountsSortedByFeatureAndId(@TempDir Path folder) throws IOException {
    MultiHotStatistics statistics = new MultiHotStatistics(EXAMPLE.config());
    statistics.add(batch, EXAMPLE.expand(batch));
    statistics.write(folder, 2);
    assertThat(Files.readString(folder.resolve("stats_pre_hash_2_uniform")))
        .isEqualTo(lines("0 2 1", "0 5 1", "1 3 1", "1 6 1", "2 0 1", "2 4 1", "3 5 1", "3 8 1"));
    assertThat(Files.readString(folder.resolve("stats_post_hash_2_uniform")))
        .isEqualTo(
            lines("0 2 1", "0 5 1", "1 3 1", "1 6 1", "2 0 1", "2 4 1")
                + lines("3 0 1", "3 5 2", "3 6 1", "3 7 1", "3 8 1"));
    try (var files = Files.list(folder)) {
      assertThat(files).hasSize(2);
    }
  }

  private static String lines(String... lines) {
    return String.join("\n", lines).replace(' ', '\t') + "\n";
  }

  @Test
  void aTableOfExactlyTheThresholdIsExpanded() {
    assertThat(Config.ofLargeTables(new int[] {199, 200, 201}, 4).sizes()).containsExactly(1, 4, 4);
    assertThat(Config.ofLargeTables(new int[] {8, 9, 10}, 9, 4).sizes()).containsExactly(1, 4, 4);
  }

  /// u = 0.9, 0.5, 0.1 give v = 0.524158, 15, 9999; an unbounded draw is cut at 2⁵³, not wrapped.
  @Test
  void paretoExample() {
    int n = 1_000_000;
    assertThat(MultiHot.pareto(0.9, n)).isZero();
    assertThat(MultiHot.pareto(0.5, n)).isEqualTo(15);
    assertThat(MultiHot.pareto(0.5, 4)).isEqualTo(3);
    // 1/0.1⁴ − 1 is 9999 up to rounding, and floor may fall on either side.
    assertThat(MultiHot.pareto(0.1, n)).isBetween(9998, 9999);
    assertThat(MultiHot.pareto(1, n)).isZero();
    assertThat(MultiHot.pareto(0x1p-53, n)).isEqualTo((int) ((1L << 53) % n));
    assertThat(MultiHot.pareto(0x1p-20, 7)).isEqualTo((int) ((1L << 53) % 7));
  }

  /// Uniform: 80 000 draws into nine bins, a ninth each; the bound is 5 standard deviations of a binomial.
  @Test
  void uniformTableIsUniformAndItsColumnsDiffer() {
    int n = 9;
    int rows = 2000;
    int[] sizes = {rows};
    int s = 41;
    MultiHot multiHot = new MultiHot(List.of("f"), sizes, Config.ofSizes(List.of(s)));
    long[] count = new long[n];
    for (int id = 0; id < rows; id++) {
      int[] bag = multiHot.bag(0, id);
      for (int k = 1; k < s; k++) {
        assertThat(bag[k]).isBetween(0, rows - 1);
        count[(int) ((long) bag[k] * n / rows)]++;
      }
    }
    long draws = (long) rows * (s - 1);
    double bound = 5 * Math.sqrt(draws * (1.0 / n) * (1 - 1.0 / n));
    for (long c : count) {
      // 2000 rows make nine bins of 222 or 223: uneven by at most one row's 40 draws
      assertThat((double) c).isBetween(draws / 9.0 - bound - 40, draws / 9.0 + bound + 40);
    }
    for (int k = 1; k < s; k++) {
      Set<Integer> column = new HashSet<>();
      for (int id = 0; id < 20; id++) {
        column.add(multiHot.bag(0, id)[k]);
      }
      assertThat(column).as("column %s", k).hasSizeGreaterThan(10);
    }
  }

  /// P(v < x) = 1 − (1 + x)^−¼: a half lies below 15.
  @Test
  void paretoTableHasItsMedianAtFifteen() {
    int n = 1_000_000;
    int draws = 10_000;
    Config config = Config.ofSizes(List.of(2)).withDistribution(Distribution.PARETO);
    MultiHot multiHot = new MultiHot(List.of("f"), new int[] {n}, config);
    int below = 0;
    int wrapped =
        0; // v ≥ n has probability (1 + n)^−¼ = 0.0316, and 1.5e-5 · of it falls below 15 again
    for (int id = 0; id < draws; id++) {
      below += multiHot.bag(0, id)[1] < 15 ? 1 : 0;
      wrapped += multiHot.bag(0, id)[1] > 900_000 ? 1 : 0;
    }
    assertThat((double) below).isBetween(5000 - 5 * 50.0, 5000 + 5 * 50.0);
    assertThat(wrapped).isPositive();
  }

  @ParameterizedTest
  @EnumSource
  void invariants(Distribution distribution) {
    int[] sizes = {500, 3, 200};
    List<String> keys = List.of("a", "b", "c");
    Config config = Config.ofLargeTables(sizes, 5).withDistribution(distribution);
    MultiHot multiHot = new MultiHot(keys, sizes, config);
    MultiHotStatistics statistics = new MultiHotStatistics(config);
    Set<String> bagsOfSeven = new HashSet<>();
    for (int b = 0; b < 3; b++) {
      int stride = 4 - b; // a smaller last batch needs its own offsets
      int[] ids = new int[3 * stride];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = i == 0 ? 7 : (i * 31 + b) % sizes[i / stride];
      }
      KeyedJaggedTensor in = KeyedJaggedTensor.oneHot(keys, ids, stride);
      KeyedJaggedTensor out = multiHot.expand(in);
      statistics.add(in, out);
      assertThat(out.stride()).isEqualTo(stride);
      assertThat(out.lengthPerKey()).containsExactly(5 * stride, stride, 5 * stride);
      assertThat(out.offsets()[out.offsets().length - 1]).isEqualTo(out.values().length);
      for (int s = 0; s < ids.length; s++) {
        assertThat(out.values()[out.offsets()[s]]).as("first id of bag %s", s).isEqualTo(ids[s]);
      }
      bagsOfSeven.add(Arrays.toString(Arrays.copyOf(out.values(), 5)));
    }
    assertThat(bagsOfSeven).hasSize(1);
    for (int f = 0; f < 3; f++) {
      long pre = 0;
      long post = 0;
      for (int id = 0; id < sizes[f]; id++) {
        assertThat(statistics.post(f, id)).isGreaterThanOrEqualTo(statistics.pre(f, id));
        pre += statistics.pre(f, id);
        post += statistics.post(f, id);
      }
      assertThat(pre).isEqualTo(9);
      assertThat(post).isEqualTo(f == 1 ? pre : 5 * pre);
    }
  }

  @Test
  void bagsOfOneAreTheIdentity() {
    KeyedJaggedTensor out =
        new MultiHot(KEYS, SIZES, Config.ofSizes(List.of(1, 1, 1, 1))).expand(batch);
    assertThat(out.values()).containsExactly(batch.values());
    assertThat(out.offsets()).containsExactly(batch.offsets());
  }

  @Test
  void seedsPerFeatureDoNotDependOnOtherFeatures() {
    int[] sizes = {1000, 1000};
    List<String> keys = List.of("a", "b");
    MultiHot both = new MultiHot(keys, sizes, Config.ofSizes(List.of(9, 9)));
    MultiHot second = new MultiHot(keys, sizes, Config.ofSizes(List.of(1, 9)));
    assertThat(both.bag(1, 3)).isEqualTo(second.bag(1, 3)).isNotEqualTo(both.bag(0, 3));

    MultiHot bothInOne = oneStream(keys, sizes, 9, 9);
    MultiHot secondInOne = oneStream(keys, sizes, 1, 9);
    assertThat(bothInOne.bag(1, 3)).isNotEqualTo(secondInOne.bag(1, 3));
    // the first table drawn from the stream is the same, whichever feature it belongs to
    assertThat(secondInOne.bag(1, 3)).isEqualTo(bothInOne.bag(0, 3));
    assertThat(oneStream(keys, sizes, 9, 9).bag(1, 3)).isEqualTo(bothInOne.bag(1, 3));

    MultiHot three = oneStream(List.of("a", "b", "c"), new int[] {1000, 1000, 1000}, 9, 9, 9);
    assertThat(three.bag(1, 3)).isEqualTo(bothInOne.bag(1, 3)).isNotEqualTo(three.bag(2, 3));
  }

  private static MultiHot oneStream(List<String> keys, int[] sizes, Integer... bags) {
    Config config = Config.ofSizes(List.of(bags)).withSeedMode(SeedMode.GLOBAL_SEQUENTIAL);
    return new MultiHot(keys, sizes, config);
  }

  @Test
  void expandsBatchesAndTheirSchema() {
    Schema schema =
        Schema.of(
            new Field.Categorical("a", 6),
            new Field.Dense("x"),
            new Field.Categorical("b", 300, "t"),
            new Field.Label("y", Field.LabelKind.BINARY));
    MultiHot multiHot = MultiHot.of(schema, Config.ofSizes(List.of(1, 3)));
    Batch in = SampleBatches.draw(schema, 4, 1);
    Batch out = multiHot.expand(in);
    assertThat(out.schema().field("a")).isEqualTo(schema.field("a"));
    assertThat(out.schema().field("b"))
        .isEqualTo(new Field.MultiValued("b", 300, "t", Pooling.SUM, 3));
    assertThat(out.sparse().lengthPerKey()).containsExactly(4, 12);
    assertThat(out.label("y")).isSameAs(in.label("y"));
    assertThat(out.dense()).isSameAs(in.dense());
  }

  @Test
  void saysWhatIsWrong() {
    refuses(() -> EXAMPLE.expand(EXAMPLE.expand(batch)), "3 ids of d in example 0");
    refuses(() -> EXAMPLE.expand(batch.select(List.of("b", "a", "c", "d"))), "Expected [a, b, c");
    refuses(
        () -> EXAMPLE.expand(KeyedJaggedTensor.oneHot(KEYS, new int[] {0, 0, 5, 0}, 1)),
        "id 5 of c. Expected 0 to 4");
    refuses(
        () ->
            EXAMPLE.expand(
                KeyedJaggedTensor.fromOffsets(KEYS, batch.values(), new float[8], batch.offsets())),
        "weighted ids");
    refuses(() -> Config.ofSizes(List.of(1, 0)), "bag sizes [1, 0]");
    refuses(() -> new MultiHot(KEYS, SIZES, Config.ofSizes(List.of(2))), "1 bag sizes");
    refuses(
        () -> new MultiHotStatistics(EXAMPLE.config()).add(batch, batch.select(List.of("a"))),
        "Expected the same 4 keys");
  }

  private static void refuses(Runnable wrong, String message) {
    assertThatThrownBy(wrong::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
