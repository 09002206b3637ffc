// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Pooling;

/// A small schema of several tasks, one of them seen only now and then, and one a number.
public final class TaskExamples {
  /// What a model of any tasks is checked on.
  public static final Schema SCHEMA =
      Schema.of(
          new Field.Dense("price"),
          new Field.Categorical("user", 7),
          new Field.MultiValued("tags", 6, "tags", Pooling.MEAN, 4),
          new Field.Label("click", Field.LabelKind.BINARY),
          new Field.Label("like", Field.LabelKind.BINARY),
          new Field.LabelMask("like_seen", "like"),
          new Field.Label("watch", Field.LabelKind.REGRESSION));

  private TaskExamples() {}
}
