// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.m2m;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.embeddings.Field;
import org.gradus.models.Naive;
import org.gradus.models.ScenarioBench.Row;
import org.gradus.models.Settings;

/// (META-1) to (META-12) of one row, as loops over raw parameters.
record NaiveM2m(Map<String, double[]> params, Settings s) {

  Map<String, Double> scores(Row row) {
    double[] x = x(row);
    double[][] e = new double[s.integer("numExperts")][];
    for (int i = 0; i < e.length; i++) {
      e[i] = network("expert/" + i + "/", x);
    }
    double[] said = scenario(row);
    Map<String, Double> z = new TreeMap<>();
    for (String task : row.tasks()) {
      double[] r = mixed(task, e, said);
      z.put(task, tower(task, r, said) + linear(task, row));
    }
    return z;
  }

  private double get(String path, int i) {
    return Naive.get(params, path)[i];
  }

  private double sigma(double x) {
    return switch (s.choice("activation", Nonlinearity.Kind.class)) {
      case LEAKY_RELU -> x > 0 ? x : s.real("slope") * x;
      case RELU -> Math.max(x, 0);
      case TANH -> Math.tanh(x);
    };
  }

  private double[] network(String prefix, double[] x) {
    double[] h = x;
    for (int l = 0; params.containsKey(prefix + l + "/weight"); l++) {
      String p = prefix + l + "/";
      h = Naive.linear(h, Naive.get(params, p + "weight"), Naive.get(params, p + "bias"));
      for (int i = 0; i < h.length; i++) {
        h[i] = sigma(h[i]);
      }
    }
    return h;
  }

  // What is read

  /// Histories, the fields' vectors and numbers.
  private double[] x(Row row) {
    List<double[]> parts = new ArrayList<>();
    for (Field.Sequence f : row.batch().schema().all(Field.Sequence.class)) {
      parts.add(history(f, row));
    }
    parts.addAll(vectors(row));
    parts.add(Naive.numbers(row.batch(), row.at()));
    return Naive.flat(parts.toArray(double[][]::new));
  }

  /// The pooled vectors of the fields of ids, without histories.
  private List<double[]> vectors(Row row) {
    int dim = s.integer("embeddingDim");
    double[][] all = Naive.pooled(params, row.batch(), row.at(), dim, false);
    List<double[]> own = new ArrayList<>();
    int at = 0;
    for (Field f : row.batch().schema().fields()) {
      if (f instanceof Field.Ids) {
        if (!(f instanceof Field.Sequence)) {
          own.add(all[at]);
        }
        at++;
      }
    }
    return own;
  }

  private double[] history(Field.Sequence f, Row row) {
    int dim = s.integer("embeddingDim");
    SequenceView.Positions positions = s.choice("positionMode", SequenceView.Positions.class);
    int width = positions == SequenceView.Positions.CONCAT ? 2 * dim : dim;
    List<double[]> steps = Naive.steps(params, row.batch(), List.of(f.name()), row.at(), dim);
    List<double[]> x = new ArrayList<>();
    for (int t = 0; t < steps.size(); t++) {
      double[] step = steps.get(t).clone();
      double[] place = place(t, dim);
      for (int i = 0; i < dim && positions == SequenceView.Positions.ADD; i++) {
        step[i] += place[i];
      }
      x.add(positions == SequenceView.Positions.CONCAT ? Naive.flat(step, place) : step);
    }
    double[] sum = new double[width];
    double[] last = new double[width];
    for (int t = 0; t < x.size(); t++) {
      last = attended("history/" + f.name() + "/", x, t, width);
      for (int i = 0; i < width; i++) {
        sum[i] += last[i];
      }
    }
    return switch (s.choice("pooling", SequenceView.Pool.class)) {
      case SUM -> sum;
      case LAST -> last;
      case MEAN -> {
        for (int i = 0; i < width; i++) {
          sum[i] /= Math.max(1, x.size());
        }
        yield sum;
      }
    };
  }

  private static double[] place(int t, int dim) {
    double[] place = new double[dim];
    for (int c = 0; c < dim; c++) {
      double angle = t / Math.pow(10_000, (c - c % 2) / (double) dim);
      place[c] = c % 2 == 0 ? Math.sin(angle) : Math.cos(angle);
    }
    return place;
  }

