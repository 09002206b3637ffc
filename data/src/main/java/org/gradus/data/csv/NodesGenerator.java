// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.synthetic.Latent;
import org.gradus.tensor.Counter;

/// Nodes of a graph whose importance is planted, and of which few have been judged. With f_i the content of node i, c_i its centrality, r_i
/// the entropy of its relations, and h_u the worth of node u,
///
/// ```
/// y_i = c_i (0.6 + 0.4 tanh(w · f_i)) + 0.3 r_i + √m Σ_{u ∈ cites(i)} h_u / (2 |cites(i)|) + σ_i ε_i
/// σ_i = noise · exp(v · f_i / 2)
/// ```
///
/// w and v are unit vectors; f, h and ε are nearly normal; m is the mean number of edges of one type. Node i cites and mentions others in
/// proportion to 1 / (1 + u), so that few are cited by many: what these are worth can be learned from few labels. c is ln(1 + edges in and
/// out) and r the entropy of the types of a node's edges, cites, mentions and cited, both standardised over the whole graph.
final class NodesGenerator implements RowLaw {
  private static final String[] EDGES = {"cites", "mentions"};

  /// Edges of one type that a node has at most.
  private static final int MOST = 12;

  private final Spec spec;
  private final long contents;
  private final long judged;
  private final long noises;
  private final int[][][] edges; //      [types, nodes, …]
  private final double[] centrality; //  [nodes], standardised
  private final double[] entropy; //     [nodes], standardised
  private final double[] worth; //       h [nodes]
  private final double[] gain; //        w [C]
  private final double[] spread; //      v [C]
  private final double perMean; //       √m

  /// What to plant.
  ///
  /// @param sizes of the graph
  /// @param content C
  /// @param labelled share of training nodes that have a label
  /// @param noise of labels, on average
  /// @param transductive whether the nodes of validation and test are training rows too, without their labels
  record Spec(Sizes sizes, int content, double labelled, double noise, boolean transductive) {
    /// Training rows beyond the nodes of training.
    int extra() {
      return transductive ? sizes.valid + sizes.test : 0;
    }
  }

  /// Nodes of each split.
  record Sizes(int train, int valid, int test) {
    int all() {
      return train + valid + test;
    }
  }

  NodesGenerator(Spec spec, long seed) {
    this.spec = spec;
    if ((long) spec.sizes.train + spec.sizes.valid + spec.sizes.test > Integer.MAX_VALUE / 32) {
      throw new DataException(
          "nodes-synthetic: "
              + spec.sizes
              + ". Expected fewer nodes, for the graph is held in memory.");
    }
    long key = Counter.key(seed, "nodes-synthetic");
    contents = Counter.key(key, "content");
    judged = Counter.key(key, "judged");
    noises = Counter.key(key, "noise");
    int n = spec.sizes.all();
    edges = new int[EDGES.length][n][];
    double[] cumulative = cumulative(n);
    int[][] degrees = new int[EDGES.length + 1][n]; // cites, mentions, cited or mentioned
    for (int t = 0; t < EDGES.length; t++) {
      long own = Counter.key(key, EDGES[t]);
      for (int i = 0; i < n; i++) {
        edges[t][i] = neighbours(Counter.key(own, i), cumulative);
        degrees[t][i] = edges[t][i].length;
        for (int u : edges[t][i]) {
          degrees[EDGES.length][u]++;
        }
      }
    }
    double sum = 0;
    double[] central = new double[n];
    double[] relational = new double[n];
    for (int i = 0; i < n; i++) {
      int all = degrees[0][i] + degrees[1][i] + degrees[2][i];
      central[i] = StrictMath.log1p(all);
      for (int[] degree : degrees) {
        double p = all == 0 ? 0 : (double) degree[i] / all;
        relational[i] -= p == 0 ? 0 : p * StrictMath.log(p);
      }
      sum += degrees[0][i] + degrees[1][i];
    }
    centrality = standardised(central);
    entropy = standardised(relational);
    perMean = Math.sqrt(sum / EDGES.length / n);
    worth = drawn(Counter.key(key, "worth"), n);
    gain = unit(Counter.key(key, "gain"));
    spread = unit(Counter.key(key, "spread"));
  }

  private static double[] cumulative(int n) {
    double[] sums = new double[n];
    double sum = 0;
    for (int u = 0; u < n; u++) {
      sum += 1.0 / (1 + u);
      sums[u] = sum;
    }
    return sums;
  }

