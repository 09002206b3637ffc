// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Pooling;

/// The shapes of data that every model is tested on. The label is called `click`.
public final class Schemas {
  /// What a click is.
  public static final Field.Label CLICK = new Field.Label("click", Field.LabelKind.BINARY);

  /// The same name, and any number.
  public static final Field.Label AMOUNT = new Field.Label("click", Field.LabelKind.REGRESSION);

  /// Ids alone.
  public static final Schema CATEGORICAL =
      Schema.of(
          new Field.Categorical("user", 6),
          new Field.Categorical("city", 4),
          new Field.Categorical("hour", 5),
          CLICK);

  /// Ids and numbers, and a number to predict.
  public static final Schema DENSE =
      Schema.of(
          new Field.Dense("price"),
          new Field.Categorical("user", 6),
          new Field.Dense("age"),
          new Field.Categorical("city", 4),
          AMOUNT);

  /// Bags with repeated ids, padding and none at all.
  public static final Schema BAGS =
      Schema.of(
          new Field.MultiValued("tags", 7, "tags", Pooling.MEAN, 4),
          new Field.Dense("price"),
          new Field.Categorical("user", 6),
          new Field.MultiValued("words", 5, "words", Pooling.SQRTN, 3),
          CLICK);

  /// One table for three fields.
  public static final Schema SHARED =
      Schema.of(
          new Field.Categorical("item", 6, "items"),
          new Field.MultiValued("bought", 6, "items", Pooling.SUM, 3),
          new Field.Dense("price"),
          new Field.MultiValued("seen", 6, "items", Pooling.SUM, 4),
          CLICK);

  /// A history of two columns, and one of purchases; for models that read histories.
  public static final Schema COLUMNS =
      Schema.of(
          new Field.Dense("price"),
          new Field.Categorical("item", 9),
          new Field.Categorical("category", 5),
          new Field.Sequence("viewed", 9, "item", 4),
          new Field.Sequence("viewedCategory", 5, "category", 4),
          new Field.Sequence("bought", 9, "item", 3),
          CLICK);

  /// The second with a click instead.
  public static final Schema DENSE_CLICK = clicked(DENSE);

  private Schemas() {}

  private static Schema clicked(Schema schema) {
    List<Field> fields = new ArrayList<>(schema.fields());
    fields.set(fields.indexOf(AMOUNT), CLICK);
    return new Schema(fields);
  }

  /// Each of the above.
  public static List<Schema> all() {
    return List.of(CATEGORICAL, DENSE, BAGS, SHARED);
  }

  /// Whether a model reads any features and predicts labels, like those of the click. Others, such as forecasts of series, models
  /// without heads and models of a number, have a schema of their own and refuse these.
  public static boolean fit(ModelSpec spec) {
    return spec.labelKinds().contains(Field.LabelKind.BINARY)
        && spec.exampleSchema(spec.settings(Map.of())).series().isEmpty();
  }

  /// Whether a model is made for several labels.
  public static boolean multiTask(ModelSpec spec) {
    return fit(spec) && labels(spec).size() > 1;
  }

  private static List<Field.Label> labels(ModelSpec spec) {
    return spec.exampleSchema(spec.settings(Map.of())).labels();
  }

  /// A schema with the labels, and their masks, that a model of several is made for, and with the scenarios of a model of such; for
  /// others the schema itself.
  public static Schema labelled(ModelSpec spec, Schema schema) {
    Schema own = spec.exampleSchema(spec.settings(Map.of()));
    List<Field> fields = new ArrayList<>(schema.fields());
    if (multiTask(spec)) {
      fields.removeIf(f -> f instanceof Field.Label || f instanceof Field.LabelMask);
      fields.addAll(own.labels());
      fields.addAll(own.all(Field.LabelMask.class));
    }
    fields.removeIf(f -> f instanceof Field.Domain);
    fields.addAll(own.all(Field.Domain.class));
    return new Schema(fields);
  }

  /// Whether a model reads from which scenario a row comes.
  public static boolean multiScenario(ModelSpec spec) {
    return !spec.exampleSchema(spec.settings(Map.of())).all(Field.Domain.class).isEmpty();
  }

  /// Each of the above with labels that the model predicts, and for a model of sequences one with sequences. For a model that
  /// does not fit them its own.
  public static List<Schema> of(ModelSpec spec) {
    if (!fit(spec)) {
      return List.of(spec.exampleSchema(spec.settings(Map.of())));
    }
    List<Schema> found =
        new ArrayList<>(
            spec.labelKinds().contains(Field.LabelKind.REGRESSION)
                ? all()
                : List.of(CATEGORICAL, DENSE_CLICK, BAGS, SHARED));
    Schema own = spec.exampleSchema(spec.settings(Map.of()));
    if (hasSequences(own)) {
      found.add(own);
    }
    return found.stream().map(s -> labelled(spec, s)).toList();
  }

  private static boolean hasSequences(Schema schema) {
    return schema.fields().stream()
        .anyMatch(f -> f instanceof Field.Sequence || f instanceof Field.Sessions);
  }

  /// The one that shows most of a model: with sequences if it reads any, else with bags.
  public static Schema richest(ModelSpec spec) {
    Schema last = of(spec).getLast();
    return !fit(spec) || hasSequences(last) ? last : labelled(spec, BAGS);
  }
}
