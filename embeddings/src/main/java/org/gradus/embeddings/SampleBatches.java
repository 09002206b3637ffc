// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.ArrayList;
import java.util.List;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.tensor.Counter;

/// Random batches of any [Schema], for gradient checks and tests: what goes wrong in models goes wrong on repeated ids,
/// empty bags, padding and lengths of 0, so all of these occur.
///
/// | Column | Values |
/// | --- | --- |
/// | dense | uniform on −1 … 1 |
/// | categorical | never padding; from two examples on, the last repeats the first one's id |
/// | multi-valued | example 0: as many ids as allowed, the second repeats the first, the third is padding; example 1: none; others: any number, one id in eight padding |
/// | sequence | example 0: as long as allowed, its second id another than its first; example 1: empty; others: any length, no padding |
/// | sessions | example 0: as many, and as long, as allowed; example 1: none; others: any number of 1 to `maxLength` ids |
/// | series | uniform on −1 … 1 |
/// | label | binary: 1, 0, then either; regression: uniform on 0.1 … 2 |
/// | label mask | from three examples on 0 for the last; first two 1, others mostly |
/// | sample weight | uniform on 0.5 … 1.5 |
/// | group | about three examples each |
/// | domain | each in turn |
/// | timestamp | 0 … 10⁶ |
///
/// Sequences of one maximal length have the same lengths, like the columns of one history; so do sessions of the same
/// two. Ids are drawn from at most eight per table, spread from 1 to its last row, so that they repeat.
///
/// A batch is a function of schema, size and seed; a column depends on its own name only.
public final class SampleBatches {
  private static final int DISTINCT_IDS = 8;

  private SampleBatches() {}

  /// A batch of `size` ≥ 1 examples.
  public static Batch draw(Schema schema, int size, long seed) {
    if (size < 1) {
      throw new IllegalArgumentException(
          "sample batch: " + size + " examples. Expected at least 1.");
    }
    Batch.Builder batch = Batch.builder(schema, size);
    batch.dense(dense(schema, size, seed));
    List<String> keys = new ArrayList<>();
    List<int[]> ids = new ArrayList<>();
    List<int[]> lengths = new ArrayList<>();
    for (Field field : schema.fields()) {
      long key = Counter.key(seed, field.name());
      switch (field) {
        case Field.Ids f -> {
          int[] own = lengths(f, size, seed);
          keys.add(f.name());
          lengths.add(own);
          ids.add(ids(f, own, key));
          if (f instanceof Field.Sessions s) {
            batch.sessions(f.name(), sizes(s, size, seed));
          }
        }
        case Field.Label _, Field.LabelMask _, Field.SampleWeight _ ->
            batch.real(field.name(), reals(field, size, key));
        case Field.Group _, Field.Domain _, Field.Timestamp _ ->
            batch.integer(field.name(), integers(field, size, key));
        case Field.Series f -> batch.series(f.name(), series(f, size, key));
        case Field.Dense _ -> {} // above, all at once
      }
    }
    if (!keys.isEmpty()) {
      batch.sparse(KeyedJaggedTensor.fromLengths(keys, concat(ids), concat(lengths)));
    }
    return batch.build();
  }

  private static float[] dense(Schema schema, int size, long seed) {
    List<Field.Dense> fields = schema.dense();
    float[] values = new float[size * fields.size()];
    for (int c = 0; c < fields.size(); c++) {
      long key = Counter.key(seed, fields.get(c).name());
      for (int b = 0; b < size; b++) {
        values[b * fields.size() + c] = 2 * Counter.uniform(key, b) - 1;
      }
    }
    return values;
  }

  private static float[] series(Field.Series field, int size, long key) {
    float[] values = new float[size * field.length()];
    for (int i = 0; i < values.length; i++) {
      values[i] = 2 * Counter.uniform(key, i) - 1;
    }
    return values;
  }

