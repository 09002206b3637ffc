// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.HashingTrick;
import org.gradus.models.ModelBench;
import org.gradus.models.Naive;
import org.gradus.models.NaiveTasks;
import org.gradus.models.Settings;
import org.gradus.tensor.Counter;
import org.gradus.tensor.MatMulKernels.Activation;

/// INFNet of one row as plain loops over raw parameters: what is asked for is computed, from the heads down to the tables. Padding
/// does not occur; a behaviour is the list of its real steps.
final class NaiveInfnet {
  private final Map<String, double[]> params;
  private final Settings settings;
  private final Batch batch;
  private final int row;
  private final int d;
  private final int blocks;
  private final List<List<String>> behaviours;
  private final List<double[][]> steps = new ArrayList<>(); // real ones, behaviour by behaviour
  private final Map<String, double[][]> known = new HashMap<>();

  /// −Σ α ln α of every query and head, by attention; per number of keys if that is asked for
  final Map<String, List<Double>> entropies = new TreeMap<>();

  NaiveInfnet(Map<String, double[]> params, Settings settings, Batch batch, int row) {
    this.params = params;
    this.settings = settings;
    this.batch = batch;
    this.row = row;
    d = settings.integer("embeddingDim");
    blocks = settings.integer("blocks");
    List<String> named = settings.wordList("histories");
    behaviours =
        named.isEmpty()
            ? batch.schema().all(Field.Sequence.class).stream().map(f -> List.of(f.name())).toList()
            : named.stream().map(h -> List.of(h.split("\\+", -1))).toList();
    behaviours.forEach(b -> steps.add(encoded(b.getFirst(), lookedUp(b))));
  }

  /// z by label
  Map<String, Double> scores() {
    Map<String, Double> z = new TreeMap<>();
    for (Field.Label label : batch.schema().labels()) {
      double[] h;
      if (flag("useTaskTokens")) {
        h = value(Part.T, blocks)[batch.schema().labels().indexOf(label)];
      } else {
        List<double[]> rows = new ArrayList<>(List.of(value(Part.C_PROXIES, blocks)));
        if (!behaviours.isEmpty()) {
          rows.addAll(List.of(value(Part.S_PROXIES, blocks)));
        }
        h = mean(rows.toArray(double[][]::new));
      }
      z.put(
          label.name(), NaiveTasks.tower(params, "head/" + label.name() + "/", h, Activation.RELU));
    }
    return z;
  }

  /// A part of a level.
  double[][] value(Part part, int level) {
    double[][] found = known.get(part + " " + level);
    if (found == null) {
      found = level == 0 ? first(part) : moved(part, level);
      known.put(part + " " + level, found);
    }
    return found;
  }

  // Level 0

  private double[][] first(Part part) {
    return switch (part) {
      case C -> fields();
      case S -> steps.stream().flatMap(Arrays::stream).toArray(double[][]::new);
      case T ->
          batch.schema().labels().stream()
              .map(l -> Naive.get(params, "token/" + l.name()))
              .toArray(double[][]::new);
      case C_PROXIES -> fieldProxies();
      case S_PROXIES -> sequenceProxies();
      case T_PROXIES -> rows(Naive.get(params, "shared"));
    };
  }

  private double[][] fields() {
    List<double[]> tokens = new ArrayList<>();
    List<Naive.Feature> features = Naive.features(batch, row);
    for (Field.Ids f : batch.schema().ids()) {
      if (f instanceof Field.Sequence) {
        continue;
      }
      double[] sum = new double[d];
      for (Naive.Feature feature : features) {
        if (feature.field().equals(f)) {
          add(sum, vector(f, feature.id()), feature.x());
        }
      }
      tokens.add(sum);
    }
    for (int c = 0; c < batch.schema().dense().size(); c++) {
      double[] sum = new double[d];
      add(sum, rows(Naive.get(params, "v/numeric"))[c], Naive.number(batch, row, c));
      tokens.add(sum);
    }
    return tokens.toArray(double[][]::new);
  }

