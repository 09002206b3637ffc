// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Schema;

/// The labels of a schema as tasks: one head each, joined to its label by name.
///
/// @param all in the order of the schema
public record Tasks(List<Target> all) {
  /// Copies the list.
  public Tasks {
    all = List.copyOf(all);
  }

  /// Every label of a schema.
  ///
  /// @param model said in the message
  public static Tasks of(String model, Schema schema) {
    Target.refuseSeries(model, schema);
    if (schema.labels().isEmpty()) {
      throw new IllegalArgumentException(
          model + ": the schema has 0 labels. Expected at least one, a task each.");
    }
    return new Tasks(
        schema.labels().stream().map(label -> new Target(label.name(), label.kind())).toList());
  }

  /// Names of the labels.
  public List<String> names() {
    return all.stream().map(Target::label).toList();
  }

  /// A value for each task.
  ///
  /// @param option said in the message
  /// @param given one for all, or one for each in the order of the labels
  public static <V> List<V> each(String option, List<V> given, List<String> tasks) {
    if (given.size() == 1) {
      return Collections.nCopies(tasks.size(), given.getFirst());
    }
    if (given.size() != tasks.size()) {
      throw new IllegalArgumentException(
          option
              + " "
              + given
              + " for the tasks "
              + tasks
              + ". Expected one for all, or one for each task.");
    }
    return given;
  }

  /// K
  public int count() {
    return all.size();
  }

  /// The predictions of the tasks, in order, each `[B]`.
  public Outputs outputs(List<Var> z) {
    Map<String, Head> heads = new LinkedHashMap<>();
    for (int t = 0; t < all.size(); t++) {
      heads.put(all.get(t).label(), all.get(t).head(z.get(t)));
    }
    return new Outputs(heads, Map.of());
  }
}
