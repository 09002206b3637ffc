// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.esmm;

import java.util.List;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Target;
import org.gradus.models.Tasks;
import org.jspecify.annotations.Nullable;

/// Labels of which each presupposes the one before.
///
/// @param trained from the click to the conversion
/// @param measured the conversion of what was clicked, if the schema has it
record Steps(List<String> trained, @Nullable String measured) {
  /// The labels in this order, or, where none are given, in that of the schema.
  static Steps of(Esmm.Variant variant, List<String> given, Schema schema) {
    Tasks tasks = Tasks.of("esmm", schema);
    List<String> all = tasks.names();
    List<String> names = given.isEmpty() ? all : given;
    int trained = variant == Esmm.Variant.ESMM ? 2 : 3;
    boolean fits = names.size() == trained || names.size() == trained + 1;
    if (!fits || names.size() != all.size() || !names.containsAll(all)) {
      throw new IllegalArgumentException(
          "esmm: labels "
              + names
              + " of a schema with "
              + all
              + ". Expected all of them: the click, "
              + (trained == 2 ? "" : "the action, ")
              + "the conversion, and perhaps the conversion given a click.");
    }
    for (Target task : tasks.all()) {
      if (task.kind() != Field.LabelKind.BINARY) {
        throw new IllegalArgumentException(
            "esmm: label "
                + task.label()
                + " is "
                + task.kind()
                + ", and the model predicts a probability. Expected a label of kind BINARY.");
      }
    }
    return new Steps(names.subList(0, trained), names.size() > trained ? names.get(trained) : null);
  }

  String click() {
    return trained.getFirst();
  }

  /// The action of ESM².
  String middle() {
    return trained.get(1);
  }

  String conversion() {
    return trained.getLast();
  }

  /// Fails for an example with a click-less action or conversion, where both labels were observed.
  void check(Batch batch) {
    float[] clicked = batch.label(click());
    float @Nullable [] known = batch.labelMask(click());
    for (String later : trained.subList(1, trained.size())) {
      float[] happened = batch.label(later);
      float @Nullable [] seen = batch.labelMask(later);
      for (int b = 0; b < batch.size(); b++) {
        boolean both = (known == null || known[b] == 1) && (seen == null || seen[b] == 1);
        if (both && happened[b] > clicked[b]) {
          throw new IllegalArgumentException(
              "esmm: example "
                  + b
                  + " has "
                  + later
                  + " "
                  + happened[b]
                  + " and "
                  + click()
                  + " "
                  + clicked[b]
                  + ". Expected none without a click; mask the label, or name the labels in their"
                  + " order by the setting labels.");
        }
      }
    }
  }
}