  /// The vector of an id: of every hash the looked up ones, weighed and added, then projected.
  private double[] vector(Field.Ids f, int id) {
    double[] places = params.get("v/tail/" + f.table() + "/places");
    if (places != null) {
      int row = id < 2 ? id : (int) places[id];
      if (id < 2 || row > 0) {
        return rows(Naive.get(params, "v/" + f.table()))[row];
      }
      double[] others = Naive.get(params, "v/tail/" + f.table() + "/rows");
      int width = settings.integer("tailWidth");
      HashingTrick hash = new HashingTrick(others.length / width, (int) Counter.key(0, f.table()));
      int at = hash.id((long) id) * width;
      return Naive.linear(
          Arrays.copyOfRange(others, at, at + width),
          Naive.get(params, "v/tail/" + f.table() + "/projection"),
          new double[d]);
    }
    int cap = settings.integer("hashRows");
    boolean hashed = cap > 0 && f.size() > cap;
    double[] table = Naive.get(params, "v/" + f.table());
    int width = table.length / (hashed ? cap : f.size());
    double[] sum = new double[width];
    int hashes = hashed ? settings.integer("hashes") : 1;
    for (int k = 0; k < hashes; k++) {
      int at = id;
      if (hashed && id > 1) {
        at = new HashingTrick(cap, (int) Counter.key(0, f.table())).ids((long) id, hashes)[k];
      }
      double[] weights = params.get("v/hash/" + f.table());
      double[] e = Arrays.copyOfRange(table, at * width, (at + 1) * width);
      add(sum, e, hashed && weights != null ? weights[k] : 1);
    }
    return width == d
        ? sum
        : Naive.linear(sum, Naive.get(params, "v/projection/" + f.table()), new double[d]);
  }

  private double[][] lookedUp(List<String> columns) {
    List<double[]> found = new ArrayList<>();
    int length = ModelBench.bag(batch, columns.getFirst(), row).length;
    for (int t = 0; t < length; t++) {
      double[] sum = new double[d];
      double[] side = new double[0];
      boolean real = false;
      for (String column : columns) {
        int id = ModelBench.bag(batch, column, row)[t];
        double[] e = vector((Field.Ids) batch.schema().field(column), id);
        real |= id != 0;
        add(sum, e, 1);
        side = Naive.flat(side, e);
      }
      if (real) {
        double[] join = params.get("behaviour/" + columns.getFirst() + "/join");
        found.add(join == null ? sum : Naive.linear(side, join, new double[d]));
      }
    }
    return found.toArray(double[][]::new);
  }

  private double[][] encoded(String name, double[][] x) {
    double[][] h = x;
    int heads = settings.integer("encoderHeads");
    int wide = d / heads;
    for (int l = 0; l < settings.integer("encoderLayers"); l++) {
      String p = "behaviour/" + name + "/encoder/" + l + "/";
      double[] beta = Naive.get(params, p + "beta");
      int furthest = beta.length / heads - 1;
      double[][] normed = normed(h, p + "before/");
      double[][] q = times(normed, p + "query");
      double[][] k = times(normed, p + "key");
      double[][] v = times(normed, p + "value");
      double[][] after = new double[h.length][];
      for (int i = 0; i < h.length; i++) {
        double[] o = new double[d];
        for (int a = 0; a < heads; a++) {
          int last = flag("causal") ? i + 1 : h.length;
          double[] s = new double[last];
          for (int j = 0; j < last; j++) {
            for (int c = a * wide; c < (a + 1) * wide; c++) {
              s[j] += q[i][c] * k[j][c] / Math.sqrt(wide);
            }
            s[j] += beta[a * (furthest + 1) + Math.min(Math.abs(i - j), furthest)];
          }
          double[] alpha = softmax(s);
          for (int j = 0; j < last; j++) {
            for (int c = a * wide; c < (a + 1) * wide; c++) {
              o[c] += alpha[j] * v[j][c];
            }
          }
        }
        after[i] = h[i].clone();
        add(after[i], times(o, p + "out"), 1);
      }
      double[][] between = normed(after, p + "between/");
      for (int i = 0; i < h.length; i++) {
        double[] widened = linear(between[i], p + "network/widen/");
        Arrays.setAll(widened, c -> Math.max(0, widened[c]));
        add(after[i], linear(widened, p + "network/narrow/"), 1);
      }
      h = after;
    }
    return h;
  }

