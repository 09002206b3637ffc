// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.ArrayList;
import java.util.List;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Pooling;

/// Small schemas with two scenarios.
public final class ScenarioExamples {
  /// What a model of scenarios is checked on.
  public static final Schema SCHEMA =
      Schema.of(
          new Field.Dense("price"),
          new Field.Categorical("user", 7),
          new Field.MultiValued("tags", 6, "tags", Pooling.MEAN, 4),
          new Field.Domain("page", 2),
          new Field.Label("click", Field.LabelKind.BINARY));

  /// What a model of scenarios and tasks is checked on: [TaskExamples#SCHEMA], and where each example comes from.
  public static final Schema TASKS = with(TaskExamples.SCHEMA, 2);

  private ScenarioExamples() {}

  /// A schema that has no scenarios, with so many.
  public static Schema with(Schema schema, int scenarios) {
    List<Field> fields = new ArrayList<>(schema.fields());
    fields.add(new Field.Domain("page", scenarios));
    return new Schema(fields);
  }
}
