// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds for every model of several labels, beside what [EveryModelTest] asks of all.
class EveryMultiTaskTest {

  static Stream<ModelSpec> models() {
    return Models.all().stream().filter(Schemas::multiTask);
  }

  /// Models are found by the labels of their example: none of several tasks may drop out of these tests.
  @Test
  void everyModelOfTasksIsHere() {
    assertThat(models().map(ModelSpec::name))
        .contains("esmm", "infnet", "m2m", "mmoe", "pepnet", "ple", "shared-bottom");
  }

  /// Small sizes, so that parameters are few.
  private static Map<String, String> small(ModelSpec spec) {
    Map<String, String> given = new TreeMap<>();
    for (Option o : spec.options()) {
      if (o.choices().isEmpty() && !o.samples().contains("true")) {
        given.put(o.name(), o.samples().getFirst());
      }
    }
    return given;
  }

  private static Schema example(ModelSpec spec) {
    return spec.exampleSchema(spec.settings(small(spec)));
  }

  @ParameterizedTest
  @MethodSource("models")
  void headsAreJoinedToLabelsByName(ModelSpec spec) {
    Batch batch = SampleBatches.draw(example(spec), 3, 1);
    try (ModelBench bench = ModelBench.drawn(spec, small(spec), example(spec), 1)) {
      assertThat(bench.scoresByLabel(batch).keySet())
          .containsExactlyInAnyOrderElementsOf(
              example(spec).labels().stream().map(l -> l.name()).toList());
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void rowsThatChangePlacesTakeTheirPredictionsAlong(ModelSpec spec) {
    Batch batch = SampleBatches.draw(example(spec), 6, 2);
    int[] order = {4, 0, 5, 2, 1, 3};
    try (ModelBench bench = ModelBench.drawn(spec, small(spec), example(spec), 2)) {
      Map<String, double[]> all = bench.scoresByLabel(batch);
      Map<String, double[]> turned = bench.scoresByLabel(ModelBench.rows(batch, order));
      Map<String, double[]> part = bench.scoresByLabel(ModelBench.rows(batch, 5, 1));
      all.forEach(
          (label, z) -> {
            double[] found = Naive.get(turned, label);
            for (int b = 0; b < order.length; b++) {
              assertThat(found[b]).as(label).isEqualTo(z[order[b]]);
            }
            assertThat(Naive.get(part, label)).as(label).containsExactly(z[5], z[1]);
          });
    }
  }

  /// Labels are what a forward pass is compared with, and nothing that it reads.
  @ParameterizedTest
  @MethodSource("models")
  void predictionsDoNotDependOnLabels(ModelSpec spec) {
    Schema schema = example(spec);
    Batch drawn = SampleBatches.draw(schema, 4, 3);
    Batch.Builder builder = Batch.builder(schema, 4).dense(drawn.dense()).sparse(drawn.sparse());
    ModelBench.scenarios(builder, drawn);
    Batch other = ModelBench.labelled(builder, schema, 1, 1, 0, 1).build();
    try (ModelBench bench = ModelBench.drawn(spec, small(spec), schema, 3)) {
      Map<String, double[]> expected = bench.scoresByLabel(drawn);
      bench
          .scoresByLabel(other)
          .forEach((label, z) -> assertThat(z).as(label).isEqualTo(Naive.get(expected, label)));
    }
  }

  /// Where GradNorm looks, there is something, and every task reaches it.
  @ParameterizedTest
  @MethodSource("models")
  void theLastSharedLayerIsThereAndShared(ModelSpec spec) {
    Schema schema = example(spec);
    Map<String, String> given = small(spec);
    if (given.containsKey("towerUnits")) {
      given.put("towerUnits", ""); // a tower whose units are all off would hand nothing on
    }
    Batch batch = SampleBatches.draw(schema, 5, 4);
    try (ModelBench bench = ModelBench.drawn(spec, given, schema, 4)) {
      MultiTask model = (MultiTask) bench.model();
      for (String pattern : model.lastShared()) {
        var layer = bench.params().matching(pattern);
        assertThat(layer).as(pattern).isNotEmpty();
        for (String label : bench.scoresByLabel(batch).keySet()) {
          Map<String, double[]> g =
              bench.gradients(batch, out -> out.head(label).score().square().sum());
          boolean taught = g.values().stream().anyMatch(EveryMultiTaskTest::moves);
          assertThat(layer)
              .as("%s in %s", label, pattern)
              .allMatch(
                  p -> moves(Naive.get(g, p.path())) == taught); // none where it is only measured
        }
      }
    }
  }

  private static boolean moves(double[] gradient) {
    return Arrays.stream(gradient).anyMatch(d -> d != 0);
  }
}
