// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.fibinet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.single;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.autograd.WeightsWatcher;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.Model;
import org.gradus.models.ModelBench;
import org.gradus.models.ModelCheck;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.models.fibinet.Bilinear.Kind;
import org.gradus.models.fibinet.FiBiNet.Depth;
import org.gradus.models.fibinet.Senet.Excitation;
import org.gradus.models.fibinet.Senet.Squeeze;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// FiBiNET: the worked examples and the invariants of ctr-models, section 13, and its equations as loops.
class FiBiNetTest {
  private static final FiBiNetSpec SPEC = new FiBiNetSpec();

  // Equations

  /// Squeeze and excitation, as far as it can be looked at.
  ///
  /// @param z squeezed
  /// @param hidden σ₁(z W₁)
  /// @param a weights of the fields
  /// @param v rescaled embeddings
  private record Excited(double[] z, double[] hidden, double[] a, double[][] v) {}

  /// (FB-1) to (FB-3)
  private static Excited senet(Map<String, double[]> params, Settings s, double[][] e) {
    double[] z = new double[e.length];
    for (int i = 0; i < e.length; i++) {
      z[i] =
          s.choice("squeeze", Squeeze.class) == Squeeze.MEAN
              ? Arrays.stream(e[i]).sum() / e[i].length
              : Arrays.stream(e[i]).reduce(Double.NEGATIVE_INFINITY, Math::max);
    }
    int reduced = Math.max(1, e.length / s.integer("reductionRatio"));
    double[] hidden = Naive.linear(z, Naive.get(params, "senet/w1"), new double[reduced]);
    hidden = Arrays.stream(hidden).map(x -> Math.max(x, 0)).toArray();
    double[] a = Naive.linear(hidden, Naive.get(params, "senet/w2"), new double[e.length]);
    boolean relu = s.choice("excitationActivation", Excitation.class) == Excitation.RELU;
    double[][] v = new double[e.length][e[0].length];
    for (int i = 0; i < e.length; i++) {
      a[i] = relu ? Math.max(a[i], 0) : ModelBench.sigmoid(a[i]);
      for (int t = 0; t < v[i].length; t++) {
        v[i][t] = a[i] * e[i][t];
      }
    }
    return new Excited(z, hidden, a, v);
  }

  /// (FB-4)
  private static double[][] pairs(Kind kind, double[] w, double[][] e) {
    int k = e[0].length;
    List<double[]> all = new ArrayList<>();
    for (int i = 0; i < e.length; i++) {
      for (int j = i + 1; j < e.length; j++) {
        int matrix =
            switch (kind) {
              case FIELD_ALL, HADAMARD -> 0;
              case FIELD_EACH -> i;
              case FIELD_INTERACTION -> all.size();
            };
        double[] p = new double[k];
        for (int b = 0; b < k; b++) {
          for (int a = 0; a < k; a++) {
            double each = kind == Kind.HADAMARD ? (a == b ? 1 : 0) : w[(matrix * k + a) * k + b];
            p[b] += e[i][a] * each;
          }
          p[b] *= e[j][b];
        }
        all.add(p);
      }
    }
    return all.toArray(double[][]::new);
  }