  private double[][] fieldProxies() {
    int m = settings.integer("catProxies");
    double[][] found = new double[m][d];
    String source = settings.toMap().get("catProxySource");
    if (!"LEARNED".equals(source)) {
      double[] flat = Naive.flat(value(Part.C, 0));
      found = rows(network(flat, "proxies/fields/"));
    }
    if (!"GENERATED".equals(source)) {
      add(found, rows(Naive.get(params, "proxies/fields/learned")));
    }
    return found;
  }

  private double[][] sequenceProxies() {
    int r = settings.integer("seqProxiesPerBehaviour");
    String source = Naive.present(settings.toMap(), "seqProxySource");
    List<double[]> all = new ArrayList<>();
    for (int a = 0; a < steps.size(); a++) {
      double[][] s = steps.get(a);
      double[][] found = new double[r][d];
      if (source.equals("MULTI_SCALE")) {
        int most = longest(behaviours.get(a).getFirst());
        for (int k = 0; k < r && s.length > 0; k++) {
          int newest = Math.min(s.length, Math.max(1, most / (1 << k)));
          double[][] window = Arrays.copyOfRange(s, s.length - newest, s.length);
          found[k] = linear(mean(window), "proxies/sequences/window/" + k + "/");
        }
      } else if (!source.equals("LEARNED")) {
        boolean mean = "MEAN".equals(settings.toMap().get("seqPooling"));
        for (double[] step : s) {
          double[][] said = rows(network(step, "proxies/sequences/"));
          for (int k = 0; k < r; k++) {
            add(found[k], said[k], mean ? 1.0 / s.length : 1);
          }
        }
      }
      if (source.equals("LEARNED") || source.equals("DYNAMIC")) {
        String name = behaviours.get(a).getFirst();
        add(found, rows(Naive.get(params, "proxies/sequences/learned/" + name)));
      }
      all.addAll(List.of(found));
    }
    return all.toArray(double[][]::new);
  }

  private int longest(String sequence) {
    return ((Field.Sequence) batch.schema().field(sequence)).maxLength();
  }

  // Blocks

  private String block(int level) {
    return "block/" + (flag("shareBlocks") ? "all" : level - 1) + "/";
  }

  /// What a part of level − 1 becomes.
  private double[][] moved(Part part, int level) {
    double[][] x = asked(part, level);
    boolean tokens = part == Part.C || part == Part.S || part == Part.T;
    if (!tokens || !flag("useHomogeneous")) {
      return x;
    }
    boolean updated = "UPDATED".equals(settings.toMap().get("pguProxy"));
    int from = updated ? level : level - 1;
    double[][] proxies = copy(value(part.proxies(), from));
    if (part == Part.T && !flag("useHeterogeneous")) {
      List<double[]> others = new ArrayList<>(List.of(value(Part.C_PROXIES, from)));
      if (!behaviours.isEmpty()) {
        others.addAll(List.of(value(Part.S_PROXIES, from)));
      }
      for (double[] proxy : proxies) {
        add(proxy, mean(others.toArray(double[][]::new)), 1);
      }
    }
    return gated(part, x, proxies, block(level) + "gate/" + part.letter() + "/");
  }

