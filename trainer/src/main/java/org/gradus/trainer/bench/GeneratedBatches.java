// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.data.prepared.PreparedWriter;
import org.gradus.data.prepared.Row;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Counter;

/// Batches of any schema on which a step has as much to do as it can: ids uniform over all rows of a table but row 0, which may be
/// padding, and every list as long as its field allows. So no row is hot in a cache, which is the worst that data can do.
///
/// A value is a function of its field, the number of its batch and its place in there.
public final class GeneratedBatches {
  private GeneratedBatches() {}

  /// Batch `number` of `size` examples.
  public static Batch draw(Schema schema, int size, int number) {
    Batch.Builder batch = Batch.builder(schema, size);
    List<Field.Dense> numbers = schema.dense();
    float[] dense = new float[size * numbers.size()];
    for (int i = 0; i < dense.length; i++) {
      dense[i] = dense(numbers.get(i % numbers.size()), number, i / numbers.size());
    }
    batch.dense(dense);
    List<String> keys = new ArrayList<>();
    int[] lengths = new int[schema.ids().size() * size]; // [F, B]
    for (Field.Ids field : schema.ids()) {
      int from = keys.size() * size;
      Arrays.fill(lengths, from, from + size, length(field));
      keys.add(field.name());
    }
    int[] ids = new int[Arrays.stream(lengths).sum()];
    int at = 0;
    for (Field field : schema.fields()) {
      switch (field) {
        case Field.Ids f -> {
          for (int i = 0; i < size * length(f); i++) {
            ids[at++] = id(f, number, i);
          }
          if (f instanceof Field.Sessions s) {
            batch.sessions(s.name(), sessions(s, size));
          }
        }
        case Field.Label _, Field.LabelMask _, Field.SampleWeight _ -> {
          float[] column = new float[size];
          for (int b = 0; b < size; b++) {
            column[b] = real(field, number, b);
          }
          batch.real(field.name(), column);
        }
        case Field.Group _, Field.Domain _, Field.Timestamp _ -> {
          long[] column = new long[size];
          for (int b = 0; b < size; b++) {
            column[b] = integer(field, number, b);
          }
          batch.integer(field.name(), column);
        }
        case Field.Series f -> {
          float[] values = new float[size * f.length()];
          for (int i = 0; i < values.length; i++) {
            values[i] = 2 * Counter.uniform(key(f, number), i) - 1;
          }
          batch.series(f.name(), values);
        }
        case Field.Dense _ -> {} // above, all at once
      }
    }
    if (!keys.isEmpty()) {
      boolean oneHot = schema.ids().size() == schema.categorical().size();
      batch.sparse(
          oneHot
              ? KeyedJaggedTensor.oneHot(keys, ids, size)
              : KeyedJaggedTensor.fromLengths(keys, ids, lengths));
    }
    return batch.build();
  }

  /// Writes the first batches, row by row, into a prepared file.
  public static void write(Path file, Schema schema, int size, int batches) {
    Row row = new Row(schema);
    try (PreparedWriter writer = new PreparedWriter(file, schema)) {
      for (int number = 0; number < batches; number++) {
        for (int b = 0; b < size; b++) {
          row.clear();
          fill(row, schema, number, b);
          writer.append(row);
        }
      }
      writer.finish();
    }
  }

  private static void fill(Row row, Schema schema, int number, int b) {
    int dense = 0;
    int list = 0;
    for (Field field : schema.fields()) {
      switch (field) {
        case Field.Dense f -> row.dense(dense++, dense(f, number, b));
        case Field.Ids f -> {
          for (int i = 0; i < length(f); i++) {
            row.add(list, id(f, number, b * length(f) + i));
          }
          if (f instanceof Field.Sessions s) {
            for (int k = 0; k < s.maxSessions(); k++) {
              row.session(list, s.maxLength());
            }
          }
          list++;
        }
        case Field.Label _, Field.LabelMask _, Field.SampleWeight _ ->
            row.real(row.realIndex(field.name()), real(field, number, b));
        case Field.Group _, Field.Domain _, Field.Timestamp _ ->
            row.integer(row.integerIndex(field.name()), integer(field, number, b));
        case Field.Series _ -> {} // the prepared form refuses such a schema
      }
    }
  }

  private static int length(Field.Ids field) {
    return switch (field) {
      case Field.Categorical _ -> 1;
      case Field.MultiValued f -> f.maxLength();
      case Field.Sequence f -> f.maxLength();
      case Field.Sessions f -> f.maxSessions() * f.maxLength();
    };
  }

  private static JaggedIds sessions(Field.Sessions field, int size) {
    int[] sizes = new int[size * field.maxSessions()];
    Arrays.fill(sizes, field.maxLength());
    int[] offsets = new int[size + 1];
    Arrays.setAll(offsets, b -> b * field.maxSessions());
    return new JaggedIds(sizes, null, offsets);
  }

  private static long key(Field field, int number) {
    return Counter.key(number, field.name());
  }

  private static float dense(Field.Dense field, int number, int b) {
    return 2 * Counter.uniform(key(field, number), b) - 1;
  }

  private static int id(Field.Ids field, int number, int place) {
    return 1 + (int) Counter.below(key(field, number), place, field.size() - 1L);
  }

  private static float real(Field field, int number, int b) {
    float u = Counter.uniform(key(field, number), b);
    return switch (field) {
      case Field.Label l when l.kind() == Field.LabelKind.BINARY -> u < 0.3f ? 1 : 0;
      case Field.Label _ -> u;
      default -> 1; // every label is observed, every example counts once
    };
  }

  private static long integer(Field field, int number, int b) {
    long key = key(field, number);
    return switch (field) {
      case Field.Domain d -> Counter.below(key, b, d.domains());
      case Field.Group _ -> b / 4;
      default -> Counter.below(key, b, 1_000_000); // timestamp
    };
  }
}
