// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.sourceattention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelBench;
import org.gradus.models.ModelSpec;
import org.gradus.models.Naive;
import org.gradus.models.Settings;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;

class SourceAttentionTest {
  private static final ModelSpec SPEC = new SourceAttentionSpec();
  private static final Schema SCHEMA = SPEC.exampleSchema(SPEC.settings(Map.of()));

  /// The whole model against plain loops, in every pair of option values.
  @Test
  void equalsItsEquations() {
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 5)) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, SCHEMA, 3)) {
        Batch batch = SampleBatches.draw(SCHEMA, 6, 4);
        double[] expected = new double[6];
        for (int b = 0; b < 6; b++) {
          expected[b] = naive(bench.all(), SPEC.settings(given), batch, b);
        }
        assertClose(bench.scores(batch), expected, EXACT);
      }
    }
  }

  /// A source of a node.
  private record Known(String name, double[] k, boolean present) {}

  private static double naive(Map<String, double[]> params, Settings s, Batch batch, int row) {
    int n = s.integer("embeddingDim");
    List<Known> ids = new ArrayList<>();
    List<Known> numbers = new ArrayList<>();
    for (Field.Ids f : batch.schema().ids()) {
      int[] real =
          Arrays.stream(ModelBench.bag(batch, f.name(), row)).filter(i -> i != 0).toArray();
      double[] mean = new double[n];
      for (int id : real) {
        for (int d = 0; d < n; d++) {
          mean[d] += Naive.get(params, "v/" + f.table())[id * n + d] / real.length;
        }
      }
      ids.add(new Known(f.name(), mean, real.length > 0));
    }
    for (int c = 0; c < batch.schema().dense().size(); c++) {
      double[] v = Arrays.copyOfRange(Naive.get(params, "v/numeric"), c * n, (c + 1) * n);
      for (int d = 0; d < n; d++) {
        v[d] *= Naive.number(batch, row, c);
      }
      numbers.add(new Known(batch.schema().dense().get(c).name(), v, true));
    }
    List<Known> second = new ArrayList<>(ids);
    if ("TWO".equals(s.toMap().get("stages"))) {
      second.add(new Known("structural", stage(params, "structural/", numbers, s), true));
    } else {
      second.addAll(numbers);
    }
    double[] h = stage(params, "semantic/", second, s);
    h = Naive.tower(params, "tower/", h);
    return Naive.linear(
        h, Naive.get(params, "tower/out/weight"), Naive.get(params, "tower/out/bias"))[0];
  }

  private static double[] stage(
      Map<String, double[]> params, String path, List<Known> sources, Settings s) {
    int n = s.integer("embeddingDim");
    int heads = s.integer("heads");
    boolean raw = "RAW".equals(s.toMap().get("aggregate"));
    List<double[]> k = new ArrayList<>();
    List<double[]> z = new ArrayList<>();
    for (Known source : sources) {
      double[] own = source.k;
      double[] map = params.get(path + "adapter/" + source.name);
      if (map != null) {
        own = Naive.linear(own, map, new double[n]);
      }
      if ("LAYER_NORM".equals(s.toMap().get("normaliseSources"))) {
        own = normed(own);
      }
      k.add(own);
      double[] projected =
          Naive.linear(
              own,
              Naive.get(params, path + "project/weight"),
              Naive.get(params, path + "project/bias"));
      z.add(bent(projected, s.choice("activation", SharedSourceAttention.Activation.class)));
    }
    double[] h = new double[0];
    for (int head = 0; head < heads; head++) {
      double[] e = new double[sources.size()];
      double all = 0;
      double present = 0;
      for (int r = 0; r < e.length; r++) {
        e[r] =
            sources.get(r).present
                ? Math.exp(
                    score(params, path, sources.get(r), z.get(r), head, s) / s.real("temperature"))
                : 0;
        all += e[r];
        present += sources.get(r).present ? 1 : 0;
      }
      int width = raw ? n : s.integer("width");
      double[] sum = new double[width];
      for (int r = 0; r < e.length && all > 0; r++) {
        for (int d = 0; d < width; d++) {
          sum[d] += e[r] / all * (raw ? k : z).get(r)[d];
          if (s.flag("residual") && sources.get(r).present) {
            sum[d] += z.get(r)[d] / present;
          }
        }
      }
      h = Naive.flat(h, sum);
    }
    return h;
  }

  private static double score(
      Map<String, double[]> params, String path, Known source, double[] z, int head, Settings s) {
    if ("POPULATION".equals(s.toMap().get("attentionLevel"))) {
      return Naive.get(params, path + "mean/" + source.name)[head];
    }
    double[] u =
        s.flag("scoreHidden")
            ? Naive.linear(
                z, Naive.get(params, path + "score/weight"), Naive.get(params, path + "score/bias"))
            : z;
    double e = 0;
    for (int a = 0; a < u.length; a++) {
      e += Math.tanh(u[a]) * Naive.get(params, path + "score/query")[a * s.integer("heads") + head];
    }
    return e;
  }

  private static double[] bent(double[] x, SharedSourceAttention.Activation activation) {
    return Arrays.stream(x)
        .map(
            v ->
                switch (activation) {
                  case RELU -> Math.max(0, v);
                  case ELU -> v > 0 ? v : Math.expm1(v);
                  case IDENTITY -> v;
                })
        .toArray();
  }

  private static double[] normed(double[] x) {
    double mean = Arrays.stream(x).average().orElseThrow();
    double variance = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    return Arrays.stream(x).map(v -> (v - mean) / Math.sqrt(variance + 1e-6)).toArray();
  }

  /// α of a node adds up to 1 in each stage, over the sources that it has.
  @Test
  void weightsCanBeWatched() {
    try (ModelBench bench = ModelBench.drawn(SPEC, Map.of(), SCHEMA, 3)) {
      Map<String, double[]> weights = bench.weights(SampleBatches.draw(SCHEMA, 4, 4));
      assertThat(weights).containsOnlyKeys("semantic", "structural");
      weights.forEach(
          (stage, w) -> {
            int n = w.length / 4;
            for (int b = 0; b < 4; b++) {
              assertThat(Arrays.stream(w, b * n, (b + 1) * n).sum()).isCloseTo(1, within(EXACT));
            }
          });
    }
  }

  /// A node of which no id is known still has its numbers, in the first stage and through it in the second, beside nodes that have ids.
  @Test
  void numbersSpeakWhereNoIdIsKnown() {
    Schema schema =
        Schema.of(
            new Field.Dense("a"),
            new Field.Dense("b"),
            new Field.Categorical("type", 4),
            new Field.Categorical("place", 4),
            new Field.Label("click", Field.LabelKind.BINARY));
    float[] numbers = {1, 2, 1, 2, 1, -2};
    Batch batch = ModelBench.batch(schema, 3, numbers, ModelBench.single(3, 0, 0, 2, 0, 0));
    for (Map<String, String> given : CoveringArray.pairwise(SPEC, 6)) {
      try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 3)) {
        double[] expected = new double[3];
        for (int b = 0; b < 3; b++) {
          expected[b] = naive(bench.all(), SPEC.settings(given), batch, b);
        }
        assertClose(bench.scores(batch), expected, EXACT);
        assertThat(expected[1]).isNotEqualTo(expected[2]);
      }
    }
  }

  /// Vectors of fields are N(0, 1/n): the mean of squares is within five of its deviations.
  @Test
  void vectorsBeginOfLengthOne() {
    try (ModelBench bench = ModelBench.of(SPEC, Map.of("embeddingDim", "300"), SCHEMA, 7)) {
      String path = "v/" + SCHEMA.ids().getFirst().table();
      double[] v = Arrays.stream(bench.get(path)).filter(x -> x != 0).toArray(); // padding is 0
      double square = 300 * Arrays.stream(v).map(x -> x * x).sum() / v.length;
      assertThat(square).isCloseTo(1, within(5 * Math.sqrt(2.0 / v.length)));
    }
  }

  /// Without numbers, or without fields of ids, there is one stage; a field may not have its name.
  @Test
  void stagesThatThereAre() {
    Field.Label click = new Field.Label("click", Field.LabelKind.BINARY);
    Field.Dense price = new Field.Dense("price");
    Schema numbers = Schema.of(price, new Field.Dense("age"), click);
    try (ModelBench bench = ModelBench.drawn(SPEC, Map.of(), numbers, 1)) {
      assertThat(bench.paths()).noneMatch(p -> p.startsWith("structural/"));
      assertThat(bench.scores(SampleBatches.draw(numbers, 3, 1))).doesNotContain(Double.NaN);
    }
    Schema named =
        Schema.of(price, new Field.MultiValued("structural", 5, "t", Pooling.MEAN, 2), click);
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of(), named, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a field is called structural");
    try (ModelBench bench = ModelBench.of(SPEC, Map.of("stages", "ONE"), named, 1)) {
      assertThat(bench.paths()).contains("semantic/adapter/price", "semantic/adapter/structural");
    }
  }
}
