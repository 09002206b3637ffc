// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.afm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.single;
import static org.gradus.models.ModelBench.transpose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.autograd.CheckReport;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Objective;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.WeightsWatcher;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.Model;
import org.gradus.models.ModelBench;
import org.gradus.models.ModelCheck;
import org.gradus.models.Naive;
import org.gradus.models.Naive.Feature;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.models.fm.FmSpec;
import org.gradus.tensor.Device;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// AFM: the worked example and the invariants of ctr-models, section 12, and its equations as loops.
class AfmTest {
  private static final AfmSpec SPEC = new AfmSpec();

  private static boolean present(List<Feature> features, Field field) {
    return field instanceof Field.Dense || features.stream().anyMatch(f -> f.field().equals(field));
  }

  /// u before dropout: pairs of fields that are both there, weighted by the softmax of their scores.
  private static double[] pooled(Map<String, double[]> params, Settings s, Batch batch, int row) {
    int dim = s.integer("embeddingDim");
    double[][] e = Naive.pooled(params, batch, row, dim, true);
    List<Feature> features = Naive.features(batch, row);
    Field[] fields = new Field[e.length]; // ids, then numbers
    int at = 0;
    for (Field f : batch.schema().ids()) {
      fields[at++] = f;
    }
    for (Field f : batch.schema().dense()) {
      fields[at++] = f;
    }
    double[] u = new double[dim];
    double total = 0;
    for (int i = 0; i < e.length; i++) {
      for (int j = i + 1; j < e.length; j++) {
        if (!present(features, fields[i]) || !present(features, fields[j])) {
          continue;
        }
        double[] r = new double[dim];
        for (int d = 0; d < dim; d++) {
          r[d] = e[i][d] * e[j][d];
        }
        double weight = s.flag("useAttention") ? Math.exp(attention(params, r)) : 1;
        total += weight;
        for (int d = 0; d < dim; d++) {
          u[d] += weight * r[d];
        }
      }
    }
    for (int d = 0; d < dim && s.flag("useAttention") && total > 0; d++) {
      u[d] /= total;
    }
    return u;
  }

  /// (AFM-2)
  private static double attention(Map<String, double[]> params, double[] r) {
    double[] hidden =
        Naive.linear(r, Naive.get(params, "attention/weight"), Naive.get(params, "attention/bias"));
    for (int i = 0; i < hidden.length; i++) {
      hidden[i] = Math.max(hidden[i], 0);
    }
    return Naive.dot(hidden, Naive.get(params, "attention/h"));
  }