  /// Before the gates.
  private double[][] asked(Part part, int level) {
    double[][] x = value(part, level - 1);
    List<Part> sources = new ArrayList<>();
    if (flag("useHeterogeneous")) {
      boolean steps = !behaviours.isEmpty();
      boolean tasks = flag("useTaskTokens");
      boolean asks = part != Part.C && part != Part.S;
      if (asks && part != Part.C_PROXIES) {
        sources.add(Part.C);
      }
      if (asks && part != Part.S_PROXIES && steps) {
        sources.add(Part.S);
      }
      if ((part == Part.C_PROXIES || part == Part.S_PROXIES) && tasks) {
        sources.add(Part.T);
      }
    }
    if (sources.isEmpty()) {
      return x;
    }
    boolean twin = part == Part.T_PROXIES && flag("shareTaskAttention") && heard(Part.T, level);
    String letter = twin ? "T" : part.letter();
    double[] beta = coarse(x, sources.size(), block(level) + "coarse/" + letter + "/");
    double[][] y = new double[x.length][d];
    for (int a = 0; a < sources.size(); a++) {
      String pair = letter + sources.get(a).letter();
      String path = block(level) + "attention/" + pair + "/";
      double[][] heard = attention(x, value(sources.get(a), level - 1), path, part + " " + level);
      for (int i = 0; i < y.length; i++) {
        add(y[i], heard[i], beta[a]);
        if (a == 0 && flag("proxyResidual")) {
          add(y[i], x[i], 1);
        }
      }
    }
    String norm = block(level) + "norm/" + letter + "/";
    return "LAYER_NORM".equals(settings.toMap().get("norm")) ? normed(y, norm) : y;
  }

  /// Whether the model has attention of the tasks at a level, with which T̃ could share.
  private boolean heard(Part part, int level) {
    return params.containsKey(block(level) + "attention/" + part.letter() + "C/query");
  }

  /// |A| β, or ones
  private double[] coarse(double[][] x, int sources, String path) {
    double[] factors = new double[sources];
    if (flag("coarseAttention") && sources > 1) {
      double[] logits =
          Naive.linear(mean(x), Naive.get(params, path + "u"), Naive.get(params, path + "w"));
      double[] beta = softmax(logits);
      int asked = settings.integer("coarseTopK");
      double[] counted = asked == 0 ? logits : largest(logits, asked);
      Arrays.setAll(factors, a -> Double.isInfinite(counted[a]) ? 0 : sources * beta[a]);
    } else {
      Arrays.fill(factors, 1);
    }
    return factors;
  }

  private double[][] attention(double[][] queries, double[][] keys, String path, String who) {
    boolean eight = "INT8".equals(settings.toMap().get("quantise"));
    int heads = settings.integer("heads");
    int wide = d / heads;
    double[][] q =
        eight ? headByHead(rounded(queries, path + "query"), wide) : times(queries, path + "query");
    double[][] k =
        eight ? headByHead(rounded(keys, path + "key"), wide) : times(keys, path + "key");
    double[][] v = eight ? columns(rounded(keys, path + "value")) : times(keys, path + "value");
    double[][] y = new double[queries.length][d];
    for (int i = 0; i < y.length; i++) {
      for (int a = 0; a < heads; a++) {
        double[] s = new double[keys.length];
        for (int j = 0; j < s.length; j++) {
          for (int c = a * wide; c < (a + 1) * wide; c++) {
            s[j] += q[i][c] * k[j][c] / Math.sqrt(wide);
          }
        }
        double[] alpha = weights(s, path + " " + who);
        if (eight) {
          double[] whole = Arrays.stream(alpha).map(x -> Math.round(255 * x)).toArray();
          double sum = Arrays.stream(whole).sum();
          alpha = Arrays.stream(whole).map(x -> x / sum).toArray();
        }
        for (int j = 0; j < s.length; j++) {
          for (int c = a * wide; c < (a + 1) * wide; c++) {
            y[i][c] += alpha[j] * v[j][c];
          }
        }
      }
      if (params.containsKey(path + "out")) {
        y[i] = eight ? rounded(new double[][] {y[i]}, path + "out")[0] : times(y[i], path + "out");
      }
    }
    return y;
  }

