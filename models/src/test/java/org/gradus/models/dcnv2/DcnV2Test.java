// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dcnv2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.transpose;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.layers.CrossStructure;
import org.gradus.layers.MixtureCross.Gate;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.models.dcnv2.DcnV2.CrossKind;
import org.gradus.tensor.MatMulKernels.Activation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// DCN V2: the worked examples and the invariants of ctr-models, section 8, that concern matrices, and its equations as
/// loops. What relates them to the first paper's network is tested beside the layers.
class DcnV2Test {
  private static final DcnV2Spec SPEC = new DcnV2Spec();

  // Equations

  /// One layer of a mixture, as far as it can be looked at.
  ///
  /// @param gate G_i
  /// @param experts E_i
  /// @param x x_{l+1}
  private record Mixed(double[] gate, double[][] experts, double[] x) {}

  private static double g(Activation activation, double x) {
    return switch (activation) {
      case IDENTITY -> x;
      case RELU -> Math.max(x, 0);
      case SIGMOID -> ModelBench.sigmoid(x);
      case TANH -> StrictMath.tanh(x);
    };
  }

  /// (DCN-4), (DCN-5)
  private static Mixed mixture(
      Map<String, double[]> params, Settings s, int layer, double[] x0, double[] x) {
    int d = x0.length;
    int r = s.integer("rank");
    int k = s.integer("experts");
    String p = "cross/" + layer + "/";
    Activation act = s.choice("activation", Activation.class);
    double[][] experts = new double[k][d];
    double[] a = new double[k];
    double[] gamma = params.get(s.flag("gatePerLayer") ? p + "gate" : "cross/gate"); // or none
    for (int i = 0; i < k; i++) {
      double[] narrow = new double[r];
      for (int q = 0; q < r; q++) {
        for (int n = 0; n < d; n++) {
          narrow[q] += Naive.get(params, p + "v")[(i * d + n) * r + q] * x[n];
        }
        narrow[q] = g(act, narrow[q]);
      }
      double[] turned = new double[r];
      for (int q = 0; q < r; q++) {
        for (int t = 0; t < r; t++) {
          turned[q] += Naive.get(params, p + "c")[(i * r + t) * r + q] * narrow[t];
        }
        turned[q] = g(act, turned[q]);
      }
      for (int n = 0; n < d; n++) {
        double wide = Naive.get(params, p + "b")[n];
        for (int q = 0; q < r; q++) {
          wide += Naive.get(params, p + "u")[(i * r + q) * d + n] * turned[q];
        }
        experts[i][n] = x0[n] * wide;
        a[i] += gamma == null ? 0 : gamma[n * k + i] * x[n];
      }
    }
    double[] gate = new double[k];
    double total = 0;
    for (int i = 0; i < k; i++) {
      boolean softmax = s.choice("gate", Gate.class) == Gate.SOFTMAX;
      gate[i] = softmax ? StrictMath.exp(a[i]) : ModelBench.sigmoid(a[i]);
      total += gate[i];
    }
    double[] next = x.clone();
    for (int i = 0; i < k; i++) {
      gate[i] /= s.choice("gate", Gate.class) == Gate.SOFTMAX ? total : 1;
      for (int n = 0; n < d; n++) {
        next[n] += gate[i] * experts[i][n];
      }
    }
    return new Mixed(gate, experts, next);
  }

  /// (DCN-2) to (DCN-5)
  private static double[] cross(Map<String, double[]> params, Settings s, double[] x0) {
    double[] x = x0;
    int d = x0.length;
    for (int l = 0; l < s.integer("layers"); l++) {
      String p = "cross/" + l + "/";
      double[] b = Naive.get(params, p + "b");
      double[] y =
          switch (s.choice("cross", CrossKind.class)) {
            case FULL -> Naive.linear(x, Naive.get(params, p + "w"), b);
            case LOW_RANK -> {
              double[] none = new double[s.integer("rank")];
              double[] narrow = Naive.linear(x, Naive.get(params, p + "v"), none);
              yield Naive.linear(narrow, Naive.get(params, p + "u"), b);
            }
            case MIXTURE -> new double[0];
          };
      double[] next = new double[d];
      for (int i = 0; i < d && y.length > 0; i++) {
        next[i] = x0[i] * y[i] + x[i];
      }
      x = y.length > 0 ? next : mixture(params, s, l, x0, x).x;
    }
    return x;
  }

