// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.widedeep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.transpose;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.HashingTrick;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.Naive;
import org.gradus.models.Naive.Feature;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.models.widedeep.WideDeep.WideTerm;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Wide & Deep: the worked example and the invariants of ctr-models, section 7, and its equations as loops. What the two
/// optimisers do is tested where they are.
class WideDeepTest {
  private static final WideDeepSpec SPEC = new WideDeepSpec();

  /// Σ_k w_k φ_k for all pairs of fields, feature by feature (WD-1).
  private static double crosses(Map<String, double[]> params, Settings s, Batch batch, int row) {
    List<Field.Ids> fields = new ArrayList<>(batch.schema().ids());
    fields.sort(Comparator.comparing(Field.Ids::name));
    List<Feature> features = Naive.features(batch, row);
    int buckets = s.integer("buckets");
    double sum = 0;
    for (int i = 0; i < fields.size(); i++) {
      for (int j = i + 1; j < fields.size(); j++) {
        double[] w =
            Naive.get(params, "wide/cross/" + fields.get(i).name() + "+" + fields.get(j).name());
        for (Feature a : features) {
          for (Feature b : features) {
            if (a.field().equals(fields.get(i)) && b.field().equals(fields.get(j))) {
              int at =
                  buckets == 0
                      ? a.id() * fields.get(j).size() + b.id()
                      : new HashingTrick(buckets + 2, 0)
                          .id(Counter.key(Counter.key(0, (long) a.id()), (long) b.id()));
              sum += w[at] * a.x() * b.x();
            }
          }
        }
      }
    }
    return sum;
  }

  /// φ₂ with the vectors below `fm`.
  private static double pairs(Map<String, double[]> params, Batch batch, int row, int dim) {
    List<Feature> features = Naive.features(batch, row);
    double sum = 0;
    for (int i = 0; i < features.size(); i++) {
      for (int j = i + 1; j < features.size(); j++) {
        double[] a = Naive.vector(params, "fm/", features.get(i), dim);
        double[] b = Naive.vector(params, "fm/", features.get(j), dim);
        sum += Naive.dot(a, b) * features.get(i).x() * features.get(j).x();
      }
    }
    return sum;
  }

  /// (WD-1) to (WD-3)
  private static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    int dim = s.integer("embeddingDim");
    double[] numbers = new double[batch.schema().dense().size()];
    for (int c = 0; c < numbers.length; c++) {
      numbers[c] = Naive.number(batch, row, c);
    }
    double[] e = Naive.flat(Naive.pooled(params, batch, row, dim, false));
    double[] a = Naive.tower(params, "deep/", Naive.flat(e, numbers));
    double z = Naive.dot(a, Naive.get(params, "out")) + Naive.get(params, "bias")[0];
    if (s.flag("wideRaw")) {
      for (Feature f : Naive.features(batch, row)) {
        z += Naive.vector(params, "wide/raw/", f, 1)[0] * f.x();
      }
    }
    z += s.wordList("crosses").isEmpty() ? 0 : crosses(params, s, batch, row);
    return s.choice("wide", WideTerm.class) == WideTerm.FM ? z + pairs(params, batch, row, dim) : z;
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

  /// Gender F is 2 and M is 3, language en is 2, apps a and b are 2 and 3.
  private static final Schema WORKED =
      Schema.of(
          new Field.Categorical("gender", 4),
          new Field.Categorical("lang", 3),
          new Field.MultiValued("app", 4, "app", Pooling.SUM, 3),
          new Field.Dense("x"),
          new Field.Dense("y"),
          Schemas.CLICK);

  private static final String ANDS =
      "gender=2&lang=2,gender=3&lang=2,gender=2&lang=2&app=2,gender=2&app=3";

  private static final Batch WORKED_BATCH = worked(2, 2, 2);

  private static Batch worked(int gender, int lang, int... apps) {
    return ModelBench.batch(
        WORKED, 1, new float[] {-.4f, .5f}, new int[] {gender}, new int[] {lang}, apps);
  }

  private static ModelBench worked() {
    ModelBench bench =
        ModelBench.of(SPEC, Map.of("embeddingDim", "1", "hidden", "2", "crosses", ANDS), WORKED, 1);
    bench.set("wide/raw/gender", 0, 0, .1, -.1);
    bench.set("wide/raw/lang", 0, 0, .2);
    bench.set("wide/raw/app", 0, 0, .05, -.3);
    bench.set("wide/cross/and", 0, .4, -.2, .25, .6);
    bench.set("v/gender", 0, 0, .1, 0);
    bench.set("v/lang", 0, 0, .2);
    bench.set("v/app", 0, 0, .3, 0);
    bench.set("deep/0/weight", transpose(2, 5, .2, -.1, .4, .3, .5, .1, .6, -.2, .2, -.4));
    bench.set("deep/0/bias", 0, .1);
    bench.set("out", .8, -.5);
    bench.set("bias", .05);
    return bench;
  }

