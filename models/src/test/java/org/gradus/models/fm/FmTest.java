// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.fm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.single;

import java.util.ArrayList;
import java.util.Arrays;
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
import org.gradus.models.Naive.Feature;
import org.gradus.models.Schemas;
import org.gradus.models.Settings;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// FM (FM-1) to (FM-3): an example worked by hand, invariants, and a double loop over features.
class FmTest {
  private static final FmSpec SPEC = new FmSpec();

  /// φ₂ = Σ_{i<j} ⟨vᵢ, vⱼ⟩ xᵢ xⱼ over all features, those of one bag included.
  private static double pairs(
      Map<String, double[]> params, List<Feature> features, int dim, boolean numbers) {
    double sum = 0;
    for (int i = 0; i < features.size(); i++) {
      for (int j = i + 1; j < features.size(); j++) {
        Feature a = features.get(i);
        Feature b = features.get(j);
        boolean both = !(a.field() instanceof Field.Dense) && !(b.field() instanceof Field.Dense);
        if (numbers || both) {
          double[] v = Naive.vector(params, "v/", a, dim);
          double[] w = Naive.vector(params, "v/", b, dim);
          sum += Naive.dot(v, w) * a.x() * b.x();
        }
      }
    }
    return sum;
  }

  private static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    boolean numbers = s.choice("numeric", Numeric.class) == Numeric.SCALED_EMBEDDING;
    double z = pairs(params, Naive.features(batch, row), s.integer("embeddingDim"), numbers);
    z += s.flag("useLinear") ? Naive.firstOrder(params, batch, row) : 0;
    return z + (s.flag("useBias") ? Naive.get(params, "bias")[0] : 0);
  }

  /// Invariant (a), with every combination of options.
  @ParameterizedTest
  @MethodSource("org.gradus.models.Schemas#all")
  void scoreIsTheDoubleLoopOverFeatures(Schema schema) {
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
          new Field.Categorical("c", 3), new Field.Dense("x"), new Field.Dense("y"), Schemas.CLICK);

  private static ModelBench worked() {
    ModelBench bench = ModelBench.of(SPEC, Map.of("embeddingDim", "2"), WORKED, 1);
    bench.set("bias", .1);
    bench.set("w/c", 0, 0, .2);
    bench.set("w/numeric", -.3, .4);
    bench.set("v/c", 0, 0, 0, 0, .1, .2);
    bench.set("v/numeric", .3, -.4, -.5, .6);
    return bench;
  }

  private static double at(ModelBench bench, float... numbers) {
    return bench.scores(ModelBench.batch(WORKED, 1, numbers, single(2)))[0];
  }

  @Test
  void workedExampleWithGradients() {
    try (ModelBench bench = worked()) {
      Batch batch = ModelBench.batch(WORKED, 1, new float[] {.5f, 2}, single(2));
      double z = bench.scores(batch)[0];
      assertClose(new double[] {z}, new double[] {.675}, SIX_DECIMALS);
      assertClose(new double[] {ModelBench.sigmoid(z)}, new double[] {.662622}, SIX_DECIMALS);
      assertClose(new double[] {ModelBench.logLoss(z, 1)}, new double[] {.411551}, SIX_DECIMALS);
      Map<String, double[]> g = bench.gradients(batch, 1);
      assertClose(Naive.get(g, "v/c"), new double[] {0, 0, 0, 0, -.85, 1}, SIX_DECIMALS);
      assertClose(Naive.get(g, "v/numeric"), new double[] {-.45, .7, .5, 0}, SIX_DECIMALS);
      assertClose(Naive.get(g, "w/c"), new double[] {0, 0, 1}, SIX_DECIMALS);
      assertClose(Naive.get(g, "w/numeric"), new double[] {.5, 2}, SIX_DECIMALS);
    }
  }

  /// ∂z/∂x of the worked example. In each number z is linear, so a difference of any step is the derivative.
  @Test
  void workedDerivativesByTheNumbers() {
    try (ModelBench bench = worked()) {
      double z = at(bench, .5f, 2);
      assertClose(
          new double[] {at(bench, 1.5f, 2) - z, at(bench, .5f, 3) - z},
          new double[] {-1.13, .275},
          SIX_DECIMALS);
    }
  }

  /// (b): fields and the ids of a bag in any order.
  @Test
  void theOrderOfFeaturesIsIrrelevant() {
    List<Field> fields = new ArrayList<>(Schemas.BAGS.fields());
    Schema reversed = new Schema(fields.reversed());
    try (ModelBench bench = ModelBench.drawn(SPEC, Map.of(), Schemas.BAGS, 3);
        ModelBench other = ModelBench.drawn(SPEC, Map.of(), reversed, 3)) {
      Batch batch =
          ModelBench.batch(
              Schemas.BAGS,
              1,
              new float[] {.7f},
              new int[] {2, 5, 0, 5},
              new int[] {3},
              new int[] {4, 2});
      Batch turned =
          ModelBench.batch(
              reversed, 1, new float[] {.7f}, new int[] {2, 4}, new int[] {3}, new int[] {5, 5, 2});
      assertClose(other.scores(turned), bench.scores(batch), EXACT);
    }
  }

  /// (c)
  @Test
  void aFeatureOfValueZeroChangesNothing() {
    Schema without = Schema.of(new Field.Categorical("c", 3), new Field.Dense("x"), Schemas.CLICK);
    try (ModelBench bench = worked();
        ModelBench small = ModelBench.of(SPEC, Map.of("embeddingDim", "2"), without, 1)) {
      bench.all().forEach((path, v) -> small.set(path, Arrays.copyOf(v, small.get(path).length)));
      Batch batch = ModelBench.batch(without, 1, new float[] {.5f}, single(2));
      assertThat(small.scores(batch)[0]).isEqualTo(at(bench, .5f, 0));
    }
  }

  private static final Map<String, String> PAIRS_ONLY =
      Map.of("embeddingDim", "3", "useBias", "false", "useLinear", "false");

  /// (d)
  @Test
  void aFeatureAloneHasNoPairs() {
    Schema schema = Schema.of(new Field.MultiValued("m", 5, "m", Pooling.MEAN, 3), Schemas.CLICK);
    try (ModelBench bench = ModelBench.drawn(SPEC, PAIRS_ONLY, schema, 1)) {
      Batch batch =
          ModelBench.batch(schema, 3, new float[0], new int[] {3}, new int[] {0, 4}, new int[0]);
      assertClose(
          bench.scores(batch), new double[3], 1e-15); // what cancels is exact but for rounding
    }
  }

  /// (e), with a reflection at a random plane
  @Test
  void rotatingEveryVectorChangesNothing() {
    int dim = 3;
    try (ModelBench bench = ModelBench.drawn(SPEC, Map.of("embeddingDim", "3"), Schemas.BAGS, 1)) {
      Batch batch = SampleBatches.draw(Schemas.BAGS, 5, 1);
      double[] before = bench.scores(batch);
      double[] n = {.3, -.8, .5};
      for (String path : bench.paths()) {
        if (path.startsWith("v/")) {
          double[] v = bench.get(path);
          for (int i = 0; i < v.length; i += dim) {
            double along = v[i] * n[0] + v[i + 1] * n[1] + v[i + 2] * n[2];
            for (int d = 0; d < dim; d++) {
              v[i + d] -= 2 * along * n[d] / Naive.dot(n, n);
            }
          }
          bench.set(path, v);
        }
      }
      assertClose(bench.scores(batch), before, EXACT);
    }
  }

  /// (f)
  @Test
  void pairsGrowWithTheSquareOfTheValues() {
    Schema schema =
        Schema.of(new Field.Dense("a"), new Field.Dense("b"), new Field.Dense("c"), Schemas.CLICK);
    try (ModelBench bench = ModelBench.drawn(SPEC, PAIRS_ONLY, schema, 1)) {
      double z = bench.scores(ModelBench.batch(schema, 1, new float[] {.5f, -2, 3}))[0];
      double scaled = bench.scores(ModelBench.batch(schema, 1, new float[] {2, -8, 12}))[0];
      assertThat(z).isNotZero();
      assertClose(new double[] {scaled}, new double[] {16 * z}, EXACT);
    }
  }

  /// A vector of zeros meets only zeros: it would never learn, so vectors start at random, and weights at 0.
  @Test
  void initialValues() {
    Schema schema = Schema.of(new Field.Categorical("user", 3000), Schemas.CLICK);
    try (ModelBench bench = ModelBench.of(SPEC, Map.of("embeddingDim", "4"), schema, 1)) {
      double[] v = bench.get("v/user");
      // 12 000 draws estimate a deviation within 1/√24000; five of them are 3.3 %
      assertThat(Math.sqrt(Naive.dot(v, v) / v.length)).isCloseTo(.01, withinPercentage(3.3));
      assertThat(v).startsWith(0, 0, 0, 0); // padding
      assertThat(bench.get("w/user")).containsOnly(0);
      assertThat(bench.get("bias")).containsOnly(0);
    }
  }

  @Test
  void bagsPooledByMaxAreRefused() {
    Schema schema = Schema.of(new Field.MultiValued("m", 5, "m", Pooling.MAX, 3), Schemas.CLICK);
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of(), schema, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "fm: field m is pooled by MAX, so its ids have no values x. Expected SUM, MEAN or"
                + " SQRTN.");
  }
}
