// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.deepfm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.single;
import static org.gradus.models.ModelBench.transpose;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.Naive;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.models.deepfm.DeepFm.FirstOrderTerm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// DeepFM: an example worked by hand, invariants, and its equations as loops.
class DeepFmTest {
  private static final DeepFmSpec SPEC = new DeepFmSpec();

  /// (DFM-1) to (DFM-4)
  private static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    boolean scaled = s.choice("numeric", Numeric.class) == Numeric.SCALED_EMBEDDING;
    double[][] e = Naive.pooled(params, batch, row, s.integer("embeddingDim"), scaled);
    double z = Naive.get(params, "bias")[0];
    z +=
        switch (s.choice("firstOrder", FirstOrderTerm.class)) {
          case WEIGHT_TABLE -> Naive.firstOrder(params, batch, row);
          case EMBEDDING_LINEAR -> Naive.dot(Naive.flat(e), Naive.get(params, "linear"));
          case NONE -> 0;
        };
    if (s.flag("useFm")) {
      for (int i = 0; i < e.length; i++) {
        for (int j = i + 1; j < e.length; j++) {
          z += Naive.dot(e[i], e[j]);
        }
      }
    }
    if (s.flag("useDnn")) {
      double[] numbers = new double[scaled ? 0 : batch.schema().dense().size()];
      for (int c = 0; c < numbers.length; c++) {
        numbers[c] = Naive.number(batch, row, c);
      }
      double[] a = Naive.tower(params, "deep/", Naive.flat(Naive.flat(e), numbers));
      z += Naive.dot(a, Naive.get(params, "out"));
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

  private static final Schema WORKED =
      Schema.of(
          new Field.Categorical("a", 3),
          new Field.Categorical("b", 3),
          new Field.Categorical("c", 3),
          new Field.Dense("x"),
          Schemas.CLICK);

  private static final Batch WORKED_BATCH =
      ModelBench.batch(WORKED, 1, new float[] {.5f}, single(2, 2, 2));

  private static ModelBench worked(Map<String, String> more) {
    Map<String, String> given = new HashMap<>(Map.of("embeddingDim", "2", "hidden", "2"));
    given.putAll(more);
    ModelBench bench = ModelBench.of(SPEC, given, WORKED, 1);
    bench.set("bias", .01);
    bench.set("v/a", 0, 0, 0, 0, .1, .2);
    bench.set("v/b", 0, 0, 0, 0, .3, -.4);
    bench.set("v/c", 0, 0, 0, 0, -.5, .6);
    if (bench.paths().contains("w/a")) {
      bench.set("w/a", 0, 0, .05);
      bench.set("w/b", 0, 0, -.02);
      bench.set("w/c", 0, 0, .03);
      bench.set("w/numeric", .4);
    }
    if (bench.paths().contains("out")) {
      bench.set(
          "deep/0/weight",
          transpose(2, 7, .1, .2, -.3, .4, .5, -.6, .7, .3, -.1, .2, .1, -.4, .2, .1));
      bench.set("deep/0/bias", 0, .1);
      bench.set("out", .5, -.25);
    }
    return bench;
  }

  private static double score(Map<String, String> more) {
    try (ModelBench bench = worked(more)) {
      return bench.scores(WORKED_BATCH)[0];
    }
  }

  @Test
  void workedExample() {
    double z = score(Map.of());
    assertClose(new double[] {z}, new double[] {-.225}, SIX_DECIMALS);
    assertClose(new double[] {ModelBench.sigmoid(z)}, new double[] {.443986}, SIX_DECIMALS);
    // its summands, each by leaving another out
    double withoutDnn = score(Map.of("useDnn", "false"));
    double withoutFm = score(Map.of("useFm", "false"));
    double withoutFirst = score(Map.of("firstOrder", "NONE"));
    assertClose(
        new double[] {z - withoutFirst, z - withoutFm, z - withoutDnn},
        new double[] {.26, -.37, -.125},
        SIX_DECIMALS);
  }

  /// (b)
  @Test
  void withoutOutputWeightsItIsTheFactorizationMachine() {
    try (ModelBench bench = worked(Map.of())) {
      bench.set("out", 0, 0);
      assertThat(bench.scores(WORKED_BATCH)[0]).isEqualTo(score(Map.of("useDnn", "false")));
    }
  }

  /// (c): in another order of the fields the FM half is the same, the tower is not, unless its weights move along.
  @Test
  void onlyTheTowerSeesTheOrderOfTheFields() {
    Schema turned =
        Schema.of(
            new Field.Categorical("c", 3),
            new Field.Categorical("a", 3),
            new Field.Categorical("b", 3),
            new Field.Dense("x"),
            Schemas.CLICK);
    Batch batch = ModelBench.batch(turned, 1, new float[] {.5f}, single(2, 2, 2));
    Map<String, String> given = Map.of("embeddingDim", "2", "hidden", "2");
    try (ModelBench bench = worked(Map.of());
        ModelBench other = ModelBench.of(SPEC, given, turned, 1)) {
      bench.all().forEach(other::set);
      other.set("out", 0, 0);
      assertClose(other.scores(batch), new double[] {score(Map.of("useDnn", "false"))}, EXACT);
      other.set("out", .5, -.25);
      assertThat(Math.abs(other.scores(batch)[0] + .225)).isGreaterThan(.01);
      double[] w = bench.get("deep/0/weight"); // [7, 2]: rows a a b b c c x
      double[] moved = w.clone();
      System.arraycopy(w, 8, moved, 0, 4);
      System.arraycopy(w, 0, moved, 4, 8);
      other.set("deep/0/weight", moved);
      assertClose(other.scores(batch), bench.scores(WORKED_BATCH), EXACT);
    }
  }

  /// (d): the gradient of a shared row is the FM's part plus the tower's.
  @Test
  void theHalvesAddUpInTheGradientOfTheSharedRows() {
    try (ModelBench both = worked(Map.of());
        ModelBench fm = worked(Map.of("useDnn", "false"));
        ModelBench dnn = worked(Map.of("useFm", "false"))) {
      for (String path : List.of("v/a", "v/b", "v/c")) {
        double[] sum = Naive.get(fm.gradients(WORKED_BATCH, 1), path).clone();
        double[] tower = Naive.get(dnn.gradients(WORKED_BATCH, 1), path);
        for (int i = 0; i < sum.length; i++) {
          sum[i] += tower[i];
        }
        assertClose(Naive.get(both.gradients(WORKED_BATCH, 1), path), sum, EXACT);
        assertThat(tower).as("of the tower").isNotEqualTo(new double[6]);
      }
      // ∂y₂/∂e₀ = e₁ + e₂ by hand
      assertClose(
          Naive.get(fm.gradients(WORKED_BATCH, 1), "v/a"),
          new double[] {0, 0, 0, 0, -.2, .2},
          EXACT);
    }
  }

  @Test
  void parameters() {
    try (ModelBench bench = worked(Map.of())) {
      assertThat(bench.paths())
          .containsExactly(
              "bias",
              "deep/0/bias",
              "deep/0/weight",
              "out",
              "v/a",
              "v/b",
              "v/c",
              "w/a",
              "w/b",
              "w/c",
              "w/numeric");
    }
  }

  /// The paragraph "Parameter Settings": dropout 0.5, 400-400-400, ReLU, and ten factors.
  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("embeddingDim")).isEqualTo(10);
    assertThat(s.list("hidden")).containsExactly(400, 400, 400);
    assertThat(s.real("dropout")).isEqualTo(.5);
    assertThat(s.flag("batchNorm")).isFalse();
    assertThat(s.choice("firstOrder", FirstOrderTerm.class)).isEqualTo(FirstOrderTerm.WEIGHT_TABLE);
  }

  @Test
  void withoutBothHalvesThereIsNoDeepFm() {
    Map<String, String> given = Map.of("useFm", "false", "useDnn", "false");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given, WORKED, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(SPEC.conflict(SPEC.settings(given)))
        .hasMessageContaining("--model lr");
  }
}
