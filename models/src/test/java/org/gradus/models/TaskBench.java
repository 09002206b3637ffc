// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Shape;

/// What tests of models of several tasks share.
public final class TaskBench {
  /// Two numbers and two clicks, as in the worked examples.
  public static final Schema WORKED =
      Schema.of(
          new Field.Dense("a"),
          new Field.Dense("b"),
          new Field.Label("first", Field.LabelKind.BINARY),
          new Field.Label("second", Field.LabelKind.BINARY));

  /// What the equations say of one row, by label.
  @FunctionalInterface
  public interface Oracle {
    /// The scores of one row.
    ///
    /// @param x the embeddings and numbers of the row
    Map<String, Double> scores(
        Map<String, double[]> params, Settings settings, List<String> tasks, double[] x);
  }

  private TaskBench() {}

  /// The same columns, those of labels behind all others and in the opposite order.
  public static Schema labelsReversed(Schema schema) {
    List<Field> fields = new ArrayList<>(schema.fields());
    fields.removeAll(schema.labels());
    fields.addAll(schema.labels().reversed());
    return new Schema(fields);
  }

  /// One row of [#WORKED].
  public static Batch worked(float a, float b) {
    return ModelBench.batch(WORKED, 1, new float[] {a, b});
  }

  /// Every combination of options, on every schema in turn, says what the loops say.
  public static void assertEquations(ModelSpec spec, Oracle oracle) {
    List<Schema> schemas = Schemas.of(spec);
    int n = 0;
    for (Map<String, String> given : CoveringArray.pairwise(spec, 1)) {
      Schema schema = schemas.get(n % schemas.size());
      Batch batch = SampleBatches.draw(schema, 4, ++n);
      Settings settings = spec.settings(given);
      List<String> tasks = schema.labels().stream().map(Field.Label::name).toList();
      try (ModelBench bench = ModelBench.drawn(spec, given, schema, n)) {
        Map<String, double[]> params = bench.all();
        Map<String, double[]> expected = new TreeMap<>();
        for (int row = 0; row < 4; row++) {
          int at = row;
          oracle
              .scores(params, settings, tasks, Naive.concatenated(params, batch, row))
              .forEach((task, z) -> expected.computeIfAbsent(task, _ -> new double[4])[at] = z);
        }
        try {
          assertScores(bench.scoresByLabel(batch), expected);
        } catch (AssertionError e) {
          throw new AssertionError(spec.name() + " " + given + ": " + e.getMessage(), e);
        }
      }
    }
  }

  /// The same heads, and the same scores.
  public static void assertScores(Map<String, double[]> found, Map<String, double[]> expected) {
    if (!found.keySet().equals(expected.keySet())) {
      throw new AssertionError("heads " + found.keySet() + ", expected " + expected.keySet());
    }
    expected.forEach((label, z) -> assertClose(Naive.get(found, label), z, EXACT));
  }

  /// Σ of the cross-entropies of some logits.
  ///
  /// @param labels by head
  public static Var crossEntropy(Outputs out, Map<String, float[]> labels) {
    return labels.entrySet().stream()
        .map(
            e -> {
              Var z = out.head(e.getKey()).score();
              Tape tape = z.tape();
              float[] y = e.getValue();
              return z.crossEntropyWithLogits(tape.scope().upload(Shape.of(y.length), y)).sum();
            })
        .reduce(Var::add)
        .orElseThrow();
  }

  /// Copies the parameters whose path begins so into another model, where it begins otherwise.
  public static void copy(ModelBench from, String prefix, ModelBench to, String other) {
    for (String path : from.paths()) {
      if (path.startsWith(prefix)) {
        to.set(other + path.substring(prefix.length()), from.get(path));
      }
    }
  }
}