  @Test
  void workedExample() {
    try (ModelBench bench = worked()) {
      double z = bench.scores(WORKED_BATCH)[0];
      assertClose(
          new double[] {z, ModelBench.sigmoid(z)}, new double[] {1.25, .7773}, SIX_DECIMALS);
      // which crosses fire: 1, 0, 1, 0
      double[] fired = Naive.get(bench.gradients(WORKED_BATCH, 1), "wide/cross/and");
      assertThat(fired).containsExactly(0, 1, 0, 1, 0);
      bench.set("out", 0, 0);
      bench.set("bias", 0);
      assertClose(bench.scores(WORKED_BATCH), new double[] {1}, SIX_DECIMALS); // wide
    }
  }

  /// a of the worked example, and what is below the ReLU: 0.25 and −0.11.
  @Test
  void workedTower() {
    try (ModelBench bench = worked()) {
      double wide = 1.05; // with the bias
      bench.set("out", 1, 0);
      assertClose(bench.scores(WORKED_BATCH), new double[] {wide + .25}, SIX_DECIMALS);
      bench.set("out", 0, 1);
      assertClose(bench.scores(WORKED_BATCH), new double[] {wide}, SIX_DECIMALS);
      bench.set("deep/0/bias", 0, 1.1);
      assertClose(bench.scores(WORKED_BATCH), new double[] {wide + .89}, SIX_DECIMALS);
    }
  }

  /// (a), and a missing member fires nothing.
  @Test
  void aCrossIsOneWhereAllItsMembersAre() {
    try (ModelBench bench = worked()) {
      for (int gender = 0; gender < 4; gender++) {
        for (int lang = 0; lang < 3; lang++) {
          for (int[] apps : new int[][] {{}, {0}, {2}, {3}, {2, 3}}) {
            boolean a = apps.length > 0 && apps[0] == 2;
            boolean b = apps.length > 0 && apps[apps.length - 1] == 3;
            double[] expected = {
              0,
              gender == 2 && lang == 2 ? 1 : 0,
              gender == 3 && lang == 2 ? 1 : 0,
              gender == 2 && lang == 2 && a ? 1 : 0,
              gender == 2 && b ? 1 : 0
            };
            Batch batch = worked(gender, lang, apps);
            assertThat(Naive.get(bench.gradients(batch, 1), "wide/cross/and"))
                .containsExactly(expected);
          }
        }
      }
    }
  }

  /// Fields by name: a row per combination, c₁ n₂ + c₂ and so on; several apps cross one by one.
  @Test
  void aProductOfFieldsHasAWeightForEveryCombination() {
    Map<String, String> given =
        Map.of("embeddingDim", "1", "hidden", "2", "crosses", "gender*app, lang*gender*app");
    try (ModelBench bench = ModelBench.of(SPEC, given, WORKED, 1)) {
      Map<String, double[]> g = bench.gradients(worked(3, 2, 3, 0, 2), 1);
      double[] two = new double[16];
      two[3 * 4 + 3] = 1;
      two[3 * 4 + 2] = 1;
      double[] three = new double[48];
      three[(2 * 4 + 3) * 4 + 3] = 1;
      three[(2 * 4 + 3) * 4 + 2] = 1;
      assertThat(Naive.get(g, "wide/cross/gender+app")).containsExactly(two);
      assertThat(Naive.get(g, "wide/cross/lang+gender+app")).containsExactly(three);
      for (Batch batch : new Batch[] {worked(0, 2, 2), worked(3, 2), worked(3, 2, 0)}) {
        assertThat(Naive.get(bench.gradients(batch, 1), "wide/cross/gender+app")).containsOnly(0);
      }
    }
  }

  /// Buckets: the same row for the same combination, and padding's row and that of unknown values stay free.
  @Test
  void hashedCrossesShareRows() {
    Map<String, String> given =
        Map.of("embeddingDim", "1", "hidden", "2", "crosses", "gender*lang", "buckets", "2");
    try (ModelBench bench = ModelBench.of(SPEC, given, WORKED, 1)) {
      double[] all = new double[4];
      for (int gender = 1; gender < 4; gender++) {
        for (int lang = 1; lang < 3; lang++) {
          double[] g =
              Naive.get(bench.gradients(worked(gender, lang, 2), 1), "wide/cross/gender+lang");
          double fired = 0;
          for (int i = 0; i < 4; i++) {
            all[i] += g[i];
            fired += g[i];
          }
          assertThat(fired).isEqualTo(1);
        }
      }
      assertThat(all[0] + all[1]).isZero();
      assertThat(all[2] + all[3]).isEqualTo(6);
    }
  }

