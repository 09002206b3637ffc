// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.hmoe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.sigmoid;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.Head;
import org.gradus.models.ModelBench;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.NaiveTasks;
import org.gradus.models.ScenarioBench;
import org.gradus.models.ScenarioBench.Row;
import org.gradus.models.ScenarioExamples;
import org.gradus.models.Settings;
import org.gradus.models.TaskBench;
import org.gradus.models.mmoe.MmoeSpec;
import org.gradus.tensor.MatMulKernels.Activation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HmoeTest {
  private static final HmoeSpec SPEC = new HmoeSpec();
  private static final Field.Label CLICK = new Field.Label("click", Field.LabelKind.BINARY);
  private static final Schema THREE = ScenarioBench.with(ScenarioExamples.SCHEMA, 3);

  private static Map<String, String> given(String... more) {
    Map<String, String> all = new HashMap<>();
    all.putAll(
        Map.of("embeddingDim", "2", "numExperts", "3", "expertUnits", "4,3", "towerUnits", "3"));
    for (int i = 0; i < more.length; i += 2) {
      all.put(more[i], more[i + 1]);
    }
    return all;
  }

  /// What each scenario's tower says, number or vector.
  private static double[][] towers(
      Map<String, double[]> params, Settings s, double[] x, int scenarios) {
    Activation act = s.choice("activation", Activation.class);
    int count = s.integer("numExperts");
    double[][] e = NaiveTasks.experts(params, "expert/", count, x, act);
    double[][] said = new double[scenarios][];
    for (int p = 0; p < scenarios; p++) {
      String gate = "gate/" + (s.flag("shareGate") ? "shared" : p) + "/";
      double[] m = NaiveTasks.mix(NaiveTasks.shares(params, gate, x, count, 0), e);
      String tower = "tower/" + p + "/";
      said[p] =
          s.choice("mixSpace", Hmoe.Space.class) == Hmoe.Space.HIDDEN
              ? NaiveTasks.mlp(params, tower, m, act)
              : new double[] {NaiveTasks.tower(params, tower, m, act)};
    }
    return said;
  }

  /// ω
  private static double[] omega(Map<String, double[]> params, Settings s, Row row, int scenarios) {
    Mixing.Normalisation n = s.choice("mixNormalisation", Mixing.Normalisation.class);
    String mix = "mix/" + (s.flag("shareMix") ? "shared" : row.scenario()) + "/";
    if (n == Mixing.Normalisation.SOFTMAX) {
      return NaiveTasks.shares(params, mix, row.x(), scenarios, 0);
    }
    double[] h = NaiveTasks.mlp(params, mix, row.x(), Activation.RELU);
    double[] a = Naive.linear(h, Naive.get(params, mix + "weight"), new double[scenarios]);
    for (int j = 0; j < a.length && n == Mixing.Normalisation.SIGMOID; j++) {
      a[j] = sigmoid(a[j]);
    }
    return a;
  }

  /// (HM-1) to (HM-6) of one row.
  private static Map<String, Double> oracle(Map<String, double[]> params, Settings s, Row row) {
    int scenarios = row.batch().schema().one(Field.Domain.class).orElseThrow().domains();
    double[][] said = towers(params, s, row.x(), scenarios);
    double[] omega = omega(params, s, row, scenarios);
    double[] sum = NaiveTasks.mix(omega, said);
    double z =
        switch (s.choice("mixSpace", Hmoe.Space.class)) {
          case LOGIT -> sum[0];
          case HIDDEN ->
              Naive.dot(sum, Naive.get(params, "out/weight")) + Naive.get(params, "out/bias")[0];
          case PROBABILITY -> {
            double p = 0;
            for (int j = 0; j < scenarios; j++) {
              p += omega[j] * sigmoid(said[j][0]);
            }
            yield Math.log(p / (1 - p));
          }
        };
    return Map.of("click", z);
  }

  @Test
  void headsAreTheirEquations() {
    ScenarioBench.assertEquations(SPEC, HmoeTest::oracle);
  }

  @Test
  void mutantsOfOtherOptionsFail() {
    Mutants.allFail(SPEC, given("mixSpace", "HIDDEN", "shareMix", "false", "mixUnits", "3"));
    Mutants.allFail(SPEC, given("mixSpace", "PROBABILITY", "shareGate", "false"));
    Mutants.allFail(
        SPEC, given("mixNormalisation", "SIGMOID", "stopGradient", "false", "numExperts", "1"));
  }

  private static final Schema ONE_NUMBER =
      Schema.of(new Field.Dense("a"), new Field.Domain("page", 3), CLICK);

  /// Scores are biases of towers, and the numbers behind ω the weights of a network that reads 1.
  @Test
  void workedExample() {
    Batch batch = ScenarioBench.moved(ModelBench.batch(ONE_NUMBER, 1, new float[] {1}), 1);
    try (ModelBench bench = ModelBench.of(SPEC, given("towerUnits", ""), ONE_NUMBER, 1)) {
      double[] scores = {.3, -.2, .8};
      for (int p = 0; p < 3; p++) {
        bench.set("tower/" + p + "/out/weight", 0, 0, 0);
        bench.set("tower/" + p + "/out/bias", scores[p]);
      }
      bench.set("mix/shared/weight", .5, -.5, 0);
      assertClose(
          Naive.get(bench.weights(batch), "mix"),
          new double[] {.50648, .186324, .307196},
          SIX_DECIMALS);
      double z = bench.scores(batch)[0];
      assertClose(
          new double[] {z, sigmoid(z), sigmoid(z) - 1},
          new double[] {.360436, .589146, -.410854},
          SIX_DECIMALS);
      Map<String, float[]> label = Map.of("click", new float[] {1});
      Map<String, double[]> g = bench.gradients(batch, out -> TaskBench.crossEntropy(out, label));
      double[] towers = new double[3];
      for (int p = 0; p < 3; p++) {
        towers[p] = Naive.get(g, "tower/" + p + "/out/bias")[0];
      }
      assertClose(towers, new double[] {0, -.076552, 0}, SIX_DECIMALS);
      assertThat(towers[0]).isZero();
      assertThat(towers[2]).isZero();
      assertClose(
          Naive.get(g, "mix/shared/weight"),
          new double[] {.012576, .042902, -.055479},
          SIX_DECIMALS);
    }
  }

  // Invariants

  /// One scenario: a mixture of experts with one gate and one tower.
  @Test
  void oneScenarioIsOmoe() {
    Schema schema = ScenarioBench.with(ScenarioExamples.SCHEMA, 1);
    Batch batch = SampleBatches.draw(schema, 5, 1);
    Map<String, String> mixture = new HashMap<>(given());
    mixture.put("gateMode", "SHARED");
    try (ModelBench bench = ModelBench.drawn(SPEC, given(), schema, 1);
        ModelBench omoe = ModelBench.of(new MmoeSpec(), mixture, schema, 1)) {
      TaskBench.copy(bench, "v/", omoe, "v/");
      TaskBench.copy(bench, "expert/", omoe, "expert/");
      TaskBench.copy(bench, "gate/", omoe, "gate/");
      TaskBench.copy(bench, "tower/0/", omoe, "tower/click/");
      assertThat(bench.paths()).hasSameSizeAs(omoe.paths()).noneMatch(p -> p.startsWith("mix"));
      TaskBench.assertScores(bench.scoresByLabel(batch), omoe.scoresByLabel(batch));
    }
  }

  /// One scenario, in every space.
  @ParameterizedTest
  @EnumSource(Hmoe.Space.class)
  void oneScenarioHasNothingToWeigh(Hmoe.Space space) {
    Schema schema = ScenarioBench.with(ScenarioExamples.SCHEMA, 1);
    Map<String, String> given = given("mixSpace", space.name());
    Batch batch = SampleBatches.draw(schema, 4, 2);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 2)) {
      ScenarioBench.assertScores(bench, SPEC.settings(given), batch, HmoeTest::oracle);
    }
  }

  /// The stop changes what towers learn, not what is said.
  @ParameterizedTest
  @EnumSource(Hmoe.Space.class)
  void theStopChangesGradientsAndNoScore(Hmoe.Space space) {
    Batch batch = ScenarioBench.moved(SampleBatches.draw(THREE, 5, 3), 0, 0, 0, 0, 0);
    try (ModelBench on = ModelBench.drawn(SPEC, given("mixSpace", space.name()), THREE, 3);
        ModelBench off =
            ModelBench.drawn(
                SPEC, given("mixSpace", space.name(), "stopGradient", "false"), THREE, 3)) {
      TaskBench.assertScores(on.scoresByLabel(batch), off.scoresByLabel(batch));
      Map<String, double[]> stopped = on.gradients(batch, 1, 1, 1, 1, 1);
      Map<String, double[]> free = off.gradients(batch, 1, 1, 1, 1, 1);
      for (String path : on.paths()) {
        double[] d = Naive.get(stopped, path);
        if (path.matches("tower/[12]/.*")) {
          assertThat(d).as(path).containsOnly(0);
        } else if (path.startsWith("mix/")) { // ω learns from all scores
          assertThat(d).as(path).isEqualTo(Naive.get(free, path));
        }
      }
      assertThat(moves(free, "tower/1/0/bias") || moves(free, "tower/2/0/bias")).isTrue();
    }
  }

  /// With one gate and one mixture, where a row comes from decides what it teaches, and not what is said of it.
  @Test
  void theOrdinaryModelSaysTheSameInEveryScenario() {
    Batch batch = SampleBatches.draw(THREE, 4, 7);
    try (ModelBench bench = ModelBench.drawn(SPEC, given(), THREE, 7)) {
      assertThat(bench.scores(ScenarioBench.moved(batch, 2, 2, 1, 0)))
          .containsExactly(bench.scores(batch));
    }
  }

  private static boolean moves(Map<String, double[]> gradients, String path) {
    return Arrays.stream(Naive.get(gradients, path)).anyMatch(d -> d != 0);
  }

  private static final Schema CONSTANT =
      Schema.of(
          new Field.Dense("one"),
          new Field.Categorical("user", 6),
          new Field.Domain("page", 3),
          CLICK);

  /// Networks per scenario that see nothing but a 1, and say 1000 of one tower: e^−1000 is 0.
  private static ModelBench oneHot(int shift, String stop) {
    ModelBench bench =
        ModelBench.drawn(SPEC, given("shareMix", "false", "stopGradient", stop), CONSTANT, 4);
    for (int p = 0; p < 3; p++) {
      double[] w = new double[9]; // [user, user, one] × 3
      w[6 + (p + shift) % 3] = 1000;
      bench.set("mix/" + p + "/weight", w);
    }
    return bench;
  }

  private static Batch constant(int... scenarios) {
    int size = scenarios.length;
    float[] ones = new float[size];
    Arrays.fill(ones, 1);
    int[] users = new int[size];
    Arrays.setAll(users, b -> 2 + b % 4);
    return ScenarioBench.moved(
        ModelBench.batch(CONSTANT, size, ones, ModelBench.single(users)), scenarios);
  }

  /// All weight on one's own tower: a tower for each scenario, and no other.
  @Test
  void allWeightOnItsOwnIsATowerPerScenario() {
    Batch batch = constant(2, 0, 1, 2, 0);
    try (ModelBench bench = oneHot(0, "true")) {
      Map<String, double[]> params = bench.all();
      double[] expected = new double[5];
      for (int b = 0; b < 5; b++) {
        Row row = Row.of(params, batch, b);
        expected[b] = towers(params, SPEC.settings(given()), row.x(), 3)[row.scenario()][0];
      }
      assertClose(bench.scores(batch), expected, EXACT);
    }
  }

  /// All weight on another's tower: experts learn nothing through it, unless nothing is stopped.
  @Test
  void expertsLearnNothingThroughTheTowersOfOthers() {
    Batch batch = constant(2, 0, 1, 2, 0);
    try (ModelBench stopped = oneHot(1, "true");
        ModelBench free = oneHot(1, "false")) {
      Map<String, double[]> none = stopped.gradients(batch, 1, 1, 1, 1, 1);
      Map<String, double[]> some = free.gradients(batch, 1, 1, 1, 1, 1);
      boolean learns = false;
      for (String path : stopped.paths()) {
        if (path.matches("(expert|gate)/.*")) {
          assertThat(Naive.get(none, path)).as(path).containsOnly(0);
          learns |= moves(some, path);
        }
      }
      assertThat(learns).isTrue();
    }
  }

  /// A mixture of probabilities is one, and so is what is left.
  @Test
  void mixedProbabilitiesAddUpToOne() {
    Batch batch = SampleBatches.draw(THREE, 6, 5);
    try (ModelBench bench = ModelBench.drawn(SPEC, given("mixSpace", "PROBABILITY"), THREE, 5)) {
      double[][] logs =
          bench.evaluate(
              batch,
              out -> {
                Head.LogProbability head = (Head.LogProbability) out.head("click");
                return new double[][] {
                  head.logP().value().toDoubles(), head.logNotP().value().toDoubles()
                };
              });
      for (int b = 0; b < 6; b++) {
        assertClose(
            new double[] {Math.exp(logs[0][b]) + Math.exp(logs[1][b])}, new double[] {1}, EXACT);
      }
    }
  }

  /// Whoever asks is told ω.
  @Test
  void weightsOfTheTowersAddUpToOne() {
    Batch batch = SampleBatches.draw(THREE, 4, 6);
    try (ModelBench bench = ModelBench.drawn(SPEC, given("shareMix", "false"), THREE, 6)) {
      double[] omega = Naive.get(bench.weights(batch), "mix");
      Map<String, double[]> params = bench.all();
      for (int b = 0; b < 4; b++) {
        double[] expected =
            omega(params, SPEC.settings(given("shareMix", "false")), Row.of(params, batch, b), 3);
        assertClose(ScenarioBench.vector(omega, b, 3), expected, EXACT);
        assertClose(new double[] {Arrays.stream(expected).sum()}, new double[] {1}, EXACT);
      }
    }
  }

  @Test
  void whatCannotBeMixedIsRefused() {
    for (String n : List.of("SIGMOID", "NONE")) {
      Map<String, String> given = given("mixSpace", "PROBABILITY", "mixNormalisation", n);
      assertThat(SPEC.conflict(SPEC.settings(given))).endsWith("Expected SOFTMAX.");
      assertThatThrownBy(() -> ModelBench.of(SPEC, given, THREE, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("hmoe: mixSpace PROBABILITY with mixNormalisation " + n);
    }
    assertThatThrownBy(
            () -> ModelBench.of(SPEC, given("mixSpace", "HIDDEN", "towerUnits", ""), THREE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no tower says anything of its own");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("expertUnits", ""), THREE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("hmoe: expertUnits is empty. Expected at least one layer.");
  }
}
