// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lr;

import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;

import java.util.Map;
import java.util.TreeMap;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelBench;
import org.gradus.models.Naive;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LrTest {
  /// (1): one weight per feature, and its derivative is the feature's value.
  @ParameterizedTest
  @MethodSource("org.gradus.models.Schemas#all")
  void scoreIsTheSumOfTheWeightsOfTheFeatures(Schema schema) {
    for (long seed = 1; seed <= 3; seed++) {
      try (ModelBench bench = ModelBench.drawn(new LrSpec(), Map.of(), schema, seed)) {
        Batch batch = SampleBatches.draw(schema, 5, seed);
        Map<String, double[]> params = bench.all();
        double[] expected = new double[5];
        double[] weights = new double[5];
        Map<String, double[]> gradients = new TreeMap<>();
        params.forEach((path, values) -> gradients.put(path, new double[values.length]));
        for (int b = 0; b < 5; b++) {
          weights[b] = b - 1.5;
          expected[b] = Naive.get(params, "bias")[0] + Naive.firstOrder(params, batch, b);
          Naive.get(gradients, "bias")[0] += weights[b];
          for (Naive.Feature f : Naive.features(batch, b)) {
            String table = f.field() instanceof Field.Ids ids ? ids.table() : "numeric";
            Naive.get(gradients, "w/" + table)[f.id()] += weights[b] * f.x();
          }
        }
        assertClose(bench.scores(batch), expected, EXACT);
        Map<String, double[]> found = bench.gradients(batch, weights);
        gradients.forEach((path, g) -> assertClose(Naive.get(found, path), g, EXACT));
      }
    }
  }
}
