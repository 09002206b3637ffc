// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.m2m;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.NaiveTasks;
import org.gradus.models.ScenarioBench;
import org.gradus.models.ScenarioBench.Row;
import org.gradus.models.ScenarioExamples;
import org.gradus.models.Settings;
import org.gradus.models.TaskBench;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// M2M: its equations as loops, the specification's numbers, and what must not matter.
class M2mTest {
  private static final M2mSpec SPEC = new M2mSpec();
  private static final Schema HISTORIES = SPEC.exampleSchema(SPEC.settings(Map.of()));
  private static final Schema PLAIN = ScenarioExamples.TASKS;
  private static final Nonlinearity IDENTITY = new Nonlinearity(Nonlinearity.Kind.LEAKY_RELU, 1);

  private static Map<String, String> given(String... more) {
    Map<String, String> all = new HashMap<>();
    all.putAll(
        Map.of("embeddingDim", "2", "numExperts", "3", "expertDim", "2", "scenarioDim", "2"));
    all.putAll(Map.of("metaDepth", "1", "towerDepth", "1"));
    for (int i = 0; i < more.length; i += 2) {
      all.put(more[i], more[i + 1]);
    }
    return all;
  }

  // The equations

  private static Map<String, Double> oracle(Map<String, double[]> params, Settings s, Row row) {
    return new NaiveM2m(params, s).scores(row);
  }

  @Test
  void headsAreTheirEquations() {
    ScenarioBench.assertEquations(SPEC, M2mTest::oracle);
  }

