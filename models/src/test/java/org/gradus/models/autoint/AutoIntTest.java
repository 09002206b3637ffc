// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.autoint;

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
import org.gradus.autograd.Mode;
import org.gradus.autograd.Tape;
import org.gradus.autograd.WeightsWatcher;
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
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// AutoInt: the worked example and the invariants of ctr-models, section 14, and its equations as loops.
class AutoIntTest {
  private static final AutoIntSpec SPEC = new AutoIntSpec();

  // Equations

  /// One layer, as far as it can be looked at.
  ///
  /// @param alpha α `[H][M][M]`
  /// @param mixed ẽ `[M][H·d′]`
  /// @param out e^Res `[M][H·d′]`
  private record Layer(double[][][] alpha, double[][] mixed, double[][] out) {}

  /// W⁽ʰ⁾ e for one head, from columns of the matrix of all heads.
  private static double[] project(double[] matrix, double[] e, int head, Settings s) {
    int size = s.integer("headDim");
    int width = s.integer("heads") * size;
    double[] y = new double[size];
    for (int j = 0; j < size; j++) {
      for (int i = 0; i < e.length; i++) {
        y[j] += matrix[i * width + head * size + j] * e[i];
      }
    }
    return y;
  }

  /// (AI-1) to (AI-4)
  private static Layer layer(Map<String, double[]> params, Settings s, int l, double[][] e) {
    String p = "attention/" + l + "/";
    int m = e.length;
    int size = s.integer("headDim");
    double[][][] alpha = new double[s.integer("heads")][m][m];
    double[][] mixed = new double[m][s.integer("heads") * size];
    for (int h = 0; h < alpha.length; h++) {
      for (int i = 0; i < m; i++) {
        double total = 0;
        double[] q = project(Naive.get(params, p + "query"), e[i], h, s);
        for (int k = 0; k < m; k++) {
          double psi = Naive.dot(q, project(Naive.get(params, p + "key"), e[k], h, s));
          alpha[h][i][k] = StrictMath.exp(s.flag("scaled") ? psi / Math.sqrt(size) : psi);
          total += alpha[h][i][k];
        }
        for (int k = 0; k < m; k++) {
          alpha[h][i][k] /= total;
          double[] value = project(Naive.get(params, p + "value"), e[k], h, s);
          for (int j = 0; j < size; j++) {
            mixed[i][h * size + j] += alpha[h][i][k] * value[j];
          }
        }
      }
    }
    double[][] out = new double[m][];
    for (int i = 0; i < m; i++) {
      out[i] = mixed[i].clone();
      for (int h = 0; h < alpha.length && s.flag("residual"); h++) {
        double[] kept = project(Naive.get(params, p + "residual"), e[i], h, s);
        for (int j = 0; j < size; j++) {
          out[i][h * size + j] += kept[j];
        }
      }
      out[i] = Arrays.stream(out[i]).map(x -> Math.max(x, 0)).toArray();
    }
    return new Layer(alpha, mixed, out);
  }

  /// (AI-5)
  private static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    double[][] e = Naive.pooled(params, batch, row, s.integer("embeddingDim"), true);
    double[][] x = e;
    for (int l = 0; l < s.integer("layers"); l++) {
      x = layer(params, s, l, x).out;
    }
    double z = Naive.dot(Naive.flat(x), Naive.get(params, "out")) + Naive.get(params, "bias")[0];
    if (s.flag("dnn")) {
      double[] h = Naive.tower(params, "deep/", Naive.flat(e));
      z += Naive.dot(h, Naive.get(params, "deepOut"));
    }
    return z + (s.flag("useLinear") ? Naive.firstOrder(params, batch, row) : 0);
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

