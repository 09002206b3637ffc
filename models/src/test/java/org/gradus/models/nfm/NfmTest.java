// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.nfm;

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
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.Model;
import org.gradus.models.ModelBench;
import org.gradus.models.Naive;
import org.gradus.models.Naive.Feature;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// NFM: the worked example and the invariants of ctr-models, section 11, and its equations as loops.
class NfmTest {
  private static final NfmSpec SPEC = new NfmSpec();

  /// Σ_{i<j} eᵢ ⊙ eⱼ over all features, those of one bag included (NFM-1).
  private static double[] pairs(Map<String, double[]> params, Batch batch, int row, int dim) {
    List<Feature> features = Naive.features(batch, row);
    double[] sum = new double[dim];
    for (int i = 0; i < features.size(); i++) {
      for (int j = i + 1; j < features.size(); j++) {
        double[] a = Naive.vector(params, "v/", features.get(i), dim);
        double[] b = Naive.vector(params, "v/", features.get(j), dim);
        for (int d = 0; d < dim; d++) {
          sum[d] += a[d] * features.get(i).x() * b[d] * features.get(j).x();
        }
      }
    }
    return sum;
  }

  /// BN with moving statistics.
  private static double[] norm(Map<String, double[]> params, String path, double[] x) {
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double centred = x[i] - Naive.get(params, path + "mean")[i];
      double deviation = Math.sqrt(Naive.get(params, path + "variance")[i] + 1e-5);
      y[i] =
          Naive.get(params, path + "scale")[i] * centred / deviation
              + Naive.get(params, path + "shift")[i];
    }
    return y;
  }

  private static double activate(Activation activation, double x) {
    return switch (activation) {
      case IDENTITY -> x;
      case RELU -> Math.max(x, 0);
      case SIGMOID -> ModelBench.sigmoid(x);
      case TANH -> Math.tanh(x);
    };
  }

  /// (NFM-1) to (NFM-4) in evaluation
  private static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    double[] h = pairs(params, batch, row, s.integer("embeddingDim"));
    double[] numbers = new double[s.flag("concatNumeric") ? batch.schema().dense().size() : 0];
    for (int c = 0; c < numbers.length; c++) {
      numbers[c] = Naive.number(batch, row, c);
    }
    h = Naive.flat(h, numbers);
    h = s.flag("batchNorm") ? norm(params, "norm/", h) : h;
    for (int l = 0; l < s.list("hidden").size(); l++) {
      String p = "deep/" + l + "/";
      h = Naive.linear(h, Naive.get(params, p + "weight"), Naive.get(params, p + "bias"));
      h = s.flag("batchNorm") ? norm(params, p + "norm/", h) : h;
      for (int i = 0; i < h.length; i++) {
        h[i] = activate(s.choice("activation", Activation.class), h[i]);
      }
    }
    return Naive.dot(h, Naive.get(params, "out"))
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

  private static final Map<String, String> NO_LAYER =
      Map.of("embeddingDim", "2", "hidden", "", "batchNorm", "false");

  private static ModelBench worked(Map<String, String> given) {
    ModelBench bench = ModelBench.of(SPEC, given, WORKED, 1);
    bench.set("v/a", 0, 0, 0, 0, .1, .2);
    bench.set("v/b", 0, 0, 0, 0, .3, -.4);
    bench.set("v/c", 0, 0, 0, 0, -.5, .6);
    return bench;
  }

  @Test
  void workedExample() {
    try (ModelBench bench =
        worked(Map.of("embeddingDim", "2", "hidden", "2", "batchNorm", "false"))) {
      bench.set("deep/0/weight", transpose(2, 2, 1, 2, -.5, .3));
      bench.set("deep/0/bias", .5, .4);
      bench.set("out", .6, -.2);
      double deep = bench.scores(WORKED_BATCH)[0];
      assertClose(new double[] {deep}, new double[] {-.085}, SIX_DECIMALS);
      bench.set("out", 1, 0); // z₁, unit by unit
      assertClose(bench.scores(WORKED_BATCH), new double[] {0}, SIX_DECIMALS);
      bench.set("out", 0, 1);
      assertClose(bench.scores(WORKED_BATCH), new double[] {.425}, SIX_DECIMALS);
      bench.set("deep/0/bias", .57, .4); // −0.07 before the activation
      bench.set("out", 1, 0);
      assertClose(bench.scores(WORKED_BATCH), new double[] {0}, SIX_DECIMALS);
      bench.set("deep/0/bias", 1.5, .4);
      assertClose(bench.scores(WORKED_BATCH), new double[] {.93}, SIX_DECIMALS);
      bench.set("deep/0/bias", .5, .4);
      bench.set("out", .6, -.2);
      bench.set("bias", .1);
      bench.set("w/a", 0, 0, .05);
      bench.set("w/b", 0, 0, -.02);
      bench.set("w/c", 0, 0, .03);
      double z = bench.scores(WORKED_BATCH)[0];
      assertClose(
          new double[] {z, ModelBench.sigmoid(z)}, new double[] {.075, .518741}, SIX_DECIMALS);
    }
  }

  /// f_BI of the worked example, dimension by dimension, and (b): its sum is FM's second order.
  @Test
  void pooledPairsAreAVector() {
    try (ModelBench bench = worked(NO_LAYER)) {
      bench.set("out", 1, 0);
      assertClose(bench.scores(WORKED_BATCH), new double[] {-.17}, SIX_DECIMALS);
      bench.set("out", 0, 1);
      assertClose(bench.scores(WORKED_BATCH), new double[] {-.2}, SIX_DECIMALS);
      bench.set("out", 1, 1);
      assertClose(bench.scores(WORKED_BATCH), new double[] {-.37}, SIX_DECIMALS);
    }
  }

  /// (a): h starts at 1 where there is no layer.
  @ParameterizedTest
  @MethodSource("org.gradus.models.Schemas#all")
  void withoutLayersItStartsAsTheFactorizationMachine(Schema schema) {
    try (ModelBench bench = ModelBench.drawn(SPEC, NO_LAYER, schema, 1);
        ModelBench initial = ModelBench.of(SPEC, NO_LAYER, schema, 1)) {
      bench.set("out", initial.get("out"));
      Batch batch = SampleBatches.draw(schema, 5, 1);
      Map<String, double[]> params = bench.all();
      double[] expected = new double[5];
      for (int b = 0; b < 5; b++) {
        List<Feature> features = Naive.features(batch, b);
        expected[b] = Naive.get(params, "bias")[0] + Naive.firstOrder(params, batch, b);
        for (int i = 0; i < features.size(); i++) {
          for (int j = i + 1; j < features.size(); j++) {
            Feature f = features.get(i);
            Feature g = features.get(j);
            double[] u = Naive.vector(params, "v/", f, 2);
            double[] v = Naive.vector(params, "v/", g, 2);
            expected[b] += Naive.dot(u, v) * f.x() * g.x();
          }
        }
      }
      assertClose(bench.scores(batch), expected, EXACT);
    }
  }

  /// (c)
  @ParameterizedTest
  @MethodSource("org.gradus.models.Schemas#all")
  void theOrderOfFieldsIsIrrelevant(Schema schema) {
    // DENSE's numbers would be reversed too, and `v/numeric` with them
    if (schema.dense().size() > 1) {
      return;
    }
    Schema reversed = new Schema(schema.fields().reversed());
    Map<String, String> given = Map.of("embeddingDim", "3", "hidden", "4");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 3);
        ModelBench other = ModelBench.of(SPEC, given, reversed, 3)) {
      bench.all().forEach(other::set);
      Batch batch = SampleBatches.draw(schema, 5, 3); // a column depends on its own name only
      Batch same = SampleBatches.draw(reversed, 5, 3);
      assertClose(other.scores(same), bench.scores(batch), EXACT);
    }
  }

  /// Batch norm comes before dropout: what is dropped is exactly 0, which batch norm would move, and the columns have mean 0
  /// where nothing is dropped.
  @Test
  void pooledPairsAreNormalisedFirstAndDroppedThen() {
    Map<String, String> given = Map.of("embeddingDim", "1", "hidden", "", "dropoutBi", "0.5");
    double[] dropped = training(given);
    Map<String, String> kept = new HashMap<>(given);
    kept.put("dropoutBi", "0");
    double[] whole = training(kept);
    double sum = 0;
    int zeros = 0;
    for (int b = 0; b < whole.length; b++) {
      sum += whole[b];
      assertThat(whole[b]).isNotZero();
      if (dropped[b] == 0) {
        zeros++;
      } else {
        assertThat(dropped[b]).isEqualTo(2 * whole[b]);
      }
    }
    assertThat(zeros).isBetween(1, whole.length - 1);
    assertThat(Math.abs(sum)).isLessThan(EXACT);
  }

  /// Scores of 16 rows in training mode, nothing but hᵀz₀ with h = 1.
  private static double[] training(Map<String, String> given) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      Model model = SPEC.create(SPEC.settings(given), Schemas.CATEGORICAL, params);
      try (Tape tape = Tape.recording(device)) {
        Batch batch = SampleBatches.draw(Schemas.CATEGORICAL, 16, 1);
        double[] z =
            model
                .forward(batch, Mode.training(tape, 1, 1))
                .head("click")
                .score()
                .value()
                .toDoubles();
        // one step's worth of statistics arrived: ρ = 0.1 of the batch's
        assertThat(((DenseParameter) params.get("norm/variance")).value().toDoubles()[0])
            .isBetween(.9, .91);
        return z;
      }
    }
  }

  @Test
  void parametersAndInitialValues() {
    try (ModelBench bench =
        ModelBench.of(
            SPEC,
            Map.of("embeddingDim", "2", "hidden", "3", "concatNumeric", "true"),
            Schemas.DENSE,
            1)) {
      assertThat(bench.paths())
          .containsExactly(
              "bias",
              "deep/0/bias",
              "deep/0/norm/mean",
              "deep/0/norm/scale",
              "deep/0/norm/shift",
              "deep/0/norm/variance",
              "deep/0/weight",
              "norm/mean",
              "norm/scale",
              "norm/shift",
              "norm/variance",
              "out",
              "v/city",
              "v/numeric",
              "v/user",
              "w/city",
              "w/numeric",
              "w/user");
      assertThat(bench.get("norm/scale")).hasSize(4).containsOnly(1); // D + c
      assertThat(bench.get("w/user")).containsOnly(0);
    }
  }

  /// Section 4.1.4: D = 64, one layer of 64 with ReLU, batch norm.
  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("embeddingDim")).isEqualTo(64);
    assertThat(s.list("hidden")).containsExactly(64);
    assertThat(s.choice("activation", Activation.class)).isEqualTo(Activation.RELU);
    assertThat(s.flag("batchNorm")).isTrue();
    assertThat(s.real("dropoutBi")).isBetween(.2, .5);
    assertThat(s.real("dropoutHidden")).isBetween(.2, .5);
    assertThat(s.flag("concatNumeric")).isFalse();
  }

  @Test
  void bagsPooledByMaxAreRefused() {
    Schema schema = Schema.of(new Field.MultiValued("m", 5, "m", Pooling.MAX, 3), Schemas.CLICK);
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of(), schema, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("nfm: field m is pooled by MAX");
  }
}
