// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

  private Batch(Builder b) {
    this.schema = b.schema;
    this.size = b.size;
    this.dense = b.dense;
    this.sparse = b.sparse == null ? emptySparse(b) : b.sparse;
    this.reals = Map.copyOf(b.reals);
    this.integers = Map.copyOf(b.integers);
    this.sessions = Map.copyOf(b.sessions);
  }

  private static KeyedJaggedTensor emptySparse(Builder b) {
    if (!b.schema.ids().isEmpty()) {
      throw new IllegalArgumentException(
          "batch: no ids given, but the schema has " + b.schema.ids().size() + " fields of ids.");
    }
    return KeyedJaggedTensor.oneHot(List.of(), new int[0], 0);
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

  /// How the ids of a [Field.Sessions] split into sessions: for each example, the sizes of its sessions
  /// (`values` are sizes, `offsets` delimit examples).
  public JaggedIds sessions(String field) {
    return present(sessions, field, "sessions");
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
    Field.Domain f =
        schema
            .one(Field.Domain.class)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "batch: the schema has no domain field. Expected one for a multi-scenario"
                            + " model."));
    long[] given = present(integers, f.name(), "domain");
    int[] domains = new int[given.length];
    Arrays.setAll(domains, i -> Math.toIntExact(given[i]));
    return domains;
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

    /// The ids, one key per field of [Schema#ids], in schema order, each id below its field's size.
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
      }
      sparse = ids;
      return this;
    }

    /// How the ids of a sessions field split: sizes of sessions as `values`, examples delimited by `offsets`.
    public Builder sessions(String field, JaggedIds sizes) {
      check(field, sizes.bags(), size);
      sessions.put(field, sizes);
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
      return new Batch(this);
    }

    private static void check(String what, int given, int expected) {
      if (given != expected) {
        throw new IllegalArgumentException(
            "batch: " + what + " has " + given + " values. Expected " + expected + ".");
      }
    }
  }
}
