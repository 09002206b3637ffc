// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.DataSet;
import org.gradus.data.Examples;
import org.gradus.data.UserStates;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What lists are measured on.
class ListsTest {
  private static final Field.Categorical ITEM = new Field.Categorical("item", 12);
  private static final Schema SCHEMA =
      Schema.of(
          ITEM,
          new Field.Sequence("watched", 12, "item", 4),
          new Field.Dense("age"),
          new Field.Group("user"),
          new Field.Timestamp("time"));

  /// User, time, item, history.
  private record Row(int user, int time, int item, int... history) {}

  private record Rows(List<Row> all) implements Examples {
    @Override
    public Schema schema() {
      return SCHEMA;
    }

    @Override
    public long rows() {
      return all.size();
    }

    @Override
    public Stream stream(Pass pass) {
      return new Stream() {
        private boolean done;

        @Override
        public @Nullable Batch next() {
          if (done || all.isEmpty()) {
            return null;
          }
          done = true;
          return batch(all);
        }

        @Override
        public void close() {}
      };
    }
  }

  private static Batch batch(List<Row> rows) {
    List<Integer> ids = new ArrayList<>();
    int n = rows.size();
    int[] lengths = new int[2 * n];
    rows.forEach(r -> ids.add(r.item));
    for (int b = 0; b < n; b++) {
      lengths[b] = 1;
      lengths[n + b] = rows.get(b).history.length;
      for (int id : rows.get(b).history) {
        ids.add(id);
      }
    }
    return Batch.builder(SCHEMA, n)
        .dense(new float[n])
        .sparse(
            KeyedJaggedTensor.fromLengths(
                List.of("item", "watched"),
                ids.stream().mapToInt(Integer::intValue).toArray(),
                lengths))
        .integer("user", rows.stream().mapToLong(Row::user).toArray())
        .integer("time", rows.stream().mapToLong(Row::time).toArray())
        .build();
  }

  private static final List<Row> TRAIN =
      List.of(new Row(7, 2, 3, 2), new Row(7, 3, 4, 2, 3), new Row(9, 2, 1, 5), new Row(8, 1, 3));
  private static final List<Row> VALID = List.of(new Row(7, 4, 6, 2, 3, 4));

  /// User 7 meets 7, then 3 once more, then something unknown; the rows are in no order. User 9 meets nothing known. User 10 is new.
  private static final List<Row> TEST =
      List.of(
          new Row(7, 9, 1, 4, 6, 7, 3),
          new Row(7, 6, 7, 3, 4, 6),
          new Row(7, 8, 3, 3, 4, 6, 7),
          new Row(7, 8, 7, 3, 4, 6, 7),
          new Row(9, 5, 1, 5, 1),
          new Row(10, 5, 11));

  private static DataSet data() {
    return new DataSet(
        "tiny", SCHEMA, new Rows(TRAIN), new Rows(VALID), new Rows(TEST), Map.of(), "1");
  }

  @Test
  void usersAreThoseOfTheTestRowsAsTheyWereBefore() {
    Lists lists = new Lists(data(), ITEM, null);
    assertThat(lists.size()).isEqualTo(3);
    assertThat(lists.users().stream().map(Lists.User::id)).containsExactly(7L, 9L, 10L);
    Lists.User seven = lists.users().get(0);
    assertThat(seven.relevant()).containsExactly(7); // 3 was met before, 1 is no item
    assertThat(seven.met().toIntArray()).containsExactlyInAnyOrder(2, 3, 4, 6);
    assertThat(lists.users().get(1).relevant()).isEmpty();
    assertThat(lists.users().get(1).met().toIntArray()).containsExactly(5);
    assertThat(lists.users().get(2).relevant()).containsExactly(11);
    assertThat(lists.users().get(2).met()).isEmpty();
    // the earliest test row, with nothing of what came after
    Batch state = lists.states().get(0);
    assertThat(state.size()).isEqualTo(1);
    assertThat(state.sparse().of("watched").values()).containsExactly(3, 4, 6);
  }

