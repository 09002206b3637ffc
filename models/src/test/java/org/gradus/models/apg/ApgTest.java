// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.apg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
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
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.models.apg.ApgLayer.Generated;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ApgTest {
  private static final ApgSpec SPEC = new ApgSpec();
  private static final Schema SCHEMA = ScenarioExamples.SCHEMA;

  private static Map<String, String> given(String... more) {
    Map<String, String> all = new HashMap<>();
    all.putAll(Map.of("embeddingDim", "2", "hidden", "4,3", "mfK", "2", "mfP", "1"));
    for (int i = 0; i < more.length; i += 2) {
      all.put(more[i], more[i + 1]);
    }
    return all;
  }

  // Oracle

  /// c of each condition, by name; of a layer with input h.
  private static Map<String, double[]> conditions(
      Map<String, double[]> params, Settings s, Row row, double[] h) {
    int dim = s.integer("embeddingDim");
    Map<String, double[]> all = new TreeMap<>();
    switch (s.choice("condition", Condition.Kind.class)) {
      case GROUP ->
          all.put("group", ScenarioBench.vector(Naive.get(params, "group"), row.scenario(), dim));
      case SELF -> all.put("self", h);
      case MIX -> {
        List<String> names = new ArrayList<>();
        row.batch().schema().ids().forEach(f -> names.add(f.name()));
        double[] flat = new double[0];
        double[] sum = new double[dim];
        for (int f = 0; f < names.size(); f++) {
          double[] c = ScenarioBench.vector(row.x(), f, dim);
          flat = Naive.flat(flat, c);
          for (int d = 0; d < dim; d++) {
            sum[d] += c[d];
          }
          all.put(names.get(f), c);
        }
        switch (s.choice("mixCombine", Condition.Combine.class)) {
          case OUTPUT -> {}
          case CONCAT -> {
            all.clear();
            all.put("fields", flat);
          }
          case SUM -> {
            all.clear();
            all.put("fields", sum);
          }
        }
      }
    }
    return all;
  }

  /// The mean over conditions of what their networks say.
  private static double[] generated(
      Map<String, double[]> params, String prefix, Map<String, double[]> given, Activation act) {
    double[] mean = new double[0];
    for (Map.Entry<String, double[]> c : given.entrySet()) {
      String p = prefix + c.getKey() + "/";
      double[] h = NaiveTasks.mlp(params, p, c.getValue(), Activation.RELU);
      double[] y =
          Naive.linear(h, Naive.get(params, p + "out/weight"), Naive.get(params, p + "out/bias"));
      mean = mean.length == 0 ? new double[y.length] : mean;
      for (int i = 0; i < y.length; i++) {
        mean[i] += NaiveTasks.act(act, y[i]) / given.size();
      }
    }
    return mean;
  }

  private static double[] layer(
      Map<String, double[]> params,
      Settings s,
      String prefix,
      Map<String, double[]> given,
      double[] x) {
    Activation said = s.choice("generateActivation", Activation.class);
    boolean shared = s.choice("generated", Generated.class) == Generated.SHARED;
    List<String> names =
        switch (s.choice("generated", Generated.class)) {
          case FULL -> List.of("full");
          case LOW_RANK -> List.of("v", "core", "u");
          case SHARED ->
              s.flag("overParam")
                  ? List.of("vl", "vr", "core", "ul", "ur")
                  : List.of("v", "core", "u");
        };
    double[] h = x;
    for (int i = 0; i < names.size(); i++) {
      String p = prefix + names.get(i) + "/";
      boolean own = !shared || names.get(i).equals("core");
      double[] w = own ? generated(params, p, given, said) : Naive.get(params, p + "weight");
      double[] b = new double[w.length / h.length];
      boolean last = i == names.size() - 1;
      if (s.flag("factorBias") && !last) {
        b = own ? generated(params, p + "biases/", given, said) : Naive.get(params, p + "bias");
      }
      h = Naive.linear(h, w, b);
      for (int j = 0; j < h.length && !last; j++) {
        h[j] = NaiveTasks.act(s.choice("innerActivation", Activation.class), h[j]);
      }
    }
    double[] b =
        switch (s.choice("biasMode", ApgLayer.Bias.class)) {
          case NONE -> new double[h.length];
          case SHARED -> Naive.get(params, prefix + "bias");
          case GENERATED -> generated(params, prefix + "biases/", given, said);
        };
    for (int j = 0; j < h.length; j++) {
      h[j] = NaiveTasks.act(s.choice("activation", Activation.class), h[j] + b[j]);
    }
    return h;
  }

  private static Map<String, Double> oracle(Map<String, double[]> params, Settings s, Row row) {
    double[] h = row.x();
    for (int l = 0; l < s.list("hidden").size(); l++) {
      h = layer(params, s, "layer/" + l + "/", conditions(params, s, row, h), h);
    }
    return Map.of(
        "click", Naive.dot(h, Naive.get(params, "out/weight")) + Naive.get(params, "out/bias")[0]);
  }

  @Test
  void headsAreTheirEquations() {
    ScenarioBench.assertEquations(SPEC, ApgTest::oracle);
  }

  @Test
  void mutantsOfOtherOptionsFail() {
    Mutants.allFail(SPEC, given("generated", "FULL", "condition", "SELF", "biasMode", "GENERATED"));
    Mutants.allFail(SPEC, given("generated", "LOW_RANK", "condition", "MIX", "factorBias", "true"));
    Mutants.allFail(
        SPEC, given("condition", "MIX", "mixCombine", "OUTPUT", "innerActivation", "TANH"));
  }

  // The worked example: x = (1, −1, 2), c = (0.5, −1)

  private static final Schema WORKED =
      Schema.of(
          new Field.Dense("a"),
          new Field.Dense("b"),
          new Field.Dense("c"),
          new Field.Domain("page", 1),
          new Field.Label("click", Field.LabelKind.BINARY));

  private static final Batch ROW = ModelBench.batch(WORKED, 1, new float[] {1, -1, 2});

  private static ModelBench worked(String... more) {
    Map<String, String> given =
        given("hidden", "2", "rank", "2", "overParam", "false", "biasMode", "NONE");
    for (int i = 0; i < more.length; i += 2) {
      given.put(more[i], more[i + 1]);
    }
    ModelBench bench = ModelBench.of(SPEC, given, WORKED, 1);
    bench.set("group", .5, -1);
    return bench;
  }

  private static final double[] V = {.2, -.1, .4, .3, .1, .5};
  private static final double[] U = {1, -1, .5, 2};

  private static void setCore(ModelBench bench) {
    bench.set("layer/0/core/group/out/weight", .1, .2, .3, .4, .5, -.1, 0, .2);
    bench.set("layer/0/core/group/out/bias", 1, 0, 0, 1);
  }

  private static double[] units(ModelBench bench) {
    double[] units = new double[2];
    for (int i = 0; i < 2; i++) {
      bench.set("out/weight", 1 - i, i);
      units[i] = bench.scores(ROW)[0];
    }
    return units;
  }

  @Test
  void workedExample() {
    try (ModelBench bench = worked()) {
      bench.set("layer/0/v/weight", V);
      bench.set("layer/0/u/weight", U);
      setCore(bench);
      assertClose(units(bench), new double[] {.39, 1.11}, SIX_DECIMALS);
      // on the way: the core, through U = I and rows of V that pick a row of it
      bench.set("layer/0/u/weight", 1, 0, 0, 1);
      assertClose(units(bench), new double[] {.09, .6}, SIX_DECIMALS); // x V S
      bench.set("layer/0/v/weight", 1, 0, 0, 0, 0, 0);
      assertClose(units(bench), new double[] {.55, .2}, SIX_DECIMALS);
      bench.set("layer/0/v/weight", 0, 1, 0, 0, 0, 0);
      assertClose(units(bench), new double[] {.15, 1}, SIX_DECIMALS);
    }
  }

  /// 2: generated whole, with the number that V S U is, the layer says the same; so it does with V, S and U generated.
  @Test
  void theProductIsTheWeight() {
    try (ModelBench whole = worked("generated", "FULL");
        ModelBench factors = worked("generated", "LOW_RANK")) {
      whole.set("layer/0/full/group/out/weight", new double[12]);
      whole.set("layer/0/full/group/out/bias", .065, -.215, .455, .495, .39, .91);
      assertClose(units(whole), new double[] {.39, 1.11}, SIX_DECIMALS);
      factors.set("layer/0/v/group/out/weight", new double[12]);
      factors.set("layer/0/v/group/out/bias", V);
      factors.set("layer/0/u/group/out/weight", new double[8]);
      factors.set("layer/0/u/group/out/bias", U);
      setCore(factors);
      assertClose(units(factors), new double[] {.39, 1.11}, SIX_DECIMALS);
    }
  }

  /// V^l V^r of the worked example, through a core and a U that are the identity.
  @Test
  void workedExampleOfWideFactors() {
    Map<String, String> given = // P is 3, as many as there are inputs and units
        given("hidden", "3", "rank", "2", "mfP", "1", "biasMode", "NONE", "activation", "IDENTITY");
    try (ModelBench bench = ModelBench.of(SPEC, given, WORKED, 1)) {
      bench.set("layer/0/vl/weight", .2, -.1, 0, .4, .3, .1, .1, .5, -.2);
      bench.set("layer/0/vr/weight", 1, 0, 0, 1, .5, .5);
      bench.set("layer/0/core/group/out/weight", new double[8]);
      bench.set("layer/0/core/group/out/bias", 1, 0, 0, 1);
      bench.set("layer/0/ul/weight", 1, 0, 0, 0, 1, 0);
      bench.set("layer/0/ur/weight", 1, 0, 0, 0, 1, 0, 0, 0, 1);
      double[] found = new double[6];
      for (int i = 0; i < 3; i++) {
        float[] x = new float[3];
        x[i] = 1;
        Batch row = ModelBench.batch(WORKED, 1, x);
        for (int j = 0; j < 2; j++) {
          bench.set("out/weight", 1 - j, j, 0);
          found[2 * i + j] = bench.scores(row)[0];
        }
      }
      assertClose(found, new double[] {.2, -.1, .45, .35, 0, .4}, SIX_DECIMALS);
    }
  }

  // Invariants

  /// 1: a generator that says the identity leaves a layer of low rank for all samples, and where nothing is cut off x itself.
  @Test
  void anIdentityCoreIsALowRankLayer() {
    Map<String, String> given = given("overParam", "false", "hidden", "4");
    Batch batch = SampleBatches.draw(SCHEMA, 5, 1);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 1)) {
      bench.set("layer/0/core/group/out/weight", new double[2 * 4]);
      bench.set("layer/0/core/group/out/bias", 1, 0, 0, 1);
      Map<String, double[]> params = bench.all();
      double[] expected = new double[5];
      for (int b = 0; b < 5; b++) {
        double[] x = Naive.concatenated(params, batch, b);
        double[] k = Naive.linear(x, Naive.get(params, "layer/0/v/weight"), new double[2]);
        double[] h =
            Naive.linear(
                k, Naive.get(params, "layer/0/u/weight"), Naive.get(params, "layer/0/bias"));
        for (int i = 0; i < 4; i++) {
          h[i] = Math.max(h[i], 0);
        }
        expected[b] =
            Naive.dot(h, Naive.get(params, "out/weight")) + Naive.get(params, "out/bias")[0];
      }
      assertClose(bench.scores(batch), expected, EXACT);
    }
    try (ModelBench bench = worked("hidden", "3", "rank", "3", "activation", "IDENTITY")) {
      double[] one = {1, 0, 0, 0, 1, 0, 0, 0, 1};
      bench.set("layer/0/v/weight", one);
      bench.set("layer/0/u/weight", one);
      bench.set("layer/0/core/group/out/weight", new double[18]);
      bench.set("layer/0/core/group/out/bias", one);
      bench.set("out/weight", 3, 5, 7);
      assertClose(bench.scores(ROW), new double[] {3 - 5 + 14}, EXACT);
    }
  }

  /// 3: where generators do not read the condition, nobody does.
  @ParameterizedTest
  @EnumSource(Generated.class)
  void generatorsOfZerosSeeNoCondition(Generated what) {
    Map<String, String> given = given("generated", what.name(), "biasMode", "GENERATED");
    Batch batch = SampleBatches.draw(SCHEMA, 4, 2);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 2)) {
      double[] before = bench.scores(batch);
      Batch moved = ScenarioBench.moved(batch, 1, 0, 1, 0);
      assertThat(bench.scores(moved)).isNotEqualTo(before);
      for (String path : bench.paths()) {
        if (path.endsWith("group/out/weight")) {
          bench.set(path, new double[bench.get(path).length]);
        }
      }
      assertThat(bench.scores(moved)).containsExactly(bench.scores(batch));
    }
  }

  /// 4: a weight that is a constant is a weight.
  @Test
  void aConstantWeightIsAnOrdinaryLayer() {
    Map<String, String> given = given("generated", "FULL", "condition", "SELF");
    Batch batch = SampleBatches.draw(SCHEMA, 4, 3);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 3)) {
      Map<String, double[]> tower = new TreeMap<>();
      for (int l = 0; l < 2; l++) {
        String full = "layer/" + l + "/full/self/out/";
        bench.set(full + "weight", new double[bench.get(full + "weight").length]);
        tower.put("all/" + l + "/weight", bench.get(full + "bias"));
        tower.put("all/" + l + "/bias", bench.get("layer/" + l + "/bias"));
      }
      tower.put("all/out/weight", bench.get("out/weight"));
      tower.put("all/out/bias", bench.get("out/bias"));
      Map<String, double[]> params = bench.all();
      double[] expected = new double[4];
      for (int b = 0; b < 4; b++) {
        expected[b] =
            NaiveTasks.tower(tower, "all/", Naive.concatenated(params, batch, b), Activation.RELU);
      }
      assertClose(bench.scores(batch), expected, EXACT);
    }
  }

  /// 5: factors that are multiplied before they meet a row, as in evaluation, say what they say one after the other, as in training;
  /// with biases between them too.
  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void foldedFactorsSayTheSame(String factorBias) {
    Map<String, String> given = given("factorBias", factorBias, "overParam", "true");
    Batch batch = SampleBatches.draw(SCHEMA, 5, 4);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 4)) {
      double[] unfolded =
          bench.train(batch, 1, out -> out.head("click").score().value().toDoubles());
      assertClose(bench.scores(batch), unfolded, EXACT);
    }
  }

  /// 6: equal rows have equal scores.
  @Test
  void equalRowsHaveEqualScores() {
    Batch batch = SampleBatches.draw(SCHEMA, 3, 5);
    try (ModelBench bench = ModelBench.drawn(SPEC, given(), SCHEMA, 5)) {
      double[] z = bench.scores(ModelBench.rows(batch, 1, 2, 1));
      assertThat(z[0]).isEqualTo(z[2]).isNotEqualTo(z[1]);
    }
  }

  /// 7: between x and the units of a layer without activation there are K numbers: of rank 1 all pairs of derivatives are proportional.
  @Test
  void derivativesHaveTheRankOfTheCore() {
    Map<String, String> given =
        given("hidden", "3", "rank", "1", "activation", "IDENTITY", "biasMode", "GENERATED");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, WORKED, 6)) {
      double[][] jacobian = new double[3][3]; // a difference is exact for a linear map
      for (int j = 0; j < 3; j++) {
        double[] pick = new double[3];
        pick[j] = 1;
        bench.set("out/weight", pick);
        for (int i = 0; i < 3; i++) {
          float[] x = new float[3];
          x[i] = 1;
          double moved = bench.scores(ModelBench.batch(WORKED, 1, x))[0];
          jacobian[i][j] = moved - bench.scores(ModelBench.batch(WORKED, 1, new float[3]))[0];
        }
      }
      boolean any = false;
      for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
          double minor =
              jacobian[i][j] * jacobian[i + 1][j + 1] - jacobian[i][j + 1] * jacobian[i + 1][j];
          assertThat(Math.abs(minor)).isLessThan(EXACT);
          any |= Math.abs(jacobian[i][j]) > 1e-3;
        }
      }
      assertThat(any).isTrue();
    }
  }

  /// A stop keeps what is generated from teaching its condition, and changes no score. A layer's own input is taught as such all the
  /// same: without a stop it is taught twice.
  @ParameterizedTest
  @EnumSource(Condition.Kind.class)
  void aStopChangesGradientsAndNoScore(Condition.Kind kind) {
    Batch batch = SampleBatches.draw(SCHEMA, 4, 7);
    Map<String, String> given = given("condition", kind.name());
    Map<String, String> stopped = given("condition", kind.name(), "sgCondition", "true");
    String condition = kind == Condition.Kind.GROUP ? "group" : "v/user";
    try (ModelBench on = ModelBench.drawn(SPEC, stopped, SCHEMA, 7);
        ModelBench off = ModelBench.drawn(SPEC, given, SCHEMA, 7)) {
      assertThat(on.scores(batch)).containsExactly(off.scores(batch));
      double[] less = Naive.get(on.gradients(batch, 1, 1, 1, 1), condition);
      double[] taught = Naive.get(off.gradients(batch, 1, 1, 1, 1), condition);
      assertThat(less).isNotEqualTo(taught);
      assertThat(Arrays.stream(less).allMatch(d -> d == 0)).isEqualTo(kind == Condition.Kind.GROUP);
      assertThat(Arrays.stream(taught).anyMatch(d -> d != 0)).isTrue();
    }
  }

  /// Near the identity: the bias says it, and weights are a tenth. Generated factors beside it begin as ever.
  @ParameterizedTest
  @EnumSource(
      value = Generated.class,
      names = {"SHARED", "LOW_RANK"})
  void theCoreMayBeginNearTheIdentity(Generated what) {
    Map<String, String> given = given("generated", what.name(), "coreInit", "IDENTITY");
    try (ModelBench near = ModelBench.of(SPEC, given, SCHEMA, 8);
        ModelBench plain = ModelBench.of(SPEC, given("generated", what.name()), SCHEMA, 8)) {
      for (String path : plain.paths()) {
        if (!path.matches("layer/\\d/core/.*")) {
          assertThat(near.get(path)).as(path).isEqualTo(plain.get(path));
        }
      }
      assertThat(near.get("layer/0/core/group/out/bias")).containsExactly(1, 0, 0, 1);
      double[] w = plain.get("layer/0/core/group/out/weight");
      double[] tenth = new double[w.length];
      for (int i = 0; i < w.length; i++) {
        tenth[i] = (float) w[i] * .1f;
      }
      assertClose(near.get("layer/0/core/group/out/weight"), tenth, EXACT);
    }
  }

  /// From 256 to 128 with K = 8, P = 32 and a condition of 16 numbers: what generators have to learn, and what all rows share.
  @Test
  void sizesOfLayers() {
    Map<String, Integer> group = Map.of("group", 16);
    ApgLayer.Rank rank = new ApgLayer.Rank(8, 1, true, 4);
    ApgLayer.Rank narrow = new ApgLayer.Rank(8, 1, false, 4);
    assertThat(sizes(Generated.FULL, rank, group)).containsExactly(524_288, 0);
    assertThat(sizes(Generated.LOW_RANK, rank, group)).containsExactly(50_176, 0);
    assertThat(sizes(Generated.SHARED, narrow, group)).containsExactly(1_024, 3_072);
    assertThat(sizes(Generated.SHARED, rank, group)).containsExactly(1_024, 12_800);
  }

  /// Weights of generators, and other weights; no biases.
  private static long[] sizes(Generated what, ApgLayer.Rank rank, Map<String, Integer> conditions) {
    ApgLayer.Config p = ApgLayer.Config.PAPER;
    ApgLayer.Config config = new ApgLayer.Config(what, rank, p.generators(), p.biases(), p.inner());
    try (Device device = Device.open("reference");
        Params params = Params.zeros(device)) {
      ApgLayer layer = new ApgLayer(256, 128, config, conditions, params);
      assertThat(layer).isNotNull();
      long[] sizes = new long[2];
      for (Parameter w : params.all()) {
        if (w.role() == Parameter.Role.WEIGHT) {
          sizes[w.path().contains("/out/") ? 0 : 1] += w.elements();
        }
      }
      return sizes;
    }
  }

  /// ⌈·⌉: half of five is three, and K and P are never 0.
  @Test
  void sizesOfFactorsAreRoundedUp() {
    ApgLayer.Rank rank = new ApgLayer.Rank(0, 2, true, 4);
    assertThat(rank.k(5, 9)).isEqualTo(3);
    assertThat(rank.p(9, 5)).isEqualTo(2);
    assertThat(rank.k(1, 7)).isEqualTo(1);
    assertThat(rank.p(7, 3)).isEqualTo(1);
    assertThat(new ApgLayer.Rank(4, 2, true, 4).k(5, 9)).isEqualTo(4);
  }

  /// Biases come from a single layer, whatever lies below what generates the matrices.
  @ParameterizedTest
  @EnumSource(Generated.class)
  void onlyMatricesHaveGeneratorsOfSeveralLayers(Generated what) {
    Map<String, String> given =
        given(
            "generated",
            what.name(),
            "generatorUnits",
            "3",
            "factorBias",
            "true",
            "biasMode",
            "GENERATED");
    try (ModelBench bench = ModelBench.of(SPEC, given, SCHEMA, 9)) {
      String matrix = what == Generated.FULL ? "full" : "core";
      assertThat(bench.paths())
          .contains("layer/0/" + matrix + "/group/0/weight", "layer/0/biases/group/out/weight")
          .noneMatch(path -> path.matches(".*/biases/group/\\d+/.*"));
      assertThat(bench.shape("layer/0/biases/group/out/weight")).isEqualTo(Shape.of(2, 4));
    }
  }

  /// Where P is no larger than K, which the tutorial has and the layer by itself has not, whoever trains is told.
  @Test
  void factorsThatAreNoWiderAreSaid() {
    Schema wide = Schema.of(new Field.Categorical("user", 9), new Field.Domain("page", 2));
    assertThat(missed(wide, "embeddingDim", "32", "hidden", "32")).isNull(); // K = 2, P = 8
    assertThat(missed(wide, "embeddingDim", "32", "hidden", "32,16", "mfK", "4"))
        .isEqualTo(
            "the layer from 32 to 32 has K = 8 and P = 8: shared factors are no wider for being"
                + " products of two. They would be with mfP below mfK; overParam=false leaves the"
                + " second ones out");
    assertThat(missed(wide, "embeddingDim", "32", "hidden", "32,4"))
        .contains("from 32 to 4 has K = 1 and P = 1");
    assertThat(missed(SCHEMA, "embeddingDim", "2", "hidden", "5", "mfP", "5"))
        .contains("from 5 to 5 has K = 1 and P = 1"); // a number, and two fields of ids
    assertThat(missed(wide, "hidden", "4", "mfK", "4", "overParam", "false")).isNull();
    assertThat(missed(wide, "hidden", "4", "mfK", "4", "generated", "LOW_RANK")).isNull();
  }

  private static @Nullable String missed(Schema schema, String... given) {
    Map<String, String> all = new HashMap<>();
    for (int i = 0; i < given.length; i += 2) {
      all.put(given[i], given[i + 1]);
    }
    return SPEC.misses(SPEC.settings(all), schema);
  }

  /// Vectors of groups are N(0, 0.01²), matrices uniform up to √(6 / (N + M)): of so many numbers the deviation is within five of its own.
  @Test
  void parametersBeginAsOthersDo() {
    Map<String, String> given = Map.of("embeddingDim", "400", "hidden", "200", "mfK", "4");
    try (ModelBench bench = ModelBench.of(SPEC, given, ScenarioBench.with(SCHEMA, 10), 10)) {
      for (String path : List.of("group", "v/user")) {
        double[] all = bench.get(path);
        int padding = path.equals("group") ? 0 : 400;
        double[] v = Arrays.copyOfRange(all, padding, all.length);
        double square = Arrays.stream(v).map(x -> x * x).sum() / v.length;
        double deviation = Math.sqrt(2.0 / v.length); // of the mean of squares
        assertThat(square / 1e-4).as(path).isBetween(1 - 5 * deviation, 1 + 5 * deviation);
      }
      for (String path : List.of("layer/0/vr/weight", "layer/0/core/group/out/weight")) {
        double bound = Math.sqrt(6.0 / (bench.shape(path).size(0) + bench.shape(path).size(1)));
        double[] w = bench.get(path);
        double largest = Arrays.stream(w).map(Math::abs).max().orElseThrow();
        assertThat(largest).as(path).isBetween(.99 * bound, bound); // of 2,500 and more
      }
    }
  }

  /// K and P as the tutorial has them, ⌈256 / 4⌉ at most, and the biases of its layer; the layer by itself divides by 16 and 4.
  @Test
  void presets() {
    assertThat(Apg.Config.PRESET.layer().biases().factors()).isFalse();
    assertThat(ApgLayer.Config.TUTORIAL.biases())
        .isEqualTo(new ApgLayer.Biases(ApgLayer.Bias.SHARED, true));
    assertThat(ApgLayer.Config.TUTORIAL.rank()).isEqualTo(new ApgLayer.Rank(0, 16, true, 4));
    try (Device device = Device.open("reference");
        Params params = Params.zeros(device)) {
      assertThat(new Apg(Apg.Config.TUTORIAL, SCHEMA, params)).isNotNull();
      assertThat(shape(params, "layer/1/vl/weight")).isEqualTo(Shape.of(256, 32));
      assertThat(shape(params, "layer/1/vr/weight")).isEqualTo(Shape.of(32, 32));
      assertThat(shape(params, "layer/1/core/biases/group/out/weight")).isEqualTo(Shape.of(8, 32));
      for (String bias : List.of("vl/bias", "vr/bias", "ul/bias")) {
        assertThat(shape(params, "layer/1/" + bias)).isEqualTo(Shape.of(32));
      }
      assertThat(shape(params, "layer/1/bias")).isEqualTo(Shape.of(128));
    }
  }

  private static Shape shape(Params params, String path) {
    return ((DenseParameter) params.get(path)).shape();
  }

  @Test
  void impossibleSettingsAreRefused() {
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("rank", "5"), SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("apg: rank 5 of a layer from 5 to 4. Expected at most 4.");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("mfK", "0"), SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("mfK 0");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("rank", "-1"), SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("rank -1");
    Schema numbers = ScenarioExamples.with(Schema.of(new Field.Dense("a"), Schemas.CLICK), 2);
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("condition", "MIX"), numbers, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "apg: condition MIX of a schema without fields of ids. Expected one, or another"
                + " condition.");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("hidden", ""), SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("apg: hidden is empty. Expected at least one layer.");
    assertThatThrownBy(
            () ->
                ModelBench.of(
                    SPEC, given("condition", "MIX", "conditionFields", "price"), SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("apg: a condition cannot read price. Expected some of: user, tags.");
  }
}
