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
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.models.Option;
import org.gradus.models.Settings;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every registered model whose example has sequences or sessions, with every pair of its options: padding changes no score, no loss and no
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
                    spec.exampleSchema(spec.settings(Map.of())).fields().stream()
                        .anyMatch(PaddingTest::isPadded))
            .toList();
    assertThat(found.stream().map(ModelSpec::name)).contains("din", "dien", "dsin");
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

  private static boolean isPadded(Field field) {
    return field instanceof Field.Sequence || field instanceof Field.Sessions;
  }

  /// What becomes of the ids of a sequence, or of one session, of one row.
  @FunctionalInterface
  private interface Edit {
    int[] of(int row, int[] ids);

    /// What becomes of the sessions of a row.
    default int[][] ofSessions(int row, int[][] sessions) {
      return Arrays.stream(sessions).map(ids -> of(row, ids)).toArray(int[][]::new);
    }
  }

  /// The batch with other sequences; lists of one length stay of one length, so that columns of a history stay together.
  private static Batch edited(Batch batch, Edit edit) {
    KeyedJaggedTensor ids = batch.sparse();
    Schema schema = batch.schema();
    Map<String, JaggedIds> divided = new HashMap<>();
    int[] lengths = new int[ids.offsets().length - 1];
    List<int[]> lists = new ArrayList<>();
    for (Field.Ids field : schema.ids()) {
      List<int[]> sizes = new ArrayList<>();
      for (int b = 0; b < ids.stride(); b++) {
        int bag = lists.size();
        int[] list = Arrays.copyOfRange(ids.values(), ids.offsets()[bag], ids.offsets()[bag + 1]);
        int[] other = list;
        if (field instanceof Field.Sequence) {
          other = edit.of(b, list);
        } else if (field instanceof Field.Sessions) {
          int[][] sessions = edit.ofSessions(b, sessions(batch.sessions(field.name()), b, list));
          sizes.add(Arrays.stream(sessions).mapToInt(session -> session.length).toArray());
          other = concat(List.of(sessions));
        }
        lengths[bag] = other.length;
        lists.add(other);
      }
      if (field instanceof Field.Sessions) {
        int[] offsets = new int[sizes.size() + 1];
        for (int b = 0; b < sizes.size(); b++) {
          offsets[b + 1] = offsets[b] + sizes.get(b).length;
        }
        divided.put(field.name(), new JaggedIds(concat(sizes), null, offsets));
      }
    }
    KeyedJaggedTensor other = KeyedJaggedTensor.fromLengths(ids.keys(), concat(lists), lengths);
    if (divided.isEmpty()) {
      return batch.withSparse(schema, other);
    }
    Batch.Builder builder = Batch.builder(schema, batch.size()).dense(batch.dense()).sparse(other);
    divided.forEach(builder::sessions);
    schema.labels().forEach(l -> builder.real(l.name(), batch.label(l.name())));
    return builder.build();
  }

  private static int[] concat(List<int[]> lists) {
    return lists.stream().flatMapToInt(Arrays::stream).toArray();
  }

  /// The sessions of a row.
  private static int[][] sessions(JaggedIds sizes, int row, int[] ids) {
    int first = sizes.offsets()[row];
    int[][] sessions = new int[sizes.offsets()[row + 1] - first][];
    int from = 0;
    for (int k = 0; k < sessions.length; k++) {
      int to = from + sizes.values()[first + k];
      sessions[k] = Arrays.copyOfRange(ids, from, to);
      from = to;
    }
    return sessions;
  }

  private static Schema roomy(Schema schema) {
    List<Field> fields = new ArrayList<>();
    for (Field f : schema.fields()) {
      fields.add(
          switch (f) {
            case Field.Sequence s ->
                new Field.Sequence(s.name(), s.size(), s.table(), s.maxLength() + ROOM);
            case Field.Sessions s ->
                new Field.Sessions(
                    s.name(), s.size(), s.table(), s.maxSessions() + ROOM, s.maxLength() + ROOM);
            default -> f;
          });
    }
    return new Schema(fields);
  }

  /// One step in row 2 and two in row 3; sessions of one step, or of two.
  private static final Edit SHORT =
      new Edit() {
        @Override
        public int[] of(int row, int[] ids) {
          return row == 2 || row == 3
              ? Arrays.copyOf(new int[] {1 + ids.length % 2, 2}, row - 1)
              : ids;
        }

        @Override
        public int[][] ofSessions(int row, int[][] sessions) {
          return row == 2 || row == 3
              ? new int[][] {of(row, new int[0])}
              : Edit.super.ofSessions(row, sessions);
        }
      };

  /// Rows of the longest history, none, one step, two steps, and any.
  private static Batch batch(ModelSpec spec, Settings settings, long seed) {
    Schema schema = spec.exampleSchema(settings);
    Batch drawn = SampleBatches.draw(schema, ROWS, seed);
    Batch wide = drawn.withSparse(roomy(schema), drawn.sparse());
    return edited(wide, SHORT);
  }

  /// Padding behind every row, and after the first step of every second; sessions besides that are empty, or hold padding alone,
  /// before the real ones, and behind them.
  private static final Edit PADDED =
      new Edit() {
        @Override
        public int[] of(int row, int[] ids) {
          int inside = row % 2 == 0 && ids.length > 0 ? 1 : 0;
          int[] more = new int[ids.length + inside + 1 + row % 3];
          for (int i = 0; i < ids.length; i++) {
            more[i == 0 ? 0 : i + inside] = ids[i];
          }
          return more;
        }

        @Override
        public int[][] ofSessions(int row, int[][] sessions) {
          List<int[]> more = new ArrayList<>(List.of(Edit.super.ofSessions(row, sessions)));
          more.add(row % 2 == 0 ? 0 : more.size(), new int[row % 3]);
          more.add(new int[2]);
          return more.toArray(int[][]::new);
        }
      };

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
      Batch padded = edited(batch, PADDED);
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
      Batch padded = edited(batch(spec, settings, ++seed), PADDED);
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
                  assertThat(Arrays.stream(numbers))
                      .as("%s; %s", name, settings)
                      .allMatch(Double::isFinite));
          assertSame(said, subject.says(empty, ROWS, training), settings);
        }
      }
    }
  }
}
