// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.pnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.single;
import static org.gradus.models.ModelBench.transpose;

import java.util.Arrays;
import java.util.HashMap;
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
import org.gradus.models.pnn.ProductLayer.InnerWeights;
import org.gradus.models.pnn.ProductLayer.Pairs;
import org.gradus.models.pnn.ProductLayer.Product;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// PNN: the worked example and the invariants of ctr-models, section 6, and its equations as loops.
class PnnTest {
  private static final PnnSpec SPEC = new PnnSpec();

  /// l_p of one unit: (PNN-2) as a double sum, with θθᵀ or full weights.
  private static double inner(Map<String, double[]> params, Settings s, double[][] f, int n) {
    int size = s.integer("productSize");
    double sum = 0;
    int pair = 0;
    for (int i = 0; i < f.length; i++) {
      boolean upper = s.choice("pairs", Pairs.class) == Pairs.UPPER;
      for (int j = upper ? i + 1 : 0; j < f.length; j++) {
        double weight;
        if (s.choice("innerWeights", InnerWeights.class) == InnerWeights.FACTORIZED) {
          double[] theta = Naive.get(params, "product/theta");
          weight = theta[i * size + n] * theta[j * size + n];
        } else {
          weight = Naive.get(params, "product/inner")[pair++ * size + n];
        }
        sum += weight * Naive.dot(f[i], f[j]);
      }
    }
    return sum;
  }

  /// l_p of one unit: (PNN-3) as the double sum of outer products.
  private static double outer(Map<String, double[]> params, Settings s, double[][] f, int n) {
    int dim = s.integer("embeddingDim");
    double sum = 0;
    for (double[] fi : f) {
      for (double[] fj : f) {
        for (int a = 0; a < dim; a++) {
          for (int b = 0; b < dim; b++) {
            int at = (a * dim + b) * s.integer("productSize") + n;
            sum += Naive.get(params, "product/outer")[at] * fi[a] * fj[b];
          }
        }
      }
    }
    return sum;
  }

  /// (PNN-1) to (PNN-4)
  private static double[] first(Map<String, double[]> params, Settings s, double[][] f) {
    double[] l =
        Naive.linear(
            Naive.flat(f), Naive.get(params, "product/linear"), Naive.get(params, "product/bias"));
    Product product = s.choice("product", Product.class);
    for (int n = 0; n < l.length; n++) {
      l[n] += product == Product.OUTER ? 0 : inner(params, s, f, n);
      l[n] += product == Product.INNER ? 0 : outer(params, s, f, n);
      l[n] = Math.max(l[n], 0);
    }
    return l;
  }

  private static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    boolean scaled = s.choice("numeric", Numeric.class) == Numeric.SCALED_EMBEDDING;
    double[][] f = Naive.pooled(params, batch, row, s.integer("embeddingDim"), scaled);
    double[] numbers = new double[scaled ? 0 : batch.schema().dense().size()];
    for (int c = 0; c < numbers.length; c++) {
      numbers[c] = Naive.number(batch, row, c);
    }
    double[] l = Naive.tower(params, "deep/", Naive.flat(first(params, s, f), numbers));
    return Naive.dot(l, Naive.get(params, "out/weight")) + Naive.get(params, "out/bias")[0];
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

  private static Map<String, String> given(Product product, String... more) {
    Map<String, String> given =
        new HashMap<>(
            Map.of(
                "embeddingDim", "2", "productSize", "2", "hidden", "", "product", product.name()));
    for (int i = 0; i < more.length; i += 2) {
      given.put(more[i], more[i + 1]);
    }
    return given;
  }

  /// The worked example without layers above l₁, W_z and b₁; products weighted as there where there are two units.
  private static ModelBench bare(Map<String, String> given) {
    ModelBench bench = ModelBench.of(SPEC, given, WORKED, 1);
    bench.set("v/a", 0, 0, 0, 0, .1, .2);
    bench.set("v/b", 0, 0, 0, 0, .3, -.4);
    bench.set("v/c", 0, 0, 0, 0, -.5, .6);
    int size = bench.shape("product/bias").size(0);
    bench.set("product/linear", new double[6 * size]);
    if (size == 2 && bench.paths().contains("product/theta")) {
      bench.set("product/theta", transpose(2, 3, 1, .5, -1, .2, -.3, .4));
    }
    if (size == 2 && bench.paths().contains("product/outer")) {
      bench.set("product/outer", transpose(2, 4, .5, .1, .1, -.2, 1, 0, 0, 1));
    }
    return bench;
  }

  /// l₁, unit by unit, through w_o.
  private static double[] units(ModelBench bench) {
    int n = bench.shape("product/bias").size(0);
    double[] units = new double[n];
    for (int i = 0; i < n; i++) {
      double[] out = new double[n];
      out[i] = 1;
      bench.set("out/weight", out);
      units[i] = bench.scores(WORKED_BATCH)[0];
    }
    return units;
  }

