// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

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
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.Fitted;
import org.gradus.models.Model;
import org.gradus.models.ModelBench;
import org.gradus.models.Naive;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.tensor.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// GBDT + LR: the worked example and the invariants of ctr-models, section 3, and its equations as loops.
class GbdtLrTest {
  private static final GbdtLrSpec SPEC = new GbdtLrSpec();
  private static final Schema PRICES =
      Schema.of(new Field.Dense("price"), new Field.Dense("age"), Schemas.CLICK);

  static List<Schema> schemas() {
    return Schemas.of(SPEC);
  }

  // The equations

  @ParameterizedTest
  @MethodSource("schemas")
  void scoreIsItsEquations(Schema schema) {
    long seed = 0;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 1)) {
      Settings settings = SPEC.settings(given);
      seed++;
      try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, seed)) {
        Batch batch = SampleBatches.draw(schema, 7, seed);
        Map<String, double[]> params = bench.all();
        double[] expected = new double[7];
        for (int b = 0; b < 7; b++) {
          expected[b] = NaiveTrees.score(params, settings, batch, b);
        }
        assertClose(bench.scores(batch), expected, EXACT);
      }
    }
  }

  /// In training a row's leaves are those of the rates outside its fold: ∂Σz/∂w counts them.
  @ParameterizedTest
  @MethodSource("schemas")
  void withFoldsTrainingReadsTheRatesOfOtherFolds(Schema schema) {
    String label = schema.labels().getFirst().name();
    int other = 0;
    for (String folds : List.of("2", "3")) {
      Map<String, String> given = new HashMap<>(small());
      given.put("folds", folds);
      given.put("splitTraining", "false");
      Settings settings = SPEC.settings(given);
      try (ModelBench bench = ModelBench.of(SPEC, given, schema, 1)) {
        Batch batch = SampleBatches.draw(schema, 60, 2);
        bench.fit(batch);
        Map<String, double[]> params = bench.all();
        double[] expected = new double[2 + 6 * 4];
        double[] later = new double[2 + 6 * 4];
        int k = settings.integer("folds");
        for (int b = 0; b < 60; b++) {
          double[] x = NaiveTrees.numbersInTraining(params, k, batch, b);
          add(expected, NaiveTrees.oneHots(params, settings, x));
          x = NaiveTrees.numbers(params, k, batch, b);
          add(later, NaiveTrees.oneHots(params, settings, x));
        }
        Map<String, double[]> found =
            bench.trainingGradients(batch, 1, o -> o.head(label).score().sum(0));
        assertThat(Naive.get(found, "w/leaves")).containsExactly(expected);
        double[] ones = new double[60];
        Arrays.fill(ones, 1);
        assertThat(Naive.get(bench.gradients(batch, ones), "w/leaves")).containsExactly(later);
        other += Arrays.equals(expected, later) ? 0 : 1;
      }
    }
    boolean ids = !schema.ids().isEmpty();
    assertThat(other > 0).as("leaves differ between training and evaluation").isEqualTo(ids);
  }

  private static void add(double[] sum, double[] h) {
    for (int i = 0; i < h.length; i++) {
      sum[2 + i] += h[i];
    }
  }

  /// Two trees on price: leaves 0, 1, 2 at −1 and 1, and leaves 0, 1 at 2.
  private static ModelBench worked(String keepRate) {
    Map<String, String> given =
        Map.of("trees", "2", "maxLeaves", "3", "minSplit", "2", "negativeKeepRate", keepRate);
    ModelBench bench = ModelBench.of(SPEC, given, PRICES, 1);
    // features come by name: age is 0, price is 1; node = feature, threshold, left, right
    bench.set("trees/nodes", 1, -1, -1, 1, 1, 1, -2, -3, 1, 2, -1, -2, 0, 0, 0, 0);
    bench.set("trees/leaves", 3, 2);
    bench.set("trees/values", 0, 0, 0, 0, 0, 0);
    bench.set("w/leaves", 0, 0, .5, -.2, .3, -.7, .1, 0);
    bench.set("bias", .05);
    return bench;
  }

  private static Batch prices(float... prices) {
    float[] dense = new float[2 * prices.length];
    for (int b = 0; b < prices.length; b++) {
      dense[2 * b] = prices[b];
      dense[2 * b + 1] = 100 * b; // age, which no tree looks at
    }
    return ModelBench.batch(PRICES, prices.length, dense);
  }

  @Test
  void workedExample() {
    try (ModelBench bench = worked("1.0")) {
      double z = bench.scores(prices(1.5f))[0]; // leaf 2 and leaf 0
      assertThat(z).isCloseTo(-.35, org.assertj.core.api.Assertions.within(SIX_DECIMALS));
      assertClose(new double[] {sigmoid(z)}, new double[] {.413382}, SIX_DECIMALS);
      Settings s = SPEC.settings(Map.of("trees", "2", "maxLeaves", "3"));
      assertThat(NaiveTrees.oneHots(bench.all(), s, new double[] {0, 1.5}))
          .containsExactly(0, 0, 1, 1, 0, 0);
      // the model's own h = [0, 0, 1, 1, 0], behind two rows, with room for a leaf more
      assertThat(Naive.get(bench.gradients(prices(1.5f), 1), "w/leaves"))
          .containsExactly(0, 0, 0, 0, 1, 1, 0, 0);
    }
  }

  /// (GL-4): p = 0.2 of a tenth of the negatives is 0.024390 of all; training sees the tenth.
  @Test
  void sampledNegativesAreCorrectedForInEvaluationOnly() {
    try (ModelBench bench = worked("0.1")) {
      bench.set("w/leaves", new double[8]);
      bench.set("bias", StrictMath.log(.25));
      Batch batch = prices(0);
      double p = sigmoid(bench.scores(batch)[0]);
      assertClose(new double[] {p}, new double[] {.024390}, SIX_DECIMALS);
      double loss = bench.descend(batch, 0, 1); // of label 0
      assertClose(new double[] {loss}, new double[] {-StrictMath.log(.8)}, EXACT);
    }
  }

  // Invariants

  /// (a): each tree has exactly one leaf of a row, in a block of its own.
  @Test
  void everyTreeIsActiveOnce() {
    Map<String, String> given = small();
    int trees = 6;
    int most = 4;
    try (ModelBench bench = ModelBench.drawn(SPEC, given, Schemas.BAGS, 3)) {
      Batch batch = SampleBatches.draw(Schemas.BAGS, 5, 3);
      for (int b = 0; b < 5; b++) {
        double[] slope = Naive.get(bench.gradients(ModelBench.rows(batch, b), 1), "w/leaves");
        assertThat(Arrays.stream(slope).sum()).isEqualTo(trees);
        for (int t = 0; t < trees; t++) {
          double[] block = Arrays.copyOfRange(slope, 2 + t * most, 2 + (t + 1) * most);
          assertThat(Arrays.stream(block).filter(g -> g == 1).count()).isEqualTo(1);
        }
      }
    }
  }

  private static Map<String, String> small() {
    return Map.of("trees", "6", "maxLeaves", "4", "minSplit", "2", "smoothing", "1");
  }

  /// (b): with the values of the leaves for weights, and the initial score in the first tree, the linear part is the trees.
  @Test
  void withTheValuesOfTheLeavesItIsTheTreesThemselves() {
    try (ModelBench bench = ModelBench.of(SPEC, small(), Schemas.SHARED, 1)) {
      double[] w = new double[6 * 4 + 2];
      System.arraycopy(bench.get("trees/values"), 0, w, 2, 24);
      bench.set("w/leaves", w);
      Batch batch = SampleBatches.draw(Schemas.SHARED, 20, 5);
      Map<String, double[]> params = bench.all();
      double[] raw = new double[20];
      for (int b = 0; b < 20; b++) {
        double[] x = NaiveTrees.numbers(params, 0, batch, b);
        for (int t = 0; t < 6; t++) {
          raw[b] += Naive.get(params, "trees/values")[4 * t + NaiveTrees.leaf(params, 4, t, x)];
        }
      }
      assertThat(Arrays.stream(raw).distinct().count()).isGreaterThan(2);
      assertClose(bench.scores(batch), raw, EXACT);
    }
  }

  /// (c): trees may come in any order, with their weights.
  @Test
  void theOrderOfTheTreesDoesNotMatter() {
    try (ModelBench bench = ModelBench.drawn(SPEC, small(), Schemas.BAGS, 4)) {
      Batch batch = SampleBatches.draw(Schemas.BAGS, 9, 4);
      double[] before = bench.scores(batch);
      for (String path : List.of("trees/nodes", "trees/values", "trees/leaves")) {
        bench.set(path, turned(bench.get(path), 0));
      }
      assertThat(bench.get("trees/leaves")).isNotEqualTo(new double[6]);
      bench.set("w/leaves", turned(bench.get("w/leaves"), 2));
      assertClose(bench.scores(batch), before, EXACT);
    }
  }

  /// Six blocks in reverse, behind a few numbers that stay.
  private static double[] turned(double[] values, int head) {
    int block = (values.length - head) / 6;
    double[] turned = values.clone();
    for (int t = 0; t < 6; t++) {
      System.arraycopy(values, head + t * block, turned, head + (5 - t) * block, block);
    }
    return turned;
  }

  /// (d): rows that no tree tells apart have one score.
  @Test
  void rowsInTheSameLeavesHaveTheSameScore() {
    try (ModelBench bench = worked("1.0")) {
      double[] z = bench.scores(prices(-.5f, .25f, 1, 1.01f, 2, 2.5f));
      assertThat(z[1]).isEqualTo(z[0]);
      assertThat(z[2]).isEqualTo(z[0]); // a number at the threshold goes left
      assertThat(z[3]).isNotEqualTo(z[2]);
      assertThat(z[4]).isEqualTo(z[3]);
      assertThat(z[5]).isNotEqualTo(z[4]);
    }
  }

  /// The order of the fields, which the tables of most papers follow, does not reach the trees.
  @Test
  void theOrderOfTheFieldsDoesNotMatter() {
    Schema reversed = new Schema(Schemas.BAGS.fields().reversed());
    try (ModelBench bench = ModelBench.drawn(SPEC, small(), Schemas.BAGS, 1);
        ModelBench other = ModelBench.drawn(SPEC, small(), reversed, 1)) {
      double[] z = bench.scores(SampleBatches.draw(Schemas.BAGS, 8, 2));
      assertThat(Arrays.stream(z).distinct().count()).isGreaterThan(1);
      assertThat(other.scores(SampleBatches.draw(reversed, 8, 2))).isEqualTo(z);
    }
  }

  // Fitting

  @Test
  void withoutTreesThereIsNoScore() {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.evaluating(device)) {
      Model model = SPEC.create(SPEC.settings(small()), PRICES, params);
      assertThat(((Fitted) model).fitted()).isFalse();
      assertThatThrownBy(() -> model.forward(prices(1), Mode.evaluation(tape)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("gbdt-lr: there are no trees yet.");
    }
  }

  @Test
  void treesAreNotTrained() {
    try (ModelBench bench = ModelBench.of(SPEC, small(), Schemas.BAGS, 1)) {
      Map<String, double[]> before = bench.all();
      for (long step = 1; step <= 5; step++) {
        bench.descend(SampleBatches.draw(Schemas.BAGS, 6, step), .5, step);
      }
      before.forEach(
          (path, values) -> {
            boolean trained = path.equals("bias") || path.startsWith("w/");
            assertThat(Arrays.equals(bench.get(path), values)).as(path).isEqualTo(!trained);
          });
    }
  }

  /// Clicks where price and age have the same sign: no weight per feature can say that, two leaves of a tree can.
  @Test
  void leavesAreConjunctions() {
    Schema schema = PRICES;
    Batch drawn = SampleBatches.draw(schema, 400, 1);
    float[] labels = new float[400];
    for (int b = 0; b < 400; b++) {
      labels[b] = drawn.dense()[2 * b] * drawn.dense()[2 * b + 1] > 0 ? 1 : 0;
    }
    Batch batch = Batch.builder(schema, 400).dense(drawn.dense()).real("click", labels).build();
    Map<String, String> given = new HashMap<>(small());
    given.put("trees", "20");
    try (ModelBench bench = ModelBench.of(SPEC, given, schema, 1)) {
      bench.fit(batch);
      double loss = 0;
      for (long step = 1; step <= 100; step++) {
        loss = bench.descend(batch, .3, step);
      }
      // a weight per feature, however large, leaves about ln 2 = 0.69
      assertThat(loss).isLessThan(.35);
    }
  }

  @Test
  void rangesAreChecked() {
    for (var wrong :
        Map.of(
                "trees",
                "0",
                "maxLeaves",
                "1",
                "maxDepth",
                "-1",
                "shrinkage",
                "0",
                "subsample",
                "1.5",
                "minSplit",
                "1",
                "smoothing",
                "-1",
                "folds",
                "1",
                "negativeKeepRate",
                "0",
                "treeRows",
                "0")
            .entrySet()) {
      Map<String, String> given = Map.of(wrong.getKey(), wrong.getValue());
      assertThatThrownBy(() -> ModelBench.of(SPEC, given, PRICES, 1))
          .as(wrong.getKey())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(wrong.getKey())
          .hasMessageContaining("Expected");
    }
  }
}
