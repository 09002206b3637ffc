// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds for every model of several scenarios, beside what [EveryModelTest] asks of all.
class EveryScenarioTest {
  private static final String OF_A_SCENARIO = "(domain|tower|gate|mix)";

  static Stream<ModelSpec> models() {
    return Models.all().stream().filter(Schemas::multiScenario);
  }

  /// Models are found by the domain of their example: none that has scenarios may drop out of these tests.
  @Test
  void everyModelOfScenariosIsHere() {
    assertThat(models().map(ModelSpec::name)).contains("apg", "hmoe", "m2m", "pepnet", "star");
  }

  private static Schema example(ModelSpec spec, int scenarios) {
    return ScenarioBench.with(spec.exampleSchema(spec.settings(Map.of())), scenarios);
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

  /// More than nine scenarios, none beside the next of its own: every row has the score that it has alone, and that it has among the
  /// rows of its scenario.
  @ParameterizedTest
  @MethodSource("models")
  void rowsOfManyScenariosKeepTheirOrder(ModelSpec spec) {
    Schema schema = example(spec, 12);
    Batch drawn = SampleBatches.draw(schema, 24, 1);
    int[] mixed = new int[24];
    Arrays.setAll(mixed, b -> b * 7 % 12);
    Batch batch = ScenarioBench.moved(drawn, mixed);
    for (Map<String, String> given : EveryModelTest.some(spec)) {
      try (ModelBench bench = ModelBench.drawn(spec, given, schema, 1)) {
        Map<String, double[]> all = bench.scoresByLabel(batch);
        for (int p = 0; p < 12; p++) {
          int[] rows = ScenarioBench.rowsOf(batch, p);
          Map<String, double[]> apart = bench.scoresByLabel(ModelBench.rows(batch, rows));
          Map<String, double[]> alone = bench.scoresByLabel(ModelBench.rows(batch, rows[1]));
          all.forEach(
              (label, z) -> {
                assertThat(Naive.get(apart, label)).containsExactly(z[rows[0]], z[rows[1]]);
                assertThat(Naive.get(alone, label)).containsExactly(z[rows[1]]);
              });
        }
      }
    }
  }

  private static Var squares(Outputs out) {
    return out.heads().values().stream()
        .map(head -> head.score().square().sum())
        .reduce(Var::add)
        .orElseThrow();
  }

  /// The gradient of what belongs to a scenario without a row is zero, that of everything is a number, in training on one scenario of
  /// three, and on a single row.
  @ParameterizedTest
  @MethodSource("models")
  void aScenarioWithoutRowsHasNoGradient(ModelSpec spec) {
    Schema schema = example(spec, 3);
    Batch drawn = SampleBatches.draw(schema, 5, 2);
    Batch one = ScenarioBench.moved(drawn, 1, 1, 1, 1, 1);
    // what belongs to a scenario without rows, under the path of that which has some, and what of
    // the latter moves in one setting at least
    Set<String> absent = new TreeSet<>();
    Set<String> taught = new TreeSet<>();
    for (Map<String, String> given : CoveringArray.pairwise(spec, 2)) {
      boolean all = "false".equals(given.get("stopGradient")); // all towers learn, on purpose
      try (ModelBench bench = ModelBench.drawn(spec, given, schema, 2)) {
        for (Batch batch : List.of(one, ModelBench.rows(one, 3))) {
          Map<String, double[]> g = bench.trainingGradients(batch, 1, EveryScenarioTest::squares);
          for (String path : bench.paths()) {
            double[] d = Naive.get(g, path);
            assertThat(d).as("%s %s", given, path).doesNotContain(Double.NaN);
            boolean others = path.matches("(.*/)?" + OF_A_SCENARIO + "/[02]/.*") && !all;
            boolean rows = List.of("u", "domain", "group").contains(path);
            if (rows) {
              int width = d.length / 3;
              if (moves(ScenarioBench.vector(d, 1, width))) {
                taught.add(path);
              }
              d = Arrays.copyOf(d, 2 * width); // scenario 0, and behind it 2
              System.arraycopy(Naive.get(g, path), 2 * width, d, width, width);
            }
            if (rows || others) {
              assertThat(d).as("%s %s", given, path).containsOnly(0);
              if (bench.params().get(path).role() != Parameter.Role.STATE) {
                absent.add(path.replaceFirst(OF_A_SCENARIO + "/[02]/", "$1/1/"));
              }
            }
            if (path.matches("(.*/)?" + OF_A_SCENARIO + "/1/.*") && moves(d)) {
              taught.add(path);
            }
          }
        }
      }
    }
    assertThat(absent).as("parameters of scenarios").isNotEmpty();
    assertThat(taught).as("what belongs to the scenario that is there").containsAll(absent);
  }

  private static boolean moves(double[] gradient) {
    return Arrays.stream(gradient).anyMatch(d -> d != 0);
  }

  /// The scenario decides what is said of a row; of HMoE only if a network of its own weighs the towers.
  @ParameterizedTest
  @MethodSource("models")
  void theScenarioDecides(ModelSpec spec) {
    Schema schema = example(spec, 3);
    Batch drawn = SampleBatches.draw(schema, 4, 3);
    Map<String, String> given = small(spec);
    if (spec.options().stream().anyMatch(o -> o.name().equals("shareMix"))) {
      given.put("shareMix", "false");
    }
    try (ModelBench bench = ModelBench.drawn(spec, given, schema, 3)) {
      double[] here = bench.scores(ScenarioBench.moved(drawn, 0, 0, 0, 0));
      double[] there = bench.scores(ScenarioBench.moved(drawn, 2, 2, 2, 2));
      for (int b = 0; b < 4; b++) {
        assertThat(here[b]).isNotEqualTo(there[b]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void aSchemaWithoutScenariosIsRefused(ModelSpec spec) {
    List<Field> fields = new ArrayList<>(example(spec, 2).fields());
    fields.removeIf(f -> f instanceof Field.Domain);
    assertThatThrownBy(() -> ModelBench.of(spec, small(spec), new Schema(fields), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(spec.name() + ": the schema has no domain field. Expected one");
  }

  @ParameterizedTest
  @MethodSource("models")
  void aScenarioThatTheModelWasNotBuiltForIsRefused(ModelSpec spec) {
    Batch batch = ScenarioBench.moved(SampleBatches.draw(example(spec, 5), 3, 4), 1, 4, 0);
    try (ModelBench bench = ModelBench.of(spec, small(spec), example(spec, 3), 4)) {
      assertThatThrownBy(() -> bench.scores(batch))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              spec.name()
                  + ": domain 4 of example 1. Expected 0 to 2, as in the schema that the model was"
                  + " built from.");
    }
  }
}