  /// l_p, unit by unit: lifted above 0 by b₁, so that the ReLU lets it pass.
  private static double[] products(ModelBench bench) {
    double[] bias = new double[bench.shape("product/bias").size(0)];
    Arrays.fill(bias, 10);
    bench.set("product/bias", bias);
    double[] products = units(bench);
    for (int n = 0; n < products.length; n++) {
      products[n] -= 10;
    }
    return products;
  }

  @Test
  void workedProducts() {
    try (ModelBench inner = bare(given(Product.INNER));
        ModelBench outer = bare(given(Product.OUTER))) {
      assertClose(products(inner), new double[] {.9225, .2329}, SIX_DECIMALS);
      assertClose(products(outer), new double[] {-.035, .17}, SIX_DECIMALS);
    }
  }

  @ParameterizedTest
  @EnumSource(Product.class)
  void workedLayer(Product product) {
    try (ModelBench bench = bare(given(product))) {
      bench.set("product/linear", transpose(2, 6, .1, .2, .3, .4, .5, .6, .6, .5, .4, .3, .2, .1));
      bench.set("product/bias", .1, .2);
      double[] expected =
          switch (product) {
            case INNER -> new double[] {1.1125, .5529};
            case OUTER -> new double[] {.155, .49};
            case BOTH -> new double[] {1.0775, .7229};
          };
      assertClose(units(bench), expected, SIX_DECIMALS);
    }
  }

  /// l_z of the worked example: the embeddings' part alone.
  @Test
  void workedLinearSignals() {
    try (ModelBench bench = bare(given(Product.INNER))) {
      bench.set("product/theta", new double[6]);
      bench.set("product/linear", transpose(2, 6, .1, .2, .3, .4, .5, .6, .6, .5, .4, .3, .2, .1));
      assertClose(products(bench), new double[] {.09, .12}, SIX_DECIMALS);
    }
  }

  /// Δ of the worked example: with one column of vectors left, ‖Δ‖² is one of its squares.
  @Test
  void workedDelta() {
    double[][] delta = {{.75, -.6}, {-.27, .4}};
    for (int d = 0; d < 2; d++) {
      try (ModelBench bench = bare(given(Product.INNER))) {
        for (String path : new String[] {"v/a", "v/b", "v/c"}) {
          double[] v = bench.get(path);
          v[5 - d] = 0; // the other column
          bench.set(path, v);
        }
        double[] expected = {delta[0][d] * delta[0][d], delta[1][d] * delta[1][d]};
        assertClose(products(bench), expected, SIX_DECIMALS);
      }
    }
  }

  /// The Gram matrix of the worked example and its upper triangle, one full weight after the other.
  @Test
  void workedGramMatrix() {
    double[] all = {.05, -.05, .07, -.05, .25, -.39, .07, -.39, .61};
    double[] upper = {-.05, .07, -.39};
    try (ModelBench bench = bare(given(Product.INNER, "innerWeights", "FULL", "productSize", "9"));
        ModelBench half =
            bare(
                given(
                    Product.INNER, "innerWeights", "FULL", "pairs", "UPPER", "productSize", "3"))) {
      bench.set("product/inner", identity(9));
      assertClose(products(bench), all, SIX_DECIMALS);
      half.set("product/inner", identity(3));
      assertClose(products(half), upper, SIX_DECIMALS);
    }
  }

  /// p of the worked example, one weight after the other, and f_Σ through it.
  @Test
  void workedOuterProduct() {
    try (ModelBench bench = bare(given(Product.OUTER, "productSize", "1"))) {
      double[] p = {.01, -.04, -.04, .16}; // f_Σ = (−0.1, 0.4)
      for (int i = 0; i < 4; i++) {
        double[] weight = new double[4];
        weight[i] = 1;
        bench.set("product/outer", weight);
        assertClose(products(bench), new double[] {p[i]}, SIX_DECIMALS);
      }
    }
  }

  private static double[] identity(int n) {
    double[] a = new double[n * n];
    for (int i = 0; i < n; i++) {
      a[i * n + i] = 1;
    }
    return a;
  }