  /// (DCN-6)
  private static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    double[] x0 = Naive.concatenated(params, batch, row);
    double[] x = cross(params, s, x0);
    double[] h =
        switch (s.choice("structure", CrossStructure.class)) {
          case PARALLEL -> Naive.flat(x, Naive.tower(params, "deep/", x0));
          case STACKED -> Naive.tower(params, "deep/", x);
          case CROSS_ONLY -> x;
        };
    return Naive.dot(h, Naive.get(params, "out/weight")) + Naive.get(params, "out/bias")[0];
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
  @EnumSource
  void mutantsFail(CrossKind kind) {
    Map<String, String> given = new HashMap<>(crossOnly(kind, 2, 2, 2));
    given.put("embeddingDim", "2");
    given.put("hidden", "4");
    given.put("structure", "PARALLEL");
    Mutants.allFail(SPEC, given);
  }

  // Worked examples

  /// Three numbers, so that x₀ is what is written.
  private static final Schema NUMBERS =
      Schema.of(new Field.Dense("a"), new Field.Dense("b"), new Field.Dense("c"), Schemas.CLICK);

  private static Batch x0(double a, double b, double c) {
    return ModelBench.batch(NUMBERS, 1, new float[] {(float) a, (float) b, (float) c});
  }

  private static final Batch WORKED = x0(1, 2, -1);
  private static final double[] B0 = {.1, 0, -.1};
  private static final double[] B1 = {0, .3, .1};

  private static Map<String, String> crossOnly(CrossKind kind, int layers, int rank, int experts) {
    Map<String, String> given = new HashMap<>();
    given.put("structure", "CROSS_ONLY");
    given.put("cross", kind.name());
    given.put("layers", Integer.toString(layers));
    given.put("rank", Integer.toString(rank));
    given.put("experts", Integer.toString(experts));
    return given;
  }

  private static ModelBench bench(Map<String, String> given) {
    return ModelBench.of(SPEC, given, NUMBERS, 1);
  }

  /// x_L, one number at a time: the output weights are a unit vector.
  private static double[] state(ModelBench bench, Batch batch) {
    double[] x = new double[3];
    for (int i = 0; i < 3; i++) {
      double[] unit = new double[3];
      unit[i] = 1;
      bench.set("out/weight", unit);
      x[i] = bench.scores(batch)[0];
    }
    return x;
  }

  @Test
  void workedExampleOfTheMatrix() {
    try (ModelBench one = bench(crossOnly(CrossKind.FULL, 1, 1, 1));
        ModelBench two = bench(crossOnly(CrossKind.FULL, 2, 1, 1))) {
      for (ModelBench bench : List.of(one, two)) {
        bench.set("cross/0/w", transpose(3, 3, .1, .2, 0, -.3, .1, .2, 0, .4, -.1));
        bench.set("cross/0/b", B0);
      }
      two.set("cross/1/w", transpose(3, 3, .2, 0, .1, .1, -.2, 0, .3, .1, .1));
      two.set("cross/1/b", B1);
      assertClose(state(one, WORKED), new double[] {1.6, 1.4, -1.8}, SIX_DECIMALS);
      assertClose(state(two, WORKED), new double[] {1.74, 1.76, -2.34}, SIX_DECIMALS);
    }
  }

  /// The weights of the first paper's example as matrices of rank one: (b), which holds for weights and not for biases.
  @Test
  void aMatrixOfRankOneIsNotTheVectorNetworkWhenThereAreBiases() {
    double[] w0 = {.5, -.1, .2};
    double[] w1 = {.1, .3, -.2};
    try (ModelBench full = bench(crossOnly(CrossKind.FULL, 2, 1, 1));
        ModelBench low = bench(crossOnly(CrossKind.LOW_RANK, 2, 1, 1))) {
      for (int l = 0; l < 2; l++) {
        double[] w = l == 0 ? w0 : w1;
        full.set("cross/" + l + "/w", transpose(3, 3, Naive.flat(w, w, w)));
        low.set("cross/" + l + "/v", w);
        low.set("cross/" + l + "/u", 1, 1, 1);
      }
      for (ModelBench bench : List.of(full, low)) {
        assertClose(state(bench, WORKED), new double[] {2.09, 4.18, -2.09}, SIX_DECIMALS);
        bench.set("cross/0/b", B0);
        bench.set("cross/1/b", B1);
        assertClose(state(bench, WORKED), new double[] {2.18, 4.76, -2.08}, SIX_DECIMALS);
      }
    }
  }

