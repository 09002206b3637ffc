// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dcn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.ConcatenatedFields.Width;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.layers.CrossStructure;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.Naive;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Deep & Cross: the worked example and the invariants of ctr-models, section 8, that concern the vector network, and its
/// equations as loops.
class DcnTest {
  private static final DcnSpec SPEC = new DcnSpec();

  /// (DCN-1)
  private static double[] cross(Map<String, double[]> params, double[] x0) {
    double[] x = x0;
    for (int l = 0; params.containsKey("cross/" + l + "/w"); l++) {
      double s = Naive.dot(Naive.get(params, "cross/" + l + "/w"), x);
      double[] b = Naive.get(params, "cross/" + l + "/b");
      double[] next = new double[x0.length];
      for (int i = 0; i < x0.length; i++) {
        next[i] = s * x0[i] + b[i] + x[i];
      }
      x = next;
    }
    return x;
  }

  /// (DCN-6)
  private static double score(
      Map<String, double[]> params, CrossStructure structure, Batch batch, int row) {
    double[] x0 = Naive.concatenated(params, batch, row);
    double[] x = cross(params, x0);
    double[] h =
        switch (structure) {
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
          expected[b] = score(params, settings.choice("structure", CrossStructure.class), batch, b);
        }
        assertClose(bench.scores(batch), expected, EXACT);
      }
    }
  }

  /// Three numbers, so that x₀ is what is written.
  private static final Schema NUMBERS =
      Schema.of(new Field.Dense("a"), new Field.Dense("b"), new Field.Dense("c"), Schemas.CLICK);

  private static Batch x0(double a, double b, double c) {
    return ModelBench.batch(NUMBERS, 1, new float[] {(float) a, (float) b, (float) c});
  }

  private static ModelBench crossOnly(int layers) {
    Map<String, String> given =
        Map.of("structure", "CROSS_ONLY", "layers", Integer.toString(layers));
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

  private static final double[] W0 = {.5, -.1, .2};
  private static final double[] W1 = {.1, .3, -.2};

  @Test
  void workedExample() {
    double[] x = {1, 2, -1};
    Batch batch = x0(1, 2, -1);
    try (ModelBench one = crossOnly(1);
        ModelBench two = crossOnly(2)) {
      for (ModelBench bench : List.of(one, two)) {
        bench.set("cross/0/w", W0);
        bench.set("cross/0/b", .1, 0, -.1);
      }
      two.set("cross/1/w", W1);
      two.set("cross/1/b", 0, .3, .1);
      double[] x1 = state(one, batch);
      double[] s = {Naive.dot(W0, x), Naive.dot(W1, x1)};
      assertClose(s, new double[] {.1, 1.02}, SIX_DECIMALS);
      assertClose(x1, new double[] {1.2, 2.2, -1.2}, SIX_DECIMALS);
      assertClose(state(two, batch), new double[] {2.22, 4.54, -2.12}, SIX_DECIMALS);
      two.set("cross/0/b", 0, 0, 0);
      two.set("cross/1/b", 0, 0, 0);
      double alpha = 2.09; // (a): x_L = α_L x₀ without biases
      double product = (1 + Naive.dot(W0, x)) * (1 + Naive.dot(W1, x));
      assertClose(new double[] {product}, new double[] {alpha}, SIX_DECIMALS);
      assertClose(state(two, batch), new double[] {alpha, 2 * alpha, -alpha}, SIX_DECIMALS);
      assertClose(state(two, batch), new double[] {2.09, 4.18, -2.09}, SIX_DECIMALS);
    }
  }

  /// (e), and the other half of (f): weights and biases of 0 leave x₀, and of x₀ = 0 the biases remain.
  @Test
  void zeros() {
    try (ModelBench bench = crossOnly(2)) {
      for (int l = 0; l < 2; l++) {
        bench.set("cross/" + l + "/w", 0, 0, 0);
      }
      assertThat(state(bench, x0(1, 2, -1))).containsExactly(1, 2, -1);
      bench.set("cross/0/w", W0);
      bench.set("cross/1/w", W1);
      bench.set("cross/0/b", .5, -.25, 1);
      bench.set("cross/1/b", .125, 2, -4);
      assertThat(state(bench, x0(0, 0, 0))).containsExactly(.625, 1.75, -3);
    }
  }

  /// (g): of a polynomial of degree L + 1 without constant term the differences of order L + 2 vanish.
  @Test
  void withoutBiasesTheStateIsAPolynomialInTheInput() {
    try (ModelBench bench = crossOnly(2)) {
      bench.set("cross/0/w", W0);
      bench.set("cross/1/w", W1);
      bench.set("out/weight", 1, .5, -.25);
      double[] z = new double[5];
      for (int t = 0; t < 5; t++) {
        z[t] = bench.scores(x0(t, 2 * t, -t))[0];
      }
      assertThat(z[0]).isZero();
      double third = z[3] - 3 * z[2] + 3 * z[1] - z[0];
      double fourth = z[4] - 4 * z[3] + 6 * z[2] - 4 * z[1] + z[0];
      assertThat(Math.abs(fourth)).isLessThan(EXACT);
      assertThat(Math.abs(third)).isGreaterThan(.01);
    }
  }

  /// Without batch norm: tower and cross network side by side are the sum of both alone, and there is no linear term.
  @Test
  void sideBySideIsTheSumOfBoth() {
    Map<String, String> given =
        new HashMap<>(
            Map.of("hidden", "4", "layers", "2", "widthFactor", "1.5", "batchNorm", "false"));
    Batch batch = SampleBatches.draw(Schemas.DENSE, 3, 1);
    try (ModelBench both = ModelBench.drawn(SPEC, given, Schemas.DENSE, 1)) {
      assertThat(both.paths())
          .containsExactly(
              "cross/0/b",
              "cross/0/w",
              "cross/1/b",
              "cross/1/w",
              "deep/0/bias",
              "deep/0/weight",
              "out/bias",
              "out/weight",
              "v/city",
              "v/user");
      double[] out = both.get("out/weight");
      given.put("structure", "CROSS_ONLY");
      try (ModelBench cross = ModelBench.of(SPEC, given, Schemas.DENSE, 1)) {
        int d = cross.get("out/weight").length;
        assertThat(out).hasSize(d + 4);
        cross.paths().forEach(p -> cross.set(p, Arrays.copyOf(both.get(p), cross.get(p).length)));
        double[] tower = both.scores(batch);
        double[] masked = out.clone();
        Arrays.fill(masked, 0, d, 0);
        both.set("out/weight", masked);
        both.set("out/bias", 0);
        double[] deep = both.scores(batch);
        double[] sum = cross.scores(batch);
        for (int b = 0; b < 3; b++) {
          sum[b] += deep[b];
        }
        assertClose(tower, sum, EXACT);
      }
    }
  }

  /// Section "Implementation": 6 n^¼, batch norm in the tower; two layers of 1024 and six cross layers did best.
  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.choice("width", Width.class)).isEqualTo(Width.FOURTH_ROOT);
    assertThat(s.real("widthFactor")).isEqualTo(6);
    assertThat(s.integer("layers")).isEqualTo(6);
    assertThat(s.list("hidden")).containsExactly(1024, 1024);
    assertThat(s.flag("batchNorm")).isTrue();
    assertThat(s.real("dropout")).isZero();
    assertThat(s.choice("structure", CrossStructure.class)).isEqualTo(CrossStructure.PARALLEL);
  }

  @Test
  void aNegativeNumberOfLayersIsRefused() {
    Map<String, String> given = Map.of("layers", "-1");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given, NUMBERS, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-1 cross layers");
  }
}
