// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dien;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.layers.AdaptiveMlp;
import org.gradus.layers.Attention;
import org.gradus.models.ModelBench;
import org.gradus.models.Naive;
import org.gradus.models.Settings;

/// DIEN as loops over one row, in evaluation, and its auxiliary loss. Nothing here calls an operation of the library.
///
/// @param params by path
/// @param settings of the model
/// @param histories the columns of each history
record NaiveDien(Map<String, double[]> params, Settings settings, List<List<String>> histories) {

  private double[] get(String path) {
    return Naive.get(params, path);
  }

  private <E extends Enum<E>> E choice(String name, Class<E> type) {
    return settings.choice(name, type);
  }

  private static String path(List<String> columns) {
    return "interest/" + columns.getFirst() + "/";
  }

  /// (DIEN-1), (DIEN-8) to (DIEN-10): the states after every step, from a state of zeros.
  ///
  /// @param alpha what attention does to the update; empty for a plain layer
  private List<double[]> recurrent(
      String path, List<double[]> x, double[] alpha, InterestEvolution.Cell cell) {
    double[] w = get(path + "weight");
    double[] u = get(path + "recurrent");
    double[] b = get(path + "bias");
    boolean noUpdate = cell == InterestEvolution.Cell.AGRU;
    int blocks = noUpdate ? 2 : 3;
    int width = b.length / blocks;
    double[] h = new double[width];
    List<double[]> states = new ArrayList<>();
    for (int t = 0; t < x.size(); t++) {
      double[] xw = Naive.linear(x.get(t), w, b);
      double[] hu = Naive.linear(h, u, new double[b.length]);
      double[] next = new double[width];
      for (int i = 0; i < width; i++) {
        int r = (blocks - 2) * width + i;
        int n = (blocks - 1) * width + i;
        double reset = ModelBench.sigmoid(xw[r] + hu[r]);
        double candidate = Math.tanh(xw[n] + reset * hu[n]);
        double update = noUpdate ? 0 : ModelBench.sigmoid(xw[i] + hu[i]);
        double a = alpha.length == 0 ? 1 : alpha[t];
        double share =
            switch (cell) {
              case GRU, AIGRU -> update;
              case AGRU -> a;
              case AUGRU -> a * update;
              case AUGRU_AUTHOR_CODE -> 1 - (1 - a) * (1 - update); // keeps (1 − α) of what it kept
            };
        next[i] = (1 - share) * h[i] + share * candidate;
      }
      h = next;
      states.add(h);
    }
    return states;
  }

  /// The states of the extractor.
  List<double[]> extracted(List<String> columns, Batch batch, int row) {
    List<double[]> steps =
        Naive.steps(params, batch, columns, row, settings.integer("embeddingDim"));
    return recurrent(
        path(columns) + "extractor/", steps, new double[0], InterestEvolution.Cell.GRU);
  }

  /// (DIEN-6)
  double[] attention(List<String> columns, double[] a, List<double[]> states) {
    String path = path(columns) + "attention/";
    var normalization = choice("attentionNormalization", Attention.Normalization.class);
    double[] w = new double[states.size()];
    double sum = 0;
    for (int t = 0; t < w.length; t++) {
      double[] h = states.get(t);
      double s =
          switch (choice("attention", InterestEvolution.Score.class)) {
            case DOT -> Naive.dot(h, a);
            case BILINEAR ->
                Naive.dot(h, Naive.linear(a, get(path + "weight"), new double[h.length]));
            case DIN_MLP -> unit(path, a, h, normalization);
          };
      w[t] =
          switch (normalization) {
            case SOFTMAX -> Math.exp(s);
            case SIGMOID -> ModelBench.sigmoid(s);
            case NONE -> s;
          };
      sum += w[t];
    }
    for (int t = 0; t < w.length && normalization == Attention.Normalization.SOFTMAX; t++) {
      w[t] /= sum;
    }
    return w;
  }

  private double unit(String path, double[] a, double[] h, Attention.Normalization normalization) {
    double[] q = Naive.linear(a, get(path + "candidate/weight"), get(path + "candidate/bias"));
    double[] minus = new double[q.length];
    double[] times = new double[q.length];
    for (int i = 0; i < q.length; i++) {
      q[i] = q[i] > 0 ? q[i] : get(path + "candidate/alpha")[i] * q[i];
      minus[i] = q[i] - h[i];
      times[i] = q[i] * h[i];
    }
    double[] top =
        Naive.tower(params, path, AdaptiveMlp.Activation.SIGMOID, Naive.flat(q, h, minus, times));
    double s = Naive.dot(top, get(path + "out/weight"));
    return normalization == Attention.Normalization.SOFTMAX ? s : s + get(path + "out/bias")[0];
  }