  /// 0 to [#MOST] nodes, each once.
  private static int[] neighbours(long key, double[] cumulative) {
    double size = StrictMath.exp(1 + 0.7 * Latent.normal(key, 0)) - 0.5;
    int count = (int) Math.max(0, Math.min(Math.min(MOST, cumulative.length), size));
    int[] found = new int[count];
    double total = cumulative[cumulative.length - 1];
    for (int k = 0; k < count; k++) {
      int place = Arrays.binarySearch(cumulative, total * Counter.uniform53(key, 1 + k));
      found[k] = Math.min(place < 0 ? -place - 1 : place, cumulative.length - 1);
    }
    return Arrays.stream(found).distinct().toArray();
  }

  private static double[] drawn(long key, int n) {
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      x[i] = Latent.normal(key, i);
    }
    return x;
  }

  private double[] unit(long key) {
    double[] x = drawn(key, spec.content);
    double norm = Math.sqrt(dot(x, x));
    return Arrays.stream(x).map(v -> v / norm).toArray();
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double[] standardised(double[] x) {
    double mean = 0;
    for (double v : x) {
      mean += v / x.length;
    }
    double square = 0;
    for (double v : x) {
      square += (v - mean) * (v - mean) / x.length;
    }
    double[] y = new double[x.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = (x[i] - mean) / Math.sqrt(Math.max(1e-12, square));
    }
    return y;
  }

  /// The label and whether it is known, the two numbers of the graph, content and neighbours, which share one table.
  @Override
  public CsvSchema schema() {
    StringBuilder text = new StringBuilder();
    text.append("label importance kind=regression\n");
    text.append("mask importance_known label=importance\n");
    text.append("dense centrality\ndense entropy\n");
    for (int f = 1; f <= spec.content; f++) {
      text.append("dense f").append(f).append('\n');
    }
    for (String type : EDGES) {
      text.append("multi ").append(type).append(" table=node max-length=").append(MOST);
      text.append('\n');
    }
    return CsvSchema.parse(Path.of("nodes-synthetic"), text.toString());
  }

  /// Rows are nodes: those of training, then, if the protocol is transductive, those of validation and test as training rows, then
  /// validation and test.
  int node(long row) {
    return (int) (row < spec.sizes.train + spec.extra() ? row : row - spec.extra());
  }

  /// Whether the label of a row is known: always where it is measured, never where a node of validation or test is trained on.
  boolean known(long row) {
    return row < spec.sizes.train
        ? Counter.uniform53(judged, row) < spec.labelled
        : row >= spec.sizes.train + spec.extra();
  }

  /// The neighbours of a node, `cites` or `mentions`.
  int[] edges(int type, int node) {
    return edges[type][node].clone();
  }

  double[] content(int node) {
    double[] f = new double[spec.content];
    for (int c = 0; c < f.length; c++) {
      f[c] = Latent.normal(contents, (long) node * f.length + c);
    }
    return f;
  }

  double centrality(int node) {
    return centrality[node];
  }

  double entropy(int node) {
    return entropy[node];
  }

  /// What the label is but for noise.
  double expected(int node) {
    int[] cited = edges[0][node];
    double sum = 0;
    for (int u : cited) {
      sum += worth[u];
    }
    double message = cited.length == 0 ? 0 : perMean * sum / (2 * cited.length);
    double factor = 0.6 + 0.4 * StrictMath.tanh(dot(gain, content(node)));
    return centrality[node] * factor + 0.3 * entropy[node] + message;
  }

  /// σ
  double deviation(int node) {
    return spec.noise * StrictMath.exp(dot(spread, content(node)) / 2);
  }

  /// y
  double label(int node) {
    return expected(node) + deviation(node) * Latent.normal(noises, node);
  }

  @Override
  public void fill(long number, CsvRow row) {
    int node = node(number);
    boolean known = known(number);
    row.number = number;
    int c = 0;
    row.reals[c++] = known ? (float) label(node) : 0;
    row.reals[c++] = known ? 1 : 0;
    row.reals[c++] = (float) centrality[node];
    row.reals[c++] = (float) entropy[node];
    for (double f : content(node)) {
      row.reals[c++] = (float) f;
    }
    for (int[][] type : edges) {
      List<String> tokens = new ArrayList<>();
      for (int u : type[node]) {
        tokens.add("n" + u);
      }
      row.tokens.get(c).clear();
      row.tokens.get(c++).addAll(tokens);
    }
  }

  /// `bayes_rmse`, of whoever knows everything but the noise, and `constant_rmse`, of the mean.
  @Override
  public Map<String, Double> facts(long from, int rows) {
    double square = 0;
    double mean = 0;
    for (int i = 0; i < rows; i++) {
      int node = node(from + i);
      double noise = label(node) - expected(node);
      square += noise * noise / rows;
      mean += label(node) / rows;
    }
    double variance = 0;
    for (int i = 0; i < rows; i++) {
      double off = label(node(from + i)) - mean;
      variance += off * off / rows;
    }
    return Map.of("bayes_rmse", Math.sqrt(square), "constant_rmse", Math.sqrt(variance));
  }
}
