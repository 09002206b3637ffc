// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dlrm;

import static org.gradus.models.Naive.dot;
import static org.gradus.models.Naive.flat;
import static org.gradus.models.Naive.get;
import static org.gradus.models.Naive.linear;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.layers.DotInteraction.Order;
import org.gradus.models.ModelBench;
import org.gradus.models.Naive;
import org.gradus.models.Settings;
import org.gradus.models.dlrm.DlrmSpec.Kind;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Pooling;

/// DLRM as loops over raw parameters.
///
/// @param params by path
/// @param settings of the model
record NaiveDlrm(Map<String, double[]> params, Settings settings) {
  double score(Batch batch, int row) {
    boolean d = !batch.schema().dense().isEmpty() || settings.flag("constantInput");
    double[] r = interact(vectors(batch, row), d);
    double[] h = Naive.tower(params, "top/", r);
    return linear(h, get(params, "out/weight"), get(params, "out/bias"))[0];
  }

  /// T: d if there is one, then a vector per field, fields of one table together.
  private double[][] vectors(Batch batch, int row) {
    int dim = settings.integer("embeddingDim");
    List<double[]> t = new ArrayList<>();
    int c = batch.schema().dense().size();
    if (c > 0) {
      double[] x = new double[c];
      for (int i = 0; i < c; i++) {
        x[i] = Naive.number(batch, row, i);
      }
      t.add(Naive.tower(params, "bottom/", x));
    } else if (settings.flag("constantInput")) {
      t.add(Naive.tower(params, "bottom/", new double[] {1}));
    }
    List<Field.Ids> fields = batch.schema().ids();
    for (String table : fields.stream().map(Field.Ids::table).distinct().toList()) {
      double[] rows = get(params, "tables/" + table);
      for (Field.Ids f : fields) {
        if (f.table().equals(table)) {
          t.add(bag(rows, ModelBench.bag(batch, f.name(), row), f, dim));
        }
      }
    }
    return t.toArray(double[][]::new);
  }

  /// (EB-1); every id counts, 0 too.
  private static double[] bag(double[] rows, int[] ids, Field.Ids field, int dim) {
    Pooling pooling = field instanceof Field.MultiValued m ? m.pooling() : Pooling.SUM;
    double divisor =
        switch (pooling) {
          case MEAN -> Math.max(1, ids.length);
          case SQRTN -> Math.sqrt(Math.max(1, ids.length));
          default -> 1;
        };
    double[] sum = new double[dim];
    for (int id : ids) {
      for (int d = 0; d < dim; d++) {
        sum[d] += rows[id * dim + d] / divisor;
      }
    }
    return sum;
  }

  private double[] interact(double[][] t, boolean dense) {
    double[] d = dense ? t[0] : new double[0];
    double[] x0 = flat(t);
    return switch (settings.choice("interaction", Kind.class)) {
      case DOT -> flat(d, dots(t));
      case CAT -> x0;
      case DCN_LOW_RANK, DCN_FULL, DCN_VECTOR, DCN_MIXTURE -> cross(x0);
      case PROJECTION -> flat(d, project(x0));
    };
  }

  private double[] dots(double[][] t) {
    boolean lower = settings.choice("order", Order.class) == Order.LOWER_ROW_MAJOR;
    List<Double> f = new ArrayList<>();
    for (int i = 0; i < t.length; i++) {
      for (int j = 0; j < t.length; j++) {
        boolean wanted = lower ? j < i : j > i;
        if (wanted || (i == j && settings.flag("includeSelf"))) {
          f.add(dot(t[i], t[j]));
        }
      }
    }
    return f.stream().mapToDouble(v -> v).toArray();
  }

  private double[] cross(double[] x0) {
    double[] x = x0;
    for (int l = 0; l < settings.integer("crossLayers"); l++) {
      String p = "interaction/" + l + "/";
      double[] b = get(params, p + "b");
      double[] next = x.clone();
      switch (settings.choice("interaction", Kind.class)) {
        case DCN_FULL -> addProduct(next, 1, x0, linear(x, get(params, p + "w"), b)); // (XN-2)
        case DCN_LOW_RANK -> { //                                                        (XN-1)
          double[] h = linear(x, get(params, p + "v"), new double[settings.integer("rank")]);
          addProduct(next, 1, x0, linear(h, get(params, p + "u"), b));
        }
        case DCN_VECTOR -> { //                                                          (XN-3)
          double s = dot(get(params, p + "w"), x);
          for (int i = 0; i < x0.length; i++) {
            next[i] += s * x0[i] + b[i];
          }
        }
        default -> mixture(next, x0, x, p); //                                           (XN-4)
      }
      x = next;
    }
    return x;
  }

  private void mixture(double[] next, double[] x0, double[] x, String p) {
    int n = x0.length;
    int experts = settings.integer("experts");
    int r = settings.integer("rank");
    double[] gate = {1};
    if (experts > 1) {
      gate = linear(x, get(params, "interaction/gate"), new double[experts]);
      gate = Arrays.stream(gate).map(StrictMath::exp).toArray();
      double sum = Arrays.stream(gate).sum();
      gate = Arrays.stream(gate).map(v -> v / sum).toArray();
    }
    for (int e = 0; e < experts; e++) {
      double[] h = activate(linear(x, slice(p + "v", e, n * r), new double[r]));
      h = activate(linear(h, slice(p + "c", e, r * r), new double[r]));
      addProduct(next, gate[e], x0, linear(h, slice(p + "u", e, r * n), get(params, p + "b")));
    }
  }

  private double[] slice(String path, int e, int size) {
    return Arrays.copyOfRange(get(params, path), e * size, (e + 1) * size);
  }

  private double[] activate(double[] x) {
    Activation g = settings.choice("activation", Activation.class);
    return Arrays.stream(x)
        .map(
            v ->
                switch (g) {
                  case IDENTITY -> v;
                  case RELU -> Math.max(v, 0);
                  case SIGMOID -> ModelBench.sigmoid(v);
                  case TANH -> StrictMath.tanh(v);
                })
        .toArray();
  }

  private static void addProduct(double[] to, double factor, double[] a, double[] b) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * a[i] * b[i];
    }
  }

  /// (PJ-1) to (PJ-3)
  private double[] project(double[] x0) {
    int dim = settings.integer("embeddingDim");
    double[] y = Naive.tower(params, "interaction/branch1/", x0);
    double[] z = Naive.tower(params, "interaction/branch2/", x0);
    int f1 = y.length / dim;
    int f2 = z.length / dim;
    double[] products = new double[f1 * f2];
    for (int p = 0; p < f1; p++) {
      for (int q = 0; q < f2; q++) {
        for (int t = 0; t < dim; t++) {
          products[p * f2 + q] += y[p * dim + t] * z[t * f2 + q];
        }
      }
    }
    return products;
  }
}
