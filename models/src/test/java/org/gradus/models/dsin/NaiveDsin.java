// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dsin;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.layers.MultiHeadAttention.Projection;
import org.gradus.layers.MultiHeadAttention.Scale;
import org.gradus.models.ModelBench;
import org.gradus.models.Naive;
import org.gradus.models.Settings;

/// DSIN of one example as plain loops over its parameters, in evaluation. Nothing here calls an operation of the library.
final class NaiveDsin {
  private final Map<String, double[]> params;
  private final Settings s;

  NaiveDsin(Map<String, double[]> params, Settings settings) {
    this.params = params;
    this.s = settings;
  }

  private double[] get(String path) {
    return Naive.get(params, path);
  }

  private double[] row(String table, int id) {
    int dim = s.integer("embeddingDim");
    return Arrays.copyOfRange(get("v/" + table), id * dim, (id + 1) * dim);
  }

  /// z
  ///
  /// @param columns fields of sessions, each with the candidate's field: its table is called like that
  double score(Batch batch, int b, List<String> columns, List<String> candidates) {
    List<double[]> parts = new ArrayList<>();
    for (var field : batch.schema().categorical()) {
      parts.add(row(field.table(), ModelBench.bag(batch, field.name(), b)[0]));
    }
    double[] candidate = candidate(batch, b, candidates);
    double[][] interests = interests(steps(batch, b, columns, candidates));
    double[][] states = states(interests);
    int d = candidate.length;
    int wide = s.choice("lstmMerge", Dsin.Merge.class) == Dsin.Merge.CONCAT ? 2 * d : d;
    parts.add(sum(weights("activation/interests/", candidate, interests), interests, d));
    parts.add(sum(weights("activation/states/", candidate, states), states, wide));
    parts.add(Naive.numbers(batch, b));
    double[] x = Naive.flat(parts.toArray(double[][]::new));
    double[] h = Naive.tower(params, "deep/", x);
    return Naive.linear(h, get("out/weight"), get("out/bias"))[0];
  }

  private double[] candidate(Batch batch, int b, List<String> candidates) {
    double[] candidate = new double[0];
    for (String field : candidates) {
      candidate = Naive.flat(candidate, row(field, ModelBench.bag(batch, field, b)[0]));
    }
    return candidate;
  }

  /// The weights of the sessions of `visits`, a of (DSIN-7) and b of (DSIN-8).
  double[][] weights(Batch batch, int b) {
    List<String> items = List.of("item");
    double[] candidate = candidate(batch, b, items);
    double[][] interests = interests(steps(batch, b, List.of("visits"), items));
    return new double[][] {
      weights("activation/interests/", candidate, interests),
      weights("activation/states/", candidate, states(interests))
    };
  }

  /// Q by session and step.
  private double[][][] steps(Batch batch, int b, List<String> columns, List<String> candidates) {
    var sizes = batch.sessions(columns.getFirst());
    List<double[][]> sessions = new ArrayList<>();
    int at = 0;
    for (int k = sizes.offsets()[b]; k < sizes.offsets()[b + 1]; k++) {
      List<double[]> steps = new ArrayList<>();
      for (int t = 0; t < sizes.values()[k]; t++, at++) {
        double[] step = new double[0];
        boolean real = false;
        for (int c = 0; c < columns.size(); c++) {
          int id = ModelBench.bag(batch, columns.get(c), b)[at];
          real |= id != 0;
          step = Naive.flat(step, row(candidates.get(c), id));
        }
        if (real) {
          steps.add(step);
        }
      }
      if (!steps.isEmpty()) {
        sessions.add(steps.toArray(double[][]::new));
      }
    }
    return sessions.toArray(double[][][]::new);
  }

