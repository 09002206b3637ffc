// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.layers.AdaptiveMlp;
import org.gradus.tensor.Pooling;

/// Plain loops over batches and raw parameters, from which tests compute what a model should say. Nothing here calls an
/// operation of the library.
public final class Naive {
  private Naive() {}

  /// A feature that is present in an example.
  ///
  /// @param field its column
  /// @param id row of its table; the number of the dense column for a dense feature
  /// @param x its value
  public record Feature(Field field, int id, double x) {}

  /// The parameter at a path.
  public static double[] get(Map<String, double[]> params, String path) {
    return present(params, path);
  }

  /// What a map has under a name.
  public static <V> V present(Map<String, V> map, String name) {
    return Objects.requireNonNull(map.get(name), name);
  }

  /// The features of an example: ids other than padding, each as often as it occurs, then numbers. The value of an id is
  /// 1, 1/m or 1/√m for SUM, MEAN or SQRTN of m ids.
  public static List<Feature> features(Batch batch, int row) {
    List<Feature> found = new ArrayList<>();
    for (Field.Ids f : batch.schema().ids()) {
      int[] real =
          Arrays.stream(ModelBench.bag(batch, f.name(), row)).filter(id -> id != 0).toArray();
      for (int id : real) {
        found.add(new Feature(f, id, value(f, real.length)));
      }
    }
    for (int c = 0; c < batch.schema().dense().size(); c++) {
      found.add(new Feature(batch.schema().dense().get(c), c, number(batch, row, c)));
    }
    return found;
  }

  private static double value(Field.Ids field, int count) {
    Pooling pooling = field instanceof Field.MultiValued m ? m.pooling() : Pooling.SUM;
    return switch (pooling) {
      case SUM -> 1;
      case MEAN, MEAN_COUNT -> 1.0 / count;
      case SQRTN -> 1 / Math.sqrt(count);
      case MAX -> throw new AssertionError("no feature values");
    };
  }

  /// A number of an example.
  public static double number(Batch batch, int row, int column) {
    return batch.dense()[row * batch.schema().dense().size() + column];
  }

  /// The row of a feature in the tables, or the vectors of dense fields, below a prefix.
  public static double[] vector(
      Map<String, double[]> params, String prefix, Feature feature, int dim) {
    String table = feature.field instanceof Field.Ids ids ? ids.table() : "numeric";
    double[] rows = get(params, prefix + table);
    return Arrays.copyOfRange(rows, feature.id * dim, (feature.id + 1) * dim);
  }

  /// ℓ(x) = Σ w x over all features.
  public static double firstOrder(Map<String, double[]> params, Batch batch, int row) {
    double sum = 0;
    for (Feature f : features(batch, row)) {
      sum += vector(params, "w/", f, 1)[0] * f.x;
    }
    return sum;
  }

  /// The pooled vectors of an example, one per field of ids and, if asked for, one per number: `[F][D]`.
  public static double[][] pooled(
      Map<String, double[]> params, Batch batch, int row, int dim, boolean numbers) {
    List<double[]> vectors = new ArrayList<>();
    List<Feature> features = features(batch, row);
    for (Field field : batch.schema().fields()) {
      if (field instanceof Field.Ids) {
        vectors.add(sum(params, features, field, dim));
      }
    }
    for (Field field : batch.schema().dense()) {
      if (numbers) {
        vectors.add(sum(params, features, field, dim));
      }
    }
    return vectors.toArray(double[][]::new);
  }

  /// The pooled vectors of an example one behind the other, each as wide as its table, and then its numbers.
  public static double[] concatenated(Map<String, double[]> params, Batch batch, int row) {
    List<double[]> parts = new ArrayList<>();
    List<Feature> features = features(batch, row);
    for (Field.Ids f : batch.schema().ids()) {
      parts.add(sum(params, features, f, get(params, "v/" + f.table()).length / f.size()));
    }
    parts.add(numbers(batch, row));
    return flat(parts.toArray(double[][]::new));
  }

  /// The numbers of an example.
  public static double[] numbers(Batch batch, int row) {
    double[] x = new double[batch.schema().dense().size()];
    for (int c = 0; c < x.length; c++) {
      x[c] = number(batch, row, c);
    }
    return x;
  }

  private static double[] sum(
      Map<String, double[]> params, List<Feature> features, Field field, int dim) {
    double[] sum = new double[dim];
    for (Feature f : features) {
      if (f.field.equals(field)) {
        double[] v = vector(params, "v/", f, dim);
        for (int d = 0; d < dim; d++) {
          sum[d] += v[d] * f.x;
        }
      }
    }
    return sum;
  }

