// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Field.Label;
import org.gradus.embeddings.Field.LabelMask;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.jspecify.annotations.Nullable;

/// B examples of a [Schema], on the host, column by column.
///
/// Values are read by name. Ids are integers all the way; they never travel as real numbers. Arrays are the batch's
/// own and must not be changed.
public final class Batch {
  private final Schema schema;
  private final int size;
  private final float[] dense;
  private final KeyedJaggedTensor sparse;
  private final Map<String, float[]> reals;
  private final Map<String, long[]> integers;
  private final Map<String, JaggedIds> sessions;
  private final Map<String, float[]> series;
  private final int @Nullable [] domains; // null without a domain

  private Batch(Builder b) {
    this.schema = b.schema;
    this.size = b.size;
    this.dense = b.dense;
    this.sparse = b.sparse == null ? emptySparse(b) : b.sparse;
    this.reals = Map.copyOf(b.reals);
    this.integers = Map.copyOf(b.integers);
    this.sessions = Map.copyOf(b.sessions);
    this.series = Map.copyOf(b.series);
    this.domains = domains(schema, integers);
  }

  private static int @Nullable [] domains(Schema schema, Map<String, long[]> integers) {
    var field = schema.one(Field.Domain.class);
    long[] given = field.isEmpty() ? null : integers.get(field.get().name());
    if (given == null) {
      return null;
    }
    int[] domains = new int[given.length];
    Arrays.setAll(domains, i -> Math.toIntExact(given[i]));
    return domains;
  }

  private static KeyedJaggedTensor emptySparse(Builder b) {
    if (!b.schema.ids().isEmpty()) {
      throw new IllegalArgumentException(
          "batch: no ids given, but the schema has " + b.schema.ids().size() + " fields of ids.");
    }
    return KeyedJaggedTensor.oneHot(List.of(), new int[0], b.size);
  }

  /// Starts a batch of `size` examples.
  public static Builder builder(Schema schema, int size) {
    return new Builder(schema, size);
  }

  /// What the columns mean.
  public Schema schema() {
    return schema;
  }

  /// B, the number of examples.
  public int size() {
    return size;
  }

  /// `[B, c]`: the dense fields, in schema order.
  public float[] dense() {
    return dense;
  }

  /// The ids, one key per field of [Schema#ids], in schema order.
  public KeyedJaggedTensor sparse() {
    return sparse;
  }

  /// This batch with other ids: augmented, hashed, expanded. Every other column is shared.
  ///
  /// @param other the schema of the result; it may differ from this one's in fields of ids only
  public Batch withSparse(Schema other, KeyedJaggedTensor ids) {
    List<Field> own = withoutIds(schema);
    List<Field> given = withoutIds(other);
    if (!own.equals(given)) {
      throw new IllegalArgumentException(
          "batch: other ids come with fields "
              + given
              + ". Expected "
              + own
              + ", the same but for fields of ids.");
    }
    Builder b = new Builder(other, size).dense(dense).sparse(ids);
    b.reals.putAll(reals);
    b.integers.putAll(integers);
    b.sessions.putAll(sessions);
    b.series.putAll(series);
    return b.build();
  }

  /// This batch without some of its labels and masks. Every other column is shared.
  ///
  /// @param other the schema of the result: this one's without some labels and masks
  public Batch withLabels(Schema other) {
    List<Field> rest = new ArrayList<>(schema.fields());
    rest.removeAll(other.fields());
    List<Field> kept = new ArrayList<>(schema.fields());
    kept.removeAll(rest);
    boolean labels = rest.stream().allMatch(f -> f instanceof Label || f instanceof LabelMask);
    if (!labels || !kept.equals(other.fields())) {
      throw new IllegalArgumentException(
          "batch: labels are left out of "
              + schema
              + " to make "
              + other
              + ". Expected the same fields in the same order, but for labels and masks.");
    }
    Builder b = new Builder(other, size);
    b.dense = dense;
    b.sparse = sparse;
    b.reals.putAll(reals);
    rest.forEach(f -> b.reals.remove(f.name()));
    b.integers.putAll(integers);
    b.sessions.putAll(sessions);
    b.series.putAll(series);
    return b.build();
  }

  private static List<Field> withoutIds(Schema schema) {
    return schema.fields().stream().filter(f -> !(f instanceof Field.Ids)).toList();
  }

  /// How the ids of a [Field.Sessions] split into sessions: for each example, the sizes of its sessions
  /// (`values` are sizes, `offsets` delimit examples).
  public JaggedIds sessions(String field) {
    return present(sessions, field, "sessions");
  }