  @Test
  void countsAreThoseOfTrainingLabels() {
    Lists lists = new Lists(data(), ITEM, null);
    assertThat(lists.counts()).containsExactly(0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0);
    CsrMatrix met = lists.interactions();
    // user 8 has no test row, and a row of the matrix none the less: others are compared with him
    assertThat(met.height()).isEqualTo(4);
    assertThat(met.pointers()).containsExactly(0, 4, 5, 5, 6);
    assertThat(met.columns()).containsExactly(2, 3, 4, 6, 5, 3);
    assertThat(met.values()).containsOnly(1);
    assertThat(List.of(lists.cold(0), lists.cold(1), lists.cold(2)))
        .containsExactly(false, false, true);
  }

  /// A log that knows more than the rows: 7 and 8 took 8 in training, 7 met 9 without taking it, and did something at the time of
  /// his first test row; user 11 has no rows at all; what user 8 did at 20, and 11 at 30, is later than any known row.
  private record Log() implements UserStates {
    @Override
    public void past(Deed each) {
      each.accept(7, 8, 1, true);
      each.accept(8, 8, 1, true);
      each.accept(7, 9, 3, false);
      each.accept(7, 10, 6, true);
      each.accept(7, 6, 4, true); // the validation row
      each.accept(7, 1, 2, true); // an item out of vocabulary
      each.accept(11, 8, 4, true);
      each.accept(8, 2, 20, true);
      each.accept(11, 2, 30, true);
    }

    @Override
    public Batch now(List<String> users) {
      throw new AssertionError("nobody asks");
    }

    @Override
    public int[] met(String user) {
      throw new AssertionError("nobody asks");
    }

    @Override
    public String item(int id) {
      throw new AssertionError("nobody asks");
    }
  }

  /// Training rows may be capped and histories are cut: what was met, and how often, is what the log says.
  @Test
  void theLogSaysWhatWasMet() {
    Lists lists = new Lists(data(), ITEM, new Log());
    assertThat(lists.users().getFirst().met().toIntArray())
        .containsExactlyInAnyOrder(2, 3, 4, 6, 8, 9);
    CsrMatrix taken = lists.interactions();
    assertThat(taken.height()).isEqualTo(5);
    // users 7, 9, 10, then 8 and 11
    assertThat(taken.pointers()).containsExactly(0, 5, 6, 6, 8, 9);
    assertThat(taken.columns()).containsExactly(2, 3, 4, 6, 8, 5, 3, 8, 8);
    // training ends at 3: 8 was taken by 7 and 8 until then; 7's row at 4 is held out
    assertThat(lists.counts()).containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0);
  }

  /// Neighbours are found among everyone, those without test rows too.
  @Test
  void filtersLearnFromUsersWithoutTestRows() {
    CsrMatrix taken = new Lists(data(), ITEM, new Log()).interactions();
    CollaborativeFilter items =
        new CollaborativeFilter(
            CollaborativeFilter.Kind.ITEMS,
            taken,
            Neighbours.Options.of(Neighbours.Measure.COSINE));
    // 3 and 8 were taken together by 7 and 8, 3 by nobody else, 8 by 11 too: 2 / √(2 · 3)
    int at = Arrays.stream(items.neighbours().rows()[3]).boxed().toList().indexOf(8);
    assertThat(items.neighbours().weights()[3][at]).isCloseTo(2 / Math.sqrt(6), within(1e-15));
  }

  @Test
  void rowsOfNobodyAreRefused() {
    Schema bare = Schema.of(ITEM, new Field.Sequence("watched", 12, "item", 4));
    DataSet data =
        new DataSet(
            "bare",
            bare,
            new Rows(List.of()),
            new Rows(List.of()),
            new Rows(List.of()),
            Map.of(),
            "");
    assertThatThrownBy(() -> new Lists(data, ITEM, null))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("bare: rows that do not say whose they are");
  }
}