  /// (DSIN-1) to (DSIN-5)
  double[][] interests(double[][][] steps) {
    double[][] interests = new double[steps.length][];
    for (int k = 0; k < steps.length; k++) {
      double[][] q = new double[steps[k].length][];
      for (int t = 0; t < q.length; t++) {
        q[t] = positioned(steps[k][t], k, t);
      }
      double[][] a = attention(q);
      double[] mean = new double[q[0].length];
      for (int t = 0; t < q.length; t++) {
        double[] z = sublayer(q[t], a[t], "norm/0/");
        double[] g = z;
        if (s.flag("useFfn")) {
          double[] h = Naive.linear(z, get("ffn/0/weight"), get("ffn/0/bias"));
          Arrays.setAll(h, i -> Math.max(h[i], 0));
          g = sublayer(z, Naive.linear(h, get("ffn/1/weight"), get("ffn/1/bias")), "norm/1/");
        }
        for (int c = 0; c < mean.length; c++) {
          mean[c] += g[c] / q.length;
        }
      }
      interests[k] = mean;
    }
    return interests;
  }

  private double[] positioned(double[] x, int k, int t) {
    double[] y = x.clone();
    for (int c = 0; c < y.length; c++) {
      y[c] +=
          switch (s.choice("positions", SessionPositions.Kind.class)) {
            case NONE -> 0;
            case BIAS_ENCODING ->
                get("positions/session")[k]
                    + get("positions/step")[t]
                    + get("positions/feature")[c];
            case SINUSOIDAL -> {
              double angle = t / Math.pow(10000, 2 * (c / 2) / (double) y.length);
              yield c % 2 == 0 ? Math.sin(angle) : Math.cos(angle);
            }
          };
    }
    return y;
  }

