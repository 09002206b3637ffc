// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;

/// What tests of models of several scenarios share.
public final class ScenarioBench {
  private static final int ROWS = 6;

  private ScenarioBench() {}

  /// A row of a batch.
  ///
  /// @param x its embeddings and numbers
  /// @param scenario where it comes from
  public record Row(Batch batch, int at, double[] x, int scenario) {
    /// Reads a row.
    public static Row of(Map<String, double[]> params, Batch batch, int at) {
      return new Row(batch, at, Naive.concatenated(params, batch, at), batch.domains()[at]);
    }

    /// Names of the labels.
    public List<String> tasks() {
      return batch.schema().labels().stream().map(Field.Label::name).toList();
    }
  }

  /// What the equations say of one row, by label.
  @FunctionalInterface
  public interface Oracle {
    /// The scores of one row.
    Map<String, Double> scores(Map<String, double[]> params, Settings settings, Row row);
  }

  /// Every combination of options, on every schema in turn, says what the loops say.
  public static void assertEquations(ModelSpec spec, Oracle oracle) {
    List<Schema> schemas = Schemas.of(spec);
    int n = 0;
    for (Map<String, String> given : CoveringArray.pairwise(spec, 1)) {
      Schema schema = schemas.get(n % schemas.size());
      Batch batch = SampleBatches.draw(schema, ROWS, ++n);
      try (ModelBench bench = ModelBench.drawn(spec, given, schema, n)) {
        assertScores(bench, spec.settings(given), batch, oracle);
      }
    }
  }

  /// The rows of a batch have the scores that the loops say.
  public static void assertScores(ModelBench bench, Settings settings, Batch batch, Oracle oracle) {
    TaskBench.assertScores(
        bench.scoresByLabel(batch), expected(bench.all(), settings, batch, oracle));
  }

  /// What the loops say of every row.
  public static Map<String, double[]> expected(
      Map<String, double[]> params, Settings settings, Batch batch, Oracle oracle) {
    Map<String, double[]> all = new TreeMap<>();
    for (int b = 0; b < batch.size(); b++) {
      int at = b;
      oracle
          .scores(params, settings, Row.of(params, batch, b))
          .forEach((task, z) -> all.computeIfAbsent(task, _ -> new double[batch.size()])[at] = z);
    }
    return all;
  }

  /// A schema with so many scenarios.
  public static Schema with(Schema schema, int scenarios) {
    List<Field> fields = new ArrayList<>(schema.fields());
    fields.removeIf(f -> f instanceof Field.Domain);
    return ScenarioExamples.with(new Schema(fields), scenarios);
  }

  /// The same rows, each from the scenario given.
  public static Batch moved(Batch batch, int... scenarios) {
    Schema schema = batch.schema();
    Batch.Builder builder = Batch.builder(schema, batch.size()).dense(batch.dense());
    if (!schema.ids().isEmpty()) {
      builder.sparse(batch.sparse());
    }
    for (Field.Label label : schema.labels()) {
      builder.real(label.name(), batch.label(label.name()));
    }
    for (Field.LabelMask mask : schema.all(Field.LabelMask.class)) {
      builder.real(mask.name(), Objects.requireNonNull(batch.labelMask(mask.label())));
    }
    String domain = schema.one(Field.Domain.class).orElseThrow().name();
    return builder.integer(domain, Arrays.stream(scenarios).asLongStream().toArray()).build();
  }

  /// The places of the rows of a scenario.
  public static int[] rowsOf(Batch batch, int scenario) {
    int[] all = batch.domains();
    return IntStream.range(0, all.length).filter(b -> all[b] == scenario).toArray();
  }

  /// Row r of `[rows, width]`.
  public static double[] vector(double[] rows, int r, int width) {
    return Arrays.copyOfRange(rows, r * width, (r + 1) * width);
  }
}