  /// Every combination on histories of all lengths.
  @Test
  void historiesAreTheirEquations() {
    long seed = 0;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 2)) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, HISTORIES, ++seed)) {
        Batch batch = SampleBatches.draw(HISTORIES, 6, seed);
        ScenarioBench.assertScores(bench, SPEC.settings(given), batch, M2mTest::oracle);
      }
    }
  }

  @Test
  void mutantsOfOtherOptionsFail() {
    Mutants.allFail(SPEC, given("positionMode", "CONCAT", "pooling", "SUM", "linearLogit", "true"));
    Mutants.allFail(
        SPEC, given("metaShared", "ACROSS_TASKS", "attentionSoftmax", "false", "pooling", "LAST"));
    Mutants.allFail(SPEC, given("towerResidual", "false", "activation", "TANH", "metaDepth", "2"));
  }

  // The worked example: S̃ = (1, −0.5), n = 2

  /// A unit with the numbers of the example, under `unit`.
  private static MetaUnit worked(Nonlinearity sigma, Params params) {
    MetaUnit.Config config = new MetaUnit.Config(1, MetaUnit.Start.GLOROT);
    MetaUnit unit = new MetaUnit(2, 2, config, sigma, params.at("unit"));
    set(params, "unit/0/weight/weight", .1, .2, -.1, .3, .4, 0, .2, -.2);
    set(params, "unit/0/weight/bias", 1, 0, 0, 1);
    set(params, "unit/0/bias/weight", .1, -.1, .2, .3);
    set(params, "unit/0/bias/bias", 0, 0);
    return unit;
  }

  private static void set(Params params, String path, double... values) {
    ((DenseParameter) params.get(path)).write(values);
  }

  private static Var row(Tape tape, int width, double... values) {
    return tape.constant(Shape.of(values.length / width, width), values);
  }

  @Test
  void workedExample() {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.evaluating(device)) {
      Mode mode = Mode.evaluation(tape);
      MetaUnit.Said said = worked(Nonlinearity.LEAKY, params).of(row(tape, 2, 1, -.5));
      assertClose(
          said.weights().getFirst().value().toDoubles(),
          new double[] {.9, .2, -.2, 1.4},
          SIX_DECIMALS);
      assertClose(
          said.biases().getFirst().value().toDoubles(), new double[] {0, -.25}, SIX_DECIMALS);
      Var r = row(tape, 2, .5, -1);
      assertClose(
          said.forward(r.unsqueeze(1)).value().toDoubles(),
          new double[] {.65, -.0155},
          SIX_DECIMALS);

      // Attention, d = 1: scores with a softmax, and without
      Var e = tape.constant(Shape.of(1, 3, 1), .5, -1, 2);
      Var t = row(tape, 1, .3);
      MetaAttention sum = new MetaAttention(1, false, params.at("raw"));
      MetaAttention mean = new MetaAttention(1, true, params.at("soft"));
      set(params, "raw/v", 1, .5);
      set(params, "soft/v", 1, .5);
      double[] scores = {.525, -.00975, 2.025};
      assertClose(
          sum.forward(said, e, t, mode).value().toDoubles(),
          new double[] {Naive.dot(scores, new double[] {.5, -1, 2})},
          SIX_DECIMALS);
      double[] seen = new double[3];
      Mode watched = mode.watching(w -> System.arraycopy(w.values().toDoubles(), 0, seen, 0, 3));
      assertClose(
          mean.forward(said, e, t, watched).value().toDoubles(),
          new double[] {1.463132},
          SIX_DECIMALS);
      assertClose(seen, new double[] {.164812, .09655, .738638}, SIX_DECIMALS);

      // Tower, one layer: its units, one by one
      MetaTower tower =
          new MetaTower(2, new M2m.Tower(1, false, true), Nonlinearity.LEAKY, params.at("tower"));
      double[] units = new double[2];
      for (int i = 0; i < 2; i++) {
        set(params, "tower/out/weight", 1 - i, i);
        units[i] = tower.forward(List.of(said), r).value().toDoubles()[0];
      }
      assertClose(units, new double[] {1.15, -.010155}, SIX_DECIMALS);
    }
  }

  /// The scores of the worked attention, each as the only expert that says anything.
  @Test
  void workedScoresOfExperts() {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.evaluating(device)) {
      MetaUnit.Said said = worked(Nonlinearity.LEAKY, params).of(row(tape, 2, 1, -.5));
      MetaAttention sum = new MetaAttention(1, false, params.at("raw"));
      set(params, "raw/v", 1, .5);
      double[] experts = {.5, -1, 2};
      double[] scores = {.525, -.00975, 2.025};
      for (int i = 0; i < 3; i++) {
        Var e = tape.constant(Shape.of(1, 1, 1), experts[i]);
        Var r = sum.forward(said, e, row(tape, 1, .3), Mode.evaluation(tape));
        assertClose(r.value().toDoubles(), new double[] {scores[i] * experts[i]}, SIX_DECIMALS);
      }
    }
  }

  // Invariants

  /// Where V is 0 the unit is an ordinary network with the weights v, whatever the scenario; with the identity for v, it is the identity.
  @Test
  void aUnitThatDoesNotListenIsAnOrdinaryNetwork() {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.evaluating(device)) {
      MetaUnit.Config config = new MetaUnit.Config(2, MetaUnit.Start.GLOROT);
      Nonlinearity relu = new Nonlinearity(Nonlinearity.Kind.RELU, 0);
      MetaUnit unit = new MetaUnit(3, 2, config, relu, params.at("unit"));
      double[][] w = {{.5, -1, 2, .25}, {1, .75, -.5, 1}};
      double[][] b = {{.1, -.2}, {.3, .4}};
      Map<String, double[]> mlp = new TreeMap<>();
      for (int i = 0; i < 2; i++) {
        set(params, "unit/" + i + "/weight/weight", new double[12]);
        set(params, "unit/" + i + "/bias/weight", new double[6]);
        set(params, "unit/" + i + "/weight/bias", w[i]);
        set(params, "unit/" + i + "/bias/bias", b[i]);
        mlp.put(i + "/weight", w[i]);
        mlp.put(i + "/bias", b[i]);
      }
      Var s = row(tape, 3, 1, -2, .5, 0, 3, 1);
      double[] h = {.4, 1.5};
      double[] expected = NaiveTasks.mlp(mlp, "", h, Activation.RELU);
      Var x = tape.constant(Shape.of(2, 1, 2), .4, 1.5, .4, 1.5);
      assertClose(unit.of(s).forward(x).value().toDoubles(), Naive.flat(expected, expected), EXACT);
      assertThat(expected[0]).isNotZero();

      MetaUnit same = new MetaUnit(3, 2, config, IDENTITY, params.at("same"));
      for (int i = 0; i < 2; i++) {
        set(params, "same/" + i + "/weight/weight", new double[12]);
        set(params, "same/" + i + "/bias/weight", new double[6]);
        set(params, "same/" + i + "/weight/bias", 1, 0, 0, 1);
      }
      assertThat(same.of(s).forward(x).value().toDoubles()).containsExactly(.4, 1.5, .4, 1.5);
    }
  }

  private static void silence(ModelBench bench, String pattern) {
    for (String path : bench.paths()) {
      if (path.matches(pattern)) {
        bench.set(path, new double[bench.get(path).length]);
      }
    }
  }

  /// Two rows with equal features in different scenarios differ only if a V does, and then they do.
  @ParameterizedTest
  @EnumSource(M2m.Sharing.class)
  void onlyGeneratorsHearTheScenario(M2m.Sharing sharing) {
    Batch batch = ModelBench.rows(SampleBatches.draw(HISTORIES, 3, 1), 1, 1);
    Batch apart = ScenarioBench.moved(batch, 0, 1);
    Map<String, String> given = given("metaShared", sharing.name());
    try (ModelBench bench = ModelBench.drawn(SPEC, given, HISTORIES, 1)) {
      bench.scoresByLabel(apart).forEach((_, z) -> assertThat(z[0]).isNotEqualTo(z[1]));
      silence(bench, "meta/.*/(weight|bias)/weight");
      bench.scoresByLabel(apart).forEach((_, z) -> assertThat(z[0]).isEqualTo(z[1]));
    }
  }

  /// Where v is 0, all experts count alike.
  @Test
  void withoutScoresExpertsCountAlike() {
    Batch batch = SampleBatches.draw(PLAIN, 4, 2);
    try (ModelBench bench = ModelBench.drawn(SPEC, given(), PLAIN, 2)) {
      silence(bench, "attention/.*/v");
      Map<String, double[]> alpha = bench.weights(batch);
      assertThat(alpha)
          .containsOnlyKeys("attention/click", "attention/like", "attention/watch")
          .allSatisfy((_, a) -> assertThat(a).hasSize(12).containsOnly(1 / 3.));
    }
  }

  /// Whoever asks is told α, which adds up to 1, as the loops have it.
  @Test
  void sharesOfExpertsAreReported() {
    Batch batch = SampleBatches.draw(PLAIN, 4, 3);
    try (ModelBench bench = ModelBench.drawn(SPEC, given(), PLAIN, 3)) {
      bench
          .weights(batch)
          .forEach(
              (path, alpha) -> {
                for (int b = 0; b < 4; b++) {
                  double[] own = ScenarioBench.vector(alpha, b, 3);
                  assertClose(new double[] {Arrays.stream(own).sum()}, new double[] {1}, EXACT);
                  assertThat(own).as(path).doesNotHaveDuplicates();
                }
              });
    }
  }

  /// One expert: R is what it says, and nothing weighs it.
  @Test
  void oneExpertIsHeardAsItIs() {
    Batch batch = SampleBatches.draw(PLAIN, 4, 4);
    Map<String, String> one = given("numExperts", "1");
    try (ModelBench bench = ModelBench.drawn(SPEC, one, PLAIN, 4);
        ModelBench twins = ModelBench.drawn(SPEC, given("numExperts", "2"), PLAIN, 5)) {
      assertThat(bench.paths()).noneMatch(p -> p.matches("(task|attention|meta/attention)/.*"));
      // the mean of two that say the same, whatever their shares, is what one says
      for (String path : bench.paths()) {
        twins.set(path, bench.get(path));
      }
      TaskBench.copy(bench, "expert/0/", twins, "expert/1/");
      TaskBench.assertScores(twins.scoresByLabel(batch), bench.scoresByLabel(batch));
    }
  }

  /// A tower whose units say 0 is ReLU of ReLU of R: what goes around them survives; without it nothing does.
  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void whatGoesAroundALayerSurvives(String residual) {
    Batch batch = SampleBatches.draw(PLAIN, 4, 6);
    Map<String, String> given =
        given(
            "activation", "RELU", "towerDepth", "2", "numExperts", "1", "towerResidual", residual);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 6)) {
      silence(bench, "meta/tower/.*");
      Map<String, double[]> params = bench.all();
      boolean any = false;
      Map<String, double[]> scores = bench.scoresByLabel(batch);
      for (String task : scores.keySet()) {
        double[] expected = new double[4];
        for (int b = 0; b < 4; b++) {
          double[] x = Naive.concatenated(params, batch, b);
          double[] r = NaiveTasks.mlp(params, "expert/0/", x, Activation.RELU);
          double[] w = Naive.get(params, "tower/" + task + "/out/weight");
          double kept = residual.equals("true") ? Naive.dot(r, w) : 0;
          any |= kept != 0;
          expected[b] = kept + Naive.get(params, "tower/" + task + "/out/bias")[0];
        }
        assertClose(Naive.get(scores, task), expected, EXACT);
      }
      assertThat(any).isEqualTo(residual.equals("true"));
    }
  }

  /// Shared units: tasks differ by their views, v and last layers alone.
  @Test
  void tasksDifferByTheirViews() {
    Batch batch = SampleBatches.draw(PLAIN, 4, 7);
    try (ModelBench bench = ModelBench.drawn(SPEC, given("metaShared", "ACROSS_TASKS"), PLAIN, 7)) {
      assertThat(bench.paths())
          .filteredOn(p -> p.startsWith("meta/"))
          .isNotEmpty()
          .allMatch(p -> p.matches("meta/(attention|tower)/shared/.*"));
      Map<String, double[]> before = bench.scoresByLabel(batch);
      assertThat(Naive.get(before, "click")).isNotEqualTo(Naive.get(before, "like"));
      TaskBench.copy(bench, "tower/click/", bench, "tower/like/");
      TaskBench.copy(bench, "attention/click/", bench, "attention/like/");
      assertThat(Naive.get(bench.scoresByLabel(batch), "click"))
          .isNotEqualTo(Naive.get(bench.scoresByLabel(batch), "like"));
      TaskBench.copy(bench, "task/click/", bench, "task/like/");
      Map<String, double[]> after = bench.scoresByLabel(batch);
      assertThat(Naive.get(after, "click")).containsExactly(Naive.get(after, "like"));
    }
  }

  /// A task's loss teaches its own view, tower and units, and what all share, and nothing of the others.
  @Test
  void aTaskTeachesNothingOfOthers() {
    Batch batch = SampleBatches.draw(PLAIN, 5, 8);
    try (ModelBench bench = ModelBench.drawn(SPEC, given("linearLogit", "true"), PLAIN, 8)) {
      Map<String, double[]> g =
          bench.gradients(batch, out -> out.head("like").score().square().sum());
      boolean own = false;
      for (String path : bench.paths()) {
        if (path.matches(".*/(click|watch)/.*")) {
          assertThat(Naive.get(g, path)).as(path).containsOnly(0);
        }
        own |= path.contains("/like/") && Arrays.stream(Naive.get(g, path)).anyMatch(d -> d != 0);
      }
      assertThat(own).isTrue();
    }
  }

  /// A row without a step has a history of 0, as one of padding has.
  @Test
  void aHistoryOfNothingIsZero() {
    float[] price = {.5f, .5f, .5f};
    Batch batch =
        ModelBench.batch(
            HISTORIES,
            3,
            price,
            new int[][] {{2}, {2}, {2}, {3}, {3}, {3}, {}, {0, 0}, {4}, {}, {0}, {}});
    try (ModelBench bench = ModelBench.drawn(SPEC, given(), HISTORIES, 9)) {
      bench
          .scoresByLabel(batch)
          .forEach((_, z) -> assertThat(z[1]).isEqualTo(z[0]).isNotEqualTo(z[2]));
    }
  }

  /// In training a number of a task's view is dropped for all rows or for none: its bias learns nothing from sixteen rows in some steps,
  /// which sixteen draws, one for each, would hardly ever agree on.
  @Test
  void dropoutOfATaskIsThatOfNoRow() {
    Batch batch = SampleBatches.draw(PLAIN, 16, 10);
    int zeros = 0;
    try (ModelBench bench = ModelBench.drawn(SPEC, given("dropout", "0.5"), PLAIN, 10)) {
      for (int step = 1; step <= 8; step++) {
        Map<String, double[]> g =
            bench.trainingGradients(batch, step, out -> out.head("click").score().sum());
        for (double d : Naive.get(g, "task/click/0/bias")) {
          zeros += d == 0 ? 1 : 0;
        }
      }
    }
    assertThat(zeros).isBetween(1, 15); // of 16 numbers, each dropped with probability 0.5
  }

  /// The identity, and a tenth of what it would be.
  @Test
  void unitsMayBeginNearTheIdentity() {
    try (ModelBench near = ModelBench.of(SPEC, given("metaInit", "IDENTITY"), PLAIN, 11);
        ModelBench plain = ModelBench.of(SPEC, given(), PLAIN, 11)) {
      String path = "meta/tower/click/0/0/weight/";
      assertThat(near.get(path + "bias")).containsExactly(1, 0, 0, 1);
      assertThat(plain.get(path + "bias")).containsOnly(0);
      double[] w = plain.get(path + "weight");
      double[] tenth = Arrays.stream(w).map(x -> (float) x * .1f).toArray();
      assertClose(near.get(path + "weight"), tenth, EXACT);
    }
  }

  /// A unit of depth K and width n takes d_s n² + n² + d_s n + n numbers a layer: attention has 2d, so four times the weights of a tower.
  @Test
  void sizesOfUnits() {
    Map<String, String> preset = Map.of();
    try (ModelBench bench = ModelBench.of(SPEC, preset, PLAIN, 12)) {
      assertThat(bench.shape("meta/attention/click/2/weight/weight")).isEqualTo(Shape.of(16, 4096));
      assertThat(bench.shape("meta/tower/click/2/2/weight/weight")).isEqualTo(Shape.of(16, 1024));
      assertThat(bench.shape("meta/tower/click/2/2/bias/weight")).isEqualTo(Shape.of(16, 32));
      assertThat(bench.paths()).noneMatch(p -> p.startsWith("meta/tower/click/3"));
    }
  }

  /// Fields that speak for scenario and user are those that are named.
  @Test
  void namedFieldsSpeak() {
    Map<String, String> given = given("scenarioFields", "price,item", "userFields", "user");
    try (ModelBench bench = ModelBench.of(SPEC, given, HISTORIES, 13)) {
      assertThat(bench.shape("scenario/0/weight")).isEqualTo(Shape.of(2 + 2 + 1 + 2, 2));
    }
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("userFields", "user,viewed"), HISTORIES, 13))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("m2m: setting userFields names viewed. Expected some of: user, item, price.");
  }

  /// Their vectors in the order of the names, then their numbers; those of the scenario first. With one row the gradient of a weight of S̃
  /// is its input times what all inputs share.
  @Test
  void namedFieldsSpeakInTheirOrder() {
    Schema schema =
        Schema.of(
            new Field.Dense("a"),
            new Field.Dense("b"),
            new Field.Categorical("user", 5),
            new Field.Categorical("item", 5),
            new Field.Domain("page", 2),
            new Field.Label("click", Field.LabelKind.BINARY));
    Map<String, String> given = given("scenarioFields", "b,item", "userFields", "a,user");
    Batch batch = ModelBench.batch(schema, 1, new float[] {.5f, -2}, new int[] {3}, new int[] {4});
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 14)) {
      double[] x = ScenarioBench.vector(bench.get("domain"), 0, 2);
      x = Naive.flat(x, ScenarioBench.vector(bench.get("v/item"), 4, 2), new double[] {-2});
      x = Naive.flat(x, ScenarioBench.vector(bench.get("v/user"), 3, 2), new double[] {.5});
      double[] g = Naive.get(bench.gradients(batch, 1), "scenario/0/weight"); // [8, 2]
      assertThat(g).hasSize(16).doesNotContain(0);
      for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 2; j++) {
          assertThat(g[2 * i + j] * x[0]).isCloseTo(g[j] * x[i], within(EXACT));
        }
      }
    }
  }

  /// GradNorm looks at the last layer of the experts, however many there are.
  @Test
  void theLastLayerOfExpertsIsShared() {
    for (String units : List.of("", "3", "4,3")) {
      try (ModelBench bench = ModelBench.of(SPEC, given("expertUnits", units), PLAIN, 15)) {
        String pattern = ((M2m) bench.model()).lastShared().getFirst();
        assertThat(bench.params().matching(pattern))
            .hasSize(3)
            .allMatch(p -> bench.shape(p.path()).size(1) == 2); // d
        String next = pattern.replace("*", "0").replaceFirst("\\d+/weight$", "%d/weight");
        int last = units.isEmpty() ? 0 : units.split(",", -1).length;
        assertThat(pattern).isEqualTo("expert/*/" + last + "/weight");
        assertThat(bench.paths()).doesNotContain(next.formatted(last + 1));
      }
    }
  }

  /// Vectors of scenarios, tasks and values are N(0, 0.01²): the mean of squares is within five of its deviations.
  @Test
  void vectorsBeginSmall() {
    try (ModelBench bench = ModelBench.of(SPEC, given("embeddingDim", "500"), PLAIN, 16)) {
      for (String path : List.of("domain", "task/click/vector", "v/user")) {
        double[] v = Arrays.stream(bench.get(path)).filter(x -> x != 0).toArray(); // padding is 0
        double square = 1e4 * Arrays.stream(v).map(x -> x * x).sum() / v.length;
        assertThat(square).as(path).isCloseTo(1, within(5 * Math.sqrt(2.0 / v.length)));
      }
    }
  }

  @Test
  void impossibleSettingsAreRefused() {
    for (String option : List.of("numExperts", "metaDepth", "towerDepth")) {
      assertThatThrownBy(() -> ModelBench.of(SPEC, given(option, "0"), PLAIN, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("m2m: " + option + " 0. Expected at least 1.");
    }
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("heads", "3"), HISTORIES, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 heads of width 2");
  }
}