  private double[][] attention(double[][] x) {
    int d = x[0].length;
    int heads = s.integer("heads");
    int dk = d / heads;
    double[][] q = projected(x, "query", dk);
    double[][] key = projected(x, "key", dk);
    double[][] value = projected(x, "value", dk);
    double scale = Math.sqrt(s.choice("attScale", Scale.class) == Scale.D_HEAD ? dk : d);
    double[][] y = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] o = new double[d];
      for (int h = 0; h < heads; h++) {
        double[] e = new double[x.length];
        double sum = 0;
        for (int j = 0; j < x.length; j++) {
          double score = 0;
          for (int c = h * dk; c < (h + 1) * dk; c++) {
            score += q[t][c] * key[j][c];
          }
          e[j] = s.flag("blindDiagonal") && j == t ? 0 : Math.exp(score / scale);
          sum += e[j];
        }
        for (int j = 0; j < x.length && sum > 0; j++) {
          for (int c = h * dk; c < (h + 1) * dk; c++) {
            o[c] += e[j] / sum * value[j][c];
          }
        }
      }
      y[t] = Naive.linear(o, get("attention/out/weight"), new double[d]);
    }
    return y;
  }

  private double[][] projected(double[][] x, String what, int dk) {
    double[] w = get("attention/" + what + "/weight");
    double[][] y = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      int d = x[t].length;
      if (s.choice("headProjection", Projection.class) == Projection.FULL_THEN_SPLIT) {
        y[t] = Naive.linear(x[t], w, new double[d]);
        continue;
      }
      y[t] = new double[d];
      for (int h = 0; h < d / dk; h++) {
        double[] part = Arrays.copyOfRange(x[t], h * dk, (h + 1) * dk);
        double[] own = Arrays.copyOfRange(w, h * dk * dk, (h + 1) * dk * dk);
        System.arraycopy(Naive.linear(part, own, new double[dk]), 0, y[t], h * dk, dk);
      }
    }
    return y;
  }

  private double[] sublayer(double[] x, double[] y, String norm) {
    double[] sum = y.clone();
    for (int c = 0; c < sum.length && s.flag("useResidual"); c++) {
      sum[c] += x[c];
    }
    if (!s.flag("useLayerNorm")) {
      return sum;
    }
    double mean = Arrays.stream(sum).average().orElseThrow();
    double variance = Arrays.stream(sum).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    double[] scale = get(norm + "scale");
    double[] shift = get(norm + "shift");
    Arrays.setAll(sum, c -> scale[c] * (sum[c] - mean) / Math.sqrt(variance + 1e-6) + shift[c]);
    return sum;
  }

  /// (DSIN-6)
  private double[][] states(double[][] x) {
    double[][] f = x;
    double[][] r = x;
    int layers = s.integer("lstmLayers");
    for (int l = 0; l < layers; l++) {
      double[][] nextF = lstm("lstm/" + l + "/forward/", f);
      double[][] nextR = reversed(lstm("lstm/" + l + "/backward/", reversed(r)));
      if (l >= layers - s.integer("lstmResidual")) {
        add(nextF, f);
        add(nextR, r);
      }
      f = nextF;
      r = nextR;
    }
    double[][] merged = new double[x.length][];
    for (int k = 0; k < x.length; k++) {
      double[] a = f[k];
      double[] b = r[k];
      double half = s.choice("lstmMerge", Dsin.Merge.class) == Dsin.Merge.AVERAGE ? 0.5 : 1;
      merged[k] = a.clone();
      Arrays.setAll(merged[k], c -> half * (a[c] + b[c]));
      if (s.choice("lstmMerge", Dsin.Merge.class) == Dsin.Merge.CONCAT) {
        merged[k] = Naive.flat(a, b);
      }
    }
    return merged;
  }

  private static double[][] reversed(double[][] x) {
    double[][] y = new double[x.length][];
    Arrays.setAll(y, k -> x[x.length - 1 - k]);
    return y;
  }

  private static void add(double[][] to, double[][] x) {
    for (int k = 0; k < to.length; k++) {
      for (int c = 0; c < to[k].length; c++) {
        to[k][c] += x[k][c];
      }
    }
  }

  private double[][] lstm(String p, double[][] x) {
    double[] bias = get(p + "bias");
    int width = bias.length / 4;
    double[] none = new double[3 * width];
    double[] peephole = s.flag("lstmPeephole") ? get(p + "peephole") : none;
    double[] h = new double[width];
    double[] c = new double[width];
    double[][] states = new double[x.length][];
    for (int k = 0; k < x.length; k++) {
      double[] a = Naive.linear(x[k], get(p + "weight"), bias);
      double[] u = Naive.linear(h, get(p + "recurrent"), new double[4 * width]);
      double[] next = new double[width];
      for (int j = 0; j < width; j++) {
        double i = ModelBench.sigmoid(a[j] + u[j] + c[j] * peephole[j]);
        double f = ModelBench.sigmoid(a[width + j] + u[width + j] + c[j] * peephole[width + j]);
        c[j] = f * c[j] + i * Math.tanh(a[2 * width + j] + u[2 * width + j]);
        double o = a[3 * width + j] + u[3 * width + j] + c[j] * peephole[2 * width + j];
        next[j] = ModelBench.sigmoid(o) * Math.tanh(c[j]);
      }
      h = next;
      states[k] = h;
    }
    return states;
  }

  /// The weights of (DSIN-7) and (DSIN-8).
  private double[] weights(String p, double[] candidate, double[][] x) {
    boolean bilinear =
        s.choice("activation", InterestActivation.Score.class) == InterestActivation.Score.BILINEAR;
    double[] e = new double[x.length];
    double sum = 0;
    for (int k = 0; k < e.length; k++) {
      double score;
      if (bilinear) {
        double[] asked = Naive.linear(x[k], get(p + "weight"), new double[candidate.length]);
        score = Naive.dot(asked, candidate);
      } else {
        score = unit(p, candidate, x[k]);
      }
      e[k] = Math.exp(score);
      sum += e[k];
    }
    for (int k = 0; k < e.length; k++) {
      e[k] /= sum;
    }
    return e;
  }

  private double unit(String p, double[] a, double[] e) {
    double[] difference = a.clone();
    double[] product = a.clone();
    Arrays.setAll(difference, c -> a[c] - e[c]);
    Arrays.setAll(product, c -> a[c] * e[c]);
    double[] h = Naive.flat(a, e, difference, product);
    for (int l = 0; params.containsKey(p + l + "/weight"); l++) {
      double[] y = Naive.linear(h, get(p + l + "/weight"), get(p + l + "/bias"));
      Arrays.setAll(y, i -> ModelBench.sigmoid(y[i]));
      h = y;
    }
    return Naive.dot(h, get(p + "out/weight"));
  }

  private static double[] sum(double[] weights, double[][] x, int width) {
    double[] sum = new double[width];
    for (int k = 0; k < x.length; k++) {
      for (int c = 0; c < width; c++) {
        sum[c] += weights[k] * x[k][c];
      }
    }
    return sum;
  }
}
