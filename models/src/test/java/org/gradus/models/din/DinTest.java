// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.din;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.layers.AdaptiveMlp;
import org.gradus.layers.LocalActivationUnit.Interaction;
import org.gradus.layers.LocalActivationUnit.Normalization;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.ModelCheck;
import org.gradus.models.Naive;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.tensor.Device;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// DIN: its equations as loops, and what must not matter.
class DinTest {
  private static final DinSpec SPEC = new DinSpec();

  private static final Map<String, String> JOINED =
      Map.of("histories", "viewed+viewedCategory,bought", "attentionHidden", "3", "hidden", "4");

  /// (DIN-1)
  private static double[] features(double[] a, double[] e, Interaction interaction) {
    double[] third = new double[a.length];
    double[] fourth = new double[a.length];
    double[] outer = new double[a.length * a.length];
    for (int i = 0; i < a.length; i++) {
      third[i] = a[i] - e[i];
      fourth[i] = a[i] * e[i];
      for (int j = 0; j < a.length; j++) {
        outer[i * a.length + j] = a[i] * e[j];
      }
    }
    return switch (interaction) {
      case AUTHOR -> Naive.flat(a, e, third, fourth);
      case PRODUCT -> Naive.flat(a, e, fourth);
      case OUTER -> Naive.flat(a, e, outer);
    };
  }

  /// (DIN-2), (DIN-3)
  private static double[] weights(
      Map<String, double[]> params, Settings s, String prefix, double[] a, List<double[]> steps) {
    double[] scores = new double[steps.size()];
    for (int t = 0; t < scores.length; t++) {
      double[] z = features(a, steps.get(t), s.choice("interaction", Interaction.class));
      var kind = s.choice("attentionActivation", AdaptiveMlp.Activation.class);
      scores[t] =
          Naive.dot(Naive.tower(params, prefix, kind, z), Naive.get(params, prefix + "out/weight"));
    }
    var normalization = s.choice("attentionNormalization", Normalization.class);
    boolean shares =
        normalization == Normalization.SOFTMAX || normalization == Normalization.SOFTMAX_SCALED;
    double sum = 0;
    for (int t = 0; t < scores.length; t++) {
      switch (normalization) {
        case NONE -> scores[t] += Naive.get(params, prefix + "out/bias")[0];
        case SIGMOID ->
            scores[t] = ModelBench.sigmoid(scores[t] + Naive.get(params, prefix + "out/bias")[0]);
        case SOFTMAX -> scores[t] = Math.exp(scores[t]);
        case SOFTMAX_SCALED -> scores[t] = Math.exp(scores[t] / Math.sqrt(a.length));
      }
      sum += scores[t];
    }
    for (int t = 0; t < scores.length && shares; t++) {
      scores[t] /= sum;
    }
    return scores;
  }

  /// (DIN-5), (DIN-6)
  private static double score(
      Map<String, double[]> params, Settings s, List<List<String>> histories, Batch batch, int b) {
    int dim = s.integer("embeddingDim");
    List<double[]> parts = new ArrayList<>();
    for (Field.Categorical f : batch.schema().categorical()) {
      parts.add(Naive.row(params, f.table(), ModelBench.bag(batch, f.name(), b)[0], dim));
    }
    for (List<String> columns : histories) {
      double[] a = Naive.candidate(params, batch, columns, b, dim);
      List<double[]> steps = Naive.steps(params, batch, columns, b, dim);
      double[] ones = new double[steps.size()];
      Arrays.fill(ones, 1);
      double[] means = new double[steps.size()];
      Arrays.fill(means, 1.0 / steps.size());
      double[] w =
          switch (s.choice("pooling", Din.Pooling.class)) {
            case ATTENTION -> weights(params, s, "attention/" + columns.getFirst() + "/", a, steps);
            case SUM -> ones;
            case MEAN -> means;
          };
      parts.add(Naive.weighted(w, steps, a.length));
      if (s.flag("alsoSumPool")) {
        parts.add(Naive.weighted(ones, steps, a.length));
      }
    }
    parts.add(Naive.numbers(batch, b));
    double[] x = Naive.flat(parts.toArray(double[][]::new));
    double[] h =
        Naive.tower(params, "deep/", s.choice("activation", AdaptiveMlp.Activation.class), x);
    return Naive.linear(h, Naive.get(params, "out/weight"), Naive.get(params, "out/bias"))[0];
  }