  /// (a): θθᵀ as full weights.
  @Test
  void factorisedWeightsAreFullWeightsOfRankOne() {
    try (ModelBench factorised = bare(given(Product.INNER));
        ModelBench full = bare(given(Product.INNER, "innerWeights", "FULL"))) {
      double[] theta = factorised.get("product/theta"); // [3, 2]
      double[] w = new double[18];
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
          for (int n = 0; n < 2; n++) {
            w[(i * 3 + j) * 2 + n] = theta[i * 2 + n] * theta[j * 2 + n];
          }
        }
      }
      full.set("product/inner", w);
      double[] l = products(factorised);
      assertClose(products(full), l, EXACT);
      assertThat(l).isEqualTo(Arrays.stream(l).map(Math::abs).toArray()); // semidefinite
    }
  }

  /// (c): θ = 1 and W = I both give ‖f_Σ‖², the trace of p.
  @Test
  void withOnesAndTheIdentityInnerAndOuterMeet() {
    try (ModelBench inner = bare(given(Product.INNER, "productSize", "1"));
        ModelBench outer = bare(given(Product.OUTER, "productSize", "1"))) {
      inner.set("product/theta", 1, 1, 1);
      outer.set("product/outer", 1, 0, 0, 1);
      assertClose(products(inner), new double[] {.17}, EXACT);
      assertClose(products(outer), new double[] {.17}, EXACT);
    }
  }

  /// (d): ones above the diagonal give FM's second order, −0.37 for these vectors, in both ways to say it.
  @Test
  void withOnesAboveTheDiagonalItIsTheFactorizationMachine() {
    try (ModelBench all = bare(given(Product.INNER, "innerWeights", "FULL", "productSize", "1"));
        ModelBench upper =
            bare(
                given(
                    Product.INNER, "innerWeights", "FULL", "pairs", "UPPER", "productSize", "1"))) {
      all.set("product/inner", 0, 1, 1, 0, 0, 1, 0, 0, 0);
      upper.set("product/inner", 1, 1, 1);
      assertClose(products(all), new double[] {-.37}, EXACT);
      assertClose(products(upper), new double[] {-.37}, EXACT);
    }
  }

  /// (e), and only the symmetric part of W matters; inner products do see which field is which.
  @Test
  void outerProductsDoNotSeeTheOrderOfFields() {
    try (ModelBench outer = bare(given(Product.OUTER));
        ModelBench inner = bare(given(Product.INNER))) {
      double[] before = products(outer);
      outer.set("product/outer", transpose(2, 4, .5, -.3, .5, -.2, 1, .7, -.7, 1)); // b + c kept
      assertClose(products(outer), before, EXACT);
      double[] innerBefore = products(inner);
      for (ModelBench bench : new ModelBench[] {outer, inner}) {
        double[] a = bench.get("v/a");
        bench.set("v/a", bench.get("v/c"));
        bench.set("v/c", a);
      }
      assertClose(products(outer), before, EXACT);
      assertThat(Math.abs(products(inner)[1] - innerBefore[1])).isGreaterThan(.01);
    }
  }

  /// By hand: ∂l_p/∂θᵢ = 2⟨fᵢ, Δ⟩ and ∂l_p/∂f_a = 2θ_aΔ for one unit.
  @Test
  void workedGradients() {
    try (ModelBench bench = bare(given(Product.INNER, "productSize", "1"))) {
      bench.set("product/theta", 1, .5, -1); // Δ = (0.75, −0.6)
      bench.set("out/weight", 1);
      Map<String, double[]> g = bench.gradients(WORKED_BATCH, 1);
      assertClose(
          Naive.get(g, "product/theta"),
          new double[] {
            2 * (.1 * .75 - .2 * .6), 2 * (.3 * .75 + .4 * .6), 2 * (-.5 * .75 - .6 * .6)
          },
          EXACT);
      assertClose(Naive.get(g, "v/a"), new double[] {0, 0, 0, 0, 1.5, -1.2}, EXACT);
    }
  }

  @Test
  void parameters() {
    try (ModelBench bench =
        ModelBench.of(SPEC, Map.of("product", "BOTH", "hidden", "4,3"), WORKED, 1)) {
      assertThat(bench.paths())
          .containsExactly(
              "deep/0/bias",
              "deep/0/weight",
              "deep/1/bias",
              "deep/1/weight",
              "out/bias",
              "out/weight",
              "product/bias",
              "product/linear",
              "product/outer",
              "product/theta",
              "v/a",
              "v/b",
              "v/c");
    }
  }

  /// Ten factors, dropout 0.5, three hidden layers with ReLU; inner products, factorised, of all pairs.
  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("embeddingDim")).isEqualTo(10);
    assertThat(s.list("hidden")).hasSize(2); // with the product layer three
    assertThat(s.choice("product", Product.class)).isEqualTo(Product.INNER);
    assertThat(s.real("dropout")).isEqualTo(.5);
    assertThat(s.choice("innerWeights", InnerWeights.class)).isEqualTo(InnerWeights.FACTORIZED);
    assertThat(s.choice("pairs", Pairs.class)).isEqualTo(Pairs.ALL);
  }

  @Test
  void factorisedWeightsHaveNoUpperTriangle() {
    Map<String, String> given = given(Product.BOTH, "pairs", "UPPER");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given, WORKED, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(SPEC.conflict(SPEC.settings(given)))
        .hasMessageContaining("innerWeights=FULL");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1})
  void aProductLayerHasUnits(int size) {
    Map<String, String> given = Map.of("productSize", Integer.toString(size));
    assertThatThrownBy(() -> ModelBench.of(SPEC, given, WORKED, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "pnn: productSize " + size + ". Expected at least 1 unit in the product layer.");
  }

  @Test
  void oneFieldHasNoUpperPair() {
    Schema schema = Schema.of(new Field.Categorical("a", 3), Schemas.CLICK);
    Map<String, String> given = given(Product.INNER, "innerWeights", "FULL", "pairs", "UPPER");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 1)) {
      assertThat(bench.paths()).doesNotContain("product/inner");
      Batch batch = ModelBench.batch(schema, 1, new float[0], single(2));
      assertThat(bench.scores(batch)).doesNotContain(Double.NaN);
    }
  }
}
