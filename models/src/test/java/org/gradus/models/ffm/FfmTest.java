// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.ffm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
import org.gradus.embeddings.KeyedJaggedTensor;
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

/// FFM: the worked example and the invariants of ctr-models, section 2, and a double loop over features.
class FfmTest {
  private static final FfmSpec SPEC = new FfmSpec();

  /// Fields in the order of the slots: ids, then numbers.
  private static List<Field> fields(Schema schema) {
    List<Field> fields = new ArrayList<>(schema.ids());
    fields.addAll(schema.dense());
    return fields;
  }

  /// w_{j,f}
  private static double[] vector(
      Map<String, double[]> params, Feature j, int f, int fields, int k) {
    double[] all = Naive.vector(params, "v/", j, fields * k);
    return Arrays.copyOfRange(all, f * k, (f + 1) * k);
  }

  /// (FFM-1) to (FFM-3), feature by feature
  private static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    List<Field> fields = fields(batch.schema());
    List<Feature> features = Naive.features(batch, row);
    int k = s.integer("embeddingDim");
    double phi = 0;
    double norm = 0;
    for (int i = 0; i < features.size(); i++) {
      Feature a = features.get(i);
      int fieldOfA = fields.indexOf(a.field());
      norm += a.x() * a.x();
      for (int j = i + 1; j < features.size(); j++) {
        Feature b = features.get(j);
        int fieldOfB = fields.indexOf(b.field());
        if (fieldOfA != fieldOfB || s.flag("includeSameField")) {
          double[] forB = vector(params, a, fieldOfB, fields.size(), k);
          double[] forA = vector(params, b, fieldOfA, fields.size(), k);
          phi += Naive.dot(forB, forA) * a.x() * b.x();
        }
      }
    }
    double z = s.flag("instanceNorm") ? phi / norm : phi;
    return s.flag("useLinear")
        ? z + Naive.firstOrder(params, batch, row) + Naive.get(params, "bias")[0]
        : z;
  }

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

  private static final Map<String, String> PLAIN =
      Map.of("embeddingDim", "2", "instanceNorm", "false");

  private static ModelBench worked() {
    ModelBench bench = ModelBench.of(SPEC, PLAIN, WORKED, 1);
    bench.set("v/c", Naive.flat(new double[12], new double[] {.1, .2, .3, .1, -.2, .4}));
    bench.set("v/numeric", .5, -.1, .2, .2, .1, .3, -.3, .2, .4, .6, .1, -.5);
    return bench;
  }

  private static Batch at(float x, float y) {
    return ModelBench.batch(WORKED, 1, new float[] {x, y}, single(2));
  }

  @Test
  void workedExample() {
    try (ModelBench bench = worked()) {
      double phi = bench.scores(at(.5f, 2))[0];
      double first = bench.scores(at(.5f, 0))[0]; //  a value of 0 takes its pairs away
      double second = bench.scores(at(0, 2))[0];
      assertClose(
          new double[] {phi, first, second, phi - first - second},
          new double[] {.57, .07, .28, .22},
          SIX_DECIMALS);
      assertClose(new double[] {ModelBench.logLoss(phi, 1)}, new double[] {.448222}, SIX_DECIMALS);
      double kappa = ModelBench.sigmoid(phi) - 1; // −t/(1 + e^{tφ}) for t = 1
      assertClose(new double[] {kappa}, new double[] {-.361237}, SIX_DECIMALS);
      double[] g = Naive.get(bench.gradients(at(.5f, 2), kappa), "v/c");
      assertClose(Arrays.copyOfRange(g, 14, 16), new double[] {-.090309, .018062}, SIX_DECIMALS);
    }
  }

  /// The loss of the paper, ln(1 + e^−tz) with t = ±1, is the one of this library with y = 0 or 1.
  @Test
  void bothWaysToWriteTheLossAgree() {
    for (double z : new double[] {-3, -.2, 0, .57, 4}) {
      for (int t : new int[] {-1, 1}) {
        double loss = Math.log(1 + Math.exp(-t * z));
        assertClose(
            new double[] {ModelBench.logLoss(z, (t + 1) / 2.0)}, new double[] {loss}, EXACT);
      }
    }
  }

  /// (a)
  @ParameterizedTest
  @MethodSource("org.gradus.models.Schemas#all")
  void withOneVectorForAllFieldsItIsTheFactorizationMachine(Schema schema) {
    int fields = fields(schema).size();
    try (ModelBench bench = ModelBench.drawn(SPEC, PLAIN, schema, 1)) {
      for (String path : bench.paths()) {
        double[] v = bench.get(path);
        for (int i = 0; i < v.length; i++) {
          v[i] = v[i - i % (2 * fields) + i % 2]; // the vector for field 0
        }
        bench.set(path, v);
      }
      Batch batch = SampleBatches.draw(schema, 5, 1);
      double[] expected = new double[5];
      for (int b = 0; b < 5; b++) {
        List<Feature> features = Naive.features(batch, b);
        for (int i = 0; i < features.size(); i++) {
          for (int j = i + 1; j < features.size(); j++) {
            double[] v = vector(bench.all(), features.get(i), 0, fields, 2);
            double[] u = vector(bench.all(), features.get(j), 0, fields, 2);
            expected[b] += Naive.dot(v, u) * features.get(i).x() * features.get(j).x();
          }
        }
      }
      assertClose(bench.scores(batch), expected, EXACT);
    }
  }

  /// (b): fields in another order, with the vectors kept for them, and the ids of a bag in another order.
  @Test
  void theOrderOfFeaturesIsIrrelevant() {
    Schema schema = Schemas.BAGS; // tags, user, words, price
    Schema turned =
        Schema.of(
            new Field.Categorical("user", 6),
            new Field.MultiValued("words", 5, "words", Pooling.SQRTN, 3),
            new Field.Dense("price"),
            new Field.MultiValued("tags", 7, "tags", Pooling.MEAN, 4),
            Schemas.CLICK);
    int[] from = {1, 2, 0, 3}; // slots of turned among those of schema
    try (ModelBench bench = ModelBench.drawn(SPEC, Map.of(), schema, 3);
        ModelBench other = ModelBench.of(SPEC, Map.of(), turned, 3)) {
      for (String path : bench.paths()) {
        double[] v = bench.get(path);
        double[] moved = new double[v.length];
        for (int i = 0; i < v.length; i++) {
          moved[i] = v[i - i % 16 + from[i % 16 / 4] * 4 + i % 4];
        }
        other.set(path, moved);
      }
      float[] price = {.7f};
      Batch batch =
          ModelBench.batch(
              schema, 1, price, new int[] {2, 5, 0, 5}, new int[] {3}, new int[] {4, 2});
      Batch same =
          ModelBench.batch(turned, 1, price, new int[] {3}, new int[] {2, 4}, new int[] {5, 5, 2});
      assertClose(other.scores(same), bench.scores(batch), EXACT);
    }
  }

  /// (c): ids with weights have values, and so have numbers.
  @Test
  void normalisedScoresDoNotFeelTheScaleOfTheValues() {
    try (ModelBench bench = ModelBench.drawn(SPEC, Map.of(), WORKED, 1);
        ModelBench plain = ModelBench.drawn(SPEC, Map.of("instanceNorm", "false"), WORKED, 1)) {
      Batch once = scaled(1);
      for (float c : new float[] {2, -4}) {
        assertClose(bench.scores(scaled(c)), bench.scores(once), EXACT);
        assertClose(plain.scores(scaled(c)), new double[] {c * c * plain.scores(once)[0]}, EXACT);
      }
      assertThat(bench.scores(once)[0]).isNotZero();
    }
  }

  private static Batch scaled(float c) {
    KeyedJaggedTensor ids =
        KeyedJaggedTensor.fromOffsets(
            List.of("c"), new int[] {2}, new float[] {c}, new int[] {0, 1});
    return Batch.builder(WORKED, 1)
        .dense(new float[] {.5f * c, 2 * c})
        .sparse(ids)
        .real("click", new float[1])
        .build();
  }

  /// (d): of F vectors per feature only those for the other field are used, and a pair trains both.
  @Test
  void onlyTheVectorsForTheOtherFieldHaveAGradient() {
    Schema schema =
        Schema.of(new Field.Categorical("a", 3), new Field.Categorical("b", 3), Schemas.CLICK);
    try (ModelBench bench = ModelBench.drawn(SPEC, PLAIN, schema, 1)) {
      Batch batch = ModelBench.batch(schema, 1, new float[0], single(2, 1));
      double[] a = bench.get("v/a");
      double[] b = bench.get("v/b");
      Map<String, double[]> g = bench.gradients(batch, 1);
      double[] ofA = new double[12]; // rows 0, 1, 2; for field 0, for field 1
      double[] ofB = new double[12];
      System.arraycopy(b, 4, ofA, 10, 2); // ∂φ/∂w_{a,1} = w_{b,0}
      System.arraycopy(a, 10, ofB, 4, 2); // ∂φ/∂w_{b,0} = w_{a,1}
      assertClose(Naive.get(g, "v/a"), ofA, EXACT);
      assertClose(Naive.get(g, "v/b"), ofB, EXACT);
    }
  }

  /// A vector that several pairs of one bag use gets the sum of their gradients.
  @Test
  void pairsOfABagAddUp() {
    Schema schema = Schema.of(new Field.MultiValued("m", 5, "m", Pooling.SUM, 3), Schemas.CLICK);
    try (ModelBench bench = ModelBench.drawn(SPEC, PLAIN, schema, 1)) {
      Batch batch = ModelBench.batch(schema, 1, new float[0], new int[][] {{2, 3, 4}});
      double[] v = bench.get("v/m");
      double[] g = Naive.get(bench.gradients(batch, 1), "v/m");
      assertClose(Arrays.copyOfRange(g, 4, 6), new double[] {v[6] + v[8], v[7] + v[9]}, EXACT);
    }
  }

  /// Uniform on [0, 1/√k), padding apart: k = 4 gives 0 … ½.
  @Test
  void initialValues() {
    Schema schema =
        Schema.of(new Field.Categorical("user", 3000), new Field.Dense("x"), Schemas.CLICK);
    try (ModelBench bench = ModelBench.of(SPEC, Map.of(), schema, 1)) {
      double[] v = bench.get("v/user"); // [3000, 2 · 4]
      assertThat(Arrays.copyOf(v, 8)).containsOnly(0);
      double sum = 0;
      for (int i = 8; i < v.length; i++) {
        assertThat(v[i]).isBetween(0.0, .5);
        sum += v[i];
      }
      // 23 992 draws of deviation ½/√12 estimate their mean within 0.00094; five of them
      assertThat(Math.abs(sum / (v.length - 8) - .25)).isLessThan(.0047);
      assertThat(bench.paths()).containsExactly("v/numeric", "v/user");
    }
  }

  /// The experiments: k = 4, instance-wise normalisation, no linear terms.
  @Test
  void presetsAreThePapers() {
    Settings s = SPEC.settings(Map.of());
    assertThat(s.integer("embeddingDim")).isEqualTo(4);
    assertThat(s.flag("instanceNorm")).isTrue();
    assertThat(s.flag("useLinear")).isFalse();
    assertThat(s.flag("includeSameField")).isTrue();
  }

  @Test
  void anExampleWithoutFeaturesScoresZero() {
    Schema schema = Schema.of(new Field.MultiValued("m", 5, "m", Pooling.SUM, 3), Schemas.CLICK);
    try (ModelBench bench = ModelBench.drawn(SPEC, Map.of(), schema, 1)) {
      Batch batch = ModelBench.batch(schema, 2, new float[0], new int[0], new int[] {0});
      assertThat(bench.scores(batch)).containsExactly(0, 0);
    }
  }

  @Test
  void bagsPooledByMaxAreRefused() {
    Schema schema = Schema.of(new Field.MultiValued("m", 5, "m", Pooling.MAX, 3), Schemas.CLICK);
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of(), schema, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("ffm: field m is pooled by MAX");
  }
}
