// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.sampling;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.gradus.data.DataException;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StratifiedExamplesTest {
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Dense("row"),
          new Field.Label("y", Field.LabelKind.REGRESSION),
          new Field.LabelMask("known", "y"));

  /// Row r holds r; the first `labelled` have a label.
  private record Rows(int labelled, long... places) implements Examples {
    static Rows of(int labelled, int all) {
      return new Rows(labelled, IntStream.range(0, all).asLongStream().toArray());
    }

    @Override
    public Schema schema() {
      return SCHEMA;
    }

    @Override
    public long rows() {
      return places.length;
    }

    @Override
    public Examples only(long[] chosen) {
      return new Rows(
          labelled, Arrays.stream(chosen).map(i -> places[Math.toIntExact(i)]).toArray());
    }

    @Override
    public Stream stream(Pass pass) {
      assertThat(pass.shuffle()).isFalse();
      return new Stream() {
        private long next = pass.skip();

        @Override
        public Batch next() {
          if (next >= pass.batches(places.length)) {
            return nothing();
          }
          int from = (int) next++ * pass.batchSize();
          int size = Math.min(pass.batchSize(), places.length - from);
          float[] rows = new float[size];
          float[] known = new float[size];
          for (int b = 0; b < size; b++) {
            rows[b] = places[from + b];
            known[b] = rows[b] < labelled ? 1 : 0;
          }
          return Batch.builder(SCHEMA, size)
              .dense(rows)
              .real("y", new float[size])
              .real("known", known)
              .build();
        }

        @SuppressWarnings("NullAway") // what the interface says at the end
        private Batch nothing() {
          return null;
        }

        @Override
        public void close() {}
      };
    }
  }

  private static List<int[]> batches(Examples examples, Examples.Pass pass) {
    List<int[]> all = new ArrayList<>();
    try (Examples.Stream stream = examples.stream(pass)) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        float[] rows = b.dense();
        all.add(IntStream.range(0, rows.length).map(i -> (int) rows[i]).toArray());
      }
    }
    return all;
  }

  private static long labels(int[] batch, int labelled) {
    return Arrays.stream(batch).filter(r -> r < labelled).count();
  }

  /// Few labels, and then many: batches hold as many labels each, but where labels end the pass; the larger stream is seen once each,
  /// the smaller one evenly.
  @ParameterizedTest
  @CsvSource({
    "7, 50, 3, 8, false",
    "7, 47, 2, 5, false",
    "40, 50, 3, 8, true",
    "13, 20, 4, 8, true"
  })
  void everyBatchHasAsManyLabels(int labelled, int all, int perBatch, int size, boolean byLabels) {
    StratifiedExamples examples = new StratifiedExamples(Rows.of(labelled, all), "y", perBatch);
    Examples.Pass pass = Examples.Pass.shuffled(size, 5, 0);
    List<int[]> batches = batches(examples, pass);
    assertThat(examples.batches(pass)).isEqualTo(batches.size());
    int[] counts = new int[all];
    for (int i = 0; i < batches.size(); i++) {
      boolean last = i == batches.size() - 1;
      if (!last || !byLabels) {
        assertThat(labels(batches.get(i), labelled)).isEqualTo(perBatch);
      }
      if (!last) {
        assertThat(batches.get(i)).hasSize(size);
      }
      Arrays.stream(batches.get(i)).forEach(r -> counts[r]++);
    }
    int[] larger = Arrays.copyOfRange(counts, byLabels ? 0 : labelled, byLabels ? labelled : all);
    int[] smaller = Arrays.copyOfRange(counts, byLabels ? labelled : 0, byLabels ? all : labelled);
    assertThat(larger).containsOnly(1);
    int least = Arrays.stream(smaller).min().orElseThrow();
    assertThat(Arrays.stream(smaller)).allMatch(n -> n == least || n == least + 1);
  }

  /// The order is a function of seed and epoch; a pass that skips goes on where it would have been.
  @Test
  void passesRepeat() {
    StratifiedExamples examples = new StratifiedExamples(Rows.of(9, 40), "y", 2);
    List<int[]> first = batches(examples, Examples.Pass.shuffled(6, 3, 1));
    assertThat(batches(examples, Examples.Pass.shuffled(6, 3, 1)))
        .usingRecursiveComparison()
        .isEqualTo(first);
    assertThat(batches(examples, Examples.Pass.shuffled(6, 3, 1).skipping(2)))
        .usingRecursiveComparison()
        .isEqualTo(first.subList(2, first.size()));
    assertThat(batches(examples, Examples.Pass.shuffled(6, 3, 2)).getFirst())
        .isNotEqualTo(first.getFirst());
    assertThat(batches(examples, Examples.Pass.shuffled(6, 4, 1)).getFirst())
        .isNotEqualTo(first.getFirst());
  }

  /// Rows that are measured come in their order, once each.
  @Test
  void passesInOrderAreThoseOfTheRows() {
    StratifiedExamples examples = new StratifiedExamples(Rows.of(3, 10), "y", 2);
    assertThat(batches(examples, Examples.Pass.inOrder(4)))
        .usingRecursiveComparison()
        .isEqualTo(List.of(new int[] {0, 1, 2, 3}, new int[] {4, 5, 6, 7}, new int[] {8, 9}));
    assertThat(examples.batches(Examples.Pass.inOrder(4))).isEqualTo(3);
    assertThat(examples.rows()).isEqualTo(10);
  }

  @Test
  void whatCannotBeStratifiedIsRefused() {
    assertThatThrownBy(() -> new StratifiedExamples(Rows.of(0, 10), "y", 2))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("0 rows with a label and 10 without");
    StratifiedExamples examples = new StratifiedExamples(Rows.of(3, 10), "y", 4);
    Examples.Pass pass = requireNonNull(Examples.Pass.shuffled(4, 1, 0));
    assertThatThrownBy(() -> examples.stream(pass))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("4 labels in a batch of 4");
  }
}