  /// `[B]`: the number of ids of each example.
  private static int[] lengths(Field.Ids field, int size, long seed) {
    int[] lengths = new int[size];
    for (int b = 0; b < size; b++) {
      lengths[b] =
          switch (field) {
            case Field.Categorical _ -> 1;
            case Field.MultiValued f ->
                length(Counter.key(seed, "bag/" + f.name()), b, f.maxLength());
            case Field.Sequence f ->
                length(Counter.key(seed, "sequence/" + f.maxLength()), b, f.maxLength());
            case Field.Sessions _ -> 0; // below
          };
    }
    if (field instanceof Field.Sessions f) {
      JaggedIds sizes = sizes(f, size, seed);
      for (int b = 0; b < size; b++) {
        for (int k = sizes.offsets()[b]; k < sizes.offsets()[b + 1]; k++) {
          lengths[b] += sizes.values()[k];
        }
      }
    }
    return lengths;
  }

  private static int length(long key, int example, int most) {
    return switch (example) {
      case 0 -> most;
      case 1 -> 0;
      default -> (int) Counter.below(key, example, most + 1L);
    };
  }

  private static JaggedIds sizes(Field.Sessions f, int size, long seed) {
    long key = Counter.key(seed, "sessions/" + f.maxSessions() + "/" + f.maxLength());
    int[] offsets = new int[size + 1];
    for (int b = 0; b < size; b++) {
      offsets[b + 1] = offsets[b] + length(key, b, f.maxSessions());
    }
    int[] sizes = new int[offsets[size]];
    for (int k = 0; k < sizes.length; k++) {
      int drawn = 1 + (int) Counter.below(key, size + k, f.maxLength());
      sizes[k] = k < offsets[1] ? f.maxLength() : drawn;
    }
    return new JaggedIds(sizes, null, offsets);
  }

  private static int[] ids(Field.Ids field, int[] lengths, long key) {
    boolean mayPad = field instanceof Field.MultiValued;
    int[] ids = new int[sum(lengths)];
    for (int i = 0; i < ids.length; i++) {
      boolean padded = mayPad && Counter.below(key, 2L * i + 1, 8) == 0;
      ids[i] = padded ? 0 : id(field.size(), Counter.bits(key, 2L * i));
    }
    switch (field) {
      case Field.Categorical _ -> ids[ids.length - 1] = ids[0];
      case Field.MultiValued _ -> {
        ids[0] = id(field.size(), Counter.bits(key, 0));
        if (lengths[0] > 1) {
          ids[1] = ids[0];
        }
        if (lengths[0] > 2) {
          ids[2] = 0;
        }
      }
      case Field.Sequence f -> {
        if (lengths[0] > 1 && f.size() > 2 && ids[1] == ids[0]) { // equal steps hide attention
          ids[1] = ids[0] == 1 ? f.size() - 1 : 1;
        }
      }
      case Field.Sessions _ -> {}
    }
    return ids;
  }

  /// One of at most [#DISTINCT_IDS] ids: 1, the last row, and some between.
  private static int id(int size, long bits) {
    int distinct = Math.min(size - 1, DISTINCT_IDS);
    long j = Math.floorMod(bits >>> 1, distinct);
    return distinct == 1 ? 1 : (int) (1 + j * (size - 2) / (distinct - 1));
  }

  private static float[] reals(Field field, int size, long key) {
    float[] values = new float[size];
    for (int b = 0; b < size; b++) {
      float u = Counter.uniform(key, b);
      values[b] =
          switch (field) {
            case Field.Label l when l.kind() == Field.LabelKind.BINARY ->
                b < 2 ? 1 - b : (u < 0.5f ? 0 : 1);
            case Field.Label _ -> 0.1f + 1.9f * u;
            case Field.LabelMask _ -> b > 1 && (b == size - 1 || u < 0.25f) ? 0 : 1;
            default -> 0.5f + u; // sample weight
          };
    }
    return values;
  }

  private static long[] integers(Field field, int size, long key) {
    long[] values = new long[size];
    for (int b = 0; b < size; b++) {
      values[b] =
          switch (field) {
            case Field.Group _ -> Counter.below(key, b, 1 + size / 3);
            case Field.Domain d -> b % d.domains();
            default -> Counter.below(key, b, 1_000_001); // timestamp
          };
    }
    return values;
  }

  private static int[] concat(List<int[]> parts) {
    int n = 0;
    for (int[] part : parts) {
      n += part.length;
    }
    int[] all = new int[n];
    int at = 0;
    for (int[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  private static int sum(int[] values) {
    int sum = 0;
    for (int v : values) {
      sum += v;
    }
    return sum;
  }
}
