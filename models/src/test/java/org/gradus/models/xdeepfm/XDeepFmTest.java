// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.xdeepfm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
import org.gradus.autograd.Parameter;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.models.xdeepfm.Cin.Connect;
import org.gradus.tensor.MatMulKernels.Activation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// xDeepFM: the worked example and the invariants of ctr-models, section 10, and its equations as loops.
class XDeepFmTest {
  private static final XDeepFmSpec SPEC = new XDeepFmSpec();

  // Equations

  private static double f(Activation activation, double x) {
    return switch (activation) {
      case IDENTITY -> x;
      case RELU -> Math.max(x, 0);
      case SIGMOID -> ModelBench.sigmoid(x);
      case TANH -> StrictMath.tanh(x);
    };
  }

  /// W^{k,h}_{ij}, full or as a product of narrow matrices.
  private static double weight(
      Map<String, double[]> params, Settings s, int k, int[] hij, int fields) {
    int maps = s.list("cin").get(k);
    int rank = s.integer("rank");
    String p = "cin/" + k + "/";
    if (rank == 0) {
      return Naive.get(params, p + "w")[(hij[1] * fields + hij[2]) * maps + hij[0]];
    }
    double sum = 0;
    for (int l = 0; l < rank; l++) {
      int column = hij[0] * rank + l;
      sum +=
          Naive.get(params, p + "u")[hij[1] * maps * rank + column]
              * Naive.get(params, p + "v")[hij[2] * maps * rank + column];
    }
    return sum;
  }

