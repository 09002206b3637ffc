// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Histories and their candidates, by tables whose rows say their number: item i is (i, 10 i), category c is (100 c, −c).
class HistoryTest {
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Categorical("item", 6),
          new Field.Sequence("viewed", 6, "item", 4),
          new Field.Categorical("category", 4),
          new Field.Sequence("kinds", 4, "category", 4));

  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 1);
  private final Tape tape = Tape.recording(device);
  private final Mode mode = Mode.evaluation(tape);
  private final FieldEmbeddings v = embeddings(SCHEMA, params);

  @AfterEach
  void close() {
    tape.close();
    params.close();
    device.close();
  }

  private static FieldEmbeddings embeddings(Schema schema, Params params) {
    FieldEmbeddings v =
        new FieldEmbeddings(schema, 2, Numeric.RAW, params, Initializers.normal(0.01));
    for (int i = 1; i < 6; i++) {
      v.table("item").table().write(i, new double[] {i, 10 * i});
    }
    for (int c = 1; c < 4; c++) {
      v.table("category").table().write(c, new double[] {100 * c, -c});
    }
    return v;
  }

  /// Candidates 5 and 1 of categories 3 and 1.
  private static Batch batch(int[] viewed, int[] kinds, int... lengths) {
    int n = viewed.length;
    int[] ids = new int[4 + 2 * n];
    ids[0] = 5;
    ids[1] = 1;
    System.arraycopy(viewed, 0, ids, 2, n);
    ids[2 + n] = 3;
    ids[3 + n] = 1;
    System.arraycopy(kinds, 0, ids, 4 + n, n);
    int[] all = {1, 1, lengths[0], lengths[1], 1, 1, lengths[2], lengths[3]};
    return Batch.builder(SCHEMA, 2)
        .sparse(
            KeyedJaggedTensor.fromLengths(List.of("item", "viewed", "category", "kinds"), ids, all))
        .build();
  }

  private History.Looked looked(History history, Batch batch) {
    return history.lookup(v.lookup(batch, mode), batch, mode);
  }

  private static double[] numbers(org.gradus.autograd.Var y) {
    return y.value().toDoubles();
  }

  @Test
  void stepsStandInFrontAndTheirColumnsSideBySide() {
    History history = new History(List.of("viewed", "kinds"), SCHEMA, v);
    assertThat(history.width()).isEqualTo(4);
    History.Looked h = looked(history, batch(new int[] {2, 4, 3}, new int[] {1, 1, 2}, 1, 2, 1, 2));
    assertThat(numbers(h.candidate())).containsExactly(5, 50, 300, -3, 1, 10, 100, -1);
    assertThat(h.steps().shape()).isEqualTo(Shape.of(2, 2, 4));
    assertThat(numbers(h.steps()))
        .containsExactly(2, 20, 100, -1, 0, 0, 0, 0, 4, 40, 100, -1, 3, 30, 200, -2);
    assertThat(h.mask().toBooleans()).containsExactly(true, false, true, true);
    assertThat(h.lengths(tape.scope()).toInts()).containsExactly(1, 2);
    assertThat(numbers(h.sum())).containsExactly(2, 20, 100, -1, 7, 70, 300, -3);
    assertThat(numbers(h.mean())).containsExactly(2, 20, 100, -1, 3.5, 35, 150, -1.5);
    assertThat(h.ids().id(1, 2)).isEqualTo(2);
  }

  /// A step is padding when all its ids are 0, wherever it stands; one id that is 0 is a value that is missing.
  @Test
  void paddingIsPassedOver() {
    History history = new History(List.of("viewed", "kinds"), SCHEMA, v);
    int[] viewed = {0, 2, 0, 0, 3, 0};
    int[] kinds = {0, 1, 0, 2, 0, 0};
    History.Looked h = looked(history, batch(viewed, kinds, 3, 3, 3, 3));
    assertThat(numbers(h.steps()))
        .containsExactly(2, 20, 100, -1, 0, 0, 0, 0, 0, 0, 200, -2, 3, 30, 0, 0);
    assertThat(h.ids().ends()).containsExactly(0, 1, 3);
    assertThat(h.mask().toBooleans()).containsExactly(true, false, true, true);
  }

  @Test
  void aBatchWithoutStepsHasOneOfPadding() {
    History history = new History(List.of("viewed"), SCHEMA, v);
    for (int[] ids : new int[][] {{}, {0, 0}}) {
      int n = ids.length / 2;
      History.Looked h = looked(history, batch(ids, ids, n, n, n, n));
      assertThat(h.steps().shape()).isEqualTo(Shape.of(2, 1, 2));
      assertThat(h.mask().toBooleans()).containsExactly(false, false);
      assertThat(numbers(h.sum())).containsOnly(0);
      assertThat(numbers(h.mean())).containsOnly(0);
    }
  }

  @Test
  void otherStepsAreLookedUpInTheSameTables() {
    History history = new History(List.of("viewed", "kinds"), SCHEMA, v);
    double[] found = numbers(history.vectors(Shape.of(1, 2), new int[][] {{3, 0}, {2, 0}}, mode));
    assertThat(found).containsExactly(3, 30, 200, -2, 0, 0, 0, 0);
    assertThat(history.rows(1)).isEqualTo(4);
  }

  @Test
  void everySequenceIsAHistoryUnlessSomeAreNamed() {
    assertThat(History.all(List.of(), SCHEMA, v).stream().map(History::columns))
        .containsExactly(List.of("viewed"), List.of("kinds"));
    assertThat(History.all(List.of(List.of("kinds")), SCHEMA, v).stream().map(History::name))
        .containsExactly("kinds");
  }

  @Test
  void whatIsNoHistoryIsRefused() {
    assertThatThrownBy(() -> new History(List.of("item"), SCHEMA, v))
        .hasMessage(
            "history: field item is no sequence. Expected the names of sequences in histories.");
    Schema two =
        Schema.of(
            new Field.Categorical("item", 6),
            new Field.Categorical("other", 6, "item"),
            new Field.Sequence("viewed", 6, "item", 4));
    assertThatThrownBy(() -> new History(List.of("viewed"), two, v))
        .hasMessageContaining("as do the categorical fields [item, other]")
        .hasMessageContaining("Expected exactly one, the candidate");
    History joined = new History(List.of("viewed", "kinds"), SCHEMA, v);
    Batch uneven = batch(new int[] {2, 3}, new int[] {1, 2}, 2, 0, 1, 1);
    assertThatThrownBy(() -> looked(joined, uneven))
        .hasMessage(
            "history: sequences viewed and kinds of one history have different lengths. Expected"
                + " columns of the same steps.");
  }
}