  // Eight bits: every number is the nearest multiple of a 127th of the largest beside it

  private static double[] nearest(double[] v) {
    double largest = Arrays.stream(v).map(Math::abs).max().orElse(0);
    double step = largest == 0 ? 1 : largest / 127;
    return Arrays.stream(v)
        .map(x -> Math.signum(x) * step * Math.round(Math.abs(x) / step))
        .toArray();
  }

  private static double[][] columns(double[][] x) {
    double[][] y = copy(x);
    for (int c = 0; x.length > 0 && c < x[0].length; c++) {
      int at = c;
      double[] column = nearest(Arrays.stream(x).mapToDouble(row -> row[at]).toArray());
      for (int i = 0; i < y.length; i++) {
        y[i][c] = column[i];
      }
    }
    return y;
  }

  private double[][] headByHead(double[][] x, int wide) {
    double[][] y = new double[x.length][];
    for (int i = 0; i < x.length; i++) {
      y[i] = new double[0];
      for (int from = 0; from < d; from += wide) {
        y[i] = Naive.flat(y[i], nearest(Arrays.copyOfRange(x[i], from, from + wide)));
      }
    }
    return y;
  }

  private double[][] rounded(double[][] x, String path) {
    double[] w = Naive.flat(columns(rows(Naive.get(params, path))));
    return Arrays.stream(x)
        .map(row -> Naive.linear(nearest(row), w, new double[d]))
        .toArray(double[][]::new);
  }

  private double[] weights(double[] s, String who) {
    String kind = Naive.present(settings.toMap(), "sparsity");
    if (kind.equals("SPARSEMAX")) {
      return sparsemax(s);
    }
    if (kind.equals("TOP_K")) {
      return softmax(largest(s, settings.integer("sparsityTopK")));
    }
    double[] alpha = softmax(s);
    double h = Arrays.stream(alpha).map(p -> p > 0 ? -p * Math.log(p) : 0).sum();
    double per = kind.equals("NORMALIZED_ENTROPY") && s.length > 1 ? Math.log(s.length) : 1;
    entropies.computeIfAbsent(who, _ -> new ArrayList<>()).add(h / per);
    return alpha;
  }

  /// −∞ for all but the k largest, and those that differ from the k-th by roundings
  private static double[] largest(double[] s, int k) {
    double[] rising = s.clone();
    Arrays.sort(rising);
    double magnitude = Arrays.stream(s).map(Math::abs).max().orElse(0);
    double least =
        s.length > k ? rising[s.length - k] - 1e-5 * magnitude : Double.NEGATIVE_INFINITY;
    return Arrays.stream(s).map(x -> x >= least ? x : Double.NEGATIVE_INFINITY).toArray();
  }

  /// τ by halving an interval: Σ max(s − τ, 0) falls as τ rises.
  static double[] sparsemax(double[] s) {
    if (s.length == 0) {
      return s;
    }
    double high = Arrays.stream(s).max().orElseThrow();
    double low = high - 1;
    for (int i = 0; i < 200; i++) {
      double middle = (low + high) / 2;
      double sum = Arrays.stream(s).map(x -> Math.max(x - middle, 0)).sum();
      if (sum > 1) {
        low = middle;
      } else {
        high = middle;
      }
    }
    double tau = low;
    return Arrays.stream(s).map(x -> Math.max(x - tau, 0)).toArray();
  }