  /// (AFM-1) to (AFM-4) in evaluation, and the tower
  private static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    double[] u = pooled(params, s, batch, row);
    if (s.flag("deepOnTop")) {
      for (int d = 0; d < u.length && s.flag("batchNorm"); d++) {
        double centred = u[d] - Naive.get(params, "norm/mean")[d];
        u[d] =
            Naive.get(params, "norm/scale")[d]
                    * centred
                    / Math.sqrt(Naive.get(params, "norm/variance")[d] + 1e-5)
                + Naive.get(params, "norm/shift")[d];
      }
      double[] numbers = new double[batch.schema().dense().size()];
      for (int c = 0; c < numbers.length; c++) {
        numbers[c] = Naive.number(batch, row, c);
      }
      u = Naive.tower(params, "deep/", Naive.flat(u, numbers));
    }
    return Naive.dot(u, Naive.get(params, "out"))
        + Naive.firstOrder(params, batch, row)
        + Naive.get(params, "bias")[0];
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
          Schemas.CLICK);

  private static final Batch WORKED_BATCH =
      ModelBench.batch(WORKED, 1, new float[0], single(2, 2, 2));

  private static final Map<String, String> TWO =
      Map.of("embeddingDim", "2", "attentionFactor", "2");

  private static final Map<String, double[]> WORKED_VALUES =
      Map.of(
          "v/a", new double[] {0, 0, 0, 0, .1, .2},
          "v/b", new double[] {0, 0, 0, 0, .3, -.4},
          "v/c", new double[] {0, 0, 0, 0, -.5, .6},
          "attention/weight", transpose(2, 2, 3, -1, 2, 4),
          "attention/bias", new double[] {.1, .2},
          "attention/h", new double[] {1, -.5},
          "out", new double[] {1, 2});

  private static ModelBench worked() {
    ModelBench bench = ModelBench.of(SPEC, TWO, WORKED, 1);
    WORKED_VALUES.forEach(bench::set);
    return bench;
  }

  @Test
  void workedExample() {
    try (ModelBench bench = worked()) {
      assertClose(bench.scores(WORKED_BATCH), new double[] {-.215198}, SIX_DECIMALS);
      bench.set("out", 1, 0); // u, one dimension after the other
      assertClose(bench.scores(WORKED_BATCH), new double[] {-.048431}, SIX_DECIMALS);
      bench.set("out", 0, 1);
      assertClose(bench.scores(WORKED_BATCH), new double[] {-.083383}, SIX_DECIMALS);
      bench.set("out", 1, 2);
      bench.set("bias", .1);
      bench.set("w/a", 0, 0, .05);
      bench.set("w/b", 0, 0, -.02);
      bench.set("w/c", 0, 0, .03);
      double z = bench.scores(WORKED_BATCH)[0];
      assertClose(
          new double[] {z, ModelBench.sigmoid(z)}, new double[] {-.055198, .486204}, SIX_DECIMALS);
    }
  }

  /// r of the worked example: with one pair left, u is its product.
  @Test
  void workedProducts() {
    double[][] r = {{.03, -.08}, {-.05, .12}, {-.15, -.24}};
    int[][] rows = {{2, 2, 0}, {2, 0, 2}, {0, 2, 2}};
    try (ModelBench bench = worked()) {
      for (int p = 0; p < 3; p++) {
        Batch pair = ModelBench.batch(WORKED, 1, new float[0], single(rows[p]));
        assertClose(bench.scores(pair), new double[] {r[p][0] + 2 * r[p][1]}, SIX_DECIMALS);
      }
    }
  }

  private List<String> parts = List.of(); // names of the pairs that were last weighted

  /// a `[B, P]` of a model with these parameters.
  private double[] weights(
      Schema schema, Map<String, double[]> values, Map<String, String> given, Batch batch) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      Afm afm = (Afm) SPEC.create(SPEC.settings(given), schema, params);
      for (Parameter p : params.all()) {
        if (values.containsKey(p.path())) {
          write(p, Naive.get(values, p.path()));
        }
      }
      try (Tape tape = Tape.evaluating(device)) {
        List<WeightsWatcher.Weights> seen = new ArrayList<>();
        Mode mode = Mode.evaluation(tape).watching(seen::add);
        double[] a = Objects.requireNonNull(afm.attention(batch, mode)).value().toDoubles();
        afm.forward(batch, mode);
        assertThat(seen).hasSize(2);
        assertThat(seen.getLast().name()).isEqualTo("attention");
        assertThat(seen.getLast().values().toDoubles())
            .isEqualTo(a); // what is watched is what mixes
        boolean[] there = Objects.requireNonNull(seen.getLast().mask()).toBooleans();
        for (int i = 0; i < a.length; i++) {
          assertThat(there[i]).isEqualTo(a[i] > 0);
        }
        parts = seen.getLast().parts();
        return a;
      }
    }
  }

  @Test
  void workedAttention() {
    double[] a = weights(WORKED, WORKED_VALUES, TWO, WORKED_BATCH);
    assertClose(a, new double[] {.428341, .244672, .326987}, SIX_DECIMALS);
    assertThat(parts).containsExactly("a × b", "a × c", "b × c");
    // a′ = 0.27, −0.29, 0 but for a constant, which no weight tells
    assertClose(
        new double[] {Math.log(a[0] / a[2]), Math.log(a[1] / a[2])},
        new double[] {.27, -.29},
        SIX_DECIMALS);
  }

  /// (a), and a missing field takes no weight: pairs of it have none.
  @ParameterizedTest
  @MethodSource("org.gradus.models.Schemas#all")
  void weightsOfPairsThatAreThereAddUpToOne(Schema schema) {
    try (ModelBench bench = ModelBench.drawn(SPEC, TWO, schema, 1)) {
      Batch batch = SampleBatches.draw(schema, 5, 1);
      double[] a = weights(schema, bench.all(), TWO, batch);
      int fields = schema.ids().size() + schema.dense().size();
      int pairs = fields * (fields - 1) / 2;
      assertThat(a).hasSize(5 * pairs);
      for (int b = 0; b < 5; b++) {
        double sum = 0;
        int there = 0;
        for (int p = 0; p < pairs; p++) {
          sum += a[b * pairs + p];
          there += a[b * pairs + p] > 0 ? 1 : 0;
        }
        List<Feature> features = Naive.features(batch, b);
        int count = schema.dense().size();
        for (Field f : schema.ids()) {
          count += present(features, f) ? 1 : 0;
        }
        assertThat(there).isEqualTo(count * (count - 1) / 2);
        assertClose(new double[] {sum}, new double[] {there == 0 ? 0 : 1}, EXACT);
      }
    }
  }

  /// A field that is missing might as well not be in the schema.
  @Test
  void aMissingFieldIsNotThere() {
    Schema without =
        Schema.of(new Field.Categorical("a", 3), new Field.Categorical("b", 3), Schemas.CLICK);
    try (ModelBench bench = worked();
        ModelBench small = ModelBench.of(SPEC, TWO, without, 1)) {
      small.paths().forEach(path -> small.set(path, bench.get(path)));
      Batch missing = ModelBench.batch(WORKED, 1, new float[0], single(2, 2, 0));
      Batch absent = ModelBench.batch(without, 1, new float[0], single(2, 2));
      assertClose(bench.scores(missing), small.scores(absent), EXACT);
    }
  }

  /// (b): with equal weights the mean of the pairs, and without attention their sum.
  @Test
  void equalWeightsGiveTheMeanAndNoAttentionTheSum() {
    Map<String, String> sums = Map.of("embeddingDim", "2", "useAttention", "false");
    try (ModelBench bench = worked();
        ModelBench sum = ModelBench.of(SPEC, sums, WORKED, 1)) {
      bench.set("attention/h", 0, 0);
      assertClose(
          bench.scores(WORKED_BATCH), new double[] {(-.17 + 2 * -.2) / 3}, EXACT); // pᵀf_BI/P
      sum.paths().forEach(path -> sum.set(path, bench.get(path)));
      assertClose(sum.scores(WORKED_BATCH), new double[] {-.17 + 2 * -.2}, EXACT);
      assertThat(sum.paths()).noneMatch(path -> path.startsWith("attention"));
    }
  }

  /// (c): where every unit is on, b adds hᵀb to all scores alike. And scores of a thousand overflow nothing.
  @Test
  void aConstantInTheScoresChangesNothing() {
    try (ModelBench bench = worked()) {
      bench.set("attention/bias", 10, 20);
      double z = bench.scores(WORKED_BATCH)[0];
      bench.set("attention/bias", 15, 40);
      assertClose(bench.scores(WORKED_BATCH), new double[] {z}, EXACT);
      bench.set("attention/bias", 2000, 20);
      assertClose(bench.scores(WORKED_BATCH), new double[] {z}, EXACT);
    }
  }

  /// (d)
  @ParameterizedTest
  @MethodSource("org.gradus.models.Schemas#all")
  void theOrderOfFieldsIsIrrelevant(Schema schema) {
    if (schema.dense().size() > 1) {
      return; // numbers would be reversed too, and `v/numeric` with them
    }
    Schema reversed = new Schema(schema.fields().reversed());
    try (ModelBench bench = ModelBench.drawn(SPEC, TWO, schema, 3);
        ModelBench other = ModelBench.of(SPEC, TWO, reversed, 3)) {
      bench.all().forEach(other::set);
      Batch batch = SampleBatches.draw(schema, 5, 3); // a column depends on its own name only
      Batch same = SampleBatches.draw(reversed, 5, 3);
      assertClose(other.scores(same), bench.scores(batch), EXACT);
    }
  }

  /// (e)
  @Test
  void theOnlyPairHasAllTheWeight() {
    Schema schema =
        Schema.of(new Field.Categorical("a", 3), new Field.Categorical("b", 3), Schemas.CLICK);
    Batch batch = ModelBench.batch(schema, 1, new float[0], single(2, 1));
    try (ModelBench bench = ModelBench.drawn(SPEC, TWO, schema, 1)) {
      assertThat(weights(schema, bench.all(), TWO, batch)).containsExactly(1);
    }
  }

  /// Dropout strikes the pooled vector, not the products: of one dimension, all is there, twice, or nothing is.
  @Test
  void dropoutIsOfThePooledVector() {
    Map<String, String> given = new HashMap<>(Map.of("embeddingDim", "1", "dropoutPooled", "0.5"));
    double[] dropped = training(given);
    given.put("dropoutPooled", "0");
    double[] whole = training(given);
    int zeros = 0;
    for (int b = 0; b < whole.length; b++) {
      assertThat(whole[b]).isNotZero();
      if (dropped[b] == 0) {
        zeros++;
      } else {
        assertThat(dropped[b]).isEqualTo(2 * whole[b]);
      }
    }
    assertThat(zeros).isBetween(1, whole.length - 1);
  }

  /// Scores of 16 rows in training mode; the linear term starts at 0.
  private static double[] training(Map<String, String> given) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      Model model = SPEC.create(SPEC.settings(given), Schemas.CATEGORICAL, params);
      try (Tape tape = Tape.evaluating(device)) {
        Batch batch = SampleBatches.draw(Schemas.CATEGORICAL, 16, 1);
        Mode mode = Mode.training(tape, 1, 1);
        return model.forward(batch, mode).head("click").score().value().toDoubles();
      }
    }
  }

  /// Parameters of FM have the paths that they have there, so that a trained FM can be taken over, and kept.
  @Test
  void aTrainedFactorizationMachineFitsAndStays() {
    Map<String, String> given = Map.of("embeddingDim", "2", "freezeFm", "true");
    try (ModelBench fm =
            ModelBench.drawn(new FmSpec(), Map.of("embeddingDim", "2"), Schemas.BAGS, 1);
        ModelBench bench = ModelBench.of(SPEC, given, Schemas.BAGS, 2)) {
      fm.all().forEach(bench::set);
      Map<String, double[]> before = bench.all();
      for (int step = 1; step <= 3; step++) {
        bench.descend(SampleBatches.draw(Schemas.BAGS, 5, step), .1, step);
      }
      for (String path : bench.paths()) {
        boolean kept = Arrays.equals(bench.get(path), Naive.get(before, path));
        assertThat(kept).as(path).isEqualTo(fm.paths().contains(path));
      }
    }
  }

  /// The gradients of what is left, around the values of another model.
  @Test
  void gradientsBesideAFrozenFactorizationMachine() {
    Settings settings = SPEC.settings(Map.of("embeddingDim", "2", "freezeFm", "true"));
    Batch batch = SampleBatches.draw(Schemas.BAGS, 5, 1);
    try (ModelBench fm =
            ModelBench.drawn(new FmSpec(), Map.of("embeddingDim", "2"), Schemas.BAGS, 1);
        Device reference = Device.open("reference");
        Params params = Params.create(reference, 1)) {
      Objective objective = ModelCheck.objective(SPEC, settings, batch).build(params);
      fm.all().forEach((path, value) -> write(params.get(path), value));
      assertThat(GradCheck.of(1).check(params, objective).orFail().rows())
          .extracting(CheckReport.Row::path)
          .containsExactly("attention/bias", "attention/h", "attention/weight", "out");
    }
  }

  private static void write(Parameter p, double[] value) {
    switch (p) {
      case DenseParameter d -> d.write(value);
      case TableParameter t -> t.table().write(0, value);
    }
  }

  @Test
  void parameters() {
    try (ModelBench bench = worked()) {
      assertThat(bench.paths())
          .containsExactly(
              "attention/bias",
              "attention/h",
              "attention/weight",
              "bias",
              "out",
              "v/a",
              "v/b",
              "v/c",
              "w/a",
              "w/b",
              "w/c");
    }
  }

  /// The main table: D = t = 256. Options start smaller.
  @Test
  void presetsAreThePapersOrSmall() {
    assertThat(Afm.Config.PAPER.embeddingDim()).isEqualTo(256);
    assertThat(Objects.requireNonNull(Afm.Config.PAPER.attention()).factor()).isEqualTo(256);
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("attentionFactor"))
        .isEqualTo(Objects.requireNonNull(Afm.Config.SMALL.attention()).factor());
    assertThat(s.flag("deepOnTop")).isFalse();
    assertThat(s.flag("freezeFm")).isFalse();
    assertThat(s.flag("useAttention")).isTrue();
  }

  /// Vectors are pooled here, by any means.
  @Test
  void bagsPooledByMaxAreOneFeature() {
    Schema schema =
        Schema.of(
            new Field.MultiValued("m", 5, "m", Pooling.MAX, 3),
            new Field.Categorical("a", 3),
            Schemas.CLICK);
    assertThat(schema.ids()).hasSize(2);
    try (ModelBench bench =
        ModelBench.of(SPEC, Map.of("embeddingDim", "1", "attentionFactor", "1"), schema, 1)) {
      bench.set("v/m", 0, 0, 2, -1, 5);
      bench.set("v/a", 0, 0, 3);
      bench.set("out", 1);
      bench.set("w/m", new double[5]);
      Batch batch = ModelBench.batch(schema, 1, new float[0], new int[] {2, 3}, new int[] {2});
      assertThat(bench.scores(batch)).containsExactly(6);
    }
  }
}
