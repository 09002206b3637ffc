// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.transformer;

import java.util.Map;
import org.gradus.layers.FeedForward;
import org.gradus.layers.MultiHeadAttention.Projection;
import org.gradus.layers.MultiHeadAttention.Scale;
import org.gradus.layers.PositionEncoding;
import org.gradus.layers.Residual;
import org.gradus.models.Naive;
import org.gradus.models.Settings;
import org.gradus.models.transformer.LabelSmoothing.Kind;

/// The equations of the Transformer for one example, position by position, as loops that call no operation of Gradus.
///
/// @param tables names of the tables of source and target
record NaiveTransformer(Settings s, Map<String, double[]> params, String[] tables) {
  private interface Allowed {
    boolean pair(int query, int key);
  }

  private double[] at(String path) {
    return Naive.get(params, path);
  }

  private int width() {
    return s.integer("width");
  }

  /// (TR-1), (TR-2): memory, 0 at padding.
  double[][] encode(int[] ids) {
    double[][] x = embed(tables[0], "encoder", ids);
    Allowed allowed = (_, key) -> ids[key] != 0;
    for (int l = 0; l < s.integer("layers"); l++) {
      String p = "encoder/" + l + "/";
      double[][] in = before(p + "attention/norm/", x);
      x = after(p + "attention/norm/", x, attention(p + "attention/", in, in, allowed));
      x = after(p + "network/norm/", x, network(p, before(p + "network/norm/", x)));
    }
    double[][] memory = last("encoder/norm/", x);
    for (int t = 0; t < ids.length; t++) {
      memory[t] = ids[t] == 0 ? new double[width()] : memory[t];
    }
    return memory;
  }

  /// (TR-3) to (TR-5): o at every position of what is read.
  double[][] logits(int[] read, int[] source) {
    double[][] memory = encode(source);
    double[][] y = embed(tables[1], "decoder", read);
    for (int l = 0; l < s.integer("layers"); l++) {
      String p = "decoder/" + l + "/";
      double[][] in = before(p + "attention/norm/", y);
      Allowed past = (query, key) -> key <= query && read[key] != 0;
      y = after(p + "attention/norm/", y, attention(p + "attention/", in, in, past));
      Allowed real = (_, key) -> source[key] != 0;
      double[][] query = before(p + "cross/norm/", y);
      y = after(p + "cross/norm/", y, attention(p + "cross/", query, memory, real));
      y = after(p + "network/norm/", y, network(p, before(p + "network/norm/", y)));
    }
    double[][] z = last("decoder/norm/", y);
    double[] table = at("embeddings/" + tables[1]);
    int classes = table.length / width();
    double[][] o = new double[read.length][classes];
    for (int t = 0; t < read.length; t++) {
      for (int k = 0; k < classes; k++) {
        o[t][k] = s.flag("outputBias") ? at("out/bias")[k] : 0;
        for (int c = 0; c < width(); c++) {
          o[t][k] +=
              z[t][c]
                  * (s.flag("tieOutput")
                      ? table[k * width() + c]
                      : at("out/weight")[c * classes + k]);
        }
      }
    }
    return o;
  }

  /// ℓ of one prediction.
  double loss(double[] o, int target, boolean smoothed) {
    double sum = 0;
    for (double v : o) {
      sum += Math.exp(v);
    }
    double epsilon = smoothed ? s.real("smoothing") : 0;
    Kind kind = s.choice("smoothingKind", Kind.class);
    double loss = 0;
    for (int k = 0; k < o.length; k++) {
      double q =
          switch (kind) {
            case UNIFORM_ALL -> epsilon / o.length;
            case OTHERS -> k == target ? 0 : epsilon / (o.length - 1);
            case OTHERS_NO_PAD -> k == target || k == 0 ? 0 : epsilon / (o.length - 2);
          };
      q += k == target ? 1 - epsilon : 0;
      loss -= q * (o[k] - Math.log(sum));
    }
    return loss;
  }

  private double[][] embed(String table, String side, int[] ids) {
    int d = width();
    double[][] x = new double[ids.length][d];
    for (int t = 0; t < ids.length; t++) {
      for (int c = 0; c < d; c++) {
        double e = at("embeddings/" + table)[ids[t] * d + c];
        double angle = t / Math.pow(10_000, 2 * (c / 2) / (double) d);
        x[t][c] =
            (s.flag("scaleEmbedding") ? Math.sqrt(d) * e : e)
                + switch (s.choice("positions", PositionEncoding.Kind.class)) {
                  case SINUSOIDAL -> c % 2 == 0 ? Math.sin(angle) : Math.cos(angle);
                  case LEARNED -> at(side + "/positions")[t * d + c];
                  case NONE -> 0;
                };
      }
    }
    return x;
  }

