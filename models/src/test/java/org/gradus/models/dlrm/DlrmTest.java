// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dlrm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.transpose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.Naive;
import org.gradus.models.Schemas;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// DLRM: the end-to-end example and the sizes of its specification, and its equations as loops with every interaction.
class DlrmTest {
  private static final DlrmSpec SPEC = new DlrmSpec();

  /// Small sizes around an interaction.
  private static Map<String, String> small(String... more) {
    Map<String, String> given =
        new HashMap<>(
            Map.of(
                "embeddingDim", "2", "bottom", "3,2", "top", "4", "crossLayers", "2", "rank", "2"));
    given.putAll(Map.of("experts", "2", "branch1", "3,2", "branch2", "4"));
    for (int i = 0; i < more.length; i += 2) {
      given.put(more[i], more[i + 1]);
    }
    return given;
  }

  @ParameterizedTest
  @MethodSource("org.gradus.models.Schemas#all")
  void scoreIsItsEquations(Schema schema) {
    long seed = 0;
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 1)) {
      seed++;
      try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, seed)) {
        Batch batch = SampleBatches.draw(schema, 4, seed);
        NaiveDlrm naive = new NaiveDlrm(bench.all(), SPEC.settings(given));
        double[] expected = new double[4];
        for (int b = 0; b < 4; b++) {
          expected[b] = naive.score(batch, b);
        }
        assertClose(bench.scores(batch), expected, EXACT);
      }
    }
  }

  private static final Schema WORKED =
      Schema.of(
          new Field.Dense("x"),
          new Field.Dense("y"),
          new Field.Categorical("f0", 4),
          new Field.MultiValued("f1", 5, "f1", Pooling.SUM, 3),
          Schemas.CLICK);

  /// The whole model worked by hand, gradients too. The dense features are ln(0 + 3) and ln(7 + 3), which the batch rounds
  /// to float32.
  @Test
  void endToEndExampleWithGradients() {
    Map<String, String> given = Map.of("embeddingDim", "2", "bottom", "2", "top", "2");
    try (ModelBench bench = ModelBench.of(SPEC, given, WORKED, 1)) {
      bench.set("bottom/0/weight", transpose(2, 2, .5, -.1, .2, .3));
      bench.set("bottom/0/bias", .1, -.2);
      bench.set("tables/f0", .1, -.2, .3, .4, -.5, .6, .7, -.8);
      bench.set("tables/f1", .2, .1, -.1, .5, .4, -.3, .6, .2, -.2, -.4);
      bench.set("top/0/weight", transpose(2, 5, .3, -.2, .5, .1, -.4, -.1, .6, .2, -.3, .2));
      bench.set("top/0/bias", .05, .1);
      bench.set("out/weight", .7, -.9);
      bench.set("out/bias", .02);
      float[] dense = {(float) StrictMath.log(3), (float) StrictMath.log(10)};
      Batch batch = ModelBench.batch(WORKED, 1, dense, new int[] {2}, new int[] {3, 0, 3});
      double z = bench.scores(batch)[0];
      assertClose(
          new double[] {z, ModelBench.sigmoid(z), ModelBench.logLoss(z, 1)},
          new double[] {.148679, .537101, .621568},
          SIX_DECIMALS);
      Map<String, double[]> g = bench.gradients(batch, ModelBench.sigmoid(z) - 1);
      assertClose(
          Naive.get(g, "tables/f0"),
          new double[] {0, 0, 0, 0, .265131, .050556, 0, 0},
          SIX_DECIMALS);
      assertClose(
          Naive.get(g, "tables/f1"),
          new double[] {-.172419, .015938, 0, 0, 0, 0, -.344837, .031876, 0, 0},
          SIX_DECIMALS);
      assertClose(
          Naive.get(g, "bottom/0/weight"),
          transpose(2, 2, -.351405, -.736512, .207487, .434872),
          SIX_DECIMALS);
    }
  }

  // Sizes at the width of Criteo: 13 numbers, 26 fields, D = 128

  private static final Schema CRITEO = criteo();

  private static Schema criteo() {
    List<Field> fields = new ArrayList<>();
    for (int i = 0; i < 13; i++) {
      fields.add(new Field.Dense("int_" + i));
    }
    for (int i = 0; i < 26; i++) {
      fields.add(new Field.Categorical("cat_" + i, 2));
    }
    fields.add(Schemas.CLICK);
    return new Schema(fields);
  }

  private static ModelBench criteo(String top, String... more) {
    Map<String, String> given =
        small("embeddingDim", "128", "bottom", "512,256,128", "top", top, "crossLayers", "0");
    given.putAll(Map.of("branch1", "256", "branch2", "512"));
    for (int i = 0; i < more.length; i += 2) {
      given.put(more[i], more[i + 1]);
    }
    return ModelBench.of(SPEC, given, CRITEO, 1);
  }

  private static long count(ModelBench bench, String... prefixes) {
    return bench.params().all().stream()
        .filter(p -> Arrays.stream(prefixes).anyMatch(p.path()::startsWith))
        .mapToLong(p -> p.elements())
        .sum();
  }

  /// Inputs of the top tower at 27 vectors of 128: 128 + 351, 27 · 128, 128 + 2 · 4; with the diagonal 128 + 378.
  @ParameterizedTest
  @CsvSource({
    "DOT, false, 479",
    "DOT, true, 506",
    "CAT, false, 3456",
    "DCN_LOW_RANK, false, 3456",
    "DCN_VECTOR, false, 3456",
    "PROJECTION, false, 136"
  })
  void widthOfTheTopTowersInput(String interaction, String self, int width) {
    try (ModelBench bench = criteo("1", "interaction", interaction, "includeSelf", self)) {
      assertThat(bench.shape("top/0/weight")).isEqualTo(Shape.of(width, 1));
      assertThat(count(bench, "bottom/")).isEqualTo(171_392);
    }
  }

  /// Parameters of the top tower 1024-1024-512-256-1 behind each interaction.
  @ParameterizedTest
  @CsvSource({"DOT, 2197505", "DCN_VECTOR, 5245953", "PROJECTION, 1846273"})
  void numberOfParametersOfTheTopTower(String interaction, long parameters) {
    try (ModelBench bench = criteo("1024,1024,512,256", "interaction", interaction)) {
      assertThat(count(bench, "top/", "out/")).isEqualTo(parameters);
    }
  }

  // Properties

  /// (EB-1): tables in another order permute the vectors, so without d the products move along with their pairs.
  @Test
  void permutingTheFieldsPermutesTheProducts() {
    Schema turned =
        Schema.of(
            new Field.Categorical("hour", 5),
            new Field.Categorical("user", 6),
            new Field.Categorical("city", 4),
            Schemas.CLICK);
    Map<String, String> given = small("top", "");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, Schemas.CATEGORICAL, 1);
        ModelBench other = ModelBench.of(SPEC, given, turned, 1)) {
      bench.all().forEach(other::set);
      double[] w = bench.get("out/weight"); // of (user, city), (user, hour), (city, hour)
      other.set("out/weight", w[1], w[2], w[0]); // of (hour, user), (hour, city), (user, city)
      Batch batch =
          ModelBench.batch(Schemas.CATEGORICAL, 1, new float[0], ModelBench.single(3, 2, 4));
      Batch moved = ModelBench.batch(turned, 1, new float[0], ModelBench.single(4, 3, 2));
      assertClose(other.scores(moved), bench.scores(batch), EXACT);
    }
  }

  /// (DI-2): the two orders hold the same numbers, so weights that move along give the same score.
  @Test
  void theTwoOrdersHoldTheSameProducts() {
    Map<String, String> upper = small("top", "");
    Map<String, String> lower = small("top", "", "order", "LOWER_ROW_MAJOR");
    try (ModelBench bench = ModelBench.drawn(SPEC, upper, Schemas.BAGS, 1);
        ModelBench other = ModelBench.of(SPEC, lower, Schemas.BAGS, 1)) {
      bench.all().forEach(other::set);
      Batch batch = SampleBatches.draw(Schemas.BAGS, 4, 1);
      assertThat(other.scores(batch)).isNotEqualTo(bench.scores(batch));
      double[] w = bench.get("out/weight"); // of d d 01 02 03 12 13 23
      other.set("out/weight", w[0], w[1], w[2], w[3], w[5], w[4], w[6], w[7]);
      assertClose(other.scores(batch), bench.scores(batch), EXACT);
    }
  }

  /// As the authors' code starts them: uniform in ±√(1/n).
  @Test
  void tablesStartUniform() {
    Schema schema = Schema.of(new Field.Categorical("user", 4000), Schemas.CLICK);
    try (ModelBench bench = ModelBench.of(SPEC, small(), schema, 1)) {
      double bound = Math.sqrt(1.0 / 4000);
      double[] v = bench.get("tables/user");
      assertThat(Arrays.stream(v)).allMatch(x -> Math.abs(x) <= bound);
      // the estimate of 8000 draws has a deviation of 0.5 %
      assertThat(Math.sqrt(Naive.dot(v, v) / v.length))
          .isCloseTo(bound / Math.sqrt(3), withinPercentage(2.5));
    }
  }

  /// Row 0 is a row like any other: DLRM has no padding.
  @Test
  void rowZeroIsTrained() {
    try (ModelBench bench = ModelBench.drawn(SPEC, small("top", ""), Schemas.CATEGORICAL, 1)) {
      Batch batch =
          ModelBench.batch(Schemas.CATEGORICAL, 1, new float[0], ModelBench.single(0, 2, 0));
      double[] g = Naive.get(bench.gradients(batch, 1), "tables/user");
      assertThat(g[0]).isNotZero();
    }
  }

  /// A field of one id may share a table with bags, however these are pooled.
  @Test
  void aCategoricalFieldSharesATableWithBags() {
    Schema schema =
        Schema.of(
            new Field.Categorical("item", 6, "items"),
            new Field.MultiValued("bought", 6, "items", Pooling.MEAN, 3),
            Schemas.CLICK);
    Map<String, String> given = small();
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 1)) {
      Batch batch = SampleBatches.draw(schema, 3, 1);
      NaiveDlrm naive = new NaiveDlrm(bench.all(), SPEC.settings(given));
      double[] expected = {naive.score(batch, 0), naive.score(batch, 1), naive.score(batch, 2)};
      assertClose(bench.scores(batch), expected, EXACT);
    }
  }

  @Test
  void whatCannotBeBuiltIsAnError() {
    assertThatThrownBy(() -> ModelBench.of(SPEC, small("bottom", "3,4"), Schemas.DENSE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "dlrm: bottom tower [3, 4] with embedding width 2. Expected its last size to be the"
                + " embedding width.");
    Schema numbers = Schema.of(new Field.Dense("x"), Schemas.CLICK);
    assertThatThrownBy(() -> ModelBench.of(SPEC, small(), numbers, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no categorical or multi-valued field");
    assertThatThrownBy(
            () ->
                ModelBench.of(
                    SPEC, small("interaction", "PROJECTION", "branch2", "3"), Schemas.DENSE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiple of the embedding width 2");
    Schema quarrel =
        Schema.of(
            new Field.MultiValued("a", 6, "items", Pooling.MEAN, 3),
            new Field.MultiValued("b", 6, "items", Pooling.SUM, 3),
            Schemas.CLICK);
    assertThatThrownBy(() -> ModelBench.of(SPEC, small(), quarrel, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("dlrm: fields of table items pool by MEAN and SUM. Expected one way.");
  }
}
