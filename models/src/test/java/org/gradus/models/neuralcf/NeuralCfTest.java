// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.neuralcf;

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
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.Model;
import org.gradus.models.ModelBench;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.Naive.Feature;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.models.neuralcf.NeuralCf.Config;
import org.gradus.models.neuralcf.NeuralCf.Tower;
import org.gradus.models.neuralcf.NeuralCf.Variant;
import org.gradus.tensor.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Neural collaborative filtering: the worked example and the invariants of ctr-models, section 5, and its equations as loops.
class NeuralCfTest {
  private static final NeuralCfSpec SPEC = new NeuralCfSpec();

  // The equations

  /// Σ x · row over the ids of one field.
  private static double[] vector(
      Map<String, double[]> params, String path, Batch batch, int row, List<String> names) {
    String field =
        names.stream()
            .filter(n -> batch.schema().ids().stream().anyMatch(f -> f.name().equals(n)))
            .findFirst()
            .orElseThrow();
    Field.Ids ids = (Field.Ids) batch.schema().field(field);
    double[] table = Naive.get(params, path);
    double[] sum = new double[table.length / ids.size()];
    for (Feature f : Naive.features(batch, row)) {
      for (int d = 0; d < sum.length && f.field().equals(ids); d++) {
        sum[d] += table[f.id() * sum.length + d] * f.x();
      }
    }
    return sum;
  }