  /// (b)
  @Test
  void eachHalfAloneIsAModelOfItsOwn() {
    Map<String, String> given = Map.of("embeddingDim", "2", "hidden", "3", "crosses", "pairs");
    Settings settings = SPEC.settings(given);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, Schemas.BAGS, 1)) {
      Batch batch = SampleBatches.draw(Schemas.BAGS, 5, 1);
      double[] deep = bench.get("out");
      bench.set("out", 0, 0, 0);
      double[] logistic = new double[5];
      for (int b = 0; b < 5; b++) {
        logistic[b] = Naive.get(bench.all(), "bias")[0];
        logistic[b] += crosses(bench.all(), settings, batch, b);
        for (Feature f : Naive.features(batch, b)) {
          logistic[b] += Naive.vector(bench.all(), "wide/raw/", f, 1)[0] * f.x();
        }
      }
      assertClose(bench.scores(batch), logistic, EXACT);
      bench.set("out", deep);
      for (String path : bench.paths()) {
        if (path.startsWith("wide/")) {
          bench.set(path, new double[bench.get(path).length]);
        }
      }
      double[] tower = new double[5];
      for (int b = 0; b < 5; b++) {
        double[] e = Naive.flat(Naive.pooled(bench.all(), batch, b, 2, false));
        double[] number = {Naive.number(batch, b, 0)};
        double[] a = Naive.tower(bench.all(), "deep/", Naive.flat(e, number));
        tower[b] = Naive.dot(a, deep) + Naive.get(bench.all(), "bias")[0];
      }
      assertClose(bench.scores(batch), tower, EXACT);
    }
  }

  /// (e): both halves get the gradient of the summed logit, an active binary feature just that.
  @Test
  void anActiveFeatureHasTheGradientOfTheLogit() {
    try (ModelBench bench = worked()) {
      double z = bench.scores(WORKED_BATCH)[0];
      double upstream = ModelBench.sigmoid(z) - 1;
      Map<String, double[]> g = bench.gradients(WORKED_BATCH, upstream);
      assertThat(Naive.get(g, "wide/raw/gender")).containsExactly(0, 0, upstream, 0);
      assertThat(Naive.get(g, "wide/cross/and")).containsExactly(0, upstream, 0, upstream, 0);
      assertThat(Naive.get(g, "bias")).containsExactly(upstream);
      assertClose(Naive.get(g, "out"), new double[] {.25 * upstream, 0}, SIX_DECIMALS);
    }
  }

  /// No scale, bias or activation on top of the sum: one bias, and w_deep has none.
  @Test
  void parameters() {
    try (ModelBench bench = worked()) {
      assertThat(bench.paths())
          .containsExactly(
              "bias",
              "deep/0/bias",
              "deep/0/weight",
              "out",
              "v/app",
              "v/gender",
              "v/lang",
              "wide/cross/and",
              "wide/raw/app",
              "wide/raw/gender",
              "wide/raw/lang",
              "wide/raw/numeric");
    }
    try (ModelBench bench = ModelBench.of(SPEC, Map.of("crosses", "pairs"), WORKED, 1)) {
      bench.paths().stream()
          .filter(path -> path.startsWith("wide/"))
          .forEach(path -> assertThat(bench.get(path)).as(path).containsOnly(0));
    }
  }

  /// Figure 4: embeddings of 32, ReLU layers of 1024, 512, 256.
  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("embeddingDim")).isEqualTo(32);
    assertThat(s.list("hidden")).containsExactly(1024, 512, 256);
    assertThat(s.real("dropout")).isZero();
    assertThat(s.choice("wide", WideTerm.class)).isEqualTo(WideTerm.LINEAR);
    assertThat(s.wordList("crosses")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gender*town",
        "gender",
        "gender*gender=2",
        "town=2&lang=2",
        "gender=2&lang",
        "gender=4",
        "gender=0&lang=2",
        "gender=x",
        "x*y"
      })
  void crossesOfWhatIsNotThereAreRefused(String cross) {
    Map<String, String> given = new HashMap<>(Map.of("crosses", cross));
    assertThatThrownBy(() -> ModelBench.of(SPEC, given, WORKED, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cross " + cross)
        .hasMessageContaining("Expected");
  }

  @Test
  void whatCannotBeBuiltSaysWhatToDo() {
    Schema large =
        Schema.of(
            new Field.Categorical("a", 100_000),
            new Field.Categorical("b", 100_000),
            Schemas.CLICK);
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of("crosses", "a*b"), large, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Expected buckets above 0");
    Map<String, String> nothing = Map.of("wideRaw", "false");
    assertThatThrownBy(() -> ModelBench.of(SPEC, nothing, WORKED, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(SPEC.conflict(SPEC.settings(nothing)));
    Schema max = Schema.of(new Field.MultiValued("m", 5, "m", Pooling.MAX, 3), Schemas.CLICK);
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of("crosses", "m*m"), max, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot cross m");
  }

  /// A batch in which nothing fires.
  @Test
  void withoutCrossesThatFireTheRestIsLeft() {
    Map<String, String> given = Map.of("embeddingDim", "1", "hidden", "2", "crosses", "lang*app");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, WORKED, 1)) {
      double[] z = bench.scores(worked(2, 2));
      bench.set("wide/cross/lang+app", new double[12]);
      assertThat(bench.scores(worked(2, 2))).containsExactly(z).doesNotContain(Double.NaN);
    }
  }
}