  /// What step t finds, in all heads.
  private double[] attended(String path, List<double[]> x, int t, int width) {
    int heads = s.integer("heads");
    int part = width / heads;
    double[] none = new double[width];
    double[] q = Naive.linear(x.get(t), Naive.get(params, path + "query/weight"), none);
    double[] found = new double[width];
    for (int h = 0; h < heads; h++) {
      double[] a = new double[x.size()];
      double all = 0;
      for (int j = 0; j < a.length; j++) {
        double[] k = Naive.linear(x.get(j), Naive.get(params, path + "key/weight"), none);
        for (int i = h * part; i < (h + 1) * part; i++) {
          a[j] += q[i] * k[i] / Math.sqrt(part);
        }
        a[j] = Math.exp(a[j]);
        all += a[j];
      }
      for (int j = 0; j < a.length; j++) {
        double[] v = Naive.linear(x.get(j), Naive.get(params, path + "value/weight"), none);
        for (int i = h * part; i < (h + 1) * part; i++) {
          found[i] += a[j] / all * v[i];
        }
      }
    }
    return Naive.linear(found, Naive.get(params, path + "out/weight"), none);
  }

  /// S̃: the scenario's vector, and all fields of ids.
  private double[] scenario(Row row) {
    int dim = s.integer("embeddingDim");
    double[] own = new double[dim];
    for (int i = 0; i < dim; i++) {
      own[i] = get("domain", row.scenario() * dim + i);
    }
    List<double[]> parts = new ArrayList<>(List.of(own));
    parts.addAll(vectors(row));
    return network("scenario/", Naive.flat(parts.toArray(double[][]::new)));
  }

  // What the scenario says

  private double[] meta(String path, double[] h, double[] said) {
    double[] x = h;
    for (int i = 0; i < s.integer("metaDepth"); i++) {
      String w = path + i + "/weight/";
      String b = path + i + "/bias/";
      double[] weight =
          Naive.linear(said, Naive.get(params, w + "weight"), Naive.get(params, w + "bias"));
      double[] bias =
          Naive.linear(said, Naive.get(params, b + "weight"), Naive.get(params, b + "bias"));
      x = Naive.linear(x, weight, bias);
      for (int j = 0; j < x.length; j++) {
        x[j] = sigma(x[j]);
      }
    }
    return x;
  }

  private String whose(String task) {
    return s.choice("metaShared", M2m.Sharing.class) == M2m.Sharing.NONE ? task : "shared";
  }

  /// α of the experts for a task.
  double[] shares(String task, double[][] e, double[] said) {
    double[] t = network("task/" + task + "/", Naive.get(params, "task/" + task + "/vector"));
    double[] a = new double[e.length];
    double all = 0;
    for (int i = 0; i < e.length; i++) {
      double[] h = meta("meta/attention/" + whose(task) + "/", Naive.flat(e[i], t), said);
      a[i] = Naive.dot(h, Naive.get(params, "attention/" + task + "/v"));
      all += Math.exp(a[i]);
    }
    for (int i = 0; i < e.length && s.flag("attentionSoftmax"); i++) {
      a[i] = Math.exp(a[i]) / all;
    }
    return a;
  }

  private double[] mixed(String task, double[][] e, double[] said) {
    if (e.length == 1 && s.flag("attentionSoftmax")) {
      return e[0];
    }
    double[] alpha = shares(task, e, said);
    double[] r = new double[e[0].length];
    for (int i = 0; i < e.length; i++) {
      for (int j = 0; j < r.length; j++) {
        r[j] += alpha[i] * e[i][j];
      }
    }
    return r;
  }

  private double tower(String task, double[] r, double[] said) {
    double[] l = r;
    for (int j = 0; j < s.integer("towerDepth"); j++) {
      int unit = s.flag("towerUnitShared") ? 0 : j;
      double[] m = meta("meta/tower/" + whose(task) + "/" + unit + "/", l, said);
      for (int i = 0; i < m.length; i++) {
        m[i] = sigma(s.flag("towerResidual") ? m[i] + l[i] : m[i]);
      }
      l = m;
    }
    String out = "tower/" + task + "/out/";
    return Naive.dot(l, Naive.get(params, out + "weight")) + get(out + "bias", 0);
  }

  private double linear(String task, Row row) {
    double sum = 0;
    for (Naive.Feature f : Naive.features(row.batch(), row.at())) {
      if (s.flag("linearLogit") && !(f.field() instanceof Field.Sequence)) {
        sum += Naive.vector(params, "linear/" + task + "/", f, 1)[0] * f.x();
      }
    }
    return sum;
  }
}
