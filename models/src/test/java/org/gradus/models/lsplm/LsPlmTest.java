// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lsplm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.sigmoid;
import static org.gradus.models.ModelBench.single;
import static org.gradus.models.ModelBench.transpose;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.Head;
import org.gradus.models.ModelBench;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.Naive.Feature;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.models.lr.LrSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// LS-PLM: the worked example and the invariants of ctr-models, section 4, and its equations as loops.
class LsPlmTest {
  private static final LsPlmSpec SPEC = new LsPlmSpec();

  static List<Schema> schemas() {
    return Schemas.of(SPEC);
  }

  // The equations

  /// Where a feature's row is.
  private record Row(String table, int id) {
    static Row of(String prefix, Feature f, Batch batch, Predicate<String> fields) {
      if (f.field() instanceof Field.Ids ids) {
        return new Row(prefix + ids.table(), f.id());
      }
      List<String> dense =
          batch.schema().dense().stream().map(Field.Dense::name).filter(fields).toList();
      return new Row(prefix + "numeric", dense.indexOf(f.field().name()));
    }

    double[] in(Map<String, double[]> params, int width) {
      return Arrays.copyOfRange(Naive.get(params, table), id * width, (id + 1) * width);
    }
  }

  /// The fields whose names pass are one linear map, Σ x · row, and its constant.
  private record Part(String name, int width, Predicate<String> fields) {
    double[] of(Map<String, double[]> params, Batch batch, int row) {
      double[] y = params.getOrDefault("constant/" + name, new double[width]).clone();
      for (Feature f : Naive.features(batch, row)) {
        if (fields.test(f.field().name())) {
          double[] theta = Row.of(name + "/", f, batch, fields).in(params, width);
          for (int i = 0; i < width; i++) {
            y[i] += theta[i] * f.x();
          }
        }
      }
      return y;
    }

    /// Adds the rows that an example reads. Every number has one, 0 included.
    void rows(Set<String> seen, Map<String, double[]> params, Batch batch, double[] norms) {
      for (int b = 0; b < batch.size(); b++) {
        for (Feature f : Naive.features(batch, b)) {
          Row row = Row.of(name + "/", f, batch, fields);
          if (fields.test(f.field().name()) && seen.add(row.toString())) {
            double squares = 0;
            for (double t : row.in(params, width)) {
              squares += t * t;
              norms[1] += Math.abs(t);
            }
            norms[0] += Math.sqrt(squares);
          }
        }
      }
    }
  }

  private static List<Part> parts(Settings s) {
    int m = s.integer("m");
    boolean factor = !s.wordList("biasFields").isEmpty();
    Predicate<String> x = name -> !(factor && (name.startsWith("h") || name.startsWith("p")));
    return s.choice("features", LsPlmSpec.Features.class) == LsPlmSpec.Features.SHARED
        ? List.of(new Part("theta", 2 * m, x))
        : List.of(
            new Part("gate", m, x.and(name -> name.contains("e"))),
            new Part("experts", m, x.and(name -> !name.contains("e"))));
  }

  /// p of (LS-1) to (LS-3)
  private static double probability(
      Map<String, double[]> params, Settings s, Batch batch, int row) {
    int m = s.integer("m");
    double[] ac = parts(s).stream().map(p -> p.of(params, batch, row)).reduce(Naive::flat).get();
    double total = 0;
    double sum = 0;
    for (int i = 0; i < m; i++) {
      total += Math.exp(ac[i]);
      sum += Math.exp(ac[i]) * sigmoid(ac[m + i]);
    }
    double p = sum / total;
    if (!s.wordList("biasFields").isEmpty()) {
      Predicate<String> factor = name -> name.startsWith("h") || name.startsWith("p");
      p *= sigmoid(new Part("factor", 1, factor).of(params, batch, row)[0]);
    }
    return p;
  }

