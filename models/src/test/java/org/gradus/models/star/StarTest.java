// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.star;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Parameter;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelBench;
import org.gradus.models.ModelCheck;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.NaiveTasks;
import org.gradus.models.ScenarioBench;
import org.gradus.models.ScenarioBench.Row;
import org.gradus.models.ScenarioExamples;
import org.gradus.models.Settings;
import org.gradus.models.star.PartitionedNorm.SmallGroup;
import org.gradus.models.star.StarLayer.Combine;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StarTest {
  private static final StarSpec SPEC = new StarSpec();
  private static final Field.Label CLICK = new Field.Label("click", Field.LabelKind.BINARY);
  private static final Schema THREE = ScenarioBench.with(ScenarioExamples.SCHEMA, 3);

  private static Map<String, String> given(String... more) {
    Map<String, String> all = new HashMap<>();
    all.putAll(Map.of("embeddingDim", "2", "hidden", "4,3", "auxUnits", "3", "domainDim", "2"));
    for (int i = 0; i < more.length; i += 2) {
      all.put(more[i], more[i + 1]);
    }
    return all;
  }

  /// (ST-2) with the statistics that the parameters hold.
  private static double[] norm(Map<String, double[]> params, String prefix, int p, double[] z) {
    String own = prefix + "domain/" + p + "/";
    double[] y = new double[z.length];
    for (int i = 0; i < z.length; i++) {
      double scale = Naive.get(params, prefix + "scale")[i] * Naive.get(params, own + "scale")[i];
      double shift = Naive.get(params, prefix + "shift")[i] + Naive.get(params, own + "shift")[i];
      double deviation = Math.sqrt(Naive.get(params, own + "variance")[i] + 1e-5);
      y[i] = scale * (z[i] - Naive.get(params, own + "mean")[i]) / deviation + shift;
    }
    return y;
  }

  /// (ST-4), and x W* + b*.
  private static double[] layer(
      Map<String, double[]> params, String prefix, int p, Combine combine, double[] x) {
    double[] w = Naive.get(params, prefix + "weight").clone();
    double[] b = Naive.get(params, prefix + "bias").clone();
    double[] own = Naive.get(params, prefix + "domain/" + p + "/weight");
    double[] ownBias = Naive.get(params, prefix + "domain/" + p + "/bias");
    for (int i = 0; i < w.length; i++) {
      w[i] = combine == Combine.PRODUCT ? w[i] * own[i] : w[i] + own[i];
    }
    for (int i = 0; i < b.length; i++) {
      b[i] += ownBias[i];
    }
    return Naive.linear(x, w, b);
  }

  private static Map<String, Double> oracle(Map<String, double[]> params, Settings s, Row row) {
    int p = row.scenario();
    Activation act = s.choice("activation", Activation.class);
    Combine combine = s.choice("combine", Combine.class);
    double[] h = s.flag("usePn") ? norm(params, "pn/", p, row.x()) : row.x();
    for (int l = 0; l < s.list("hidden").size(); l++) {
      h = layer(params, "star/" + l + "/", p, combine, h);
      for (int i = 0; i < h.length; i++) {
        h[i] = NaiveTasks.act(act, h[i]);
      }
    }
    double z = layer(params, "star/out/", p, combine, h)[0];
    if (s.flag("useAux")) {
      double[] u = ScenarioBench.vector(Naive.get(params, "u"), p, s.integer("domainDim"));
      double[] x = s.flag("auxPn") ? norm(params, "aux/pn/", p, row.x()) : row.x();
      z += NaiveTasks.tower(params, "aux/", Naive.flat(u, x), act);
    }
    return Map.of("click", z);
  }

  @Test
  void headsAreTheirEquations() {
    ScenarioBench.assertEquations(SPEC, StarTest::oracle);
  }

  @Test
  void mutantsOfOtherOptionsFail() {
    Mutants.allFail(SPEC, given("combine", "sum", "auxPn", "true", "activation", "tanh"));
    Mutants.allFail(SPEC, given("usePn", "false", "useAux", "false", "domainDecay", "0.3"));
    Mutants.allFail(SPEC, given("smallGroup", "batch", "hidden", "", "auxUnits", ""));
  }

  // Worked examples

  @Test
  void workedExampleOfALayer() {
    Schema schema =
        Schema.of(new Field.Dense("a"), new Field.Dense("b"), new Field.Domain("page", 1), CLICK);
    Batch batch = ModelBench.batch(schema, 1, new float[] {1, 2});
    Map<String, String> given = given("hidden", "2", "usePn", "false", "useAux", "false");
    try (ModelBench bench = ModelBench.of(SPEC, given, schema, 1)) {
      bench.set("star/0/weight", .5, -1, 1.5, .2);
      bench.set("star/0/bias", .1, -.1);
      bench.set("star/0/domain/0/weight", 2, 1, .5, -1);
      bench.set("star/0/domain/0/bias", .05, .2);
      double[] found = new double[2]; // through a last layer that picks one number
      for (int i = 0; i < 2; i++) {
        bench.set("star/out/weight", 1 - i, i);
        found[i] = bench.scores(batch)[0];
      }
      assertClose(found, new double[] {2.65, 0}, SIX_DECIMALS);
    }
    // the same x W* + b* without a ReLU
    Map<String, String> linear = new HashMap<>(given);
    linear.put("hidden", "");
    try (ModelBench bench = ModelBench.of(SPEC, linear, schema, 1)) {
      bench.set("star/out/weight", -1, .2);
      bench.set("star/out/bias", -.1);
      bench.set("star/out/domain/0/weight", 1, -1);
      bench.set("star/out/domain/0/bias", .2);
      assertClose(bench.scores(batch), new double[] {-1.3}, SIX_DECIMALS); // −1 − 0.4 + 0.1
    }
  }

  private static final Schema ONE_NUMBER =
      Schema.of(new Field.Dense("a"), new Field.Domain("page", 2), CLICK);

  /// A model that says what partitioned normalisation says of one number.
  private static ModelBench normAlone(String smallGroup) {
    ModelBench bench =
        ModelBench.of(
            SPEC, given("hidden", "", "useAux", "false", "smallGroup", smallGroup), ONE_NUMBER, 1);
    bench.set("star/out/weight", 1);
    bench.set("pn/scale", 1.5);
    bench.set("pn/shift", .2);
    bench.set("pn/domain/1/scale", 2);
    bench.set("pn/domain/0/shift", .1);
    bench.set("pn/domain/1/shift", -.3);
    return bench;
  }

  private static double[] inTraining(ModelBench bench, Batch batch) {
    return bench.train(batch, 1, out -> out.head("click").score().value().toDoubles());
  }

  @Test
  void workedExampleOfTheNorm() {
    Batch batch =
        ScenarioBench.moved(ModelBench.batch(ONE_NUMBER, 4, new float[] {1, 3, 2, 6}), 0, 0, 1, 1);
    double[] expected = {-1.199993, 1.799993, -3.099996, 2.899996};
    try (ModelBench bench = normAlone("use_running")) {
      assertClose(inTraining(bench, batch), expected, SIX_DECIMALS);
      assertThat(bench.get("pn/domain/1/mean")).as("without side effects").containsExactly(0);
      bench.descend(batch, 0, 1);
      assertClose(bench.get("pn/domain/0/mean"), new double[] {.02}, SIX_DECIMALS);
      assertClose(bench.get("pn/domain/0/variance"), new double[] {1}, SIX_DECIMALS);
      assertClose(bench.get("pn/domain/1/mean"), new double[] {.04}, SIX_DECIMALS);
      assertClose(bench.get("pn/domain/1/variance"), new double[] {1.03}, SIX_DECIMALS);
      // and (ST-2) with them
      double[] z = bench.scores(batch);
      assertClose(
          z,
          new double[] {
            .3 + 1.5 * .98 / Math.sqrt(1.00001),
            .3 + 1.5 * 2.98 / Math.sqrt(1.00001),
            -.1 + 3 * 1.96 / Math.sqrt(1.03001),
            -.1 + 3 * 5.96 / Math.sqrt(1.03001)
          },
          EXACT);
    }
  }

  // Training

  /// The parameters, with the statistics of the batch in place of the moving ones, where a scenario has rows enough.
  private static Map<String, double[]> measured(
      Map<String, double[]> params, Batch batch, SmallGroup small) {
    Map<String, double[]> own = new TreeMap<>(params);
    for (int p = 0; p < 3; p++) {
      int[] rows = ScenarioBench.rowsOf(batch, p);
      if (rows.length > 1 || (rows.length == 1 && small == SmallGroup.BATCH)) {
        int width = Naive.concatenated(params, batch, 0).length;
        double[] mean = new double[width];
        double[] variance = new double[width];
        for (int row : rows) {
          double[] x = Naive.concatenated(params, batch, row);
          for (int i = 0; i < width; i++) {
            mean[i] += x[i] / rows.length;
          }
        }
        for (int row : rows) {
          double[] x = Naive.concatenated(params, batch, row);
          for (int i = 0; i < width; i++) {
            variance[i] += (x[i] - mean[i]) * (x[i] - mean[i]) / rows.length;
          }
        }
        for (String norm : List.of("pn/", "aux/pn/")) {
          own.put(norm + "domain/" + p + "/mean", mean);
          own.put(norm + "domain/" + p + "/variance", variance);
        }
      }
    }
    return own;
  }

  /// Five rows of scenario 0, one of 1, three of 2, none beside the next.
  private static Batch uneven(long seed) {
    return ScenarioBench.moved(SampleBatches.draw(THREE, 9, seed), 0, 2, 0, 1, 0, 2, 0, 2, 0);
  }

  @ParameterizedTest
  @EnumSource(SmallGroup.class)
  void inTrainingEachScenarioIsStandardisedByItsOwnRows(SmallGroup small) {
    Map<String, String> given = given("auxPn", "true", "smallGroup", small.name());
    Batch batch = uneven(1);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, THREE, 1)) {
      Map<String, double[]> params = bench.all();
      Map<String, double[]> found = measured(params, batch, small);
      Map<String, double[]> expected =
          ScenarioBench.expected(found, SPEC.settings(given), batch, StarTest::oracle);
      assertClose(inTraining(bench, batch), Naive.get(expected, "click"), EXACT);
      bench.descend(batch, 0, 1);
      for (String path : bench.paths()) {
        double[] before = Naive.get(params, path);
        double[] measured = Naive.get(found, path); // as before, where nothing was measured
        double[] after = before.clone();
        for (int i = 0; i < after.length && path.matches(".*(mean|variance)"); i++) {
          after[i] = .99 * before[i] + .01 * measured[i];
        }
        assertClose(bench.get(path), after, EXACT);
      }
      if (small == SmallGroup.USE_RUNNING) {
        assertThat(bench.get("pn/domain/1/mean"))
            .containsExactly(Naive.get(params, "pn/domain/1/mean"));
      }
    }
  }

  /// Scenarios of one row and of many, in training; of the row nothing is left but its shift where it is standardised by itself.
  @Test
  void gradientsOfUnevenScenariosAreRight() {
    for (Map<String, String> given :
        List.of(given("auxPn", "true"), given("combine", "sum", "domainDecay", "0.2"))) {
      Settings settings = SPEC.settings(given);
      try (Device reference = Device.open("reference")) {
        GradCheck.of(3).check(reference, ModelCheck.objective(SPEC, settings, uneven(3))).orFail();
      }
    }
    Settings alone = SPEC.settings(given("smallGroup", "batch", "useAux", "false"));
    try (Device reference = Device.open("reference")) {
      GradCheck.of(4)
          .structurallyZero("pn/domain/1/scale", "the scenario's only row is its own mean")
          .check(reference, ModelCheck.objective(SPEC, alone, uneven(4)))
          .orFail();
    }
  }

  /// A batch of one row, of scenario 1.
  @Test
  void gradientsOfASingleRowAreRight() {
    Batch one = ScenarioBench.moved(SampleBatches.draw(THREE, 1, 5), 1);
    Settings settings = SPEC.settings(given());
    try (ModelBench bench = ModelBench.of(SPEC, given(), THREE, 1);
        Device reference = Device.open("reference")) {
      for (GradCheck check : List.of(GradCheck.of(5), GradCheck.of(6).evaluation())) {
        GradCheck own = check;
        for (String path : bench.paths()) {
          boolean state = path.matches(".*(mean|variance)");
          if (path.matches(".*domain/[02]/.*") && !state) {
            own = own.structurallyZero(path, "its scenario has no row");
          }
        }
        own.check(reference, ModelCheck.objective(SPEC, settings, one)).orFail();
      }
    }
  }

  @Test
  void rowsOfOneScenarioDoNotTouchAnother() {
    Batch batch = uneven(6);
    try (ModelBench bench = ModelBench.drawn(SPEC, given("auxPn", "true"), THREE, 6)) {
      // rows of scenario 2 of the first batch, beside rows of scenario 0 of either
      double[] here = inTraining(bench, ModelBench.rows(batch, 1, 5, 7, 0, 2, 4));
      double[] there = inTraining(bench, ModelBench.rows(batch, 1, 5, 7, 6, 8));
      for (int b = 0; b < 3; b++) {
        assertThat(there[b]).isEqualTo(here[b]);
      }
    }
  }

  /// In training what comes out of the norm has mean β + β_p and, but for ε, deviation |γ γ_p|.
  @Test
  void theNormHasTheMeanAndDeviationOfItsShiftAndScale() {
    float[] numbers = {.3f, -1.2f, 4, .7f, 2.5f, -.1f, 9};
    int[] scenarios = {0, 1, 0, 1, 0, 1, 1};
    Batch batch = ScenarioBench.moved(ModelBench.batch(ONE_NUMBER, 7, numbers), scenarios);
    try (ModelBench bench = normAlone("use_running")) {
      double[] z = inTraining(bench, batch);
      double[][] expected = {{.3, 1.5}, {-.1, 3}};
      for (int p = 0; p < 2; p++) {
        int[] rows = ScenarioBench.rowsOf(batch, p);
        double mean = 0;
        double squares = 0;
        double v = 0;
        double m = 0;
        for (int row : rows) {
          mean += z[row] / rows.length;
          m += (double) numbers[row] / rows.length;
        }
        for (int row : rows) {
          squares += (z[row] - mean) * (z[row] - mean) / rows.length;
          v += (numbers[row] - m) * (numbers[row] - m) / rows.length;
        }
        double deviation = expected[p][1] * Math.sqrt(v / (v + 1e-5));
        assertClose(
            new double[] {mean, Math.sqrt(squares)},
            new double[] {expected[p][0], deviation},
            EXACT);
      }
    }
  }

  /// Of a single row that is standardised by itself the shift is left.
  @Test
  void aSingleRowByItselfIsItsShift() {
    Batch one = ScenarioBench.moved(ModelBench.batch(ONE_NUMBER, 1, new float[] {7}), 1);
    try (ModelBench bench = normAlone("batch");
        ModelBench running = normAlone("use_running")) {
      assertClose(inTraining(bench, one), new double[] {-.1}, EXACT);
      assertClose(inTraining(running, one), new double[] {-.1 + 3 * 7 / Math.sqrt(1.00001)}, EXACT);
    }
  }

  // Invariants

  /// One scenario, and neutral parameters of its own: batch norm and a plain tower.
  @Test
  void oneScenarioIsBatchNormAndATower() {
    Schema schema = ScenarioBench.with(ScenarioExamples.SCHEMA, 1);
    Batch batch = SampleBatches.draw(schema, 6, 8);
    Map<String, String> given = given("useAux", "false");
    try (ModelBench bench = ModelBench.of(SPEC, given, schema, 8);
        ModelBench drawn = ModelBench.drawn(SPEC, given, schema, 8)) {
      for (String path : bench.paths()) {
        if (!path.contains("domain/")) {
          bench.set(path, drawn.get(path));
        }
      }
      Map<String, double[]> params = bench.all();
      int width = Naive.concatenated(params, batch, 0).length;
      double[][] x = new double[6][];
      double[] expected = new double[6];
      for (int b = 0; b < 6; b++) {
        x[b] = Naive.concatenated(params, batch, b);
      }
      for (int i = 0; i < width; i++) {
        double mean = 0;
        double variance = 0;
        for (double[] row : x) {
          mean += row[i] / 6;
        }
        for (double[] row : x) {
          variance += (row[i] - mean) * (row[i] - mean) / 6;
        }
        for (double[] row : x) {
          row[i] =
              Naive.get(params, "pn/scale")[i] * (row[i] - mean) / Math.sqrt(variance + 1e-5)
                  + Naive.get(params, "pn/shift")[i];
        }
      }
      for (int b = 0; b < 6; b++) {
        expected[b] = NaiveTasks.tower(params, "star/", x[b], Activation.RELU);
      }
      assertClose(inTraining(bench, batch), expected, EXACT);
    }
  }

  /// As it begins, the network is the same for every scenario, whether factors are multiplied or added.
  @ParameterizedTest
  @EnumSource(Combine.class)
  void itBeginsWithOneNetworkForAll(Combine combine) {
    Map<String, String> given =
        given("usePn", "false", "useAux", "false", "combine", combine.name());
    Batch batch = SampleBatches.draw(THREE, 6, 9);
    try (ModelBench bench = ModelBench.of(SPEC, given, THREE, 9)) {
      double[] z = bench.scores(batch);
      assertThat(bench.scores(ScenarioBench.moved(batch, 2, 2, 0, 1, 0, 1))).containsExactly(z);
      double start = combine == Combine.PRODUCT ? 1 : 0;
      assertThat(bench.get("star/1/domain/2/weight")).containsOnly(start);
      // a penalty on weights would pull factors to 0, where nothing passes
      Parameter.Role role =
          combine == Combine.PRODUCT ? Parameter.Role.NORM : Parameter.Role.WEIGHT;
      assertThat(bench.params().get("star/1/domain/2/weight").role()).isEqualTo(role);
      assertThat(bench.params().get("star/1/weight").role()).isEqualTo(Parameter.Role.WEIGHT);
    }
  }

  /// What a checkpoint holds, and no optimiser moves.
  @Test
  void statisticsAreState() {
    try (ModelBench bench = ModelBench.of(SPEC, given("auxPn", "true"), THREE, 1)) {
      for (String norm : List.of("pn/", "aux/pn/")) {
        for (String statistic : List.of("mean", "variance")) {
          assertThat(bench.params().get(norm + "domain/2/" + statistic).role())
              .isEqualTo(Parameter.Role.STATE);
        }
      }
    }
  }

  /// What the centre is multiplied by, and the factors are divided by, cancels.
  @Test
  void centreAndFactorsScaleAgainstEachOther() {
    Batch batch = SampleBatches.draw(THREE, 6, 10);
    try (ModelBench bench = ModelBench.drawn(SPEC, given(), THREE, 10)) {
      double[] before = bench.scores(batch);
      for (String path : bench.paths()) {
        if (path.matches("star/.*weight")) {
          double[] w = bench.get(path);
          for (int i = 0; i < w.length; i++) {
            w[i] *= path.contains("domain/") ? .5 : 2;
          }
          bench.set(path, w);
        }
      }
      assertClose(bench.scores(batch), before, EXACT);
    }
  }

  /// ½ λ Σ (W_p − 1)², or of sums ½ λ Σ W_p², over all layers and scenarios.
  @ParameterizedTest
  @EnumSource(Combine.class)
  void thePenaltyPullsToWhereNothingChanges(Combine combine) {
    Map<String, String> given = given("domainDecay", "0.3", "combine", combine.name());
    Batch batch = SampleBatches.draw(THREE, 2, 11);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, THREE, 11);
        ModelBench start = ModelBench.of(SPEC, given, THREE, 11)) {
      double sum = 0;
      for (String path : bench.paths()) {
        if (path.matches("star/.*/domain/./weight")) {
          for (double w : bench.get(path)) {
            double away = combine == Combine.PRODUCT ? w - 1 : w;
            sum += .15 * away * away;
          }
        }
      }
      double[] loss =
          bench.evaluate(
              batch, out -> Naive.present(out.losses(), "domainDecay").value().toDoubles());
      assertClose(loss, new double[] {sum}, EXACT);
      double none =
          start.evaluate(batch, out -> Naive.present(out.losses(), "domainDecay").value().item());
      assertThat(none).isZero();
    }
    try (ModelBench none = ModelBench.of(SPEC, given(), THREE, 11)) {
      int losses = none.evaluate(batch, out -> out.losses().size());
      assertThat(losses).isZero();
    }
  }

  @Test
  void impossibleSettingsAreRefused() {
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("pnDecay", "1.5"), THREE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("star: pnDecay 1.5. Expected 0 ≤ pnDecay ≤ 1.");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("domainDecay", "-1"), THREE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("star: domainDecay -1.0. Expected at least 0.");
  }
}