  /// (NCF-1) to (NCF-3)
  private static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    Variant variant = s.choice("variant", Variant.class);
    boolean shared = variant == Variant.NEUMF && s.flag("sharedEmbeddings");
    double z = s.flag("outputBias") ? Naive.get(params, "bias")[0] : 0;
    if (variant != Variant.MLP) {
      double[] p = vector(params, "gmf/user", batch, row, s.wordList("user"));
      double[] q = vector(params, "gmf/item", batch, row, s.wordList("item"));
      for (int d = 0; d < p.length; d++) {
        z += Naive.get(params, "gmf/h")[d] * p[d] * q[d];
      }
    }
    if (variant != Variant.GMF) {
      String half = shared ? "gmf" : "mlp";
      double[] p = vector(params, half + "/user", batch, row, s.wordList("user"));
      double[] q = vector(params, half + "/item", batch, row, s.wordList("item"));
      double[] phi = Naive.tower(params, "mlp/tower/", Naive.flat(p, q));
      z += Naive.dot(phi, Naive.get(params, "mlp/h"));
    }
    return z;
  }

  @ParameterizedTest
  @MethodSource("org.gradus.models.Schemas#all")
  void scoreIsItsEquations(Schema schema) {
    long seed = 0;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 1)) {
      Settings settings = SPEC.settings(given);
      seed++;
      try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, seed)) {
        Batch batch = SampleBatches.draw(schema, 5, seed);
        Map<String, double[]> params = bench.all();
        double[] expected = new double[5];
        for (int b = 0; b < 5; b++) {
          expected[b] = score(params, settings, batch, b);
        }
        assertClose(bench.scores(batch), expected, EXACT);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void mutantsOfEveryVariantFail(Variant variant) {
    Map<String, String> given = new HashMap<>(SMALL);
    given.put("variant", variant.name());
    given.putAll(Map.of("user", "user", "item", "tags"));
    Mutants.allFail(SPEC, given);
  }

  // The worked example

  private static final Schema PAIR =
      Schema.of(
          new Field.Categorical("user_id", 5), new Field.Categorical("item_id", 4), Schemas.CLICK);

  private static final Batch WORKED = ModelBench.batch(PAIR, 1, new float[0], single(2, 3));

  private static final Map<String, String> SMALL =
      Map.of("factors", "2", "embeddingDim", "2", "hidden", "2");

  private static ModelBench bench(Variant variant, boolean bias) {
    Map<String, String> given = new HashMap<>(SMALL);
    given.put("variant", variant.name());
    given.put("outputBias", Boolean.toString(bias));
    return ModelBench.of(SPEC, given, PAIR, 1);
  }

  private static void setGmf(ModelBench bench) {
    bench.set("gmf/user", 0, 0, 0, 0, .1, .2, 0, 0, 0, 0);
    bench.set("gmf/item", 0, 0, 0, 0, 0, 0, .3, -.4);
    bench.set("gmf/h", .5, -.6);
  }

  private static void setMlp(ModelBench bench) {
    bench.set("mlp/user", 0, 0, 0, 0, .2, -.1, 0, 0, 0, 0);
    bench.set("mlp/item", 0, 0, 0, 0, 0, 0, .4, .3);
    bench.set("mlp/tower/0/weight", transpose(2, 4, .5, -.2, .3, .1, .1, .4, -.3, .2));
    bench.set("mlp/tower/0/bias", .01, .02);
    bench.set("mlp/h", .7, .9);
  }

  private static void assertScore(ModelBench bench, double expected) {
    assertClose(bench.scores(WORKED), new double[] {expected}, SIX_DECIMALS);
  }

  @Test
  void workedExampleOfGmf() {
    try (ModelBench bench = bench(Variant.GMF, false)) {
      setGmf(bench);
      assertScore(bench, .063);
      double p = sigmoid(bench.scores(WORKED)[0]);
      assertClose(new double[] {p}, new double[] {.515745}, SIX_DECIMALS);
      Map<String, double[]> g = bench.gradients(WORKED, 1);
      double[] user = Arrays.copyOfRange(Naive.get(g, "gmf/user"), 4, 6);
      assertClose(user, new double[] {.5 * .3, -.6 * -.4}, EXACT); // h ⊙ q
      bench.set("gmf/h", 1, 0); // φ, number by number
      assertScore(bench, .03);
      bench.set("gmf/h", 0, 1);
      assertScore(bench, -.08);
    }
  }

  @Test
  void workedExampleOfMlp() {
    try (ModelBench bench = bench(Variant.MLP, false)) {
      setMlp(bench);
      assertScore(bench, .196);
      double p = sigmoid(bench.scores(WORKED)[0]);
      assertClose(new double[] {p}, new double[] {.548844}, SIX_DECIMALS);
      bench.set("mlp/h", 1, 0); // φ, number by number
      assertScore(bench, .28);
      bench.set("mlp/h", 0, 1);
      assertScore(bench, 0);
      bench.set("mlp/tower/0/bias", .01, 1.02); // −0.06 before the activation, and 1
      assertScore(bench, .94);
    }
  }

  /// (d), of the worked numbers: what user and item are may be exchanged in the product, not in the tower.
  @ParameterizedTest
  @EnumSource(value = Variant.class, names = "NEUMF", mode = EnumSource.Mode.EXCLUDE)
  void onlyTheProductIsSymmetric(Variant variant) {
    String half = variant == Variant.GMF ? "gmf" : "mlp";
    try (ModelBench bench = bench(variant, true)) {
      if (variant == Variant.GMF) {
        setGmf(bench);
      } else {
        setMlp(bench);
      }
      double before = bench.scores(WORKED)[0];
      double[] user = Arrays.copyOfRange(bench.get(half + "/user"), 4, 6);
      double[] item = Arrays.copyOfRange(bench.get(half + "/item"), 6, 8);
      bench.set(half + "/user", 0, 0, 0, 0, item[0], item[1], 0, 0, 0, 0);
      bench.set(half + "/item", 0, 0, 0, 0, 0, 0, user[0], user[1]);
      boolean same = Math.abs(bench.scores(WORKED)[0] - before) < EXACT;
      assertThat(same).isEqualTo(variant == Variant.GMF);
    }
  }

  // Invariants

  /// (a)
  @Test
  void gmfWithWeightsOfOneIsMatrixFactorization() {
    Map<String, String> given = Map.of("variant", "GMF", "factors", "3", "outputBias", "false");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, PAIR, 1)) {
      bench.set("gmf/h", 1, 1, 1);
      Batch batch = SampleBatches.draw(PAIR, 5, 1);
      double[] expected = new double[5];
      for (int b = 0; b < 5; b++) {
        expected[b] =
            Naive.dot(
                vector(bench.all(), "gmf/user", batch, b, List.of("user_id")),
                vector(bench.all(), "gmf/item", batch, b, List.of("item_id")));
      }
      assertClose(bench.scores(batch), expected, EXACT);
    }
  }

  /// (b), and likewise the other half.
  @ParameterizedTest
  @EnumSource(value = Variant.class, names = "NEUMF", mode = EnumSource.Mode.EXCLUDE)
  void withoutOneHalfNeuMfIsTheOther(Variant variant) {
    Map<String, String> given = new HashMap<>(SMALL);
    given.put("hidden", "3");
    try (ModelBench both = ModelBench.drawn(SPEC, given, PAIR, 1)) {
      given.put("variant", variant.name());
      try (ModelBench one = ModelBench.drawn(SPEC, given, PAIR, 2)) {
        one.paths().forEach(path -> one.set(path, both.get(path)));
        if (variant == Variant.GMF) {
          both.set("mlp/h", new double[3]);
        } else {
          both.set("gmf/h", new double[2]);
        }
        Batch batch = SampleBatches.draw(PAIR, 5, 1);
        assertClose(both.scores(batch), one.scores(batch), EXACT);
      }
    }
  }

  // Pre-training

  private static final UserAndItem.Fields FIELDS = UserAndItem.Fields.USUAL;

  private static Config config(Variant variant, boolean bias) {
    return new Config(variant, 2, new Tower(2, List.of(3)), false, bias, .3);
  }

  private static double[] scores(Model model, Device device, Batch batch) {
    try (Tape tape = Tape.evaluating(device)) {
      return model.forward(batch, Mode.evaluation(tape)).head("click").score().value().toDoubles();
    }
  }

  /// Overwrites every parameter by those of a bench drawn with this seed.
  private static void draw(Params params, String below, Variant variant, boolean bias, long seed) {
    Map<String, String> given = new HashMap<>(SMALL);
    given.putAll(
        Map.of("hidden", "3", "variant", variant.name(), "outputBias", Boolean.toString(bias)));
    try (ModelBench bench = ModelBench.drawn(SPEC, given, PAIR, seed)) {
      bench.all().forEach((path, values) -> set(params, below + path, values));
    }
  }

  private static void set(Params params, String path, double... values) {
    switch (params.get(path)) {
      case DenseParameter d -> d.write(values);
      case TableParameter t -> t.table().write(0, values);
    }
  }

  /// (c) and (NCF-4), also where the models are parts of others.
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void neuMfStartsAsTheMeanOfItsHalves(boolean bias) {
    double alpha = .3;
    Batch batch = SampleBatches.draw(PAIR, 5, 1);
    try (Device device = Device.open("reference");
        Params one = Params.create(device, 1);
        Params two = Params.create(device, 2);
        Params three = Params.create(device, 3)) {
      NeuralCf gmf = new NeuralCf(config(Variant.GMF, bias), FIELDS, PAIR, one.at("a"));
      NeuralCf mlp = new NeuralCf(config(Variant.MLP, bias), FIELDS, PAIR, two);
      NeuralCf both = new NeuralCf(config(Variant.NEUMF, bias), FIELDS, PAIR, three.at("b"));
      draw(one, "a/", Variant.GMF, bias, 4);
      draw(two, "", Variant.MLP, bias, 5);
      both.startFrom(bias ? List.of(gmf, mlp) : List.of(mlp, gmf));
      double[] g = scores(gmf, device, batch);
      double[] m = scores(mlp, device, batch);
      double[] expected = new double[5];
      for (int b = 0; b < 5; b++) {
        expected[b] = alpha * g[b] + (1 - alpha) * m[b];
      }
      assertClose(scores(both, device, batch), expected, EXACT);
      double[] before = new double[2];
      double[] after = new double[2];
      ((TableParameter) one.get("a/gmf/user")).table().read(3, before);
      ((TableParameter) three.get("b/gmf/user")).table().read(3, after);
      assertThat(after).isEqualTo(before);
      assertClose(scores(gmf, device, batch), g, 0); // as it was
    }
  }

  /// The last line of the worked example: α = ½, no biases.
  @Test
  void workedExampleOfNeuMf() {
    try (ModelBench gmf = bench(Variant.GMF, false);
        ModelBench mlp = bench(Variant.MLP, false);
        Device device = Device.open("reference");
        Params one = Params.create(device, 1);
        Params two = Params.create(device, 2);
        Params three = Params.create(device, 3)) {
      setGmf(gmf);
      setMlp(mlp);
      Tower tower = new Tower(2, List.of(2));
      Config half = new Config(Variant.GMF, 2, tower, false, false, .5);
      Config other = new Config(Variant.MLP, 2, tower, false, false, .5);
      Config whole = new Config(Variant.NEUMF, 2, tower, false, false, .5);
      NeuralCf g = new NeuralCf(half, FIELDS, PAIR, one);
      NeuralCf m = new NeuralCf(other, FIELDS, PAIR, two);
      NeuralCf both = new NeuralCf(whole, FIELDS, PAIR, three);
      gmf.all().forEach((path, values) -> set(one, path, values));
      mlp.all().forEach((path, values) -> set(two, path, values));
      both.startFrom(List.of(g, m));
      double z = scores(both, device, WORKED)[0];
      assertClose(new double[] {z, sigmoid(z)}, new double[] {.1295, .532330}, SIX_DECIMALS);
    }
  }

  @Test
  void whatCannotBeAStartIsRefused() {
    try (Device device = Device.open("reference");
        Params one = Params.create(device, 1);
        Params two = Params.create(device, 2);
        Params three = Params.create(device, 3);
        Params four = Params.create(device, 4)) {
      NeuralCf gmf = new NeuralCf(config(Variant.GMF, true), FIELDS, PAIR, one);
      NeuralCf mlp = new NeuralCf(config(Variant.MLP, true), FIELDS, PAIR, two);
      NeuralCf both = new NeuralCf(config(Variant.NEUMF, true), FIELDS, PAIR, three);
      Config shared = new Config(Variant.NEUMF, 2, new Tower(2, List.of(3)), true, true, .5);
      NeuralCf tied = new NeuralCf(shared, FIELDS, PAIR, four);
      assertThatThrownBy(() -> both.startFrom(List.of(gmf, gmf)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("neural-cf: NEUMF cannot start from GMF and GMF. Expected");
      assertThatThrownBy(() -> both.startFrom(List.of(gmf)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("neural-cf: 1 parts. Expected a GMF and an MLP, two of neural-cf.");
      assertThatThrownBy(() -> tied.startFrom(List.of(gmf, mlp)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("neural-cf: NEUMF with shared embeddings cannot start from");
      try (Params five = Params.create(device, 5)) {
        NeuralCf without = new NeuralCf(config(Variant.NEUMF, false), FIELDS, PAIR, five);
        assertThatThrownBy(() -> without.startFrom(List.of(gmf, mlp)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("outputBias is false");
      }
      assertThatThrownBy(
              () -> new Config(Variant.NEUMF, 2, new Tower(2, List.of(3)), false, true, 1.5))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("neural-cf: alpha 1.5. Expected a number from 0 to 1.");
    }
  }

  // Settings

  @Test
  void parametersAndInitialValues() {
    Map<String, String> given = new HashMap<>(SMALL);
    try (ModelBench bench = ModelBench.of(SPEC, given, PAIR, 1)) {
      assertThat(bench.paths())
          .containsExactly(
              "bias",
              "gmf/h",
              "gmf/item",
              "gmf/user",
              "mlp/h",
              "mlp/item",
              "mlp/tower/0/bias",
              "mlp/tower/0/weight",
              "mlp/user");
      assertThat(bench.get("gmf/user")).hasSize(10).startsWith(0, 0);
    }
    given.put("sharedEmbeddings", "true");
    try (ModelBench bench = ModelBench.of(SPEC, given, PAIR, 1)) {
      assertThat(bench.paths()).doesNotContain("mlp/user", "mlp/item").contains("gmf/user");
    }
  }

  /// Section 4.1: for 8 predictive factors the tower is 32 → 16 → 8, the embeddings 16 each.
  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.choice("variant", Variant.class)).isEqualTo(Variant.NEUMF);
    assertThat(s.integer("factors")).isEqualTo(8);
    assertThat(s.integer("embeddingDim")).isEqualTo(16);
    assertThat(s.list("hidden")).containsExactly(16, 8);
    assertThat(s.flag("sharedEmbeddings")).isFalse();
    assertThat(s.flag("outputBias")).isTrue();
  }

  @Test
  void whatIsNotThereIsRefused() {
    assertRefused(
        Map.of("sharedEmbeddings", "true"),
        "neural-cf: sharedEmbeddings with factors=8 and embeddingDim=16. Expected one width for"
            + " both halves.");
    assertRefused(
        Map.of("user", "who,whom"),
        "neural-cf: no field who or whom. Expected the setting user to name one of: user_id,"
            + " item_id.");
    assertRefused(
        Map.of("item", ""),
        "neural-cf: item= is empty. Expected the setting item to name one of: user_id, item_id.");
    assertRefused(
        Map.of("user", "item_id"),
        "neural-cf: item_id is both user and item. Expected two fields.");
  }

  private static void assertRefused(Map<String, String> given, String message) {
    assertThatThrownBy(() -> ModelBench.of(SPEC, given, PAIR, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
