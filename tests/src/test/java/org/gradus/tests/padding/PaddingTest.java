// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.padding;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.models.Option;
import org.gradus.models.Settings;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every registered model whose example has sequences, with every pair of its options: padding changes no score, no loss and no
/// gradient. Rows have the longest history, none, one step, two steps and more.
class PaddingTest {
  private static final int ROWS = 6;

  /// Places that every list may have beyond what the example asks for.
  private static final int ROOM = 4;

  /// What a few thousand float64 operations on numbers of size one may lose.
  private static final double EXACT = 1e-11;

  /// Models with a score for each row. Where a loss over the batch is all there is, or places count, as in sentences, padding has other
  /// rules, and tests of its own.
  static List<ModelSpec> models() {
    List<ModelSpec> found =
        Models.all().stream()
            .filter(spec -> !spec.labelKinds().isEmpty())
            .filter(
                spec ->
                    !spec.exampleSchema(spec.settings(Map.of()))
                        .all(Field.Sequence.class)
                        .isEmpty())
            .toList();
    assertThat(found).hasSizeGreaterThan(1);
    return found;
  }

  /// Every pair of option values, without dropout, which drops by place.
  private static List<Settings> settings(ModelSpec spec) {
    List<Settings> all = new ArrayList<>();
    for (Map<String, String> given : CoveringArray.pairwise(spec, 5)) {
      Map<String, String> still = new HashMap<>(given);
      for (Option o : spec.options()) {
        if (o.name().toLowerCase(Locale.ROOT).contains("dropout")) {
          still.put(o.name(), "0");
        }
      }
      all.add(spec.settings(still));
    }
    return all;
  }

  /// What becomes of the ids of a sequence of one row.
  @FunctionalInterface
  private interface Edit {
    int[] of(int row, int[] ids);
  }

  /// The batch with other sequences; lists of one length stay of one length, so that columns of a history stay together.
  private static Batch edited(Batch batch, Edit edit) {
    KeyedJaggedTensor ids = batch.sparse();
    int[] lengths = new int[ids.offsets().length - 1];
    List<int[]> lists = new ArrayList<>();
    for (Field.Ids field : batch.schema().ids()) {
      for (int b = 0; b < ids.stride(); b++) {
        int bag = lists.size();
        int[] list = Arrays.copyOfRange(ids.values(), ids.offsets()[bag], ids.offsets()[bag + 1]);
        int[] other = field instanceof Field.Sequence ? edit.of(b, list) : list;
        lengths[bag] = other.length;
        lists.add(other);
      }
    }
    int[] values = lists.stream().flatMapToInt(Arrays::stream).toArray();
    return batch.withSparse(
        batch.schema(), KeyedJaggedTensor.fromLengths(ids.keys(), values, lengths));
  }

  private static Schema roomy(Schema schema) {
    List<Field> fields = new ArrayList<>();
    for (Field f : schema.fields()) {
      fields.add(
          f instanceof Field.Sequence s
              ? new Field.Sequence(s.name(), s.size(), s.table(), s.maxLength() + ROOM)
              : f);
    }
    return new Schema(fields);
  }

  /// Rows of the longest history, none, one step, two steps, and any.
  private static Batch batch(ModelSpec spec, Settings settings, long seed) {
    Schema schema = spec.exampleSchema(settings);
    Batch drawn = SampleBatches.draw(schema, ROWS, seed);
    Batch wide = drawn.withSparse(roomy(schema), drawn.sparse());
    return edited(
        wide,
        (row, ids) ->
            row == 2 || row == 3 ? Arrays.copyOf(new int[] {1 + ids.length % 2, 2}, row - 1) : ids);
  }

  /// Padding behind every row, and after the first step of every second.
  private static int[] padded(int row, int[] ids) {
    int inside = row % 2 == 0 && ids.length > 0 ? 1 : 0;
    int[] more = new int[ids.length + inside + 1 + row % 3];
    for (int i = 0; i < ids.length; i++) {
      more[i == 0 ? 0 : i + inside] = ids[i];
    }
    return more;
  }