  @Test
  void workedExampleOfLowRank() {
    try (ModelBench bench = bench(crossOnly(CrossKind.LOW_RANK, 1, 1, 1))) {
      bench.set("cross/0/u", .5, -.2, .1);
      bench.set("cross/0/v", .3, .1, -.4);
      bench.set("cross/0/b", B0);
      assertClose(state(bench, WORKED), new double[] {1.55, 1.64, -.99}, SIX_DECIMALS);
    }
  }

  private static void workedMixture(
      Activation activation, double[] e1, double[] e2, double[] expected) {
    Map<String, String> given = crossOnly(CrossKind.MIXTURE, 1, 2, 2);
    given.put("activation", activation.name());
    try (ModelBench bench = bench(given)) {
      bench.set(
          "cross/0/u",
          Naive.flat(
              transpose(3, 2, .2, -.1, .4, .3, -.3, .1), transpose(3, 2, .1, .5, -.2, .2, .3, 0)));
      bench.set(
          "cross/0/c",
          Naive.flat(transpose(2, 2, .5, .1, -.2, .3), transpose(2, 2, .2, -.4, .1, .6)));
      bench.set("cross/0/v", .3, -.2, .1, .4, .2, .1, -.1, .2, .3, .3, .5, -.4);
      bench.set("cross/0/b", B0);
      bench.set("cross/gate", transpose(2, 3, .1, .2, .3, -.2, .1, 0));
      double[] x0 = {1, 2, -1};
      Mixed mixed = mixture(bench.all(), SPEC.settings(given), 0, x0, x0);
      assertClose(mixed.gate, new double[] {.549834, .450166}, SIX_DECIMALS);
      assertClose(mixed.experts[0], e1, SIX_DECIMALS);
      assertClose(mixed.experts[1], e2, SIX_DECIMALS);
      assertClose(state(bench, WORKED), expected, SIX_DECIMALS);
    }
  }

  @Test
  void workedExampleOfTheMixture() {
    workedMixture(
        Activation.TANH,
        new double[] {.129890, .199758, .148844},
        new double[] {.298972, .313559, .196488},
        new double[] {1.206005, 2.250987, -.829708});
    workedMixture(
        Activation.RELU,
        new double[] {.131, .214, .151},
        new double[] {.46, .288, .1},
        new double[] {1.279105, 2.247312, -.871958});
  }

  // Invariants

  /// (c): low rank is full rank with W = U Vᵀ.
  @Test
  void lowRankIsTheMatrixOfTheProduct() {
    try (ModelBench low =
            ModelBench.drawn(SPEC, crossOnly(CrossKind.LOW_RANK, 2, 2, 1), NUMBERS, 1);
        ModelBench full = bench(crossOnly(CrossKind.FULL, 2, 1, 1))) {
      for (int l = 0; l < 2; l++) {
        double[] u = low.get("cross/" + l + "/u"); // [2, 3]
        double[] v = low.get("cross/" + l + "/v"); // [3, 2]
        double[] w = new double[9];
        for (int i = 0; i < 3; i++) {
          for (int j = 0; j < 3; j++) {
            w[i * 3 + j] = v[i * 2] * u[j] + v[i * 2 + 1] * u[3 + j];
          }
        }
        full.set("cross/" + l + "/w", w);
        full.set("cross/" + l + "/b", low.get("cross/" + l + "/b"));
      }
      low.set("out/bias", 0);
      assertClose(state(low, WORKED), state(full, WORKED), EXACT);
    }
  }

  /// (d): one expert without activation and with C = I is low rank; and it has no gate.
  @Test
  void oneLinearExpertIsLowRank() {
    Map<String, String> given = crossOnly(CrossKind.MIXTURE, 2, 2, 1);
    given.put("activation", "IDENTITY");
    try (ModelBench low =
            ModelBench.drawn(SPEC, crossOnly(CrossKind.LOW_RANK, 2, 2, 1), NUMBERS, 1);
        ModelBench mixture = bench(given)) {
      assertThat(mixture.paths()).noneMatch(p -> p.contains("gate"));
      low.paths().forEach(p -> mixture.set(p, low.get(p)));
      mixture.set("cross/0/c", 1, 0, 0, 1);
      mixture.set("cross/1/c", 1, 0, 0, 1);
      assertClose(state(mixture, WORKED), state(low, WORKED), EXACT);
    }
  }

  /// (e), (f): with zeros everywhere x_L = x₀; and x₀ = 0 stays 0, for the biases are inside the product.
  @ParameterizedTest
  @EnumSource
  void zeros(CrossKind kind) {
    try (ModelBench bench = bench(crossOnly(kind, 2, 2, 2));
        ModelBench drawn = ModelBench.drawn(SPEC, crossOnly(kind, 2, 2, 2), NUMBERS, 1)) {
      bench.paths().forEach(p -> bench.set(p, new double[bench.get(p).length]));
      assertThat(state(bench, WORKED)).containsExactly(1, 2, -1);
      drawn.set("out/bias", 0);
      assertThat(state(drawn, x0(0, 0, 0))).containsOnly(0);
    }
  }

