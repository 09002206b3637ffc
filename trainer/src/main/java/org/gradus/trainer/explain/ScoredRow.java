// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.models.Model;
import org.gradus.tensor.Device;
import org.gradus.trainer.run.Evaluator;

/// One row as a model sees it: what it holds, what the model says of it, and by what weights it mixed what the row holds.
///
/// @param fields what single ids and numbers of the row are, by field
/// @param labels what the data say, by label
/// @param scores what the model says, by label: a probability, or a value
/// @param mixtures in the order in which they were made
public record ScoredRow(
    Map<String, String> fields,
    Map<String, Float> labels,
    Map<String, Double> scores,
    List<Mixture> mixtures) {

  /// Scores a batch of one row, in evaluation.
  ///
  /// @param names the text of an id, by field and id
  /// @throws IllegalArgumentException when the model reports no weights
  public static ScoredRow of(
      Model model, Device device, Batch row, BiFunction<String, Integer, String> names) {
    List<Mixture> mixtures = new ArrayList<>();
    Map<String, Double> scores = new LinkedHashMap<>();
    try (Tape tape = Tape.evaluating(device)) {
      Mode mode =
          Mode.evaluation(tape).watching(seen -> mixtures.addAll(Mixture.of(seen, row, names)));
      model
          .forward(row, mode)
          .heads()
          .forEach((label, head) -> scores.put(label, Evaluator.Prediction.of(head).shown(0)));
    }
    if (mixtures.isEmpty()) {
      throw new IllegalArgumentException(
          "explain: the model reports no weights by which it mixes what a row holds. Expected one"
              + " with attention or gates that does, such as afm, din or dien.");
    }
    Map<String, String> fields = new LinkedHashMap<>();
    List<Field.Dense> dense = row.schema().dense();
    for (Field field : row.schema().fields()) {
      switch (field) {
        case Field.Dense d -> fields.put(d.name(), Float.toString(row.dense()[dense.indexOf(d)]));
        case Field.Categorical c ->
            fields.put(c.name(), names.apply(c.name(), row.sparse().of(c.name()).values()[0]));
        default -> {} // lists are shown where they are mixed
      }
    }
    Map<String, Float> labels = new LinkedHashMap<>();
    row.schema().labels().forEach(l -> labels.put(l.name(), row.label(l.name())[0]));
    return new ScoredRow(fields, labels, scores, List.copyOf(mixtures));
  }
}