  private double[][] attention(String p, double[][] xq, double[][] xk, Allowed allowed) {
    int h = s.integer("heads");
    int dim = width() / h;
    double[][] q = projected(p + "query/", xq);
    double[][] k = projected(p + "key/", xk);
    double[][] v = projected(p + "value/", xk);
    double root =
        Math.sqrt(s.choice("attentionScale", Scale.class) == Scale.D_HEAD ? dim : width());
    double[][] o = new double[xq.length][width()];
    for (int i = 0; i < xq.length; i++) {
      for (int head = 0; head < h; head++) {
        double[] e = new double[xk.length];
        double sum = 0;
        for (int j = 0; j < xk.length; j++) {
          double score = 0;
          for (int c = head * dim; c < (head + 1) * dim; c++) {
            score += q[i][c] * k[j][c];
          }
          e[j] = allowed.pair(i, j) ? Math.exp(score / root) : 0;
          sum += e[j];
        }
        for (int j = 0; j < xk.length && sum > 0; j++) {
          for (int c = head * dim; c < (head + 1) * dim; c++) {
            o[i][c] += e[j] / sum * v[j][c];
          }
        }
      }
    }
    double[][] y = new double[o.length][];
    for (int i = 0; i < o.length; i++) {
      y[i] = Naive.linear(o[i], at(p + "out/weight"), bias(p + "out/", width()));
    }
    return y;
  }

  private double[] bias(String p, int n) {
    return s.flag("attentionBias") ? at(p + "bias") : new double[n];
  }

  private double[][] projected(String p, double[][] x) {
    int dim = width() / s.integer("heads");
    boolean full = s.choice("projection", Projection.class) == Projection.FULL_THEN_SPLIT;
    double[][] y = new double[x.length][];
    for (int i = 0; i < x.length; i++) {
      if (full) {
        y[i] = Naive.linear(x[i], at(p + "weight"), bias(p, width()));
        continue;
      }
      y[i] = bias(p, width()).clone();
      for (int c = 0; c < width(); c++) {
        for (int f = 0; f < dim; f++) {
          int from = c / dim * dim + f; // the same head's
          y[i][c] += x[i][from] * at(p + "weight")[from * dim + c % dim];
        }
      }
    }
    return y;
  }

  private double[][] network(String p, double[][] x) {
    double[][] y = new double[x.length][];
    for (int i = 0; i < x.length; i++) {
      double[] u = Naive.linear(x[i], at(p + "network/widen/weight"), at(p + "network/widen/bias"));
      for (int j = 0; j < u.length; j++) {
        double cubic = Math.sqrt(2 / Math.PI) * (u[j] + 0.044715 * Math.pow(u[j], 3));
        u[j] =
            switch (s.choice("activation", FeedForward.Activation.class)) {
              case RELU -> Math.max(u[j], 0);
              case GELU -> u[j] * normal(u[j]);
              case GELU_TANH -> u[j] / 2 * (1 + Math.tanh(cubic));
            };
      }
      y[i] = Naive.linear(u, at(p + "network/narrow/weight"), at(p + "network/narrow/bias"));
    }
    return y;
  }

  /// Φ(x) = ½ + φ(x) Σ_k x^{2k+1}/(1·3·5 ⋯ (2k+1))
  private static double normal(double x) {
    double term = x;
    double sum = 0;
    for (int k = 1; Math.abs(term) > 1e-18 * Math.abs(sum); k++) {
      sum += term;
      term *= x * x / (2 * k + 1);
    }
    return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }

  private boolean pre() {
    return s.choice("norm", Residual.Norm.class) == Residual.Norm.PRE;
  }

  private double[][] before(String norm, double[][] x) {
    return pre() ? normalised(norm, x) : x;
  }

  private double[][] after(String norm, double[][] x, double[][] part) {
    double[][] sum = new double[x.length][width()];
    for (int i = 0; i < x.length; i++) {
      for (int c = 0; c < width(); c++) {
        sum[i][c] = x[i][c] + part[i][c];
      }
    }
    return pre() ? sum : normalised(norm, sum);
  }

  private double[][] last(String norm, double[][] x) {
    return pre() ? normalised(norm, x) : x;
  }

  private double[][] normalised(String norm, double[][] x) {
    int d = width();
    double[][] y = new double[x.length][d];
    for (int i = 0; i < x.length; i++) {
      double mean = 0;
      double variance = 0;
      for (double v : x[i]) {
        mean += v / d;
      }
      for (double v : x[i]) {
        variance += (v - mean) * (v - mean) / d;
      }
      for (int c = 0; c < d; c++) {
        y[i][c] =
            at(norm + "scale")[c] * (x[i][c] - mean) / Math.sqrt(variance + 1e-6)
                + at(norm + "shift")[c];
      }
    }
    return y;
  }
}
