// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dien;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.History;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelBench;
import org.gradus.models.dien.Negatives.Source;
import org.gradus.tensor.Device;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Steps that did not happen: what they never are, and how often they are what they may be.
class NegativesTest {
  private static final int ITEMS = 8;
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Categorical("item", ITEMS),
          new Field.Sequence("viewed", ITEMS, "item", 6),
          new Field.Categorical("category", ITEMS),
          new Field.Sequence("kinds", ITEMS, "category", 6),
          new Field.Label("click", Field.LabelKind.BINARY));

  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 1);
  private final Tape tape = Tape.evaluating(device);
  private final FieldEmbeddings v =
      new FieldEmbeddings(SCHEMA, 2, Numeric.RAW, params, Initializers.normal(0.01));

  @AfterEach
  void close() {
    tape.close();
    params.close();
    device.close();
  }

  /// Rows of items, whose categories are one less than the item, so that a wrong pair shows.
  private static Batch batch(int[]... items) {
    int[][] bags = new int[4 * items.length][];
    for (int b = 0; b < items.length; b++) {
      bags[b] = new int[] {2};
      bags[items.length + b] = items[b];
      bags[2 * items.length + b] = new int[] {1};
      bags[3 * items.length + b] = items[b].clone();
      for (int t = 0; t < items[b].length; t++) {
        bags[3 * items.length + b][t] = Math.max(0, items[b][t] - 1);
      }
    }
    return ModelBench.batch(SCHEMA, items.length, new float[0], bags);
  }

  private Negatives.Drawn drawn(
      List<String> columns, Source source, int each, Batch batch, long key) {
    History history = new History(columns, SCHEMA, v);
    Mode mode = Mode.evaluation(tape);
    History.Looked looked = history.lookup(v.lookup(batch, mode), batch, mode);
    return new Negatives(history, source, each)
        .draw(looked.ids(), looked.steps().size(1), key, tape.scope());
  }

  private Negatives.Drawn drawn(Source source, int each, Batch batch, long key) {
    return drawn(List.of("viewed"), source, each, batch, key);
  }

  @ParameterizedTest
  @EnumSource
  void aNegativeIsNeitherTheStepNorPadding(Source source) {
    Batch batch = batch(new int[] {3, 4, 4, 0, 1}, new int[0], new int[] {5}, new int[] {7, 3});
    int[][] steps = {{3, 4, 4, 1}, {}, {5}, {7, 3}};
    for (long key = 0; key < 50; key++) {
      Negatives.Drawn drawn = drawn(source, 3, batch, key);
      assertThat(drawn.count()).isEqualTo(4); // 3 of the first row, 1 of the last
      for (int b = 0; b < 4; b++) {
        for (int t = 0; t < 3; t++) {
          boolean pair = t + 1 < steps[b].length;
          assertThat(drawn.pairs()[b * 3 + t]).isEqualTo(pair);
          for (int j = 0; j < 3; j++) {
            int id = drawn.ids()[0][(b * 3 + t) * 3 + j];
            if (pair) {
              assertThat(id).isPositive().isNotEqualTo(steps[b][t + 1]);
            } else {
              assertThat(id).isZero();
            }
          }
        }
      }
    }
  }

  /// A bound of five deviations of a binomial count: under one in a million for each of a dozen counts.
  private static void assertShare(int count, int draws, double share) {
    double deviation = Math.sqrt(draws * share * (1 - share));
    assertThat(Math.abs(count - draws * share)).isLessThan(5 * deviation);
  }

  @Test
  void uniformNegativesAreKnownIdsEachAsLikelyAsTheNext() {
    int n = 6000;
    int[] counts = new int[ITEMS];
    for (int id : drawn(Source.UNIFORM, n, batch(new int[] {3, 4}), 7).ids()[0]) {
      counts[id]++;
    }
    assertThat(counts[0] + counts[1] + counts[4]).isZero(); // padding, unknown, the step
    for (int id : new int[] {2, 3, 5, 6, 7}) {
      assertShare(counts[id], n, 1.0 / 5);
    }
    int[] ofUnknown = new int[ITEMS];
    for (int id : drawn(Source.UNIFORM, n, batch(new int[] {3, 1}), 8).ids()[0]) {
      ofUnknown[id]++;
    }
    for (int id = 2; id < ITEMS; id++) {
      assertShare(ofUnknown[id], n, 1.0 / 6);
    }
  }

  /// An item is as likely as it is frequent in the batch: of the nine steps other than 4, five are 2.
  @Test
  void negativesOfTheBatchAreProportionalToPopularity() {
    int n = 6000;
    int[] counts = new int[ITEMS];
    Batch batch = batch(new int[] {2, 4}, new int[] {2, 2, 3, 2}, new int[] {3, 5, 2, 6, 4, 0});
    int[] ids = drawn(Source.BATCH, n, batch, 9).ids()[0];
    for (int j = 0; j < n; j++) {
      counts[ids[j]]++; // of the first row's only pair
    }
    assertThat(counts[0] + counts[1] + counts[4]).isZero();
    assertShare(counts[2], n, 5.0 / 9);
    assertShare(counts[3], n, 2.0 / 9);
    assertShare(counts[5], n, 1.0 / 9);
    assertShare(counts[6], n, 1.0 / 9);
  }

  @Test
  void aCategoryComesWithItsItem() {
    Batch batch = batch(new int[] {3, 4, 7}, new int[] {5, 6});
    List<String> columns = List.of("viewed", "kinds");
    for (long key = 0; key < 50; key++) {
      Negatives.Drawn drawn = drawn(columns, Source.BATCH, 2, batch, key);
      for (int i = 0; i < drawn.ids()[0].length; i++) {
        int item = drawn.ids()[0][i];
        assertThat(drawn.ids()[1][i]).isEqualTo(Math.max(0, item - 1));
      }
    }
    assertThatThrownBy(() -> drawn(columns, Source.UNIFORM, 1, batch, 1))
        .hasMessage(
            "dien: negatives UNIFORM for a history of the columns viewed, kinds: nobody says what"
                + " goes with a drawn viewed. Expected negatives BATCH, which are whole steps.");
  }

  /// One other step among a hundred equal ones is found; with none there is no pair.
  @Test
  void nearlyEqualStepsHaveTheOneNegativeThatThereIs() {
    int[] equal = {4, 4, 4, 4, 4, 4};
    int[][] rows = new int[17][];
    java.util.Arrays.fill(rows, equal);
    assertThat(drawn(Source.BATCH, 1, batch(rows), 1).count()).isZero();
    rows[16] = new int[] {5};
    for (long key = 0; key < 20; key++) {
      Negatives.Drawn drawn = drawn(Source.BATCH, 1, batch(rows), key);
      assertThat(drawn.count()).isEqualTo(16 * 5);
      assertThat(drawn.ids()[0]).containsOnly(0, 5);
    }
  }

  /// The same draws in a longer rectangle, and beside other rows for draws that do not look at them.
  @Test
  void paddingAndOtherRowsDoNotChangeADraw() {
    int[] row = {3, 4, 5};
    Batch alone = batch(row, new int[] {6});
    Batch longer = batch(new int[] {3, 0, 4, 5, 0}, new int[] {6, 0, 0, 0});
    for (Source source : Source.values()) {
      int[] expected = drawn(source, 2, alone, 5).ids()[0];
      assertThat(drawn(source, 2, longer, 5).ids()[0]).isEqualTo(expected);
    }
    int[] beside = drawn(Source.UNIFORM, 2, batch(row, new int[] {6, 7, 2, 2, 2}), 5).ids()[0];
    assertThat(java.util.Arrays.copyOf(beside, 4))
        .isEqualTo(java.util.Arrays.copyOf(drawn(Source.UNIFORM, 2, alone, 5).ids()[0], 4));
    assertThat(drawn(Source.BATCH, 2, alone, 6).ids()[0])
        .isNotEqualTo(drawn(Source.BATCH, 2, alone, 5).ids()[0]);
  }

  @Test
  void withOneKnownIdThereIsNoUniformNegative() {
    Schema few =
        Schema.of(
            new Field.Categorical("item", 3),
            new Field.Sequence("viewed", 3, "item", 4),
            new Field.Label("click", Field.LabelKind.BINARY));
    FieldEmbeddings own =
        new FieldEmbeddings(few, 2, Numeric.RAW, params.at("few"), Initializers.normal(0.01));
    History history = new History(List.of("viewed"), few, own);
    Batch batch = ModelBench.batch(few, 1, new float[0], new int[][] {{2}, {2, 2, 1}});
    Mode mode = Mode.evaluation(tape);
    var ids = history.lookup(own.lookup(batch, mode), batch, mode).ids();
    Negatives.Drawn drawn = new Negatives(history, Source.UNIFORM, 1).draw(ids, 3, 1, tape.scope());
    assertThat(drawn.pairs()).containsExactly(false, true); // 1 may be told from 2
    assertThat(drawn.ids()[0]).containsExactly(0, 2);
    assertThatThrownBy(() -> new Negatives(history, Source.BATCH, 0))
        .hasMessageContaining("0 negatives for each step. Expected at least 1");
  }
}