  /// AutoInt+ with everything that there is, two layers deep.
  @Test
  void mutantsFail() {
    Map<String, String> given = sizes(2, 2);
    given.put("layers", "2");
    given.put("hidden", "4");
    for (String on : List.of("dnn", "scaled", "useLinear")) {
      given.put(on, "true");
    }
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
  private static final double[][] E = {{1, .5}, {-.5, 1}, {.2, -.3}};

  private static Map<String, String> sizes(int heads, int headDim) {
    Map<String, String> given = new HashMap<>();
    given.put("embeddingDim", "2");
    given.put("layers", "1");
    given.put("heads", Integer.toString(heads));
    given.put("headDim", Integer.toString(headDim));
    return given;
  }

  private static ModelBench worked(Map<String, String> given) {
    ModelBench bench = ModelBench.of(SPEC, given, THREE, 1);
    bench.set("v/a", 0, 0, 0, 0, 1, .5);
    bench.set("v/b", 0, 0, 0, 0, -.5, 1);
    bench.set("v/c", 0, 0, 0, 0, .2, -.3);
    bench.set("attention/0/query", transpose(2, 2, .6, -.4, .3, .8));
    bench.set("attention/0/key", transpose(2, 2, .5, .2, -.7, .1));
    bench.set("attention/0/value", transpose(2, 2, 1, -.2, .4, .9));
    if (bench.paths().contains("attention/0/residual")) {
      bench.set("attention/0/residual", transpose(2, 2, .3, .1, -.2, .7));
    }
    return bench;
  }

  /// e^Res, one number at a time: the output weights are a unit vector.
  private static double[][] rows(ModelBench bench, Batch batch, int width) {
    double[] kept = bench.get("out");
    double[][] rows = new double[kept.length / width][width];
    for (int i = 0; i < kept.length; i++) {
      double[] unit = new double[kept.length];
      unit[i] = 1;
      bench.set("out", unit);
      rows[i / width][i % width] = bench.scores(batch)[0] - bench.get("bias")[0];
    }
    bench.set("out", kept);
    return rows;
  }

  @Test
  void workedExample() {
    Map<String, String> given = sizes(2, 1);
    try (ModelBench bench = worked(given)) {
      Layer layer = layer(bench.all(), SPEC.settings(given), 0, E);
      assertClose(
          Naive.flat(layer.alpha[0]),
          new double[] {
            .389050, .299977, .310973, .246542, .388592, .364866, .366327, .313415, .320258
          },
          SIX_DECIMALS);
      assertClose(
          Naive.flat(layer.alpha[1]),
          new double[] {
            .219341, .473726, .306933, .226740, .463499, .309762, .365284, .299668, .335048
          },
          SIX_DECIMALS);
      assertClose(
          Naive.flat(layer.mixed),
          new double[] {.221014, .459731, .044738, .458323, .193571, .456600},
          SIX_DECIMALS);
      double[] expected = {.571014, .609731, 0, 1.258323, .223571, .206600};
      assertClose(Naive.flat(layer.out), expected, SIX_DECIMALS);
      assertClose(Naive.flat(rows(bench, WORKED, 2)), expected, SIX_DECIMALS);
      // the ReLU cuts one number; what it was shows with its sign turned
      for (String w : List.of("value", "residual")) {
        double[] all = bench.get("attention/0/" + w);
        bench.set("attention/0/" + w, Arrays.stream(all).map(x -> -x).toArray());
      }
      assertClose(
          Naive.flat(rows(bench, WORKED, 2)), new double[] {0, 0, .005262, 0, 0, 0}, SIX_DECIMALS);
    }
    try (ModelBench bench = worked(given)) {
      bench.set("out", .5, -.3, .2, .4, -.6, .1);
      bench.set("bias", .05);
      double z = bench.scores(WORKED)[0];
      assertClose(
          new double[] {z, ModelBench.sigmoid(z)}, new double[] {.542434, .632378}, SIX_DECIMALS);
    }
  }

  /// Who watches hears α of every layer, head by head, with the names of the fields.
  @Test
  void attentionCanBeWatched() {
    Map<String, String> given = sizes(2, 1);
    given.put("layers", "2");
    try (ModelBench bench = worked(given);
        Tape tape = Tape.evaluating(bench.params().device())) {
      List<WeightsWatcher.Weights> seen = new ArrayList<>();
      assertThat(bench.model().forward(WORKED, Mode.evaluation(tape).watching(seen::add)))
          .isNotNull();
      assertThat(seen.stream().map(WeightsWatcher.Weights::name))
          .containsExactly("attention/0", "attention/1");
      assertThat(seen.getFirst().parts()).containsExactly("a", "b", "c");
      assertThat(seen.getFirst().values().shape()).isEqualTo(Shape.of(1, 2, 3, 3));
      double[] alpha = {
        .389050, .299977, .310973, .246542, .388592, .364866, .366327, .313415, .320258, // head 0
        .219341, .473726, .306933, .226740, .463499, .309762, .365284, .299668, .335048
      };
      assertClose(seen.getFirst().values().toDoubles(), alpha, SIX_DECIMALS);
    }
  }

  /// The same matrices as one head of size 2.
  @Test
  void workedExampleOfOneHead() {
    Map<String, String> given = sizes(1, 2);
    try (ModelBench bench = worked(given)) {
      assertClose(
          Naive.flat(rows(bench, WORKED, 2)),
          new double[] {.356636, .626554, 0, 1.235831, .276500, .224870},
          SIX_DECIMALS);
    }
    given.put("scaled", "true");
    try (ModelBench bench = worked(given)) {
      assertClose(
          Naive.flat(rows(bench, WORKED, 2)),
          new double[] {.400466, .618714, 0, 1.233563, .249221, .217901},
          SIX_DECIMALS);
    }
  }

  // Invariants

  /// (a): values of 1 for every field come out as 1, so the shares add up to 1, over keys and in each head.
  @Test
  void sharesAddUpToOne() {
    try (ModelBench bench = worked(sizes(2, 1))) {
      bench.set("v/a", 0, 0, 0, 0, 1, .5);
      bench.set("v/b", 0, 0, 0, 0, 1, 1);
      bench.set("v/c", 0, 0, 0, 0, 1, -.3);
      bench.set("attention/0/value", 1, 1, 0, 0); // of every field its first number
      bench.set("attention/0/residual", 0, 0, 0, 0);
      assertClose(Naive.flat(rows(bench, WORKED, 2)), new double[] {1, 1, 1, 1, 1, 1}, EXACT);
    }
  }

  /// (b): fields in another order give the same rows in that order.
  @Test
  void permutingFieldsPermutesRows() {
    try (ModelBench bench = worked(sizes(2, 1));
        ModelBench other = worked(sizes(2, 1))) {
      other.set("v/a", bench.get("v/c"));
      other.set("v/b", bench.get("v/a"));
      other.set("v/c", bench.get("v/b"));
      double[][] rows = rows(bench, WORKED, 2);
      assertClose(Naive.flat(rows(other, WORKED, 2)), Naive.flat(rows[2], rows[0], rows[1]), EXACT);
    }
  }

  /// (c): queries of 0 weigh all fields alike.
  @Test
  void withoutQueriesEveryFieldGetsTheMean() {
    Map<String, String> given = sizes(2, 1);
    given.put("residual", "false");
    try (ModelBench bench = worked(given)) {
      bench.set("attention/0/query", 0, 0, 0, 0);
      bench.set("attention/0/value", transpose(2, 2, 1, .2, .4, .9)); // both means are positive
      double first = ((1 + .2 * .5) + (-.5 + .2 * 1) + (.2 + .2 * -.3)) / 3;
      double second = ((.4 + .9 * .5) + (.4 * -.5 + .9) + (.4 * .2 + .9 * -.3)) / 3;
      assertClose(
          Naive.flat(rows(bench, WORKED, 2)),
          new double[] {first, second, first, second, first, second},
          EXACT);
    }
  }

  /// (d)
  @Test
  void identicalFieldsGetIdenticalRows() {
    try (ModelBench bench = worked(sizes(2, 1))) {
      bench.set("v/c", bench.get("v/a"));
      double[][] rows = rows(bench, WORKED, 2);
      assertThat(rows[2]).isEqualTo(rows[0]).isNotEqualTo(rows[1]);
    }
  }

  /// (e)
  @Test
  void withoutValuesTheResidualRemains() {
    try (ModelBench bench = worked(sizes(2, 1))) {
      bench.set("attention/0/value", 0, 0, 0, 0);
      // ReLU of W_Res e by hand
      double[] expected = {.35, .15, 0, .8, .03, 0};
      assertClose(Naive.flat(rows(bench, WORKED, 2)), expected, EXACT);
    }
  }

  /// (f): two heads of size 2 are two layers of one head, side by side before the residual.
  @Test
  void headsDoNotKnowEachOther() {
    Map<String, String> given = sizes(2, 2);
    given.put("residual", "false");
    Map<String, String> alone = sizes(1, 2);
    alone.put("residual", "false");
    try (ModelBench both = ModelBench.drawn(SPEC, given, THREE, 1)) {
      double[][] rows = rows(both, WORKED, 4);
      for (int h = 0; h < 2; h++) {
        try (ModelBench one = ModelBench.of(SPEC, alone, THREE, 1)) {
          for (String table : List.of("v/a", "v/b", "v/c")) {
            one.set(table, both.get(table));
          }
          for (String w : List.of("query", "key", "value")) {
            double[] all = both.get("attention/0/" + w); // [2, 4]
            double[] own = {all[2 * h], all[2 * h + 1], all[4 + 2 * h], all[4 + 2 * h + 1]};
            one.set("attention/0/" + w, own);
          }
          double[][] part = rows(one, WORKED, 2);
          for (int m = 0; m < 3; m++) {
            assertClose(Arrays.copyOfRange(rows[m], 2 * h, 2 * h + 2), part[m], EXACT);
          }
        }
      }
    }
  }

  /// Numbers take part in the attention: a number changes what another field takes.
  @Test
  void numbersAreTokensToo() {
    Map<String, String> given = sizes(2, 2);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, Schemas.DENSE, 1)) {
      double[] out = bench.get("out");
      assertThat(out).hasSize(4 * 4); // user, city, price, age
      Arrays.fill(out, 8, 16, 0); // only the rows of user and city are read
      bench.set("out", out);
      int[][] ids = single(3, 2);
      double z = bench.scores(ModelBench.batch(Schemas.DENSE, 1, new float[] {.5f, 1}, ids))[0];
      double other =
          bench.scores(ModelBench.batch(Schemas.DENSE, 1, new float[] {.5f, -1}, ids))[0];
      assertThat(Math.abs(other - z)).isGreaterThan(1e-3);
    }
  }

  // Parameters

  /// Heads are d′ wide each: the width of the second layer's input is H d′, not d. No projection has a bias.
  @Test
  void parameters() {
    Map<String, String> given = sizes(3, 5);
    given.put("layers", "2");
    try (ModelBench bench = ModelBench.of(SPEC, given, THREE, 1)) {
      assertThat(bench.paths())
          .containsExactly(
              "attention/0/key",
              "attention/0/query",
              "attention/0/residual",
              "attention/0/value",
              "attention/1/key",
              "attention/1/query",
              "attention/1/residual",
              "attention/1/value",
              "bias",
              "out",
              "v/a",
              "v/b",
              "v/c");
      assertThat(bench.shape("attention/0/query").toArray()).containsExactly(2, 15);
      assertThat(bench.shape("attention/1/query").toArray()).containsExactly(15, 15);
      assertThat(bench.shape("out").toArray()).containsExactly(45, 1);
    }
    // even where the widths match there is a W_Res
    try (ModelBench bench = ModelBench.of(SPEC, sizes(2, 1), THREE, 1)) {
      assertThat(bench.paths()).contains("attention/0/residual");
    }
  }

  /// The paragraph "Implementation Details": d = 16, two heads of 32, three layers.
  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("embeddingDim")).isEqualTo(16);
    assertThat(s.integer("headDim")).isEqualTo(32);
    assertThat(s.integer("heads")).isEqualTo(2);
    assertThat(s.integer("layers")).isEqualTo(3);
    assertThat(s.flag("residual")).isTrue();
    assertThat(s.flag("scaled")).isFalse();
    assertThat(s.flag("dnn")).isFalse();
    assertThat(s.flag("useLinear")).isFalse();
  }

  @Test
  void sizesThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of("layers", "0"), THREE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("autoint: 0 interacting layers. Expected at least 1.");
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of("heads", "0"), THREE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("autoint: 0 heads of size 32. Expected at least 1 each.");
  }
}