  /// (g): of a polynomial of degree L + 1 without constant term the differences of order L + 2 vanish.
  @ParameterizedTest
  @EnumSource(names = "MIXTURE", mode = EnumSource.Mode.EXCLUDE)
  void withoutBiasesTheStateIsAPolynomialInTheInput(CrossKind kind) {
    try (ModelBench bench = ModelBench.drawn(SPEC, crossOnly(kind, 2, 2, 1), NUMBERS, 1)) {
      for (String bias : List.of("cross/0/b", "cross/1/b")) {
        bench.set(bias, 0, 0, 0);
      }
      bench.set("out/bias", 0);
      double[] z = new double[5];
      for (int t = 0; t < 5; t++) {
        z[t] = bench.scores(x0(t, 2 * t, -t))[0];
      }
      assertThat(z[0]).isZero();
      double third = z[3] - 3 * z[2] + 3 * z[1] - z[0];
      double fourth = z[4] - 4 * z[3] + 6 * z[2] - 4 * z[1] + z[0];
      assertThat(Math.abs(fourth)).isLessThan(1e-10); // of numbers up to 4³
      assertThat(Math.abs(third)).isGreaterThan(.01);
    }
  }

  /// Libraries squeeze every axis of the gated sum, and of a batch of one nothing is left but `[d]`.
  @ParameterizedTest
  @EnumSource
  void aBatchOfOneIsABatch(CrossStructure structure) {
    Map<String, String> given = crossOnly(CrossKind.MIXTURE, 2, 2, 2);
    given.put("structure", structure.name());
    given.put("hidden", "4");
    Batch three = SampleBatches.draw(NUMBERS, 3, 1);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, NUMBERS, 1)) {
      double[] all = bench.scores(three);
      for (int b = 0; b < 3; b++) {
        assertThat(bench.scores(ModelBench.rows(three, b))).containsExactly(all[b]);
      }
    }
  }

  // Parameters

  /// There is one gate for all layers, unless each is given its own, and no linear term: degree 1 is in x_L.
  @Test
  void parameters() {
    Map<String, String> given = crossOnly(CrossKind.MIXTURE, 2, 2, 3);
    try (ModelBench bench = ModelBench.of(SPEC, given, Schemas.DENSE, 1)) {
      assertThat(bench.paths())
          .containsExactly(
              "cross/0/b",
              "cross/0/c",
              "cross/0/u",
              "cross/0/v",
              "cross/1/b",
              "cross/1/c",
              "cross/1/u",
              "cross/1/v",
              "cross/gate",
              "out/bias",
              "out/weight",
              "v/city",
              "v/user");
      int d = 16 + 16 + 2;
      long mix = bench.params().matching("cross/*").stream().mapToLong(p -> p.elements()).sum();
      assertThat(mix).isEqualTo(2L * (3 * (2 * d * 2 + 2 * 2) + d) + 3L * d);
    }
    given.put("gatePerLayer", "true");
    try (ModelBench bench = ModelBench.of(SPEC, given, Schemas.DENSE, 1)) {
      assertThat(bench.paths())
          .contains("cross/0/gate", "cross/1/gate")
          .doesNotContain("cross/gate");
    }
    given.put("cross", "FULL");
    try (ModelBench bench = ModelBench.of(SPEC, given, Schemas.DENSE, 1)) {
      int d = 16 + 16 + 2;
      long full = bench.params().matching("cross/*").stream().mapToLong(p -> p.elements()).sum();
      assertThat(full).isEqualTo(2L * (d * d + d));
    }
  }

  /// g is tanh here and ReLU inside DLRM; neither is the paper's.
  @Test
  void presets() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.choice("activation", Activation.class)).isEqualTo(Activation.TANH);
    assertThat(s.choice("cross", CrossKind.class)).isEqualTo(CrossKind.FULL);
    assertThat(s.flag("gatePerLayer")).isFalse();
  }

  @Test
  void sizesThatMakeNoSenseAreRefused() {
    for (CrossKind kind : List.of(CrossKind.LOW_RANK, CrossKind.MIXTURE)) {
      assertThatThrownBy(() -> bench(crossOnly(kind, 1, 0, 1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("rank 0");
    }
  }
}