  /// `[B, steps + ahead]`: the values of a [Field.Series], oldest first.
  public float[] series(String field) {
    return present(series, field, "series");
  }

  /// `[B]`: a label.
  public float[] label(String name) {
    return present(reals, name, "label");
  }

  /// `[B]`: 1 where a label was observed; null when the schema has no mask for it.
  public float @Nullable [] labelMask(String label) {
    for (Field.LabelMask m : schema.all(Field.LabelMask.class)) {
      if (m.label().equals(label)) {
        return present(reals, m.name(), "label mask");
      }
    }
    return null;
  }

  /// `[B]`: how much each example counts; null when the schema has no weight.
  public float @Nullable [] sampleWeights() {
    var f = schema.one(Field.SampleWeight.class);
    return f.isEmpty() ? null : present(reals, f.get().name(), "sample weight");
  }

  /// `[B]`: whose list each example belongs to; null when the schema has no group.
  public long @Nullable [] groups() {
    var f = schema.one(Field.Group.class);
    return f.isEmpty() ? null : present(integers, f.get().name(), "group");
  }

  /// `[B]`: times; null when the schema has none.
  public long @Nullable [] timestamps() {
    var f = schema.one(Field.Timestamp.class);
    return f.isEmpty() ? null : present(integers, f.get().name(), "timestamp");
  }

  /// `[B]`: scenarios, 0 … P−1. An error when the schema has no domain.
  public int[] domains() {
    if (domains != null) {
      return domains;
    }
    throw new IllegalArgumentException(
        schema
            .one(Field.Domain.class)
            .map(f -> "batch: no domain " + f.name() + ". Expected one for each example.")
            .orElse(
                "batch: the schema has no domain field. Expected one for a multi-scenario model."));
  }

  private static <T> T present(Map<String, T> columns, String name, String what) {
    T column = columns.get(name);
    if (column == null) {
      throw new IllegalArgumentException(
          "batch: no "
              + what
              + " "
              + name
              + ". Expected one of: "
              + String.join(", ", columns.keySet()));
    }
    return column;
  }

  /// Collects the columns of a batch and checks their sizes.
  public static final class Builder {
    private final Schema schema;
    private final int size;
    private float[] dense;
    private @Nullable KeyedJaggedTensor sparse;
    private final Map<String, float[]> reals = new HashMap<>();
    private final Map<String, long[]> integers = new HashMap<>();
    private final Map<String, JaggedIds> sessions = new HashMap<>();
    private final Map<String, float[]> series = new HashMap<>();

    private Builder(Schema schema, int size) {
      this.schema = schema;
      this.size = size;
      this.dense = new float[0];
    }

    /// `[B, c]`: the dense fields, in schema order.
    public Builder dense(float[] values) {
      check("dense", values.length, size * schema.dense().size());
      dense = values;
      return this;
    }

    /// The ids, one key per field of [Schema#ids], in schema order, each id below its field's size, and no more of them
    /// than the field allows: one if it is categorical.
    public Builder sparse(KeyedJaggedTensor ids) {
      List<Field.Ids> fields = schema.ids();
      check("sparse examples", ids.stride(), size);
      check("sparse keys", ids.keys().size(), fields.size());
      for (int f = 0; f < fields.size(); f++) {
        if (!ids.keys().get(f).equals(fields.get(f).name())) {
          throw new IllegalArgumentException(
              "batch: key "
                  + f
                  + " is "
                  + ids.keys().get(f)
                  + ". Expected "
                  + fields.get(f).name()
                  + ", in schema order.");
        }
        checkIds(fields.get(f), f, ids);
      }
      sparse = ids;
      return this;
    }

    private static void checkIds(Field.Ids field, int f, KeyedJaggedTensor ids) {
      int least = field instanceof Field.Categorical ? 1 : 0;
      int most =
          switch (field) {
            case Field.Categorical _ -> 1;
            case Field.MultiValued m -> m.maxLength();
            case Field.Sequence s -> s.maxLength();
            case Field.Sessions s -> Math.multiplyExact(s.maxSessions(), s.maxLength());
          };
      int[] offsets = ids.offsets();
      int[] values = ids.values();
      int size = field.size();
      for (int b = 0; b < ids.stride(); b++) {
        int from = offsets[f * ids.stride() + b];
        int to = offsets[f * ids.stride() + b + 1];
        if (to - from < least || to - from > most) {
          throw new IllegalArgumentException(
              "batch: "
                  + (to - from)
                  + " ids in field "
                  + field.name()
                  + " of example "
                  + b
                  + ". Expected "
                  + (least == most ? "exactly 1." : "at most " + most + "."));
        }
        for (int i = from; i < to; i++) {
          if (values[i] < 0 || values[i] >= size) {
            throw new IllegalArgumentException(
                "batch: id "
                    + values[i]
                    + " in field "
                    + field.name()
                    + " of example "
                    + b
                    + ". Expected ids from 0 to "
                    + (size - 1)
                    + ".");
          }
        }
      }
    }