  @ParameterizedTest
  @MethodSource("schemas")
  void probabilitiesAndPenaltiesAreTheirEquations(Schema schema) {
    long seed = 0;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 1)) {
      Settings settings = SPEC.settings(given);
      seed++;
      try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, seed)) {
        Batch batch = SampleBatches.draw(schema, 5, seed);
        Map<String, double[]> params = bench.all();
        double[] logP = new double[5];
        double[] logNotP = new double[5];
        for (int b = 0; b < 5; b++) {
          double p = probability(params, settings, batch, b);
          logP[b] = Math.log(p);
          logNotP[b] = Math.log1p(-p);
        }
        assertClose(logarithms(bench, batch)[0], logP, EXACT);
        assertClose(logarithms(bench, batch)[1], logNotP, EXACT);
        double[] norms = new double[2]; // ‖Θ‖₂,₁ and ‖Θ‖₁ of the rows
        Set<String> seen = new TreeSet<>();
        parts(settings).forEach(part -> part.rows(seen, params, batch, norms));
        Map<String, Double> expected = new HashMap<>();
        if (settings.real("lambda") > 0) {
          expected.put("l21", settings.real("lambda") * norms[0]);
        }
        if (settings.real("beta") > 0) {
          expected.put("l1", settings.real("beta") * norms[1]);
        }
        assertLosses(bench, batch, expected, EXACT);
      }
    }
  }

  /// ln p and ln (1 − p) of every example.
  private static double[][] logarithms(ModelBench bench, Batch batch) {
    return bench.evaluate(
        batch,
        out -> {
          Head.LogProbability h = (Head.LogProbability) out.head("click");
          return new double[][] {h.logP().value().toDoubles(), h.logNotP().value().toDoubles()};
        });
  }

  private static void assertLosses(
      ModelBench bench, Batch batch, Map<String, Double> expected, double allowed) {
    Map<String, Double> found = new HashMap<>();
    bench.evaluate(
        batch,
        out -> {
          out.losses().forEach((name, loss) -> found.put(name, loss.value().item()));
          return out;
        });
    assertThat(found).containsOnlyKeys(expected.keySet());
    expected.forEach(
        (name, value) ->
            assertClose(
                new double[] {Objects.requireNonNull(found.get(name))},
                new double[] {value},
                allowed));
  }

  @Test
  void mutantsOfEveryPathFail() {
    Mutants.allFail(
        SPEC,
        Map.of(
            "m",
            "3",
            "features",
            "SPLIT",
            "gateFields",
            "*e*",
            "biasFields",
            "p*",
            "lambda",
            "0.3",
            "beta",
            "0.2"));
    Mutants.allFail(SPEC, Map.of("m", "2", "lambda", "0.3", "beta", "0.2"));
  }

  // The worked example

  private static final Schema WORKED =
      Schema.of(
          new Field.Dense("g1"),
          new Field.Dense("e1"),
          new Field.Dense("g2"),
          new Field.Dense("e2"),
          Schemas.CLICK);

  /// x_g = (1, 0.5), x_e = (0.2, 1)
  private static final Batch WORKED_BATCH =
      ModelBench.batch(WORKED, 1, new float[] {1, .2f, .5f, 1});

  private static ModelBench worked() {
    ModelBench bench =
        ModelBench.of(
            SPEC,
            Map.of("m", "2", "features", "SPLIT", "gateFields", "g*", "bias", "false"),
            WORKED,
            1);
    bench.set("gate/numeric", transpose(2, 2, .3, -.2, -.1, .4));
    bench.set("experts/numeric", transpose(2, 2, .5, .1, -.6, .2));
    return bench;
  }

  @Test
  void workedExample() {
    try (ModelBench bench = worked()) {
      double p = sigmoid(bench.scores(WORKED_BATCH)[0]);
      assertClose(new double[] {p}, new double[] {.535657}, SIX_DECIMALS);
      double[][] logs = logarithms(bench, WORKED_BATCH);
      assertClose(logs[0], new double[] {-.624261}, SIX_DECIMALS); // the loss of a click
      Map<String, double[]> g = bench.gradients(WORKED_BATCH, p - 1); // and its gradient
      assertClose(
          Naive.get(g, "gate/numeric"),
          transpose(2, 2, -.013894, -.006947, .013894, .006947),
          SIX_DECIMALS);
      assertClose(
          Naive.get(g, "experts/numeric"),
          transpose(2, 2, -.048516, -.242582, -.044269, -.221346),
          SIX_DECIMALS);
    }
  }

  /// Experts that are sure show the gate, and a gate that is sure shows an expert.
  @Test
  void gateAndExpertsOfTheWorkedExample() {
    try (ModelBench bench = worked()) {
      bench.set("experts/numeric", transpose(2, 2, 0, 60, 0, -60));
      assertClose(logarithms(bench, WORKED_BATCH)[0], ln(.524979), 2 * SIX_DECIMALS);
      assertClose(logarithms(bench, WORKED_BATCH)[1], ln(.475021), 2 * SIX_DECIMALS);
      bench.set("experts/numeric", transpose(2, 2, .5, .1, -.6, .2));
      bench.set("gate/numeric", transpose(2, 2, 60, 0, -60, 0));
      assertClose(bench.scores(WORKED_BATCH), new double[] {.2}, SIX_DECIMALS);
      assertClose(logarithms(bench, WORKED_BATCH)[0], ln(.549834), 2 * SIX_DECIMALS);
      bench.set("gate/numeric", transpose(2, 2, -60, 0, 60, 0));
      assertClose(bench.scores(WORKED_BATCH), new double[] {.08}, SIX_DECIMALS);
      assertClose(logarithms(bench, WORKED_BATCH)[0], ln(.519989), 2 * SIX_DECIMALS);
    }
  }

  /// π of the worked example.
  @Test
  void theGateCanBeWatched() {
    try (ModelBench bench = worked()) {
      Map<String, double[]> seen = bench.weights(WORKED_BATCH);
      assertThat(seen).containsOnlyKeys("gate");
      assertClose(Naive.get(seen, "gate"), new double[] {.524979, .475021}, SIX_DECIMALS);
    }
  }

  /// A number near ½ with six decimals has a logarithm with twice their error.
  private static double[] ln(double x) {
    return new double[] {Math.log(x)};
  }

  /// Both inputs are the same two features: a row of Θ holds what gate and experts know of one.
  @Test
  void normsOfTheWorkedExample() {
    Schema schema = Schema.of(new Field.Dense("a"), new Field.Dense("b"), Schemas.CLICK);
    Map<String, String> given = Map.of("m", "2", "lambda", "1", "beta", "1");
    try (ModelBench bench = ModelBench.of(SPEC, given, schema, 1)) {
      bench.set("theta/numeric", .3, -.1, .5, -.6, -.2, .4, .1, .2);
      bench.set("constant/theta", 1, 2, 3, 4); // not counted
      Batch batch = ModelBench.batch(schema, 1, new float[] {1, 0});
      assertLosses(bench, batch, Map.of("l21", 1.342615, "l1", 2.4), SIX_DECIMALS);
    }
  }

  // Invariants

  /// (a)
  @ParameterizedTest
  @MethodSource("schemas")
  void oneRegionIsLogisticRegression(Schema schema) {
    for (String features : List.of("SHARED", "SPLIT")) {
      Map<String, String> given = Map.of("m", "1", "features", features, "gateFields", "*e*");
      Settings settings = SPEC.settings(given);
      try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 1)) {
        Batch batch = SampleBatches.draw(schema, 5, 1);
        double[] expected = new double[5];
        for (int b = 0; b < 5; b++) {
          double[] c = parts(settings).getLast().of(bench.all(), batch, b);
          expected[b] = c[c.length - 1];
        }
        assertClose(bench.scores(batch), expected, EXACT);
      }
    }
  }

  private static final Map<String, String> SPLIT =
      Map.of("m", "3", "features", "SPLIT", "gateFields", "*e*");

  /// Overwrites every row of a part by a function of it.
  private static void rewrite(ModelBench bench, String part, RowChange change) {
    for (String path : bench.paths()) {
      if (path.startsWith(part + "/") || path.equals("constant/" + part)) {
        double[] rows = bench.get(path);
        for (int i = 0; i < rows.length; i += 3) {
          double[] changed = change.of(rows[i], rows[i + 1], rows[i + 2]);
          System.arraycopy(changed, 0, rows, i, 3);
        }
        bench.set(path, rows);
      }
    }
  }

  private interface RowChange {
    double[] of(double first, double second, double third);
  }

  /// (b)
  @ParameterizedTest
  @MethodSource("schemas")
  void equalExpertsNeedNoGate(Schema schema) {
    try (ModelBench bench = ModelBench.drawn(SPEC, SPLIT, schema, 2)) {
      rewrite(bench, "experts", (a, _, _) -> new double[] {a, a, a});
      Batch batch = SampleBatches.draw(schema, 5, 2);
      double[] expected = new double[5];
      for (int b = 0; b < 5; b++) {
        expected[b] = parts(SPEC.settings(SPLIT)).getLast().of(bench.all(), batch, b)[0];
      }
      assertClose(bench.scores(batch), expected, EXACT);
      rewrite(bench, "gate", (a, b, c) -> new double[] {c - 1, a, 2 * b});
      assertClose(bench.scores(batch), expected, EXACT);
    }
  }

  /// (c) and (e)
  @ParameterizedTest
  @MethodSource("schemas")
  void theGateComparesAndTheOrderOfRegionsIsIrrelevant(Schema schema) {
    try (ModelBench bench = ModelBench.drawn(SPEC, SPLIT, schema, 3)) {
      Batch batch = SampleBatches.draw(schema, 5, 3);
      double[] expected = bench.scores(batch);
      rewrite(bench, "gate", (a, b, c) -> new double[] {a + .7, b + .7, c + .7});
      assertClose(bench.scores(batch), expected, EXACT);
      rewrite(bench, "gate", (a, b, c) -> new double[] {c, a, b});
      assertThat(bench.scores(batch)).isNotEqualTo(expected);
      rewrite(bench, "experts", (a, b, c) -> new double[] {c, a, b});
      assertClose(bench.scores(batch), expected, EXACT);
    }
  }

  /// (d)
  @ParameterizedTest
  @MethodSource("schemas")
  void theProbabilityLiesBetweenThoseOfTheExperts(Schema schema) {
    try (ModelBench bench = ModelBench.drawn(SPEC, SPLIT, schema, 4)) {
      Batch batch = SampleBatches.draw(schema, 5, 4);
      double[] z = bench.scores(batch);
      for (int b = 0; b < 5; b++) {
        double[] c = parts(SPEC.settings(SPLIT)).getLast().of(bench.all(), batch, b);
        assertThat(z[b])
            .isBetween(
                Arrays.stream(c).min().getAsDouble() - EXACT,
                Arrays.stream(c).max().getAsDouble() + EXACT);
      }
    }
  }

  /// (LS-4): ln p where p has no float64 left.
  @Test
  void logarithmsOfImpossibleThingsAreFinite() {
    try (ModelBench bench = worked()) {
      bench.set("experts/numeric", transpose(2, 2, 0, -800, 0, -900));
      assertClose(
          logarithms(bench, WORKED_BATCH)[0],
          new double[] {-800 + Math.log(.524979)},
          SIX_DECIMALS);
      assertThat(logarithms(bench, WORKED_BATCH)[1]).containsExactly(0);
    }
  }

  /// What one linear model cannot: clicks where two features differ.
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void regionsSeparateWhatNoLineDoes(boolean regions) {
    Schema schema =
        Schema.of(new Field.Categorical("a", 4), new Field.Categorical("b", 4), Schemas.CLICK);
    Batch batch =
        Batch.builder(schema, 4)
            .sparse(ModelBench.ids(schema, List.of(single(2, 2, 3, 3, 2, 3, 2, 3))))
            .real("click", new float[] {0, 1, 1, 0})
            .build();
    try (ModelBench bench =
        regions
            ? ModelBench.of(SPEC, Map.of("m", "4"), schema, 1)
            : ModelBench.of(new LrSpec(), Map.of(), schema, 1)) {
      double loss = 0;
      for (int step = 1; step <= 1000; step++) {
        loss = bench.descend(batch, 2, step);
      }
      if (regions) {
        assertThat(loss).isLessThan(.1);
      } else {
        assertThat(loss).isGreaterThan(Math.log(2) - EXACT); // LR's best is the constant ½
      }
    }
  }

  // Settings

  /// Equal regions would stay equal.
  @Test
  void parametersAndInitialValues() {
    try (ModelBench bench = ModelBench.of(SPEC, SPLIT, Schemas.DENSE_CLICK, 1);
        ModelBench shared =
            ModelBench.of(
                SPEC, Map.of("m", "2", "biasFields", "price,city"), Schemas.DENSE_CLICK, 1)) {
      assertThat(bench.paths())
          .containsExactly(
              "constant/experts", "constant/gate", "experts/city", "gate/numeric", "gate/user");
      double[] row = Arrays.copyOfRange(bench.get("gate/user"), 6, 9);
      assertThat(row).doesNotContain(0).doesNotHaveDuplicates();
      assertThat(bench.get("constant/gate")).containsExactly(0, 0, 0);
      assertThat(shared.paths())
          .containsExactly(
              "constant/theta", "factor/city", "factor/numeric", "theta/numeric", "theta/user");
      assertThat(shared.get("theta/numeric")).hasSize(4); // age alone, gate and experts
    }
  }

  /// Section 3.2 of the paper: m = 12.
  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("m")).isEqualTo(12);
    assertThat(s.choice("features", LsPlmSpec.Features.class)).isEqualTo(LsPlmSpec.Features.SHARED);
    assertThat(s.flag("bias")).isTrue();
    assertThat(s.wordList("biasFields")).isEmpty();
    assertThat(s.real("lambda")).isZero();
    assertThat(s.real("beta")).isZero();
  }

  @Test
  void fieldsThatAreNotThereAreRefused() {
    assertRefused(
        Map.of("features", "SPLIT", "gateFields", "user,age"),
        "ls-plm: gateFields=user,age names a field that is not there. Expected some of: user, city,"
            + " hour.");
    assertRefused(
        Map.of("features", "SPLIT", "gateFields", "x*"),
        "ls-plm: gateFields=x* matches no field. Expected some of: user, city, hour.");
    assertRefused(
        Map.of("features", "SPLIT", "gateFields", "*i*,user,hour"),
        "ls-plm: gateFields=*i*,user,hour leaves no field to the experts. Expected fewer of: user,"
            + " city, hour.");
    assertRefused(
        Map.of("biasFields", "click"),
        "ls-plm: biasFields=click names a field that is not there. Expected some of: user, city,"
            + " hour.");
    assertRefused(
        Map.of("beta", "-1"), "ls-plm: lambda 0.0, beta -1.0. Expected numbers of at least 0.");
  }

  private static final Schema HISTORY =
      Schema.of(
          new Field.Categorical("item", 4),
          new Field.Categorical("user", 4),
          new Field.Sequence("history", 4, "item", 3),
          Schemas.CLICK);

  /// A gate that reads a history would have nothing but its constant.
  @Test
  void sequencesAndEmptyListsAreRefused() {
    assertThatThrownBy(
            () ->
                ModelBench.of(
                    SPEC, Map.of("features", "SPLIT", "gateFields", "history"), HISTORY, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "ls-plm: gateFields=history names a sequence, which the model does not read. Expected"
                + " some of: item, user.");
    assertThatThrownBy(
            () -> ModelBench.of(SPEC, Map.of("features", "SPLIT", "gateFields", "h*"), HISTORY, 1))
        .hasMessage("ls-plm: gateFields=h* matches no field. Expected some of: item, user.");
    assertThatThrownBy(
            () ->
                ModelBench.of(
                    SPEC, Map.of("features", "SPLIT", "gateFields", "item,u*"), HISTORY, 1))
        .hasMessageContaining("leaves no field to the experts"); // none but the history
    assertRefused(
        Map.of("features", "SPLIT", "gateFields", ""),
        "ls-plm: features=SPLIT with empty gateFields. Expected names of fields for the gate, or"
            + " patterns with *.");
  }

  /// When shared, the gate's fields are not read, and training says so unless they are the preset.
  @Test
  void gateFieldsThatAreNotReadAreSaid() {
    assertThat(SPEC.misses(SPEC.settings(Map.of("gateFields", "x*")), HISTORY))
        .startsWith("gateFields=x* is not read");
    assertThat(SPEC.misses(SPEC.settings(Map.of("gateFields", "")), HISTORY))
        .startsWith("gateFields= is not read");
    assertThat(SPEC.misses(SPEC.settings(Map.of()), HISTORY)).isNull();
    assertThat(SPEC.misses(SPEC.settings(SPLIT), HISTORY)).isNull();
  }

  private static void assertRefused(Map<String, String> given, String message) {
    assertThatThrownBy(() -> ModelBench.of(SPEC, given, Schemas.CATEGORICAL, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