  private static void assertSame(
      Map<String, double[]> found, Map<String, double[]> expected, Object what) {
    assertThat(found.keySet()).isEqualTo(expected.keySet());
    expected.forEach(
        (name, numbers) -> {
          double[] other = found.getOrDefault(name, new double[0]);
          double largest = 1;
          for (double x : numbers) {
            largest = Math.max(largest, Math.abs(x));
          }
          for (int i = 0; i < numbers.length; i++) {
            assertThat(Math.abs(other[i] - numbers[i]))
                .as("%s[%d]: %s, expected %s; %s", name, i, other[i], numbers[i], what)
                .isLessThanOrEqualTo(EXACT * largest);
          }
        });
  }

  @ParameterizedTest
  @MethodSource("models")
  void morePaddingChangesNothing(ModelSpec spec) {
    long seed = 0;
    for (Settings settings : settings(spec)) {
      Batch batch = batch(spec, settings, ++seed);
      Batch padded = edited(batch, PaddingTest::padded);
      try (Subject subject = new Subject(spec, settings, batch.schema())) {
        for (boolean training : new boolean[] {false, true}) {
          assertSame(
              subject.says(padded, ROWS, training), subject.says(batch, ROWS, training), settings);
        }
      }
    }
  }

  /// The vector of id 0 may hold anything: nobody reads it, and it gets no gradient.
  @ParameterizedTest
  @MethodSource("models")
  void otherValuesOfPaddingChangeNothing(ModelSpec spec) {
    long seed = 20;
    for (Settings settings : settings(spec)) {
      Batch padded = edited(batch(spec, settings, ++seed), PaddingTest::padded);
      try (Subject subject = new Subject(spec, settings, padded.schema())) {
        for (boolean training : new boolean[] {false, true}) {
          subject.padding(0);
          Map<String, double[]> expected = subject.says(padded, ROWS, training);
          subject.padding(7);
          assertSame(subject.says(padded, ROWS, training), expected, settings);
        }
      }
    }
  }

  /// In evaluation: other histories in the last rows, longer ones too, leave the first four alone.
  @ParameterizedTest
  @MethodSource("models")
  void otherRowsChangeNothing(ModelSpec spec) {
    int same = 4;
    long seed = 40;
    for (Settings settings : settings(spec)) {
      Batch batch = batch(spec, settings, ++seed);
      Batch other =
          edited(
              batch,
              (row, ids) -> {
                int[] changed = row < same ? ids : new int[ids.length + ROOM / 2];
                if (row >= same) {
                  Arrays.fill(changed, row - 3);
                }
                return changed;
              });
      try (Subject subject = new Subject(spec, settings, batch.schema())) {
        assertSame(subject.says(other, same, false), subject.says(batch, same, false), settings);
      }
    }
  }

  /// A batch without a single step: finite, whether its lists are empty or hold padding, which are the same.
  @ParameterizedTest
  @MethodSource("models")
  void aBatchOfPaddingIsFinite(ModelSpec spec) {
    long seed = 60;
    for (Settings settings : settings(spec)) {
      Batch batch = batch(spec, settings, ++seed);
      Batch empty = edited(batch, (_, _) -> new int[0]);
      Batch zeros = edited(batch, (row, _) -> new int[1 + row % 3]);
      try (Subject subject = new Subject(spec, settings, batch.schema())) {
        for (boolean training : new boolean[] {false, true}) {
          Map<String, double[]> said = subject.says(zeros, ROWS, training);
          said.forEach(
              (name, numbers) ->
                  assertThat(numbers).as("%s; %s", name, settings).doesNotContain(Double.NaN));
          assertSame(said, subject.says(empty, ROWS, training), settings);
        }
      }
    }
  }
}