  private static void compare(
      Map<String, String> given, List<List<String>> histories, Schema schema, long seed) {
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, seed)) {
      Batch batch = SampleBatches.draw(schema, 5, seed);
      Map<String, double[]> params = bench.all();
      double[] expected = new double[5];
      for (int b = 0; b < 5; b++) {
        expected[b] = score(params, SPEC.settings(given), histories, batch, b);
      }
      assertClose(bench.scores(batch), expected, EXACT);
    }
  }

  @Test
  void scoreIsItsEquations() {
    Schema schema = SPEC.exampleSchema(SPEC.settings(Map.of()));
    long seed = 1;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 1)) {
      compare(given, List.of(List.of("viewed"), List.of("categories")), schema, seed++);
    }
  }

  @Test
  void aHistoryOfSeveralColumnsHasOneUnit() {
    List<List<String>> histories = List.of(List.of("viewed", "viewedCategory"), List.of("bought"));
    for (Normalization normalization : Normalization.values()) {
      Map<String, String> given = new HashMap<>(JOINED);
      given.put("attentionNormalization", normalization.name());
      compare(given, histories, Schemas.COLUMNS, 7);
    }
    try (ModelBench bench = ModelBench.of(SPEC, JOINED, Schemas.COLUMNS, 1)) {
      assertThat(bench.paths())
          .contains("attention/viewed/0/weight", "attention/bought/out/bias")
          .noneMatch(p -> p.startsWith("attention/viewedCategory"));
      assertThat(bench.shape("attention/viewed/0/weight").size(0)).isEqualTo(4 * 2 * 12);
    }
  }

  /// Every pair of options, each on sequences: lengths 0, the longest and others.
  @ParameterizedTest
  @ValueSource(ints = {5, 1})
  void gradientsOfHistoriesAreRight(int size) {
    Schema schema = SPEC.exampleSchema(SPEC.settings(Map.of()));
    try (Device reference = Device.open("reference")) {
      for (Map<String, String> given : CoveringArray.pairwise(SPEC, 3)) {
        Settings settings = SPEC.settings(given);
        Batch batch = SampleBatches.draw(schema, size, 3);
        boolean whole = settings.flag("batchNorm") && size < 4;
        GradCheck check =
            whole ? GradCheck.of(3).evaluation() : ModelCheck.check(SPEC, settings, 3);
        check.check(reference, ModelCheck.objective(SPEC, settings, batch)).orFail();
      }
      Settings joined = SPEC.settings(JOINED);
      Batch batch = SampleBatches.draw(Schemas.COLUMNS, 4 + size, 3);
      ModelCheck.check(SPEC, joined, 3)
          .check(reference, ModelCheck.objective(SPEC, joined, batch))
          .orFail();
    }
  }

  private static final Schema PLAIN =
      Schema.of(
          new Field.Categorical("item", 9),
          new Field.Sequence("history", 9, "item", 6),
          Schemas.CLICK);

  private static Batch batch(int[] items, int[]... histories) {
    int[][] bags = Arrays.copyOf(ModelBench.single(items), items.length + histories.length);
    System.arraycopy(histories, 0, bags, items.length, histories.length);
    return ModelBench.batch(PLAIN, items.length, new float[0], bags);
  }

  private static List<Map<String, String>> modes() {
    List<Map<String, String>> modes = new ArrayList<>();
    for (Normalization n : Normalization.values()) {
      for (AdaptiveMlp.Activation a : AdaptiveMlp.Activation.values()) {
        modes.add(
            Map.of(
                "attentionNormalization",
                n.name(),
                "attentionActivation",
                a.name(),
                "alsoSumPool",
                "true",
                "embeddingDim",
                "3"));
      }
    }
    modes.add(Map.of("pooling", "MEAN"));
    return modes;
  }

  /// Scores, gradients and, through Dice, statistics: id 0 in a history, more of it, and in any place, are nothing. A public unit
  /// takes no mask: under its softmax padded steps have weight, and without softmax they count unless their vector is zero.
  @Test
  void paddingInAHistoryChangesNothing() {
    Batch bare =
        batch(
            new int[] {2, 3, 4, 5},
            new int[] {5, 2, 7},
            new int[0],
            new int[] {3},
            new int[] {8, 3});
    Batch padded =
        batch(
            new int[] {2, 3, 4, 5},
            new int[] {5, 0, 2, 7, 0, 0},
            new int[] {0, 0},
            new int[] {0, 3},
            new int[] {8, 3, 0});
    for (Map<String, String> given : modes()) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 1);
          ModelBench other = ModelBench.drawn(SPEC, given, PLAIN, 1)) {
        assertClose(bench.scores(padded), bench.scores(bare), EXACT);
        Map<String, double[]> expected = bench.gradients(bare, 1, -2, 3, 1);
        bench
            .gradients(padded, 1, -2, 3, 1)
            .forEach((path, g) -> assertClose(g, Naive.get(expected, path), EXACT));
        bench.descend(bare, .1, 1);
        other.descend(padded, .1, 1);
        Map<String, double[]> trained = bench.all();
        other.all().forEach((path, p) -> assertClose(p, Naive.get(trained, path), EXACT));
      }
    }
  }

  /// Every step counts, not the first alone, as where lengths were taken to be 1; and all in any order.
  @Test
  void theOrderOfAHistoryDoesNotMatter() {
    for (Map<String, String> given : modes()) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 2)) {
        double[] one = bench.scores(batch(new int[] {2}, new int[] {5, 2, 7, 3}));
        double[] other = bench.scores(batch(new int[] {2}, new int[] {3, 7, 5, 2}));
        assertClose(other, one, EXACT);
        assertThat(bench.scores(batch(new int[] {2}, new int[] {3, 7, 5, 4}))[0])
            .isNotEqualTo(one[0]);
      }
    }
  }

  /// No history at all, in the whole batch and in training: a score, and gradients, of the candidate alone.
  @Test
  void withoutAnyHistoryEverythingIsFinite() {
    Batch none = batch(new int[] {2, 3}, new int[0], new int[] {0});
    for (Map<String, String> given : modes()) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 3)) {
        assertThat(bench.descend(none, .1, 1)).isFinite();
        bench.all().forEach((path, p) -> assertThat(p).as(path).doesNotContain(Double.NaN));
        double[] z = bench.scores(none);
        assertThat(z[0]).isNotEqualTo(z[1]);
      }
    }
  }

  @Test
  void weightsAreReported() {
    Batch batch = batch(new int[] {2, 3}, new int[] {5, 2, 7}, new int[] {4});
    for (Normalization normalization : Normalization.values()) {
      Map<String, String> given =
          Map.of("attentionNormalization", normalization.name(), "embeddingDim", "3");
      try (ModelBench bench = ModelBench.drawn(SPEC, given, PLAIN, 4)) {
        Map<String, double[]> params = bench.all();
        double[] expected = new double[6];
        for (int b = 0; b < 2; b++) {
          List<String> columns = List.of("history");
          double[] a = Naive.candidate(params, batch, columns, b, 3);
          List<double[]> steps = Naive.steps(params, batch, columns, b, 3);
          double[] w = weights(params, SPEC.settings(given), "attention/history/", a, steps);
          System.arraycopy(w, 0, expected, 3 * b, w.length);
        }
        assertThat(bench.weights(batch)).containsOnlyKeys("attention/history");
        assertClose(Naive.get(bench.weights(batch), "attention/history"), expected, EXACT);
      }
    }
  }

  /// A list that is no history is pooled like any field, with its own padding.
  @Test
  void aMultiValuedFieldMayStandBesideAHistory() {
    Schema schema =
        Schema.of(
            new Field.Categorical("item", 9),
            new Field.MultiValued("tags", 6, "tags", Pooling.MEAN, 4),
            new Field.Sequence("history", 9, "item", 6),
            Schemas.CLICK);
    int[][] tags = {{2, 5, 3}, {3, 2, 5}, {3, 0, 2, 5}, {3, 2, 4}};
    try (ModelBench bench = ModelBench.drawn(SPEC, Map.of(), schema, 1)) {
      double[] z = new double[4];
      for (int i = 0; i < 4; i++) {
        int[][] bags = {{2}, tags[i], {5, 7}};
        z[i] = bench.scores(ModelBench.batch(schema, 1, new float[0], bags))[0];
      }
      assertClose(new double[] {z[1], z[2]}, new double[] {z[0], z[0]}, EXACT);
      assertThat(z[3]).isNotEqualTo(z[0]);
    }
    Settings settings = SPEC.settings(Map.of("embeddingDim", "2", "hidden", "3"));
    try (Device reference = Device.open("reference")) {
      ModelCheck.check(SPEC, settings, 2)
          .check(reference, ModelCheck.objective(SPEC, settings, SampleBatches.draw(schema, 5, 2)))
          .orFail();
    }
  }

  /// Slopes, and what Dice does with its statistics.
  @Test
  void startsOfLearnedActivationsCanBeSet() {
    Map<String, String> slopes =
        Map.of("attentionActivation", "PRELU", "activation", "PRELU", "preluSlope", "0.5");
    try (ModelBench bench = ModelBench.of(SPEC, slopes, PLAIN, 1)) {
      assertThat(bench.get("attention/history/0/activation/alpha")).containsOnly(.5);
      assertThat(bench.get("deep/1/activation/alpha")).containsOnly(.5);
    }
    Batch batch = batch(new int[] {2, 3, 4}, new int[] {5, 2, 7}, new int[] {4}, new int[] {8, 3});
    String variance = "deep/0/activation/variance";
    Map<String, String> plain = Map.of("diceDecay", "0.5");
    Map<String, String> unbiased = Map.of("diceDecay", "0.5", "diceUnbiased", "true");
    try (ModelBench a = ModelBench.of(SPEC, plain, PLAIN, 1);
        ModelBench b = ModelBench.of(SPEC, unbiased, PLAIN, 1)) {
      double before = a.get(variance)[0];
      a.descend(batch, 0, 1);
      b.descend(batch, 0, 1);
      // half of the old value goes, and half of v comes, v with 3 rows or, times 3/2, with 2
      // degrees of freedom
      double v = 2 * (a.get(variance)[0] - before / 2);
      assertClose(new double[] {b.get(variance)[0]}, new double[] {before / 2 + .75 * v}, EXACT);
      assertThat(v).isPositive();
    }
    Map<String, String> stopped = Map.of("diceStopGradient", "true");
    try (ModelBench a = ModelBench.drawn(SPEC, Map.of(), PLAIN, 1);
        ModelBench b = ModelBench.drawn(SPEC, stopped, PLAIN, 1)) {
      var through = a.trainingGradients(batch, 1, o -> o.head("click").score().sum());
      var around = b.trainingGradients(batch, 1, o -> o.head("click").score().sum());
      assertThat(Naive.get(around, "deep/0/weight"))
          .isNotEqualTo(Naive.get(through, "deep/0/weight"));
      assertThat(Naive.get(around, "out/weight")).isEqualTo(Naive.get(through, "out/weight"));
    }
  }

  @Test
  void parametersOfTheBenchmark() {
    Map<String, String> given =
        Map.of(
            "embeddingDim", "32",
            "attentionHidden", "80,40",
            "attentionActivation", "SIGMOID",
            "activation", "RELU");
    try (ModelBench bench = ModelBench.of(SPEC, given, PLAIN, 1)) {
      assertThat(bench.paths())
          .containsExactly(
              "attention/history/0/bias",
              "attention/history/0/weight",
              "attention/history/1/bias",
              "attention/history/1/weight",
              "attention/history/out/bias",
              "attention/history/out/weight",
              "deep/0/bias",
              "deep/0/weight",
              "deep/1/bias",
              "deep/1/weight",
              "out/bias",
              "out/weight",
              "v/item");
      assertThat(bench.shape("deep/0/weight").toArray()).containsExactly(64, 200);
    }
  }

  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("embeddingDim")).isEqualTo(12);
    assertThat(s.list("attentionHidden")).containsExactly(36);
    assertThat(s.list("hidden")).containsExactly(200, 80);
    assertThat(s.choice("attentionNormalization", Normalization.class))
        .isEqualTo(Normalization.NONE);
    assertThat(s.choice("activation", AdaptiveMlp.Activation.class))
        .isEqualTo(AdaptiveMlp.Activation.DICE);
  }

  private static void refused(Map<String, String> given, Schema schema, String message) {
    assertThatThrownBy(() -> ModelBench.of(SPEC, given, schema, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void impossibleHistoriesAreRefused() {
    refused(Map.of("histories", "item"), PLAIN, "field item is no sequence");
    refused(Map.of("histories", "clicks"), PLAIN, "no field clicks");
    Schema alone =
        Schema.of(
            new Field.Categorical("user", 4),
            new Field.Sequence("history", 9, "item", 6),
            Schemas.CLICK);
    refused(Map.of(), alone, "Expected exactly one, the candidate");
    try (ModelBench bench = ModelBench.of(SPEC, JOINED, Schemas.COLUMNS, 1)) {
      Batch uneven =
          ModelBench.batch(
              Schemas.COLUMNS, 1, new float[] {1}, new int[][] {{2}, {3}, {4, 5}, {2}, {}});
      assertThatThrownBy(() -> bench.scores(uneven))
          .hasMessage(
              "history: sequences viewed and viewedCategory of one history have different lengths."
                  + " Expected columns of the same steps.");
    }
  }
}
