// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.gradus.data.Examples;
import org.gradus.data.Examples.Pass;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Counter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class NegativeSamplingTest {
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Dense("price"),
          new Field.Categorical("user", 6),
          new Field.Categorical("item", 12),
          new Field.Label("rating", Field.LabelKind.REGRESSION));

  /// Rows in memory, in stored order whatever was asked for, user and item in turn.
  private record Rows(int... pairs) implements Examples {
    @Override
    public Schema schema() {
      return SCHEMA;
    }

    @Override
    public long rows() {
      return pairs.length / 2;
    }

    @Override
    public Stream stream(Pass pass) {
      return new Stream() {
        private int next = (int) pass.skip() * pass.batchSize();

        @Override
        public @Nullable Batch next() {
          int n = Math.min(pass.batchSize(), (int) rows() - next);
          if (n <= 0) {
            return null;
          }
          int[] ids = new int[2 * n];
          for (int i = 0; i < n; i++) {
            ids[i] = pairs[2 * (next + i)];
            ids[n + i] = pairs[2 * (next + i) + 1];
          }
          next += n;
          int[] lengths = new int[2 * n];
          Arrays.fill(lengths, 1);
          return Batch.builder(SCHEMA, n)
              .dense(new float[n])
              .sparse(KeyedJaggedTensor.fromLengths(List.of("user", "item"), ids, lengths))
              .real("rating", new float[n])
              .build();
        }

        @Override
        public void close() {}
      };
    }
  }

  private record Row(int user, int item, float label) {}

  private static final Rows TRAIN = new Rows(2, 3, 2, 4, 3, 11, 2, 5, 1, 7, 4, 2, 3, 10);

  private static NegativeSampling sampling(Rows rows, int negatives) {
    return new NegativeSampling(rows, Interactions.of(TRAIN, "user", "item"), negatives, "clicked");
  }

  private static List<List<Row>> batches(Examples examples, Pass pass) {
    List<List<Row>> all = new ArrayList<>();
    try (Examples.Stream stream = examples.stream(pass)) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        int[] users = b.sparse().of("user").values();
        int[] items = b.sparse().of("item").values();
        float[] labels = b.label("clicked");
        all.add(
            IntStream.range(0, b.size())
                .mapToObj(i -> new Row(users[i], items[i], labels[i]))
                .toList());
      }
    }
    return all;
  }

  private static List<Row> rows(Examples examples, Pass pass) {
    return batches(examples, pass).stream().flatMap(List::stream).toList();
  }

  @Test
  void everyObservedRowIsFollowedByItemsThatItsUserNeverMet() {
    NegativeSampling sampling = sampling(TRAIN, 4);
    List<Row> rows = rows(sampling, Pass.shuffled(10, 3, 0));
    assertThat(rows).hasSize(35);
    assertThat(sampling.rows()).isEqualTo(35);
    assertThat(sampling.schema().fields().stream().map(Field::name))
        .containsExactly("user", "item", "clicked");
    for (int i = 0; i < rows.size(); i++) {
      Row observed = rows.get(i - i % 5);
      assertThat(observed.user).isEqualTo(TRAIN.pairs[2 * (i / 5)]);
      assertThat(observed.item).isEqualTo(TRAIN.pairs[2 * (i / 5) + 1]);
      Row row = rows.get(i);
      assertThat(row.user).isEqualTo(observed.user);
      assertThat(row.label).isEqualTo(i % 5 == 0 ? 1f : 0f);
      assertThat(met(row.user).contains(row.item)).isEqualTo(i % 5 == 0);
      assertThat(row.item).isBetween(2, 11);
    }
  }

  private static Set<Integer> met(int user) {
    Set<Integer> met = new TreeSet<>();
    for (int i = 0; i < TRAIN.pairs.length; i += 2) {
      if (TRAIN.pairs[i] == user) {
        met.add(TRAIN.pairs[i + 1]);
      }
    }
    return met;
  }

  /// What is measured need not come in whole groups; what is trained on is counted in batches.
  @Test
  void inStoredOrderBatchesAreRoundedDownToWholeGroups() {
    NegativeSampling sampling = sampling(TRAIN, 4);
    assertThat(batches(sampling, Pass.inOrder(13)).stream().map(List::size))
        .containsExactly(10, 10, 10, 5);
    assertThat(rows(sampling, Pass.inOrder(13))).isEqualTo(rows(sampling, Pass.inOrder(35)));
    assertThatThrownBy(() -> sampling.stream(Pass.inOrder(4)))
        .hasMessageContaining("Expected a multiple of 5.");
    assertThatThrownBy(() -> sampling.stream(Pass.shuffled(13, 1, 0)))
        .hasMessageContaining("Expected a multiple of 5.");
  }

  @Test
  void negativesAreDrawnAnewInEveryEpochAndRepeatWithTheSeed() {
    NegativeSampling sampling = sampling(TRAIN, 4);
    List<Row> first = rows(sampling, Pass.shuffled(10, 3, 0));
    assertThat(rows(sampling, Pass.shuffled(10, 3, 0))).isEqualTo(first);
    assertThat(rows(sampling, Pass.shuffled(5, 3, 0))).isEqualTo(first);
    assertThat(rows(sampling, Pass.shuffled(10, 3, 1))).isNotEqualTo(first);
    assertThat(rows(sampling, Pass.shuffled(10, 4, 0))).isNotEqualTo(first);
  }

  @Test
  void aPassWithoutItsFirstBatchesIsTheRestOfTheWholePass() {
    NegativeSampling sampling = sampling(TRAIN, 1);
    Pass pass = Pass.shuffled(4, 3, 2);
    List<List<Row>> all = batches(sampling, pass);
    assertThat(all).hasSize(4).hasSize((int) pass.batches(sampling.rows()));
    assertThat(batches(sampling, pass.skipping(2))).isEqualTo(all.subList(2, 4));
  }

  /// A test row is no negative of itself, and training rows are none of test rows.
  @Test
  void evaluationSparesTheRowItselfAndWhatWasTrained() {
    NegativeSampling sampling = sampling(new Rows(2, 8), 50);
    List<Row> rows = rows(sampling, Pass.inOrder(51));
    Set<Integer> drawn = new TreeSet<>(rows.subList(1, 51).stream().map(Row::item).toList());
    assertThat(drawn).isSubsetOf(2, 6, 7, 9, 10, 11);
  }

  /// 10 items less the 3 that the user met: each comes n/7 times, give or take 5 deviations of a binomial. So it does where
  /// most draws are refused and the items left are counted.
  @Test
  void unmetItemsAreEquallyLikely() {
    Interactions known = Interactions.of(TRAIN, "user", "item");
    assertUniform(known, 2, 0, Set.of(2, 6, 7, 8, 9, 10, 11));
    int[] most = new int[2 * 8];
    for (int i = 0; i < 8; i++) {
      most[2 * i] = 5;
      most[2 * i + 1] = 2 + i;
    }
    assertUniform(Interactions.of(new Rows(most), "user", "item"), 5, 3, Set.of(10, 11));
    assertUniform(Interactions.of(new Rows(most), "user", "item"), 5, 11, Set.of(10));
  }

  private static void assertUniform(Interactions known, int user, int but, Set<Integer> expected) {
    int n = 20_000;
    int[] counts = new int[12];
    for (int i = 0; i < n; i++) {
      counts[known.unmet(user, but, Counter.key(7, i))]++;
    }
    double p = 1.0 / expected.size();
    for (int id = 0; id < counts.length; id++) {
      double mean = expected.contains(id) ? n * p : 0;
      double deviation = expected.contains(id) ? Math.sqrt(n * p * (1 - p)) : 0;
      assertThat(Math.abs(counts[id] - mean)).as("item %d", id).isLessThanOrEqualTo(5 * deviation);
    }
  }

  @Test
  void whatHasNoAnswerIsRefused() {
    int[] all = new int[2 * 10];
    for (int i = 0; i < 10; i++) {
      all[2 * i] = 5;
      all[2 * i + 1] = 2 + i;
    }
    Interactions known = Interactions.of(new Rows(all), "user", "item");
    assertThatThrownBy(() -> known.unmet(5, 3, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("interactions: user 5 met every item, all 10.");
    assertThatThrownBy(() -> sampling(TRAIN, 4).stream(Pass.shuffled(8, 1, 0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "negative sampling: batches of 8 with 4 negatives for each observed row. Expected a"
                + " multiple of 5.");
    assertThatThrownBy(() -> sampling(TRAIN, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("negative sampling: 0 negatives. Expected at least 1.");
    assertThatThrownBy(() -> Interactions.of(TRAIN, "user", "price"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is no categorical field");
  }
}
