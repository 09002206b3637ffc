// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import java.util.Arrays;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.models.Naive;

/// (EA-1) to (EA-8) as plain loops over one node at a time. Nothing here calls an operation of the library.
final class NaiveEasing {
  private final Map<String, double[]> params;
  private final Sizes sizes;
  private final double rho;
  private final boolean coupled;
  private final boolean elu;

  /// N, H, layers and the width of a node's vector.
  record Sizes(int elements, int heads, int layers, int nodeDim) {}

  NaiveEasing(Map<String, double[]> params, Sizes sizes, double rho, boolean coupled, boolean elu) {
    this.params = params;
    this.sizes = sizes;
    this.rho = rho;
    this.coupled = coupled;
    this.elu = elu;
  }

  /// μ and ν of a row.
  double[] distribution(Batch batch, int row) {
    double[] x = encoded(batch, row);
    double c = Naive.number(batch, row, 0);
    double r = Naive.number(batch, row, 1);
    double gamma = get("dje/gamma")[0];
    double beta = get("dje/beta")[0];
    double kappa = gamma * c + beta + (1 - gamma) * r + beta;
    double nu = read("uncertainty", x, kappa);
    return new double[] {read("value", x, kappa), Math.max(-10, Math.min(10, nu))};
  }

  private double[] get(String path) {
    return Naive.get(params, path);
  }

  private double[] encoded(Batch batch, int row) {
    double[] e = new double[0];
    for (String field : new String[] {"type", "cites", "mentions"}) {
      String table = field.equals("type") ? "type" : "node";
      double[] mean = new double[sizes.nodeDim];
      int real = 0;
      for (int id : org.gradus.models.ModelBench.bag(batch, field, row)) {
        real += id == 0 ? 0 : 1;
        for (int d = 0; d < sizes.nodeDim && id != 0; d++) {
          mean[d] += get("encoder/nodes/" + table)[id * sizes.nodeDim + d];
        }
      }
      for (int d = 0; d < sizes.nodeDim && real > 0; d++) {
        mean[d] /= real;
      }
      e = Naive.flat(e, mean);
    }
    double[] structure = dense("encoder/structure", e);
    double[] content = dense("encoder/content", Naive.numbers(batch, row));
    return Naive.flat(bent(structure), bent(content));
  }

  private double[] dense(String path, double[] x) {
    return Naive.linear(x, get(path + "/weight"), get(path + "/bias"));
  }

  private static double[] bent(double[] x) {
    return Arrays.stream(x).map(v -> v > 0 ? v : Math.exp(v) - 1).toArray();
  }

  private double read(String stream, double[] x, double kappa) {
    int d = x.length;
    double[][] s = new double[sizes.elements][d];
    for (int n = 0; n < s.length; n++) {
      for (int i = 0; i < d; i++) {
        s[n][i] = get("dje/" + stream + "/basis")[n] * x[i];
      }
    }
    for (int l = 0; l < sizes.layers; l++) {
      s = layer("dje/" + stream + "/" + l, s);
    }
    double y = get("dje/" + stream + "/out/bias")[0];
    for (int n = 0; n < s.length; n++) {
      for (int i = 0; i < d; i++) {
        y += Math.max(0, kappa * s[n][i]) * get("dje/" + stream + "/out/weight")[n * d + i];
      }
    }
    return y;
  }

  private double[][] layer(String path, double[][] s) {
    double[][] o = attention(path, s);
    double[][] out = new double[s.length][];
    for (int n = 0; n < s.length; n++) {
      double[] a = normed(path + "/first", sum(s[n], o[n]));
      double[] f = bent(dense(path + "/narrow", bent(dense(path + "/widen", a))));
      out[n] = normed(path + "/second", sum(a, f));
    }
    return out;
  }

  private double[][] attention(String path, double[][] s) {
    int n = s.length;
    int d = s[0].length;
    int w = d / sizes.heads;
    double[][] q = new double[n][];
    double[][] k = new double[n][];
    double[][] v = new double[n][];
    for (int i = 0; i < n; i++) {
      q[i] = projected(path + "/query", s[i]);
      k[i] = projected(path + "/key", s[i]);
      v[i] = projected(path + "/value", s[i]);
    }
    double[][] o = new double[n][d];
    for (int h = 0; h < sizes.heads; h++) {
      for (int i = 0; i < n; i++) {
        double[] e = new double[n];
        double all = 0;
        for (int m = 0; m < n; m++) {
          double score = 0;
          for (int j = 0; j < w; j++) {
            score += at(q, h, i, j) * at(k, h, m, j);
          }
          e[m] = Math.exp(score / rho);
          all += e[m];
        }
        for (int j = 0; j < w; j++) {
          double mixed = 0;
          for (int m = 0; m < n; m++) {
            mixed += e[m] / all * at(v, h, m, j);
          }
          int place = place(n, d, h, i, j);
          o[place / d][place % d] = mixed;
        }
      }
    }
    return o;
  }

  /// Flat place of row i, column j of head h.
  private int place(int n, int d, int h, int i, int j) {
    int w = d / sizes.heads;
    return coupled ? (h * n + i) * w + j : i * d + h * w + j;
  }

  private double at(double[][] x, int h, int i, int j) {
    int place = place(x.length, x[0].length, h, i, j);
    return x[place / x[0].length][place % x[0].length];
  }

  private double[] projected(String path, double[] x) {
    double[] y = Naive.linear(x, get(path), new double[x.length]);
    return elu ? bent(y) : y;
  }

  private static double[] sum(double[] a, double[] b) {
    double[] c = a.clone();
    for (int i = 0; i < c.length; i++) {
      c[i] += b[i];
    }
    return c;
  }

  private double[] normed(String path, double[] x) {
    double mean = Arrays.stream(x).average().orElseThrow();
    double variance = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    double[] y = new double[x.length];
    for (int i = 0; i < y.length; i++) {
      y[i] =
          get(path + "/scale")[i] * (x[i] - mean) / Math.sqrt(variance + 1e-6)
              + get(path + "/shift")[i];
    }
    return y;
  }
}
