// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// The fields of a data set, in order. A model is built from it and fed batches of it; model and data meet nowhere
/// else.
public final class Schema {
  private final List<Field> fields;
  private final Map<String, Field> byName = new LinkedHashMap<>();
  private final Map<String, Integer> tables = new LinkedHashMap<>();
  private final Map<Class<? extends Field>, List<? extends Field>> byKind =
      new ConcurrentHashMap<>(); // as far as asked for; a step asks often

  /// A schema of these fields. Names must be unique, fields that share a table must agree on its size, and a label mask
  /// must name a label.
  public Schema(List<Field> fields) {
    this.fields = List.copyOf(fields);
    for (Field f : fields) {
      if (byName.put(f.name(), f) != null) {
        throw new IllegalArgumentException(
            "schema: two fields are called " + f.name() + ". Expected unique names.");
      }
      if (f instanceof Field.Ids ids) {
        Integer size = tables.putIfAbsent(ids.table(), ids.size());
        if (size != null && size != ids.size()) {
          throw new IllegalArgumentException(
              "schema: field "
                  + f.name()
                  + " needs "
                  + ids.size()
                  + " rows of table "
                  + ids.table()
                  + ", which has "
                  + size
                  + ". Expected fields that share a table to have one size.");
        }
      }
    }
    for (Field.LabelMask m : all(Field.LabelMask.class)) {
      if (!(byName.get(m.label()) instanceof Field.Label)) {
        throw new IllegalArgumentException(
            "schema: mask "
                + m.name()
                + " is for label "
                + m.label()
                + ", which is no label here.");
      }
    }
    atMostOne(Field.SampleWeight.class);
    atMostOne(Field.Group.class);
    atMostOne(Field.Domain.class);
    atMostOne(Field.Timestamp.class);
  }

  /// A schema of these fields.
  public static Schema of(Field... fields) {
    return new Schema(List.of(fields));
  }

  /// Every field, in order.
  public List<Field> fields() {
    return fields;
  }

  /// The field of this name.
  public Field field(String name) {
    Field f = byName.get(name);
    if (f == null) {
      throw new IllegalArgumentException(
          "schema: no field " + name + ". Expected one of: " + String.join(", ", byName.keySet()));
    }
    return f;
  }

  /// The fields of one kind, in order.
  @SuppressWarnings("unchecked") // what was found by this class
  public <F extends Field> List<F> all(Class<F> kind) {
    List<? extends Field> known = byKind.get(kind);
    return known != null ? (List<F>) known : find(kind);
  }

  private <F extends Field> List<F> find(Class<F> kind) {
    List<F> found = fields.stream().filter(kind::isInstance).map(kind::cast).toList();
    byKind.put(kind, found);
    return found;
  }

  /// The only field of a kind, if there is one.
  public <F extends Field> Optional<F> one(Class<F> kind) {
    List<F> all = all(kind);
    return all.isEmpty() ? Optional.empty() : Optional.of(all.getFirst());
  }

  /// Real-valued fields, the columns of [Batch#dense].
  public List<Field.Dense> dense() {
    return all(Field.Dense.class);
  }

  /// Fields with one id per example.
  public List<Field.Categorical> categorical() {
    return all(Field.Categorical.class);
  }

  /// Every field that holds ids, in order: the keys of [Batch#sparse].
  public List<Field.Ids> ids() {
    return all(Field.Ids.class);
  }

  /// Real numbers over time, in order.
  public List<Field.Series> series() {
    return all(Field.Series.class);
  }

  /// What is to be predicted.
  public List<Field.Label> labels() {
    return all(Field.Label.class);
  }

  /// Tables by name, with their number of rows.
  public Map<String, Integer> tables() {
    return Map.copyOf(tables);
  }

  /// Number of rows of a table.
  public int rows(String table) {
    Integer rows = tables.get(table);
    if (rows == null) {
      throw new IllegalArgumentException(
          "schema: no table "
              + table
              + ". Expected one of: "
              + String.join(", ", tables.keySet())
              + ".");
    }
    return rows;
  }

  private void atMostOne(Class<? extends Field> kind) {
    if (all(kind).size() > 1) {
      throw new IllegalArgumentException(
          "schema: "
              + all(kind).size()
              + " fields of kind "
              + kind.getSimpleName()
              + ". Expected at most one.");
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Schema schema && fields.equals(schema.fields);
  }

  @Override
  public int hashCode() {
    return fields.hashCode();
  }

  @Override
  public String toString() {
    return "Schema" + fields;
  }
}
