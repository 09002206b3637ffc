// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.pepnet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.sigmoid;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelBench;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.NaiveTasks;
import org.gradus.models.ScenarioBench;
import org.gradus.models.ScenarioBench.Row;
import org.gradus.models.ScenarioExamples;
import org.gradus.models.Settings;
import org.gradus.models.TaskBench;
import org.gradus.models.TaskExamples;
import org.gradus.models.sharedbottom.SharedBottomSpec;
import org.gradus.tensor.MatMulKernels.Activation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PepNetTest {
  private static final PepNetSpec SPEC = new PepNetSpec();
  private static final Schema SCHEMA = ScenarioExamples.TASKS;

  private static Map<String, String> given(String... more) {
    Map<String, String> all =
        new HashMap<>(Map.of("embeddingDim", "2", "towerUnits", "4,3", "dropout", "0"));
    for (int i = 0; i < more.length; i += 2) {
      all.put(more[i], more[i + 1]);
    }
    return all;
  }

  // Oracle

  /// (PEP-1), (PEP-2)
  private static double[] gate(
      Map<String, double[]> params, String prefix, String name, double[] in, double gamma) {
    double[] r =
        Naive.linear(
            in,
            Naive.get(params, prefix + "hidden/weight"),
            Naive.get(params, prefix + "hidden/bias"));
    for (int i = 0; i < r.length; i++) {
      r[i] = Math.max(r[i], 0);
    }
    double[] delta =
        Naive.linear(
            r,
            Naive.get(params, prefix + "out/" + name + "/weight"),
            Naive.get(params, prefix + "out/" + name + "/bias"));
    for (int i = 0; i < delta.length; i++) {
      delta[i] = gamma * sigmoid(delta[i]);
    }
    return delta;
  }

  /// E(F) of named fields, numbers last; none for all fields of ids.
  private static double[] prior(
      Map<String, double[]> params, Row row, List<String> names, String tables) {
    Map<String, double[]> own = new TreeMap<>(params);
    for (Field.Ids f : row.batch().schema().ids()) {
      double[] rows = params.get(tables + f.table());
      if (rows != null) {
        own.put("v/" + f.table(), rows);
      }
    }
    double[] x = Naive.concatenated(own, row.batch(), row.at());
    List<Field> fields = new ArrayList<>(row.batch().schema().ids());
    fields.addAll(row.batch().schema().dense());
    int dim =
        (x.length - row.batch().schema().dense().size())
            / Math.max(1, row.batch().schema().ids().size());
    Map<String, double[]> parts = new HashMap<>();
    int at = 0;
    for (Field f : fields) {
      int width = f instanceof Field.Ids ? dim : 1;
      parts.put(f.name(), Arrays.copyOfRange(x, at, at + width));
      at += width;
    }
    List<String> read =
        names.isEmpty() ? row.batch().schema().ids().stream().map(Field.Ids::name).toList() : names;
    double[] all = new double[0];
    for (boolean number : new boolean[] {false, true}) {
      for (String name : read) {
        if (row.batch().schema().field(name) instanceof Field.Dense == number) {
          all = Naive.flat(all, Naive.present(parts, name));
        }
      }
    }
    return all;
  }

  private static double[] times(double[] a, double[] b) {
    double[] product = new double[a.length];
    for (int i = 0; i < a.length; i++) {
      product[i] = a[i] * b[i];
    }
    return product;
  }

  /// O_ep
  private static double[] scaled(Map<String, double[]> params, Settings s, Row row) {
    if (!s.flag("useEp")) {
      return row.x();
    }
    int dim = s.integer("embeddingDim");
    double[] in = ScenarioBench.vector(Naive.get(params, "domain"), row.scenario(), dim);
    if (!s.wordList("domainFields").isEmpty()) {
      in = Naive.flat(in, prior(params, row, s.wordList("domainFields"), "prior/domain/"));
    }
    if (s.choice("gateInput", PepNet.Input.class) == PepNet.Input.FULL) {
      in = Naive.flat(in, row.x());
    }
    return times(gate(params, "ep/", "fields", in, s.real("gamma")), row.x());
  }

  /// (PEP-3) to (PEP-6) of one row.
  private static Map<String, Double> oracle(Map<String, double[]> params, Settings s, Row row) {
    Activation act = s.choice("activation", Activation.class);
    double[] o = scaled(params, s, row);
    boolean before =
        s.choice("gatePosition", GatedTower.Position.class) == GatedTower.Position.BEFORE;
    int hidden = s.list("towerUnits").size();
    double[] seen = new double[0];
    if (s.flag("usePp")) {
      seen = prior(params, row, s.wordList("priorFields"), "prior/person/");
      if (s.choice("gateInput", PepNet.Input.class) == PepNet.Input.FULL) {
        seen = Naive.flat(seen, o);
      }
    }
    Map<String, Double> all = new TreeMap<>();
    for (String task : row.tasks()) {
      String name = s.flag("shareGateAcrossTasks") ? "shared" : task;
      double[] h = o;
      int next = 0;
      if (s.flag("usePp") && before) {
        h = times(gate(params, "pp/" + next++ + "/", name, seen, s.real("gamma")), h);
      }
      for (int l = 0; l < hidden; l++) {
        String p = "tower/" + task + "/" + l + "/";
        h = Naive.linear(h, Naive.get(params, p + "weight"), Naive.get(params, p + "bias"));
        for (int i = 0; i < h.length; i++) {
          h[i] = NaiveTasks.act(act, h[i]);
        }
        if (s.flag("usePp")) {
          h = times(gate(params, "pp/" + next++ + "/", name, seen, s.real("gamma")), h);
        }
      }
      String out = "tower/" + task + "/out/";
      all.put(
          task,
          Naive.dot(h, Naive.get(params, out + "weight")) + Naive.get(params, out + "bias")[0]);
    }
    return all;
  }

  @Test
  void headsAreTheirEquations() {
    ScenarioBench.assertEquations(SPEC, PepNetTest::oracle);
  }

  /// Fields by name, of ids and of numbers, with tables of the representation and of their own.
  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void gatesReadTheFieldsThatAreNamed(String own) {
    Map<String, String> given =
        given("ownGateEmbeddings", own, "domainFields", "tags", "priorFields", "price,user");
    Batch batch = SampleBatches.draw(SCHEMA, 5, 1);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 1)) {
      assertThat(bench.shape("ep/hidden/weight").size(0)).isEqualTo(2 + 2 + 5);
      assertThat(bench.shape("pp/0/hidden/weight").size(0)).isEqualTo(2 + 1 + 5);
      assertThat(bench.paths().contains("prior/domain/tags")).isEqualTo(own.equals("true"));
      assertThat(bench.paths().contains("prior/person/user")).isEqualTo(own.equals("true"));
      assertThat(bench.paths()).doesNotContain("prior/person/tags");
      ScenarioBench.assertScores(bench, SPEC.settings(given), batch, PepNetTest::oracle);
    }
  }

  @Test
  void mutantsOfOtherOptionsFail() {
    Mutants.allFail(
        SPEC, given("gatePosition", "BEFORE", "ownGateEmbeddings", "true", "gateHidden", "3"));
    Mutants.allFail(SPEC, given("shareGateAcrossTasks", "true", "sgEp", "false", "sgPp", "false"));
    Mutants.allFail(SPEC, given("gateInput", "PRIOR_ONLY", "usePp", "false", "gamma", "1.5"));
  }

  // The worked example: E is a = 1 and b = −2, the prior c = 0.3 and d = −0.6

  private static final Schema WORKED =
      Schema.of(
          new Field.Categorical("a", 3),
          new Field.Categorical("b", 3),
          new Field.Categorical("c", 3),
          new Field.Categorical("d", 3),
          new Field.Domain("page", 1),
          new Field.Label("first", Field.LabelKind.BINARY),
          new Field.Label("second", Field.LabelKind.BINARY));

  private static final Batch ROW =
      ModelBench.batch(WORKED, 1, new float[0], ModelBench.single(2, 2, 2, 2));

  /// Vectors of one number; what the example does not have (c and d in E, further units of a gate) has weight 0.
  private static ModelBench worked(String... more) {
    Map<String, String> given =
        given("embeddingDim", "1", "gateHidden", "4", "priorFields", "c,d", "dropout", "0");
    for (int i = 0; i < more.length; i += 2) {
      given.put(more[i], more[i + 1]);
    }
    ModelBench bench = ModelBench.of(SPEC, given, WORKED, 1);
    bench.set("v/a", 0, 0, 1);
    bench.set("v/b", 0, 0, -2);
    bench.set("v/c", 0, 0, .3);
    bench.set("v/d", 0, 0, -.6);
    bench.set("domain", .5);
    bench.set(
        "ep/hidden/weight",
        .2,
        .4,
        0,
        0, // scenario
        .1,
        -.3,
        0,
        0, // a
        -.2,
        .1,
        0,
        0, // b
        0,
        0,
        0,
        0, // c
        0,
        0,
        0,
        0); // d
    bench.set("ep/hidden/bias", 0, .1, 0, 0);
    bench.set("ep/out/fields/weight", .5, -.5, 0, 0, .3, .2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    bench.set("ep/out/fields/bias", 0, .1, 0, 0);
    return bench;
  }

  private static final double[] DELTA = {1.148885, .900332};

  @Test
  void workedExampleOfEpNet() {
    double[] through = {1.222834, .752434};
    for (String stop : List.of("true", "false")) {
      try (ModelBench bench = worked("usePp", "false", "towerUnits", "", "sgEp", stop)) {
        double[][] picked = new double[2][];
        for (int i = 0; i < 2; i++) {
          bench.set("tower/first/out/weight", 1 - i, i, 0, 0);
          picked[i] = bench.scores(ROW);
        }
        assertClose(Naive.flat(picked), new double[] {DELTA[0], -2 * DELTA[1]}, 2 * SIX_DECIMALS);
        assertClose(Naive.flat(picked), new double[] {1.148885, -1.800664}, SIX_DECIMALS);
        bench.set("tower/first/out/weight", 1, 1, 0, 0); // ∂ Σ O_ep
        Map<String, double[]> g = bench.gradients(ROW, 1);
        assertClose(
            new double[] {Naive.get(g, "v/a")[2], Naive.get(g, "v/b")[2]},
            stop.equals("true") ? DELTA : through,
            SIX_DECIMALS);
      }
    }
  }

  /// The second layer of a gate is the identity, of whose columns each task has two.
  private static void setPpNet(ModelBench bench, String layer, int columns) {
    bench.set(
        "pp/" + layer + "/hidden/weight",
        .1,
        .2,
        .3,
        .4, // c
        -.4,
        .3,
        -.2,
        .1, // d
        .2,
        -.1,
        0,
        .3, // a
        .1,
        .1,
        -.2,
        -.1, // b
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0);
    double[] first = new double[4 * columns];
    double[] second = new double[4 * columns];
    for (int i = 0; i < 2; i++) {
      first[i * columns + i] = 1;
      second[(2 + i) * columns + i] = 1;
    }
    bench.set("pp/" + layer + "/out/first/weight", first);
    bench.set("pp/" + layer + "/out/second/weight", second);
  }

  private static void setTowers(ModelBench bench) {
    bench.set("tower/first/0/weight", .5, -.2, .1, .3, 0, 0, 0, 0);
    bench.set("tower/first/0/bias", 0, .1);
    bench.set("tower/first/out/weight", .7, -.4);
    bench.set("tower/second/0/weight", -.3, .4, .2, -.1, 0, 0, 0, 0);
    bench.set("tower/second/0/bias", .1, 0);
    bench.set("tower/second/out/weight", .2, .9);
  }

  /// What a task's units are when the last layer reads them, and its logit.
  private static double[] unitsAndLogit(ModelBench bench, String task) {
    double[] logit = Naive.get(bench.scoresByLabel(ROW), task);
    double[] out = bench.get("tower/" + task + "/out/weight");
    double[] units = new double[2];
    for (int i = 0; i < 2; i++) {
      bench.set("tower/" + task + "/out/weight", 1 - i, i);
      units[i] = Naive.get(bench.scoresByLabel(ROW), task)[0];
    }
    bench.set("tower/" + task + "/out/weight", out);
    return Naive.flat(units, logit);
  }

  @Test
  void workedExampleOfPpNet() {
    try (ModelBench bench = worked("towerUnits", "2")) {
      setPpNet(bench, "0", 2);
      setTowers(bench);
      assertClose(unitsAndLogit(bench, "first"), new double[] {.456888, 0, .319821}, SIX_DECIMALS);
      assertClose(unitsAndLogit(bench, "second"), new double[] {0, .821472, .739324}, SIX_DECIMALS);
      // the slices of the gate, through units that are 1
      for (String task : List.of("first", "second")) {
        bench.set("tower/" + task + "/0/weight", new double[8]);
        bench.set("tower/" + task + "/0/bias", 1, 1);
      }
      assertClose(
          Arrays.copyOf(unitsAndLogit(bench, "first"), 2),
          new double[] {1.158507, 1},
          SIX_DECIMALS);
      assertClose(
          Arrays.copyOf(unitsAndLogit(bench, "second"), 2),
          new double[] {1.277588, 1.284311},
          SIX_DECIMALS);
    }
    // the units themselves, without the gate
    try (ModelBench bench = worked("towerUnits", "2", "usePp", "false")) {
      setTowers(bench);
      assertClose(
          Arrays.copyOf(unitsAndLogit(bench, "first"), 2), new double[] {.394376, 0}, SIX_DECIMALS);
      assertClose(
          Arrays.copyOf(unitsAndLogit(bench, "second"), 2), new double[] {0, .63962}, SIX_DECIMALS);
    }
  }

  /// The gate of the representation; that of the units is 1.
  @Test
  void workedExampleOfGatesBeforeTheLayers() {
    try (ModelBench bench = worked("towerUnits", "2", "gatePosition", "BEFORE")) {
      setPpNet(bench, "0", 4);
      setTowers(bench);
      for (String task : List.of("first", "second")) {
        bench.set("pp/1/out/" + task + "/weight", new double[8]);
      }
      assertClose(unitsAndLogit(bench, "first"), new double[] {.48543, 0, .339801}, SIX_DECIMALS);
      assertClose(unitsAndLogit(bench, "second"), new double[] {0, .818382, .736544}, SIX_DECIMALS);
    }
  }

  // Gradients

  private static final Schema IDS =
      Schema.of(
          new Field.Categorical("user", 5),
          new Field.Categorical("item", 5),
          new Field.Domain("page", 2),
          new Field.Label("click", Field.LabelKind.BINARY),
          new Field.Label("like", Field.LabelKind.BINARY));

  private static Batch one(int user, int item, int scenario) {
    return ScenarioBench.moved(
        ModelBench.batch(IDS, 1, new float[0], ModelBench.single(user, item)), scenario);
  }

  /// E learns through the value path only, each number as much as passes of it; the gate of the scenario learns through the value path too, and
  /// not through the gates of PPNet, which see what it did; the fields that speak for scenario and person learn from the gates.
  @Test
  void gatesTeachTheirPriorsAndNotWhatTheySee() {
    Map<String, String> given = given("ownGateEmbeddings", "true", "towerUnits", "3");
    Settings settings = SPEC.settings(given);
    Batch batch = one(2, 3, 1);
    boolean observed = false;
    for (long seed = 1; seed <= 8; seed++) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, IDS, seed)) {
        Map<String, double[]> params = bench.all();
        Row row = Row.of(params, batch, 0);
        double[] o = scaled(params, settings, row);
        double[] seen = Naive.flat(prior(params, row, List.of(), "prior/person/"), o);
        double[] pp = gate(params, "pp/0/", "click", seen, 2);
        double[] w = Naive.get(params, "tower/click/0/weight"); // [4, 3]
        double[] h = Naive.linear(o, w, Naive.get(params, "tower/click/0/bias"));
        double[] value = new double[4]; // ∂z/∂O_ep along the value path
        for (int i = 0; i < 4; i++) {
          for (int j = 0; j < 3; j++) {
            double unit = Naive.get(params, "tower/click/out/weight")[j] * pp[j];
            value[i] += h[j] > 0 ? unit * w[i * 3 + j] : 0;
          }
        }
        double[] delta = new double[4];
        double[] slope = new double[4]; // of the gate's bias
        for (int i = 0; i < 4; i++) {
          delta[i] = o[i] / row.x()[i];
          slope[i] = value[i] * row.x()[i] * delta[i] * (1 - delta[i] / 2);
        }
        Map<String, double[]> g = bench.gradients(batch, 1);
        assertClose(
            Naive.flat(
                ScenarioBench.vector(Naive.get(g, "v/user"), 2, 2),
                ScenarioBench.vector(Naive.get(g, "v/item"), 3, 2)),
            times(value, delta),
            EXACT);
        assertClose(Naive.get(g, "ep/out/fields/bias"), slope, EXACT);
        observed |=
            moves(g, "domain") && moves(g, "prior/person/user") && moves(g, "prior/person/item");
        assertThat(moves(g, "tower/like/0/weight")).isFalse();
        assertThat(moves(g, "pp/0/out/like/weight")).isFalse();
      }
    }
    assertThat(observed).as("priors learn").isTrue();
  }

  private static boolean moves(Map<String, double[]> gradients, String path) {
    return Arrays.stream(Naive.get(gradients, path)).anyMatch(d -> d != 0);
  }

  /// A stop changes what is learned, not what is said.
  @ParameterizedTest
  @ValueSource(strings = {"sgEp", "sgPp"})
  void stopsChangeGradientsAndNoScore(String stop) {
    Batch batch = SampleBatches.draw(SCHEMA, 5, 3);
    try (ModelBench on = ModelBench.drawn(SPEC, given(stop, "true"), SCHEMA, 3);
        ModelBench off = ModelBench.drawn(SPEC, given(stop, "false"), SCHEMA, 3)) {
      TaskBench.assertScores(on.scoresByLabel(batch), off.scoresByLabel(batch));
      double[] ones = {1, 1, 1, 1, 1};
      assertThat(Naive.get(on.gradients(batch, ones), "v/user"))
          .isNotEqualTo(Naive.get(off.gradients(batch, ones), "v/user"));
    }
  }

  /// 5: what a gate sees is no constant: it changes with E, so that differences of the whole model are not its gradient, unless nothing is
  /// stopped.
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void differencesSeeWhatTheGradientDoesNot(boolean stop) {
    String word = Boolean.toString(stop);
    Batch batch = SampleBatches.draw(SCHEMA, 4, 4);
    try (ModelBench bench =
        ModelBench.drawn(
            SPEC, given("sgEp", word, "sgPp", word, "activation", "tanh"), SCHEMA, 4)) {
      double[] table = bench.get("v/user");
      double[] found = Naive.get(bench.gradients(batch, 1, 1, 1, 1), "v/user");
      double worst = 0;
      for (int i = 2; i < table.length; i++) { // row 0 is padding
        double[] sums = new double[2];
        for (int side = 0; side < 2; side++) {
          double[] moved = table.clone();
          moved[i] += side == 0 ? 1e-5 : -1e-5;
          bench.set("v/user", moved);
          sums[side] = Arrays.stream(bench.scores(batch)).sum();
        }
        worst = Math.max(worst, Math.abs((sums[0] - sums[1]) / 2e-5 - found[i]));
      }
      // the third derivative of numbers of size one, times h² = 1e-10, and rounding 1e-16 / h
      assertThat(worst < 1e-7).as("largest difference %s", worst).isEqualTo(!stop);
    }
  }

  // Invariants

  /// 1: a gate whose last layer is 0 says γ/2 whatever it sees; with γ = 2 what is left are towers on E.
  @ParameterizedTest
  @ValueSource(strings = {"BEFORE", "AFTER"})
  void gatesThatSayNothingLeaveTowers(String position) {
    Batch batch = SampleBatches.draw(SCHEMA, 5, 5);
    Batch plain = SampleBatches.draw(TaskExamples.SCHEMA, 5, 5); // columns depend on their names
    Map<String, String> towers =
        Map.of("embeddingDim", "2", "bottomUnits", "", "towerUnits", "4,3");
    try (ModelBench bench = ModelBench.drawn(SPEC, given("gatePosition", position), SCHEMA, 5);
        ModelBench shared = ModelBench.of(new SharedBottomSpec(), towers, TaskExamples.SCHEMA, 5)) {
      TaskBench.copy(bench, "v/", shared, "v/");
      TaskBench.copy(bench, "tower/", shared, "tower/");
      assertThat(bench.scores(batch)).isNotEqualTo(shared.scores(plain));
      silence(bench);
      TaskBench.assertScores(bench.scoresByLabel(batch), shared.scoresByLabel(plain));
    }
  }

  private static void silence(ModelBench bench) {
    for (String path : bench.paths()) {
      if (path.matches("(ep|pp/\\d+)/out/.*")) {
        bench.set(path, new double[bench.get(path).length]);
      }
    }
  }

  /// 2: with another γ the representation is scaled by γ/2, and what two layers without biases hand on by its square.
  @Test
  void gatesThatSayNothingScaleByHalfOfGamma() {
    Batch batch = SampleBatches.draw(SCHEMA, 5, 6);
    try (ModelBench ep =
            ModelBench.drawn(
                SPEC, given("gamma", "1.5", "usePp", "false", "towerUnits", ""), SCHEMA, 6);
        ModelBench pp = ModelBench.drawn(SPEC, given("gamma", "1.5", "useEp", "false"), SCHEMA, 6);
        ModelBench none =
            ModelBench.drawn(SPEC, given("usePp", "false", "useEp", "false"), SCHEMA, 6)) {
      silence(ep);
      Map<String, double[]> params = ep.all();
      double[] expected = new double[5];
      for (int b = 0; b < 5; b++) {
        double[] x = Naive.concatenated(params, batch, b);
        expected[b] =
            .75 * Naive.dot(x, Naive.get(params, "tower/click/out/weight"))
                + Naive.get(params, "tower/click/out/bias")[0];
      }
      assertClose(Naive.get(ep.scoresByLabel(batch), "click"), expected, EXACT);
      silence(pp);
      for (String path : pp.paths()) {
        if (path.matches("tower/.*bias")) {
          pp.set(path, new double[pp.get(path).length]);
          none.set(path, new double[none.get(path).length]);
        }
      }
      TaskBench.copy(pp, "v/", none, "v/");
      TaskBench.copy(pp, "tower/", none, "tower/");
      Map<String, double[]> all = new TreeMap<>();
      none.scoresByLabel(batch)
          .forEach((task, z) -> all.put(task, Arrays.stream(z).map(x -> .75 * .75 * x).toArray()));
      TaskBench.assertScores(pp.scoresByLabel(batch), all);
    }
  }

  /// 3: between nothing and γ.
  @Test
  void whatPassesIsBetweenNothingAndGamma() {
    Map<String, String> given = given("usePp", "false", "towerUnits", "", "gamma", "1.5");
    Batch batch = SampleBatches.draw(IDS, 6, 7);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, IDS, 7)) {
      bench.set("tower/click/out/bias", 0);
      Map<String, double[]> params = bench.all();
      for (int i = 0; i < 4; i++) {
        double[] pick = new double[4];
        pick[i] = 1;
        bench.set("tower/click/out/weight", pick);
        double[] z = bench.scores(batch);
        for (int b = 0; b < 6; b++) {
          assertThat(z[b] / Naive.concatenated(params, batch, b)[i]).isBetween(1e-9, 1.5 - 1e-9);
        }
      }
    }
  }

  /// Without EPNet nobody asks where a row comes from.
  @Test
  void withoutEpNetNoScenariosAreNeeded() {
    Map<String, String> given = given("useEp", "false");
    Batch batch = SampleBatches.draw(SCHEMA, 4, 8);
    Batch plain = SampleBatches.draw(TaskExamples.SCHEMA, 4, 8);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 8);
        ModelBench without = ModelBench.drawn(SPEC, given, TaskExamples.SCHEMA, 8)) {
      assertThat(without.paths()).isEqualTo(bench.paths()).noneMatch(p -> p.startsWith("ep/"));
      assertThat(without.scores(plain)).isEqualTo(bench.scores(batch));
      assertThat(bench.scores(ScenarioBench.moved(batch, 1, 1, 1, 1)))
          .isEqualTo(bench.scores(batch));
    }
  }

  /// A task's gates are its own by name, or everybody's.
  @Test
  void gatesBelongToTasksByName() {
    Schema reversed = TaskBench.labelsReversed(SCHEMA);
    try (ModelBench bench = ModelBench.of(SPEC, given(), SCHEMA, 9);
        ModelBench other = ModelBench.of(SPEC, given(), reversed, 9);
        ModelBench shared = ModelBench.of(SPEC, given("shareGateAcrossTasks", "true"), SCHEMA, 9)) {
      assertThat(other.paths()).isEqualTo(bench.paths());
      assertThat(bench.paths())
          .contains("pp/1/out/like/weight", "tower/watch/1/bias")
          .doesNotContain("pp/2/out/like/weight");
      assertThat(bench.shape("pp/0/hidden/weight").size(1)).isEqualTo(3 * 4); // as many as come out
      assertThat(shared.paths())
          .contains("pp/1/out/shared/weight")
          .noneMatch(p -> p.matches("pp/.*/like/.*"));
      assertThat(shared.shape("pp/0/hidden/weight").size(1)).isEqualTo(4);
    }
    // what a gate does: its columns turned off, its own task is a constant and no other moves
    Batch batch = SampleBatches.draw(SCHEMA, 6, 4);
    try (ModelBench bench = ModelBench.drawn(SPEC, given(), SCHEMA, 4);
        ModelBench other = ModelBench.drawn(SPEC, given(), reversed, 4)) {
      Map<String, double[]> before = bench.scoresByLabel(batch);
      TaskBench.assertScores(other.scoresByLabel(SampleBatches.draw(reversed, 6, 4)), before);
      for (ModelBench each : List.of(bench, other)) {
        each.set("pp/1/out/like/weight", new double[each.get("pp/1/out/like/weight").length]);
        double[] bias = new double[each.get("pp/1/out/like/bias").length];
        Arrays.fill(bias, -1e3); // σ = 0
        each.set("pp/1/out/like/bias", bias);
      }
      double[] constant = new double[6];
      Arrays.fill(constant, bench.get("tower/like/out/bias")[0]);
      Map<String, double[]> expected = new TreeMap<>(before);
      expected.put("like", constant);
      assertThat(Naive.get(before, "like")).isNotEqualTo(constant);
      TaskBench.assertScores(bench.scoresByLabel(batch), expected);
      TaskBench.assertScores(other.scoresByLabel(SampleBatches.draw(reversed, 6, 4)), expected);
    }
  }

  @Test
  void impossibleSettingsAreRefused() {
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("priorFields", "click"), SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("pepnet: a gate cannot read click. Expected some of: user, tags, price.");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("gamma", "0"), SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "pepnet: gamma 0.0, gateHidden 0. Expected gamma above 0, and gateHidden of at least"
                + " 0.");
  }
}
