// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.gradus.autograd.Parameter;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The order of the fields says nothing: with its parameters carried along, as [FieldOrder] says, a model has the same scores of the
/// same rows. Every model, every pair of option values, two other orders of the fields.
class FieldOrderTest {
  /// Rows of a batch; float64 on the reference device.
  private static final int ROWS = 6;

  /// What counts as another score.
  private static final double OTHER = 1e-6;

  /// Models that read any features and predict a label; a series or a sentence has no fields to permute.
  static Stream<ModelSpec> models() {
    return Models.all().stream().filter(Schemas::fit);
  }

  /// A schema with its features backwards, and with the first of them behind the others. Labels stay: the order of tasks may mean
  /// something, as that of the steps of a funnel does.
  private static List<Schema> orders(Schema schema) {
    List<Field> features = new ArrayList<>(schema.fields());
    features.removeIf(FieldOrderTest::isLabel);
    List<Field> turned = new ArrayList<>(features);
    Collections.rotate(turned, -1);
    return List.of(labelled(features.reversed(), schema), labelled(turned, schema));
  }

  private static Schema labelled(List<Field> features, Schema schema) {
    List<Field> all = new ArrayList<>(features);
    schema.fields().stream().filter(FieldOrderTest::isLabel).forEach(all::add);
    return new Schema(all);
  }

  private static boolean isLabel(Field field) {
    return field instanceof Field.Label || field instanceof Field.LabelMask;
  }

  /// Of every head.
  private static double[] scores(ModelBench bench, Batch batch) {
    return bench.scoresByLabel(batch).values().stream().flatMapToDouble(Arrays::stream).toArray();
  }

  @ParameterizedTest
  @MethodSource("models")
  void permutingFieldsPermutesTheirWeightsAndNothingElse(ModelSpec spec) {
    TreeSet<String> moved = new TreeSet<>();
    TreeSet<String> mattered = new TreeSet<>();
    boolean excused = false;
    boolean differed = false;
    List<Schema> schemas = Schemas.of(spec);
    int n = 0;
    List<Map<String, String>> settings = new ArrayList<>(CoveringArray.pairwise(spec, 3));
    if (Schemas.multiTask(spec) || Schemas.multiScenario(spec)) {
      settings.addAll(CoveringArray.pairwise(spec, 4)); // a bottom that is off here is on there
    }
    for (Map<String, String> given : settings) {
      Schema schema = schemas.get(n++ % schemas.size());
      for (Schema other : orders(schema)) {
        try (Pair pair = new Pair(spec, given, schema, other, n)) {
          double[] expected = scores(pair.before, pair.batch);
          double[] carried = scores(pair.after, pair.reordered);
          String reason = idsTurn(schema, other) ? FieldOrder.reason(spec, pair.settings) : null;
          if (reason == null) {
            assertClose(carried, expected, EXACT);
            moved.addAll(pair.moved);
            mattered.addAll(pair.matter(expected));
          } else {
            excused = true;
            differed |= differ(carried, expected);
          }
        }
      }
    }
    assertThat(mattered).as("left where they were, these give other scores").isEqualTo(moved);
    assertThat(differed).as("a model that is excused depends on the order").isEqualTo(excused);
  }

  /// Whether fields of ids stand in another order among themselves.
  private static boolean idsTurn(Schema schema, Schema other) {
    return !schema.ids().equals(other.ids());
  }

  private static boolean differ(double[] a, double[] b) {
    for (int i = 0; i < a.length; i++) {
      if (Math.abs(a[i] - b[i]) > OTHER) {
        return true;
      }
    }
    return false;
  }

  /// Two models that differ in the order of their fields, with the same parameters but for their places.
  private static final class Pair implements AutoCloseable {
    private final Settings settings;
    private final ModelBench before;
    private final ModelBench after;
    private final Batch batch;
    private final Batch reordered;
    private final List<String> moved = new ArrayList<>();

    Pair(ModelSpec spec, Map<String, String> given, Schema schema, Schema other, long seed) {
      settings = spec.settings(given);
      before = ModelBench.drawn(spec, given, schema, seed);
      after = ModelBench.of(spec, given, other, seed);
      batch = SampleBatches.draw(schema, ROWS, seed); // a column depends on its own name only
      reordered = SampleBatches.draw(other, ROWS, seed);
      assertThat(after.paths()).isEqualTo(before.paths());
      FieldOrder from = FieldOrder.of(spec, settings, schema, before);
      FieldOrder to = FieldOrder.of(spec, settings, other, after);
      for (Parameter p : before.params().all()) {
        double[] values = from.carried(p, to);
        after.set(p.path(), values);
        if (!Arrays.equals(values, before.get(p.path()))) {
          moved.add(p.path());
        }
      }
    }

    /// The parameters that were moved and whose old places give other scores.
    List<String> matter(double[] expected) {
      List<String> found = new ArrayList<>();
      for (String path : moved) {
        double[] carried = after.get(path);
        after.set(path, before.get(path));
        if (differ(scores(after, reordered), expected)) {
          found.add(path);
        }
        after.set(path, carried);
      }
      return found;
    }

    @Override
    public void close() {
      before.close();
      after.close();
    }
  }
}
