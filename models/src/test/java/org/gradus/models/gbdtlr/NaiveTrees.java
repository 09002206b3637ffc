// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.models.ModelBench;
import org.gradus.models.Naive;
import org.gradus.models.Settings;

/// The model as plain loops over what it keeps.
final class NaiveTrees {
  private NaiveTrees() {}

  /// The fields that trees read, numbers first, each by name.
  static List<Field> fields(Batch batch) {
    List<Field> found = new ArrayList<>();
    batch.schema().fields().stream()
        .filter(f -> f instanceof Field.Dense)
        .sorted(Comparator.comparing(Field::name))
        .forEach(found::add);
    batch.schema().fields().stream()
        .filter(f -> f instanceof Field.Categorical || f instanceof Field.MultiValued)
        .sorted(Comparator.comparing(Field::name))
        .forEach(found::add);
    return found;
  }

  /// x of a row, from the rates and counts that were learned.
  static double[] numbers(Map<String, double[]> params, Batch batch, int row) {
    List<Double> x = new ArrayList<>();
    for (Field f : fields(batch)) {
      if (f instanceof Field.Ids ids) {
        double[] table = Naive.get(params, "statistics/" + ids.table());
        int[] bag =
            Arrays.stream(ModelBench.bag(batch, f.name(), row)).filter(id -> id != 0).toArray();
        for (int k = 0; k < 2; k++) {
          double sum = 0;
          for (int id : bag) {
            sum += table[2 * id + k];
          }
          x.add((double) (float) (bag.length == 0 ? 0 : sum / bag.length));
        }
      } else {
        x.add(Naive.number(batch, row, batch.schema().dense().indexOf((Field.Dense) f)));
      }
    }
    return x.stream().mapToDouble(d -> d).toArray();
  }

  /// ℓ_t(x)  (GL-1)
  static int leaf(Map<String, double[]> params, int most, int tree, double[] x) {
    double[] nodes = Naive.get(params, "trees/nodes");
    if (Naive.get(params, "trees/leaves")[tree] == 1) {
      return 0;
    }
    int at = 0;
    while (at >= 0) {
      int node = 4 * (tree * (most - 1) + at);
      boolean left = x[(int) nodes[node]] <= nodes[node + 1];
      at = (int) nodes[node + (left ? 2 : 3)];
    }
    return -at - 1;
  }

  /// h(x): 1 for the leaves of a row  (GL-2)
  static double[] oneHots(Map<String, double[]> params, Settings s, double[] x) {
    int most = s.integer("maxLeaves");
    double[] h = new double[s.integer("trees") * most];
    for (int t = 0; t < s.integer("trees"); t++) {
      h[t * most + leaf(params, most, t, x)] = 1;
    }
    return h;
  }

  /// z of a row in evaluation  (GL-3), (GL-4)
  static double score(Map<String, double[]> params, Settings s, Batch batch, int row) {
    double z = Naive.get(params, "bias")[0] + StrictMath.log(s.real("negativeKeepRate"));
    double[] h = oneHots(params, s, numbers(params, batch, row));
    for (int i = 0; i < h.length; i++) {
      z += h[i] * Naive.get(params, "w/leaves")[2 + i];
    }
    for (Naive.Feature f : Naive.features(batch, row)) {
      if (s.flag("appendOriginalFeatures")) {
        z += Naive.vector(params, "original/", f, 1)[0] * f.x();
      }
    }
    return z;
  }
}