  private static double[] normed(Map<String, double[]> params, String path, double[] x) {
    double m = Arrays.stream(x).sum() / x.length;
    double v = Arrays.stream(x).map(n -> (n - m) * (n - m)).sum() / x.length;
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] =
          Naive.get(params, path + "/scale")[i] * (x[i] - m) / Math.sqrt(v + 1e-5)
              + Naive.get(params, path + "/shift")[i];
    }
    return y;
  }

  /// (FB-5)
  private static double[] products(Map<String, double[]> params, Settings s, double[][] e) {
    double[] none = {};
    boolean shared = s.flag("shareBilinear");
    double[] w = params.getOrDefault("bilinear/w", none);
    double[][] p = pairs(s.choice("bilinear", Kind.class), w, e);
    double[][] q =
        pairs(
            s.choice("bilinearSenet", Kind.class),
            shared ? w : params.getOrDefault("bilinearSenet/w", none),
            senet(params, s, e).v);
    for (int n = 0; n < p.length && s.flag("layerNorm"); n++) {
      p[n] = normed(params, "norm", p[n]);
      q[n] = normed(params, "normSenet", q[n]);
    }
    return Naive.flat(Naive.flat(p), Naive.flat(q));
  }

  /// (FB-6)
  private static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    double[][] e = Naive.pooled(params, batch, row, s.integer("embeddingDim"), false);
    double z = Naive.get(params, "bias")[0] + Naive.firstOrder(params, batch, row);
    double[] c = products(params, s, e);
    if (s.choice("mode", Depth.class) == Depth.SHALLOW) {
      return z + Arrays.stream(c).sum();
    }
    double[] h = Naive.tower(params, "deep/", Naive.flat(c, Naive.numbers(batch, row)));
    return z + Naive.dot(h, Naive.get(params, "out"));
  }

  @ParameterizedTest
  @MethodSource("org.gradus.models.Schemas#all")
  void scoreIsItsEquations(Schema schema) {
    long seed = 0;
    for (Map<String, String> chosen : CoveringArray.pairwise(SPEC, 1)) {
      Map<String, String> given = new HashMap<>(chosen);
      seed++;
      given.put("reductionRatio", Long.toString(1 + seed % 4));
      Settings settings = SPEC.settings(given);
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

  /// The layers in the middle narrower than the fields: ⌊6/2⌋, ⌊6/3⌋, and one where 6/8 is less than that.
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 8})
  void gradientsAreRightForEveryRatio(int ratio) {
    List<Field> fields = new ArrayList<>(List.of(Schemas.CLICK));
    for (String name : List.of("a", "b", "c", "d", "e", "f")) {
      fields.add(new Field.Categorical(name, 4));
    }
    Map<String, String> given =
        Map.of("embeddingDim", "2", "hidden", "6", "reductionRatio", Integer.toString(ratio));
    Settings settings = SPEC.settings(given);
    Batch batch = SampleBatches.draw(new Schema(fields), 5, ratio);
    try (Device reference = Device.open("reference")) {
      ModelCheck.check(SPEC, settings, ratio)
          .check(reference, ModelCheck.objective(SPEC, settings, batch))
          .orFail();
    }
  }

  @ParameterizedTest
  @EnumSource
  void mutantsFail(Kind kind) {
    Map<String, String> given = kind(kind);
    given.put("embeddingDim", "3"); // layer norm of two numbers is their order
    given.put("reductionRatio", "1");
    given.put("hidden", "6");
    given.put("dropout", "0");
    given.put("excitationActivation", "SIGMOID");
    given.put("layerNorm", "true");
    Mutants.allFail(SPEC, given);
  }

  // Worked examples

  private static final Schema THREE =
      Schema.of(
          new Field.Categorical("a", 3),
          new Field.Categorical("b", 3),
          new Field.Categorical("c", 3),
          Schemas.CLICK);
  private static final Batch WORKED = ModelBench.batch(THREE, 1, new float[0], single(2, 2, 2));
  private static final double[][] E = {{1, 2}, {3, -1}, {-2, 1}};
  private static final double[] W = {1, .5, -.25, 2};
  private static final double[] SWAP = {0, 1, 1, 0};

  /// Both branches of one kind, over which there is a tower without layers: its weights read c.
  private static Map<String, String> kind(Kind kind) {
    Map<String, String> given = new HashMap<>();
    given.put("embeddingDim", "2");
    given.put("bilinear", kind.name());
    given.put("bilinearSenet", kind.name());
    given.put("hidden", "");
    return given;
  }

  private static ModelBench worked(Map<String, String> given, double[] w, double[] w2) {
    ModelBench bench = ModelBench.of(SPEC, given, THREE, 1);
    bench.set("v/a", Naive.flat(new double[4], E[0]));
    bench.set("v/b", Naive.flat(new double[4], E[1]));
    bench.set("v/c", Naive.flat(new double[4], E[2]));
    bench.set("senet/w1", .2, .5, -.3);
    bench.set("senet/w2", w2);
    for (String path : List.of("bilinear/w", "bilinearSenet/w")) {
      if (bench.paths().contains(path)) {
        bench.set(path, w);
      }
    }
    return bench;
  }

  private static final double[] W2 = {.4, .6, 1};

  /// c, one number at a time.
  private static double[] products(ModelBench bench) {
    double[] c = new double[12];
    for (int i = 0; i < 12; i++) {
      double[] unit = new double[12];
      unit[i] = 1;
      bench.set("out", unit);
      c[i] = bench.scores(WORKED)[0];
    }
    return c;
  }

  private static double[] p(ModelBench bench) {
    return Arrays.copyOf(products(bench), 6);
  }

  private static double[] q(ModelBench bench) {
    return Arrays.copyOfRange(products(bench), 6, 12);
  }

  /// What the class makes of E.
  private static double[] block(BiFunction<Senet, Var, Var> what, double... w2) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.evaluating(device)) {
      Senet.Config config = new Senet.Config(3, Squeeze.MEAN, Excitation.RELU);
      Senet senet = new Senet(List.of("a", "b", "c"), config, params);
      ((DenseParameter) params.get("w1")).write(.2, .5, -.3);
      ((DenseParameter) params.get("w2")).write(w2);
      return what.apply(senet, tape.constant(Shape.of(1, 3, 2), Naive.flat(E))).value().toDoubles();
    }
  }

  @Test
  void workedExampleOfSqueezeAndExcitation() {
    Map<String, String> given = kind(Kind.HADAMARD);
    try (ModelBench bench = worked(given, W, W2)) {
      Excited naive = senet(bench.all(), SPEC.settings(given), E);
      double[] a = {.38, .57, .95};
      double[][] v = {{.38, .76}, {1.71, -.57}, {-1.9, .95}};
      assertClose(naive.z, new double[] {1.5, 1, -.5}, SIX_DECIMALS);
      assertClose(naive.hidden, new double[] {.95}, SIX_DECIMALS);
      assertClose(naive.a, a, SIX_DECIMALS);
      assertClose(Naive.flat(naive.v), Naive.flat(v), SIX_DECIMALS);
      assertClose(block(Senet::weights, W2), a, SIX_DECIMALS);
      assertClose(
          block((senet, e) -> senet.forward(e, Mode.evaluation(e.tape())), W2),
          Naive.flat(v),
          SIX_DECIMALS);
      double[] expected = {.38 * 1.71, .76 * -.57, .38 * -1.9, .76 * .95, 1.71 * -1.9, -.57 * .95};
      assertClose(q(bench), expected, SIX_DECIMALS);
    }
    // a negative weight of field 1: the ReLU removes it
    try (ModelBench bench = worked(given, W, new double[] {.4, -.6, 1})) {
      assertClose(block(Senet::weights, .4, -.6, 1), new double[] {.38, 0, .95}, SIX_DECIMALS);
      assertClose(q(bench), new double[] {0, 0, .38 * -1.9, .76 * .95, 0, 0}, SIX_DECIMALS);
    }
  }

  /// Who watches hears how much each field counts, by its name.
  @Test
  void weightsOfFieldsCanBeWatched() {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.evaluating(device)) {
      Map<String, String> given = kind(Kind.HADAMARD);
      Model model = SPEC.create(SPEC.settings(given), THREE, params);
      for (String name : List.of("a", "b", "c")) {
        double[] e = E[List.of("a", "b", "c").indexOf(name)];
        ((TableParameter) params.get("v/" + name)).table().write(2, e);
      }
      ((DenseParameter) params.get("senet/w1")).write(.2, .5, -.3);
      ((DenseParameter) params.get("senet/w2")).write(W2);
      List<WeightsWatcher.Weights> seen = new ArrayList<>();
      model.forward(WORKED, Mode.evaluation(tape).watching(seen::add));
      assertThat(seen).hasSize(1);
      assertThat(seen.getFirst().name()).isEqualTo("senet");
      assertThat(seen.getFirst().parts()).containsExactly("a", "b", "c");
      assertThat(seen.getFirst().mask()).isNull();
      assertClose(seen.getFirst().values().toDoubles(), new double[] {.38, .57, .95}, SIX_DECIMALS);
    }
  }

  @Test
  void workedExampleOfOneMatrix() {
    double[] p = {1.5, -4.5, -1, 4.5, -6.5, -.5};
    double[] q = {.3249, -.9747, -.361, 1.6245, -3.51975, -.27075};
    Map<String, String> given = kind(Kind.FIELD_ALL);
    given.put("shareBilinear", "true");
    try (ModelBench bench = worked(given, W, W2)) {
      assertClose(p(bench), p, SIX_DECIMALS);
      assertClose(q(bench), q, SIX_DECIMALS);
    }
    given.put("mode", "SHALLOW");
    try (ModelBench bench = worked(given, W, W2)) {
      assertClose(bench.scores(WORKED), new double[] {-9.6768}, SIX_DECIMALS);
    }
  }

  @Test
  void workedExampleOfSeveralMatrices() {
    try (ModelBench each = worked(kind(Kind.FIELD_EACH), Naive.flat(W, SWAP), W2);
        ModelBench pair =
            worked(
                kind(Kind.FIELD_INTERACTION),
                Naive.flat(W, SWAP, new double[] {2, 0, 0, -1}),
                W2)) {
      assertClose(p(each), new double[] {1.5, -4.5, -1, 4.5, 2, 3}, SIX_DECIMALS);
      assertClose(p(pair), new double[] {1.5, -4.5, -4, 1, -12, 1}, SIX_DECIMALS);
    }
  }

  // Invariants

  /// (a): the unit matrix leaves the Hadamard product, and its sum is FM's.
  @Test
  void theUnitMatrixLeavesTheHadamardProduct() {
    try (ModelBench unit = worked(kind(Kind.FIELD_ALL), new double[] {1, 0, 0, 1}, W2);
        ModelBench none = worked(kind(Kind.HADAMARD), W, W2)) {
      assertThat(p(unit)).isEqualTo(p(none));
      assertThat(none.paths()).noneMatch(path -> path.startsWith("bilinear"));
      double fm = Naive.dot(E[0], E[1]) + Naive.dot(E[0], E[2]) + Naive.dot(E[1], E[2]);
      assertThat(Arrays.stream(p(none)).sum()).isEqualTo(fm);
    }
  }

  /// (b)
  @Test
  void equalMatricesMakeTheTypesCoincide() {
    try (ModelBench all = worked(kind(Kind.FIELD_ALL), W, W2);
        ModelBench each = worked(kind(Kind.FIELD_EACH), Naive.flat(W, W), W2);
        ModelBench pair = worked(kind(Kind.FIELD_INTERACTION), Naive.flat(W, W, W), W2)) {
      assertClose(products(each), products(all), EXACT);
      assertClose(products(pair), products(all), EXACT);
    }
  }

  /// (c), and (d): weights of 1 for every field make q and p the same.
  @ParameterizedTest
  @EnumSource
  void withSharedMatricesRescalingIsOutside(Kind kind) {
    Map<String, String> given = kind(kind);
    given.put("shareBilinear", "true");
    double[] matrices = new double[4 * (kind == Kind.FIELD_EACH ? 2 : 3)];
    for (int i = 0; i < matrices.length; i++) {
      matrices[i] = .3 + .7 * i - .1 * i * i;
    }
    double[] w = kind == Kind.FIELD_ALL ? W : matrices;
    try (ModelBench bench = worked(given, w, W2)) {
      double[] a = {.38, .57, .95};
      double[] c = products(bench);
      double[] pairs = {a[0] * a[1], a[0] * a[2], a[1] * a[2]};
      double[] q = new double[6];
      for (int i = 0; i < 6; i++) {
        q[i] = pairs[i / 2] * c[i];
      }
      assertClose(Arrays.copyOfRange(c, 6, 12), q, EXACT);
      bench.set("senet/w2", 1 / .95, 1 / .95, 1 / .95);
      assertClose(q(bench), p(bench), EXACT);
    }
  }

  /// (e): a diagonal matrix makes p symmetric; another does not.
  @Test
  void diagonalMatricesAreSymmetricInThePair() {
    for (boolean diagonal : new boolean[] {true, false}) {
      double[] w = diagonal ? new double[] {2, 0, 0, -1} : W;
      try (ModelBench bench = worked(kind(Kind.FIELD_ALL), w, W2);
          ModelBench turned = worked(kind(Kind.FIELD_ALL), w, W2)) {
        turned.set("v/a", Naive.flat(new double[4], E[1]));
        turned.set("v/b", Naive.flat(new double[4], E[0]));
        double[] p = Arrays.copyOf(products(bench), 2);
        double[] other = Arrays.copyOf(products(turned), 2);
        if (diagonal) {
          assertThat(other).isEqualTo(p);
        } else {
          assertThat(other).isNotEqualTo(p);
        }
      }
    }
  }

  // Parameters

  /// (f), and the number of matrices: the last field is never on the left, so it needs none.
  @ParameterizedTest
  @EnumSource
  void parameters(Kind kind) {
    Map<String, String> given = kind(kind);
    given.put("hidden", "7");
    try (ModelBench bench = ModelBench.of(SPEC, given, Schemas.BAGS, 1)) {
      int f = 3;
      int k = 2;
      assertThat(bench.shape("deep/0/weight").toArray())
          .containsExactly(f * (f - 1) * k + 1, 7); // and the price
      int matrices =
          switch (kind) {
            case FIELD_ALL -> 1;
            case FIELD_EACH -> f - 1;
            case FIELD_INTERACTION -> f * (f - 1) / 2;
            case HADAMARD -> 0;
          };
      for (String w : List.of("bilinear/w", "bilinearSenet/w")) {
        if (kind == Kind.HADAMARD) {
          assertThat(bench.paths()).doesNotContain(w);
        } else {
          assertThat(bench.get(w)).hasSize(matrices * k * k);
        }
      }
      assertThat(bench.paths()).noneMatch(p -> p.matches("senet/.*bias"));
      assertThat(bench.shape("senet/w1").toArray()).containsExactly(f, 1); // r = 3
    }
  }

  /// Of two fields a third is less than one: the layer in the middle keeps one unit.
  @Test
  void theReducedLayerHasAtLeastOneUnit() {
    try (ModelBench bench = ModelBench.of(SPEC, kind(Kind.FIELD_ALL), Schemas.DENSE, 1)) {
      assertThat(bench.shape("senet/w1").toArray()).containsExactly(2, 1);
    }
  }

  /// With a matrix for every field the last one makes no difference and has no gradient.
  @Test
  void aMatrixForTheLastFieldIsNeverUsed() {
    Map<String, String> given = kind(Kind.FIELD_EACH);
    double[] three = Naive.flat(W, SWAP, new double[] {5, 6, 7, 8});
    try (ModelBench two = worked(given, Naive.flat(W, SWAP), W2)) {
      given.put("everyField", "true");
      try (ModelBench every = worked(given, three, W2)) {
        assertThat(products(every)).isEqualTo(products(two));
        double[] g = Naive.get(every.gradients(WORKED, 1), "bilinearSenet/w");
        assertThat(Arrays.copyOfRange(g, 8, 12)).containsOnly(0);
        assertThat(Arrays.copyOf(g, 8)).isNotEqualTo(new double[8]);
      }
    }
  }

  /// Numbers would distort the weights of the fields: they reach the linear part and the tower alone.
  @Test
  void numbersStayOutOfThePairs() {
    Map<String, String> given = kind(Kind.FIELD_ALL);
    given.put("mode", "SHALLOW");
    int[][] ids = single(3, 2);
    Batch one = ModelBench.batch(Schemas.DENSE, 1, new float[] {.5f, 1}, ids);
    Batch other = ModelBench.batch(Schemas.DENSE, 1, new float[] {-.5f, 2}, ids);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, Schemas.DENSE, 1)) {
      double[] w = bench.get("w/numeric");
      double difference = bench.scores(other)[0] - bench.scores(one)[0];
      assertClose(new double[] {difference}, new double[] {-w[0] + w[1]}, EXACT);
    }
  }

  /// r = 3, ReLU twice, ten factors, three layers of 400, dropout 0.5.
  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("embeddingDim")).isEqualTo(10);
    assertThat(s.integer("reductionRatio")).isEqualTo(3);
    assertThat(s.choice("excitationActivation", Excitation.class)).isEqualTo(Excitation.RELU);
    assertThat(s.choice("squeeze", Squeeze.class)).isEqualTo(Squeeze.MEAN);
    assertThat(s.list("hidden")).containsExactly(400, 400, 400);
    assertThat(s.real("dropout")).isEqualTo(.5);
    assertThat(s.flag("shareBilinear")).isFalse();
    assertThat(s.flag("layerNorm")).isFalse();
    assertThat(s.choice("mode", Depth.class)).isEqualTo(Depth.DEEP);
    assertThat(s.choice("bilinear", Kind.class)).isEqualTo(Kind.FIELD_EACH);
    assertThat(s.choice("bilinearSenet", Kind.class)).isEqualTo(Kind.FIELD_EACH);
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    Map<String, String> given =
        Map.of("bilinear", "FIELD_ALL", "bilinearSenet", "FIELD_EACH", "shareBilinear", "true");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given, THREE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(SPEC.conflict(SPEC.settings(given)))
        .hasMessageContaining("shareBilinear with bilinear=FIELD_ALL and bilinearSenet=FIELD_EACH");
    Map<String, String> narrow = Map.of("layerNorm", "true", "embeddingDim", "1");
    assertThatThrownBy(() -> ModelBench.of(SPEC, narrow, THREE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(SPEC.conflict(SPEC.settings(narrow)))
        .hasMessageContaining("layerNorm with embeddingDim=1");
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of("reductionRatio", "0"), THREE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("reduction ratio 0");
  }
}