  private double[][] gated(Part part, double[][] x, double[][] proxies, String path) {
    double[][] y = copy(x);
    String kind = Naive.present(settings.toMap(), "pguMode");
    if (kind.equals("INTERPOLATE")) {
      for (int i = 0; i < y.length; i++) {
        double[] both = Naive.flat(x[i], mean(own(part, i, proxies)));
        double[] g = linear(both, path + "share/");
        double[] h = linear(both, path + "other/");
        for (int c = 0; c < d; c++) {
          double share = ModelBench.sigmoid(g[c]);
          double other = NaiveTasks.act(settings.choice("pguActivation", Activation.class), h[c]);
          y[i][c] = share * other + (1 - share) * x[i][c];
        }
      }
      return y;
    }
    double[] by = network(Naive.flat(proxies), path);
    for (double[] token : y) {
      for (int c = 0; c < d; c++) {
        if (kind.equals("AFFINE")) {
          token[c] = token[c] * (1 + by[c]) + by[d + c];
        } else {
          double gate = settings.real("pguScale") * ModelBench.sigmoid(by[c]);
          token[c] *= flag("pguResidual") ? 1 + gate : gate;
        }
      }
    }
    return y;
  }

  /// The proxies of token i's own behaviour, or of all its group.
  private double[][] own(Part part, int i, double[][] proxies) {
    if (part != Part.S) {
      return proxies;
    }
    int owner = 0;
    for (int before = steps.get(0).length; i >= before; before += steps.get(owner).length) {
      owner++;
    }
    int r = settings.integer("seqProxiesPerBehaviour");
    return Arrays.copyOfRange(proxies, owner * r, (owner + 1) * r);
  }

  // Small things

  private boolean flag(String name) {
    return settings.flag(name);
  }

  /// Layers with ReLU, and `out`.
  private double[] network(double[] x, String path) {
    return linear(NaiveTasks.mlp(params, path, x, Activation.RELU), path + "out/");
  }

  private double[] linear(double[] x, String path) {
    return Naive.linear(x, Naive.get(params, path + "weight"), Naive.get(params, path + "bias"));
  }

  private double[] times(double[] x, String path) {
    return Naive.linear(x, Naive.get(params, path), new double[d]);
  }

  private double[][] times(double[][] x, String path) {
    return Arrays.stream(x).map(row -> times(row, path)).toArray(double[][]::new);
  }

  private double[][] normed(double[][] x, String path) {
    double[] scale = Naive.get(params, path + "scale");
    double[] shift = Naive.get(params, path + "shift");
    double[][] y = copy(x);
    for (double[] row : y) {
      double m = Arrays.stream(row).sum() / d;
      double v = Arrays.stream(row).map(c -> (c - m) * (c - m)).sum() / d;
      for (int c = 0; c < d; c++) {
        row[c] = scale[c] * (row[c] - m) / Math.sqrt(v + 1e-6) + shift[c];
      }
    }
    return y;
  }

  private double[][] rows(double[] flat) {
    double[][] rows = new double[flat.length / d][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * d, (i + 1) * d));
    return rows;
  }

  private static double[][] copy(double[][] x) {
    return Arrays.stream(x).map(double[]::clone).toArray(double[][]::new);
  }

  private static void add(double[] sum, double[] x, double factor) {
    for (int c = 0; c < sum.length; c++) {
      sum[c] += factor * x[c];
    }
  }

  private static void add(double[][] sum, double[][] x) {
    for (int i = 0; i < sum.length; i++) {
      add(sum[i], x[i], 1);
    }
  }

  /// The mean of some vectors; of none, nothing that anybody may read.
  static double[] mean(double[][] x) {
    double[] sum = new double[x.length == 0 ? 0 : x[0].length];
    for (double[] row : x) {
      add(sum, row, 1.0 / x.length);
    }
    return sum;
  }

  private static double[] softmax(double[] s) {
    double[] e = Arrays.stream(s).map(Math::exp).toArray();
    double sum = Arrays.stream(e).sum();
    return Arrays.stream(e).map(x -> x / sum).toArray();
  }
}