  /// (DIEN-7) to (DIEN-10)
  private double[] evolved(List<String> columns, double[] a, List<double[]> states, int width) {
    var cell = choice("cell", InterestEvolution.Cell.class);
    String path = path(columns) + "evolution/";
    if (cell == InterestEvolution.Cell.GRU) {
      List<double[]> second = recurrent(path, states, new double[0], cell);
      return Naive.weighted(attention(columns, a, second), second, width);
    }
    double[] alpha = attention(columns, a, states);
    List<double[]> inputs = new ArrayList<>();
    for (int t = 0; t < alpha.length; t++) {
      double factor = cell == InterestEvolution.Cell.AIGRU ? alpha[t] : 1;
      inputs.add(Arrays.stream(states.get(t)).map(x -> factor * x).toArray());
    }
    List<double[]> second = recurrent(path, inputs, alpha, cell);
    return second.isEmpty() ? new double[width] : second.getLast();
  }

  /// (DIEN-11)
  double score(Batch batch, int row) {
    int dim = settings.integer("embeddingDim");
    List<double[]> parts = new ArrayList<>();
    for (Field.Categorical f : batch.schema().categorical()) {
      parts.add(Naive.row(params, f.table(), ModelBench.bag(batch, f.name(), row)[0], dim));
    }
    for (List<String> columns : histories) {
      double[] a = Naive.candidate(params, batch, columns, row, dim);
      List<double[]> steps = Naive.steps(params, batch, columns, row, dim);
      int width = settings.integer("states") == 0 ? a.length : settings.integer("states");
      parts.add(evolved(columns, a, extracted(columns, batch, row), width));
      if (settings.flag("alsoSumPool")) {
        double[] ones = new double[steps.size()];
        Arrays.fill(ones, 1);
        double[] sum = Naive.weighted(ones, steps, a.length);
        double[] product = new double[a.length];
        Arrays.setAll(product, i -> a[i] * sum[i]);
        parts.add(sum);
        parts.add(product);
      }
    }
    parts.add(Naive.numbers(batch, row));
    double[] x = Naive.flat(parts.toArray(double[][]::new));
    var kind = choice("activation", AdaptiveMlp.Activation.class);
    double[] h = Naive.tower(params, "deep/", kind, x);
    return Naive.linear(h, get("out/weight"), get("out/bias"))[0];
  }

  /// (DIEN-2) to (DIEN-4) of one history, with these negatives: by row, place and number the ids of the columns.
  double auxiliary(List<String> columns, Batch batch, int longest, Negatives.Drawn drawn) {
    int dim = settings.integer("embeddingDim");
    int each = settings.integer("negativesPerStep");
    double sum = 0;
    int pairs = 0;
    for (int b = 0; b < batch.size(); b++) {
      List<double[]> steps = Naive.steps(params, batch, columns, b, dim);
      List<double[]> states = extracted(columns, batch, b);
      for (int t = 0; t + 1 < steps.size(); t++) {
        int pair = b * (longest - 1) + t;
        sum += softplus(-pairScore(columns, states.get(t), steps.get(t + 1)));
        for (int j = 0; j < each; j++) {
          double[] other = new double[0];
          for (int c = 0; c < columns.size(); c++) {
            String table = ((Field.Ids) batch.schema().field(columns.get(c))).table();
            int id = drawn.ids()[c][pair * each + j];
            other = Naive.flat(other, Naive.row(params, table, id, dim));
          }
          sum += softplus(pairScore(columns, states.get(t), other)) / each;
        }
        pairs++;
      }
    }
    return sum
        / switch (choice("auxiliaryNormalizer", AuxiliaryLoss.Normalizer.class)) {
          case PER_SEQUENCE -> batch.size();
          case PER_PAIR -> pairs;
          case PER_TERM -> 2 * pairs;
          case PADDED -> batch.size() * (longest - 1);
        };
  }

  private static double softplus(double z) {
    return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
  }

  private double pairScore(List<String> columns, double[] h, double[] e) {
    String path = path(columns) + "auxiliary/";
    if (choice("auxiliary", AuxiliaryLoss.Score.class) == AuxiliaryLoss.Score.MLP) {
      double[] top = Naive.tower(params, path, AdaptiveMlp.Activation.SIGMOID, Naive.flat(h, e));
      return Naive.linear(top, get(path + "out/weight"), get(path + "out/bias"))[0];
    }
    return params.containsKey(path + "weight")
        ? Naive.dot(Naive.linear(h, get(path + "weight"), new double[e.length]), e)
        : Naive.dot(h, e);
  }
}