    /// How the ids of a sessions field split: sizes of sessions as `values`, examples delimited by `offsets`. The sizes of
    /// an example add up to the number of its ids.
    public Builder sessions(String field, JaggedIds sizes) {
      if (!(schema.field(field) instanceof Field.Sessions)) {
        throw new IllegalArgumentException("batch: " + field + " is no field of sessions.");
      }
      check(field, sizes.bags(), size);
      sessions.put(field, sizes);
      return this;
    }

    /// `[B, steps + ahead]`: the values of a series, oldest first, each a number.
    public Builder series(String field, float[] values) {
      if (!(schema.field(field) instanceof Field.Series f)) {
        throw new IllegalArgumentException("batch: " + field + " is no series.");
      }
      check(field, values.length, Math.multiplyExact(size, f.length()));
      for (int i = 0; i < values.length; i++) {
        if (!Float.isFinite(values[i])) {
          throw new IllegalArgumentException(
              "batch: value "
                  + values[i]
                  + " at step "
                  + i % f.length()
                  + " of series "
                  + field
                  + " of example "
                  + i / f.length()
                  + ". Expected a number; windows with missing values are left out.");
        }
      }
      series.put(field, values);
      return this;
    }

    /// `[B]`: a label, label mask or sample weight.
    public Builder real(String field, float[] values) {
      check(field, values.length, size);
      switch (schema.field(field)) {
        case Field.Label _, Field.LabelMask _, Field.SampleWeight _ -> reals.put(field, values);
        default ->
            throw new IllegalArgumentException(
                "batch: " + field + " is no label, label mask or sample weight.");
      }
      return this;
    }

    /// `[B]`: a group, domain or timestamp.
    public Builder integer(String field, long[] values) {
      check(field, values.length, size);
      switch (schema.field(field)) {
        case Field.Group _, Field.Timestamp _ -> integers.put(field, values);
        case Field.Domain d -> {
          for (long v : values) {
            if (v < 0 || v >= d.domains()) {
              throw new IllegalArgumentException(
                  "batch: domain "
                      + v
                      + " in "
                      + field
                      + ". Expected 0 to "
                      + (d.domains() - 1)
                      + ".");
            }
          }
          integers.put(field, values);
        }
        default ->
            throw new IllegalArgumentException(
                "batch: " + field + " is no group, domain or timestamp.");
      }
      return this;
    }

    /// The batch.
    public Batch build() {
      check("dense", dense.length, size * schema.dense().size());
      Batch batch = new Batch(this);
      for (Field.Sessions f : schema.all(Field.Sessions.class)) {
        JaggedIds sizes = sessions.get(f.name());
        if (sizes != null) {
          checkSessions(f, sizes, batch.sparse.of(f.name()));
        }
      }
      return batch;
    }

    private static void checkSessions(Field.Sessions field, JaggedIds sizes, JaggedIds ids) {
      for (int b = 0; b < sizes.bags(); b++) {
        int count = sizes.offsets()[b + 1] - sizes.offsets()[b];
        int longest = 0;
        int sum = 0;
        for (int k = sizes.offsets()[b]; k < sizes.offsets()[b + 1]; k++) {
          longest = Math.max(longest, sizes.values()[k]);
          sum += sizes.values()[k];
        }
        int given = ids.offsets()[b + 1] - ids.offsets()[b];
        if (count > field.maxSessions() || longest > field.maxLength() || sum != given) {
          throw new IllegalArgumentException(
              "batch: "
                  + count
                  + " sessions of at most "
                  + longest
                  + " and in all "
                  + sum
                  + " ids in field "
                  + field.name()
                  + " of example "
                  + b
                  + ". Expected at most "
                  + field.maxSessions()
                  + " of at most "
                  + field.maxLength()
                  + ", and in all "
                  + given
                  + ".");
        }
      }
    }

    private static void check(String what, int given, int expected) {
      if (given != expected) {
        throw new IllegalArgumentException(
            "batch: " + what + " has " + given + " values. Expected " + expected + ".");
      }
    }
  }
}
