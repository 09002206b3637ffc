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
import org.gradus.tensor.Counter;

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

  /// x of a row in evaluation, from the rates and counts that were learned.
  static double[] numbers(Map<String, double[]> params, int folds, Batch batch, int row) {
    return numbers(params, folds, 0, batch, row);
  }

  /// x of a row in training, with the rates of the rows outside its fold.
  static double[] numbersInTraining(Map<String, double[]> params, int folds, Batch batch, int row) {
    return numbers(params, folds, 2 + fold(batch, row, folds), batch, row);
  }

  /// The fold of a row: a hash of its values, numbers and then ids in the order of the names of the fields.
  static int fold(Batch batch, int row, int folds) {
    long hash = 0;
    for (Field f : fields(batch)) {
      if (f instanceof Field.Ids ids) {
        hash = Counter.key(hash, 0);
        for (int id : ModelBench.bag(batch, ids.name(), row)) {
          hash = id == 0 ? hash : Counter.key(hash, id);
        }
      } else {
        int at = batch.schema().dense().indexOf((Field.Dense) f);
        float x = batch.dense()[row * batch.schema().dense().size() + at];
        hash = Counter.key(hash, Float.floatToIntBits(x));
      }
    }
    return (int) Counter.below(Counter.key(hash, "fold"), 0, folds);
  }

  private static double[] numbers(
      Map<String, double[]> params, int folds, int rateAt, Batch batch, int row) {
    int width = 2 + folds;
    List<Double> x = new ArrayList<>();
    for (Field f : fields(batch)) {
      if (f instanceof Field.Ids ids) {
        double[] table = Naive.get(params, "statistics/" + ids.table());
        int[] bag =
            Arrays.stream(ModelBench.bag(batch, f.name(), row)).filter(id -> id != 0).toArray();
        for (int k : new int[] {rateAt, 1}) {
          double sum = 0;
          for (int id : bag) {
            sum += table[width * id + k];
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
    double[] h = oneHots(params, s, numbers(params, s.integer("folds"), batch, row));
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