  /// x W + b with W `[in, out]`.
  public static double[] linear(double[] x, double[] w, double[] b) {
    double[] y = b.clone();
    for (int j = 0; j < y.length; j++) {
      for (int i = 0; i < x.length; i++) {
        y[j] += x[i] * w[i * y.length + j];
      }
    }
    return y;
  }

  /// The layers `prefix/0`, `prefix/1`, … with ReLU after each, and batch norm by moving statistics before it where there
  /// is one.
  public static double[] tower(Map<String, double[]> params, String prefix, double[] x) {
    return tower(params, prefix, AdaptiveMlp.Activation.RELU, x);
  }

  /// The layers `prefix0`, `prefix1`, … of a tower whose activations may learn, in evaluation, with batch norm where there is one.
  public static double[] tower(
      Map<String, double[]> params, String prefix, AdaptiveMlp.Activation activation, double[] x) {
    double[] h = x;
    for (int l = 0; params.containsKey(prefix + l + "/weight"); l++) {
      String p = prefix + l + "/";
      h = linear(h, get(params, p + "weight"), get(params, p + "bias"));
      for (int i = 0; i < h.length; i++) {
        if (params.containsKey(p + "norm/scale")) {
          double m = get(params, p + "norm/mean")[i];
          double v = get(params, p + "norm/variance")[i];
          h[i] =
              get(params, p + "norm/scale")[i] * (h[i] - m) / Math.sqrt(v + 1e-5)
                  + get(params, p + "norm/shift")[i];
        }
        h[i] = activation(params, p + "activation/", i, activation, h[i]);
      }
    }
    return h;
  }

  private static double activation(
      Map<String, double[]> params,
      String path,
      int i,
      AdaptiveMlp.Activation activation,
      double s) {
    return switch (activation) {
      case SIGMOID -> ModelBench.sigmoid(s);
      case RELU -> Math.max(s, 0);
      case PRELU -> s > 0 ? s : get(params, path + "alpha")[i] * s;
      case DICE -> {
        double mean = get(params, path + "mean")[i];
        double variance = get(params, path + "variance")[i];
        double p = ModelBench.sigmoid((s - mean) / Math.sqrt(variance + 1e-8));
        yield p * s + (1 - p) * get(params, path + "alpha")[i] * s;
      }
    };
  }

  /// The vector of an id in the table `v/<table>`.
  public static double[] row(Map<String, double[]> params, String table, int id, int dim) {
    return Arrays.copyOfRange(get(params, "v/" + table), id * dim, (id + 1) * dim);
  }

  /// The vectors of the real steps of a history of these columns.
  public static List<double[]> steps(
      Map<String, double[]> params, Batch batch, List<String> columns, int row, int dim) {
    List<double[]> steps = new ArrayList<>();
    int length = ModelBench.bag(batch, columns.getFirst(), row).length;
    for (int t = 0; t < length; t++) {
      double[] step = new double[0];
      boolean real = false;
      for (String column : columns) {
        int id = ModelBench.bag(batch, column, row)[t];
        real |= id != 0;
        step = flat(step, row(params, table(batch, column), id, dim));
      }
      if (real) {
        steps.add(step);
      }
    }
    return steps;
  }

  /// The vectors of the fields that read the tables of these columns.
  public static double[] candidate(
      Map<String, double[]> params, Batch batch, List<String> columns, int row, int dim) {
    double[] candidate = new double[0];
    for (String column : columns) {
      for (Field.Categorical f : batch.schema().categorical()) {
        if (f.table().equals(table(batch, column))) {
          int id = ModelBench.bag(batch, f.name(), row)[0];
          candidate = flat(candidate, row(params, f.table(), id, dim));
        }
      }
    }
    return candidate;
  }

  private static String table(Batch batch, String column) {
    return ((Field.Ids) batch.schema().field(column)).table();
  }

  /// Σ_t w_t x_t of vectors of this width.
  public static double[] weighted(double[] w, List<double[]> x, int width) {
    double[] sum = new double[width];
    for (int t = 0; t < w.length; t++) {
      for (int d = 0; d < width; d++) {
        sum[d] += w[t] * x.get(t)[d];
      }
    }
    return sum;
  }

  /// Σ a b
  public static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /// Vectors one behind the other.
  public static double[] flat(double[]... vectors) {
    return Arrays.stream(vectors).flatMapToDouble(Arrays::stream).toArray();
  }
}