  /// X^k of every layer: (CIN-1), (CIN-2).
  private static List<double[][]> maps(Map<String, double[]> params, Settings s, double[][] x0) {
    List<double[][]> all = new ArrayList<>();
    double[][] x = x0;
    for (int k = 0; k < s.list("cin").size(); k++) {
      double[][] next = new double[s.list("cin").get(k)][x0[0].length];
      for (int h = 0; h < next.length; h++) {
        for (int d = 0; d < x0[0].length; d++) {
          double sum = s.flag("cinBias") ? Naive.get(params, "cin/" + k + "/beta")[h] : 0;
          for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x0.length; j++) {
              sum += weight(params, s, k, new int[] {h, i, j}, x0.length) * x[i][d] * x0[j][d];
            }
          }
          next[h][d] = f(s.choice("activation", Activation.class), sum);
        }
      }
      all.add(next);
      boolean split = s.choice("connect", Connect.class) == Connect.SPLIT_HALF;
      x = split ? Arrays.copyOf(next, next.length / 2) : next;
    }
    return all;
  }

  /// (CIN-3)
  private static double[] pooled(Settings s, List<double[][]> maps) {
    List<Double> p = new ArrayList<>();
    for (int k = 0; k < maps.size(); k++) {
      boolean split =
          s.choice("connect", Connect.class) == Connect.SPLIT_HALF && k < maps.size() - 1;
      double[][] x = maps.get(k);
      for (int h = split ? x.length / 2 : 0; h < x.length; h++) {
        p.add(Arrays.stream(x[h]).sum());
      }
    }
    return p.stream().mapToDouble(v -> v).toArray();
  }

  /// (CIN-4)
  private static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    double[][] e = Naive.pooled(params, batch, row, s.integer("embeddingDim"), false);
    double z = Naive.get(params, "bias")[0];
    z += s.flag("useLinear") ? Naive.firstOrder(params, batch, row) : 0;
    if (s.flag("useDnn")) {
      double[] a = Naive.flat(Naive.flat(e), Naive.numbers(batch, row));
      z += Naive.dot(Naive.tower(params, "deep/", a), Naive.get(params, "deepOut"));
    }
    if (s.flag("useCin")) {
      z += Naive.dot(pooled(s, maps(params, s, e)), Naive.get(params, "cinOut"));
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
  @ValueSource(ints = {0, 2})
  void mutantsFail(int rank) {
    Map<String, String> given = cin("2,3", Connect.SPLIT_HALF, 2);
    given.put("rank", Integer.toString(rank));
    given.put("cinBias", "true");
    given.put("activation", "TANH");
    given.put("useDnn", "true");
    given.put("hidden", "4");
    given.put("dropout", "0");
    Mutants.allFail(SPEC, given);
  }

  // Worked example

  private static final Schema THREE =
      Schema.of(
          new Field.Categorical("a", 3),
          new Field.Categorical("b", 3),
          new Field.Categorical("c", 3),
          Schemas.CLICK);
  private static final Batch WORKED = ModelBench.batch(THREE, 1, new float[0], single(2, 2, 2));
  private static final double[][] X0 = {{.1, .2}, {.3, -.4}, {-.5, .6}};

  /// The CIN alone.
  private static Map<String, String> cin(String maps, Connect connect, int dim) {
    Map<String, String> given = new HashMap<>();
    given.put("useLinear", "false");
    given.put("useDnn", "false");
    given.put("cin", maps);
    given.put("connect", connect.name());
    given.put("embeddingDim", Integer.toString(dim));
    return given;
  }

  /// One row of the batch is these vectors.
  private static void embed(ModelBench bench, double[][] x0) {
    for (int f = 0; f < 3; f++) {
      double[] zero = new double[2 * x0[0].length];
      bench.set("v/" + "abc".charAt(f), Naive.flat(zero, x0[f]));
    }
  }

  /// p⁺, one number at a time: the output weights are a unit vector.
  private static double[] pooled(ModelBench bench) {
    double[] p = new double[bench.get("cinOut").length];
    for (int i = 0; i < p.length; i++) {
      double[] unit = new double[p.length];
      unit[i] = 1;
      bench.set("cinOut", unit);
      p[i] = bench.scores(WORKED)[0];
    }
    return p;
  }

  /// X^k_{h,d} for one d: with embeddings of that number alone, pooling adds nothing up.
  private static double[] column(Map<String, double[]> weights, String maps, Connect c, int d) {
    try (ModelBench bench = ModelBench.of(SPEC, cin(maps, c, 1), THREE, 1)) {
      weights.forEach(bench::set);
      embed(bench, new double[][] {{X0[0][d]}, {X0[1][d]}, {X0[2][d]}});
      return pooled(bench);
    }
  }

  private static final double[] W11 = {1, .5, -.5, .2, -1, .3, 0, .4, .6};
  private static final double[] W12 = {-.3, .1, .7, .5, .2, -.2, .9, -.1, .1};
  private static final double[] W1 = transpose(2, 9, Naive.flat(W11, W12));

  private static double[] workedPooled(Map<String, double[]> weights, String maps, Connect c) {
    try (ModelBench bench = ModelBench.of(SPEC, cin(maps, c, 2), THREE, 1)) {
      weights.forEach(bench::set);
      embed(bench, X0);
      return pooled(bench);
    }
  }

  @Test
  void workedExampleOfDirectConnections() {
    double[] w2 =
        transpose(
            2, 6, .2, -.4, .6, 1, .3, -.7, //
            .5, .5, -.5, .1, -.2, .8);
    Map<String, double[]> weights = Map.of("cin/0/w", W1, "cin/1/w", w2);
    assertClose(
        workedPooled(weights, "2,2", Connect.DIRECT),
        new double[] {-.177, .295, -.189740, .227560},
        SIX_DECIMALS);
    assertClose(
        column(weights, "2,2", Connect.DIRECT, 0),
        new double[] {.011, .023, .008020, -.005400},
        SIX_DECIMALS);
    assertClose(
        column(weights, "2,2", Connect.DIRECT, 1),
        new double[] {-.188, .272, -.197760, .232960},
        SIX_DECIMALS);
  }

  @Test
  void workedExampleOfSplitHalves() {
    double[] w2 = transpose(2, 3, .2, -.4, .6, .5, .5, -.5);
    Map<String, double[]> weights = Map.of("cin/0/w", W1, "cin/1/w", w2);
    assertClose(
        workedPooled(weights, "2,2", Connect.SPLIT_HALF),
        new double[] {.295, -.109680, .080150},
        SIX_DECIMALS);
    assertClose(
        column(weights, "2,2", Connect.SPLIT_HALF, 0),
        new double[] {.023, -.004400, .004950},
        SIX_DECIMALS);
    assertClose(
        column(weights, "2,2", Connect.SPLIT_HALF, 1),
        new double[] {.272, -.105280, .075200},
        SIX_DECIMALS);
  }

  // Invariants

  /// (a): layer k has degree k + 1, so t X⁰ gives t^{k+1} times as much.
  @Test
  void theOrderRisesByOnePerLayer() {
    try (ModelBench bench = ModelBench.drawn(SPEC, cin("2,3,1", Connect.DIRECT, 2), THREE, 1)) {
      bench.set("bias", 0);
      embed(bench, X0);
      double[] once = pooled(bench);
      double[][] scaled = new double[3][2];
      for (int i = 0; i < 6; i++) {
        scaled[i / 2][i % 2] = 1.5 * X0[i / 2][i % 2];
      }
      embed(bench, scaled);
      double[] power = {2, 2, 3, 3, 3, 4};
      for (int i = 0; i < 6; i++) {
        once[i] *= StrictMath.pow(1.5, power[i]);
      }
      assertClose(pooled(bench), once, EXACT);
    }
  }

  /// (b): dimensions do not mix, so their order does not matter, and what they give adds up.
  @Test
  void dimensionsDoNotMix() {
    Map<String, double[]> weights = new HashMap<>();
    double[] both;
    try (ModelBench bench = ModelBench.drawn(SPEC, cin("2,3", Connect.DIRECT, 2), THREE, 1)) {
      bench.set("bias", 0);
      weights.put("cin/0/w", bench.get("cin/0/w"));
      weights.put("cin/1/w", bench.get("cin/1/w"));
      embed(bench, X0);
      both = pooled(bench);
      embed(bench, new double[][] {{.2, .1}, {-.4, .3}, {.6, -.5}});
      assertClose(pooled(bench), both, EXACT);
    }
    double[] sum = column(weights, "2,3", Connect.DIRECT, 0);
    double[] second = column(weights, "2,3", Connect.DIRECT, 1);
    for (int i = 0; i < sum.length; i++) {
      sum[i] += second[i];
    }
    assertClose(both, sum, EXACT);
  }

  /// (c): weights of 1 give the square of the sum; those above the diagonal alone, FM's pairs.
  @Test
  void theFirstLayerContainsTheFactorizationMachine() {
    double square = 0;
    double[] sum = new double[2];
    double pairs = 0;
    for (int i = 0; i < 3; i++) {
      for (int d = 0; d < 2; d++) {
        sum[d] += X0[i][d];
      }
      for (int j = i + 1; j < 3; j++) {
        pairs += Naive.dot(X0[i], X0[j]);
      }
      square += Naive.dot(X0[i], X0[i]);
    }
    double[] ones = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    double[] upper = {0, 1, 1, 0, 0, 1, 0, 0, 0};
    double[] all = workedPooled(Map.of("cin/0/w", ones), "1", Connect.DIRECT);
    assertClose(all, new double[] {Naive.dot(sum, sum)}, EXACT);
    assertClose(all, new double[] {2 * pairs + square}, EXACT);
    assertClose(
        workedPooled(Map.of("cin/0/w", upper), "1", Connect.DIRECT), new double[] {pairs}, EXACT);
  }

  /// (d): of the weights of layer 1 only the symmetric part counts.
  @Test
  void theFirstLayerSeesTheSymmetricPartOfItsWeights() {
    double[] half = new double[9];
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        half[i * 3 + j] = (W11[i * 3 + j] + W11[j * 3 + i]) / 2;
      }
    }
    assertClose(
        workedPooled(Map.of("cin/0/w", half), "1", Connect.DIRECT),
        workedPooled(Map.of("cin/0/w", W11), "1", Connect.DIRECT),
        EXACT);
  }

  /// (e)
  @Test
  void withOneLayerBothConnectionsAreTheSame() {
    assertThat(workedPooled(Map.of("cin/0/w", W1), "2", Connect.SPLIT_HALF))
        .isEqualTo(workedPooled(Map.of("cin/0/w", W1), "2", Connect.DIRECT));
  }

  /// Narrow weights are full ones with W = U Vᵀ, in both layers.
  @Test
  void narrowWeightsAreFullOnesOfTheirProduct() {
    Map<String, String> narrow = cin("2,3", Connect.SPLIT_HALF, 2);
    narrow.put("rank", "2");
    try (ModelBench low = ModelBench.drawn(SPEC, narrow, THREE, 1)) {
      low.set("bias", 0);
      embed(low, X0);
      Map<String, double[]> weights = new HashMap<>();
      for (int k = 0; k < 2; k++) {
        int in = k == 0 ? 3 : 1;
        int maps = 2 + k;
        double[] w = new double[in * 3 * maps];
        for (int n = 0; n < w.length; n++) {
          int[] hij = {n % maps, n / maps / 3, n / maps % 3};
          w[n] = weight(low.all(), SPEC.settings(narrow), k, hij, 3);
        }
        weights.put("cin/" + k + "/w", w);
      }
      assertClose(pooled(low), workedPooled(weights, "2,3", Connect.SPLIT_HALF), EXACT);
    }
  }

  // Parameters

  /// |p⁺| and the number of weights: split, a layer reads half of the maps below it.
  @ParameterizedTest
  @EnumSource
  void parameters(Connect connect) {
    try (ModelBench bench = ModelBench.of(SPEC, cin("6,4,5", connect, 3), THREE, 1)) {
      assertThat(bench.paths())
          .containsExactly("bias", "cin/0/w", "cin/1/w", "cin/2/w", "cinOut", "v/a", "v/b", "v/c");
      boolean split = connect == Connect.SPLIT_HALF;
      assertThat(bench.get("cinOut")).hasSize(split ? 3 + 2 + 5 : 6 + 4 + 5);
      assertThat(bench.params().matching("cin/*").stream().mapToInt(p -> (int) elements(p)).sum())
          .isEqualTo(split ? 3 * (6 * 3 + 4 * 3 + 5 * 2) : 3 * (6 * 3 + 4 * 6 + 5 * 4));
    }
  }

  private static long elements(Parameter p) {
    return p.elements();
  }

  /// Numbers reach the linear part and the tower, and not the CIN.
  @Test
  void numbersStayOutOfTheCin() {
    Map<String, String> given = cin("2", Connect.DIRECT, 2);
    int[][] ids = single(3, 2);
    Batch one = ModelBench.batch(Schemas.DENSE, 1, new float[] {.5f, 1}, ids);
    Batch other = ModelBench.batch(Schemas.DENSE, 1, new float[] {-.5f, 2}, ids);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, Schemas.DENSE, 1)) {
      assertThat(bench.scores(one)).isEqualTo(bench.scores(other));
    }
    given.put("useLinear", "true");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, Schemas.DENSE, 1)) {
      assertThat(bench.scores(one)).isNotEqualTo(bench.scores(other));
    }
  }

  /// The paragraph "Implementation Details": D = 10, layers of 400 and 200; no activation in the CIN. Dropout is ours.
  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("embeddingDim")).isEqualTo(10);
    assertThat(s.list("hidden")).containsOnly(400);
    assertThat(s.list("cin")).containsOnly(200);
    assertThat(s.real("dropout")).isEqualTo(.5);
    assertThat(s.choice("activation", Activation.class)).isEqualTo(Activation.IDENTITY);
    assertThat(s.choice("connect", Connect.class)).isEqualTo(Connect.DIRECT);
    assertThat(s.flag("cinBias")).isFalse();
    assertThat(s.integer("rank")).isZero();
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    for (Map<String, String> given :
        List.of(
            Map.of("useDnn", "false", "useCin", "false"),
            Map.of("cin", "3,2", "connect", "SPLIT_HALF"),
            Map.of("cin", ""),
            Map.of("cin", "2,0"))) {
      assertThatThrownBy(() -> ModelBench.of(SPEC, given, THREE, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(SPEC.conflict(SPEC.settings(given)))
          .hasMessageContaining("Expected");
    }
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of("rank", "-1"), THREE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cin: rank -1");
    // the last layer is not split, so it may be odd
    Map<String, String> odd = cin("2,3", Connect.SPLIT_HALF, 2);
    assertThat(SPEC.conflict(SPEC.settings(odd))).isNull();
  }
}
