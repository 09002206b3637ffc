// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongToDoubleFunction;
import java.util.stream.LongStream;
import org.gradus.data.DataException;
import org.gradus.data.synthetic.BayesScores;
import org.gradus.data.synthetic.Latent;
import org.gradus.tensor.Counter;

/// Rows with two labels whose laws agree as much as is asked for, and differ from scenario to scenario as much as is asked for, after the
/// synthetic data of Ma et al. (KDD 2018, section 4). With x_f = s_f(v_f), the latent number of the value of field f,
///
/// ```
/// u₁ ⟂ u₂ unit vectors,  w₁ = u₁,  w₂ = p u₁ + √(1 − p²) u₂
/// a_t = w_t · x,  z_t = c (a_t + ½ Σ_i sin(α_i a_t + β_i))        P(label t = 1) = σ(z_t)
/// ```
///
/// Values are uniform and independent and the s_f have mean 0 and variance 1, so a₁ and a₂ have variance 1 and correlation p. The labels are
/// binary and x is seen through categories only, where the paper regresses on normal numbers.
///
/// Scenario d is drawn with a probability in proportion to skew^d, and has u_i of its own,
///
/// ```
/// u_i^d = q u_i + √(1 − q²) r_i^d     r₁^d ⟂ r₂^d unit vectors, orthogonal to u₁ and u₂
/// ```
///
/// so that w_t^d · w_t = q, while p is the same in every scenario.
///
/// In a funnel, as of clicks and conversions, the second label presupposes the first: it is 1 with probability σ(z₁ + o) σ(z₂). A third label
/// may say the second again where the first is 1, and is not observed elsewhere: of conversions, what is known of clicked rows.
final class TasksGenerator implements RowLaw {
  /// Names of the labels.
  static final List<String> TASKS = List.of("first", "second");

  /// Name of the second label where the first is 1.
  static final String GIVEN = "second_of_first";

  private final Spec spec;
  private final long values;
  private final long scenarios;
  private final long[] labels = new long[TASKS.size()];
  private final double[][] latents; //    [F, values]
  private final double[][][] weights; //  [scenarios, tasks, F]
  private final double[] frequencies; //  α, of the waves
  private final double[] phases; //       β
  private final double[] cumulative; //   probability of a scenario up to this one

  /// What to plant.
  ///
  /// @param fields F
  /// @param values of each field
  /// @param strength c
  /// @param waves how many sines
  /// @param relation of the tasks
  /// @param shift of scenarios
  record Spec(int fields, int values, double strength, int waves, Relation relation, Shift shift) {
    Spec {
      int needed = shift.scenarios > 1 ? 4 : 2;
      if (fields < needed) {
        throw new DataException(
            fields
                + " fields for two tasks in "
                + shift.scenarios
                + " scenarios. Expected at least "
                + needed
                + ", for their weights stand at right angles.");
      }
    }
  }

  /// How the tasks belong together.
  ///
  /// @param correlation p
  /// @param funnel whether and how the second label presupposes the first
  record Relation(double correlation, Funnel funnel) {}

  /// Whether and how the second label presupposes the first.
  ///
  /// @param there whether it does
  /// @param given whether there is a third label, [#GIVEN]
  /// @param offset o, added to z₁: below 0 the first label is rarer
  record Funnel(boolean there, boolean given, double offset) {
    Funnel {
      if (given && !there) {
        throw new DataException(
            "data.given=true without a funnel. Expected data.funnel=true beside it: without one the"
                + " second label says nothing of the first.");
      }
    }
  }

  /// How scenarios differ.
  ///
  /// @param scenarios how many
  /// @param agreement q
  /// @param skew how much smaller the next one is
  record Shift(int scenarios, double agreement, double skew) {}

  TasksGenerator(Spec spec, long seed) {
    this.spec = spec;
    long key = Counter.key(seed, "tasks-synthetic");
    values = Counter.key(key, "values");
    scenarios = Counter.key(key, "scenarios");
    latents = new double[spec.fields][spec.values];
    for (int f = 0; f < spec.fields; f++) {
      latents[f] = standardised(Counter.key(Counter.key(key, "latent"), f), spec.values);
    }
    frequencies = new double[spec.waves];
    phases = new double[spec.waves];
    for (int i = 0; i < spec.waves; i++) {
      frequencies[i] = 1 + 2 * Counter.uniform53(Counter.key(key, "frequency"), i);
      phases[i] = 2 * Math.PI * Counter.uniform53(Counter.key(key, "phase"), i);
    }
    for (int t = 0; t < labels.length; t++) {
      labels[t] = Counter.key(key, TASKS.get(t));
    }
    int n = spec.shift.scenarios;
    weights = new double[n][][];
    double[][] common = orthonormal(Counter.key(key, "weights"), new double[0][], spec.fields);
    for (int d = 0; d < n; d++) {
      double[][] own =
          n == 1
              ? common
              : orthonormal(Counter.key(Counter.key(key, "own weights"), d), common, spec.fields);
      double q = n == 1 ? 1 : spec.shift.agreement;
      double[] u1 = sum(q, common[0], Math.sqrt(1 - q * q), own[0]);
      double[] u2 = sum(q, common[1], Math.sqrt(1 - q * q), own[1]);
      double p = spec.relation.correlation;
      weights[d] = new double[][] {u1, sum(p, u1, Math.sqrt(1 - p * p), u2)};
    }
    cumulative = cumulative(spec.shift);
  }

  /// Numbers of mean 0 and variance 1.
  private static double[] standardised(long key, int n) {
    double[] s = new double[n];
    double mean = 0;
    for (int v = 0; v < n; v++) {
      s[v] = Latent.normal(key, v);
      mean += s[v] / n;
    }
    double square = 0;
    for (int v = 0; v < n; v++) {
      s[v] -= mean;
      square += s[v] * s[v] / n;
    }
    for (int v = 0; v < n; v++) {
      s[v] /= Math.sqrt(square);
    }
    return s;
  }

  /// Two unit vectors at right angles to each other and to others (Gram and Schmidt).
  private static double[][] orthonormal(long key, double[][] others, int fields) {
    double[][] basis = new double[2][];
    for (int i = 0; i < 2; i++) {
      double[] u = new double[fields];
      for (int f = 0; f < fields; f++) {
        u[f] = Latent.normal(key, (long) i * fields + f);
      }
      for (double[] other : others) {
        u = sum(1, u, -dot(u, other), other);
      }
      if (i == 1) {
        u = sum(1, u, -dot(u, basis[0]), basis[0]);
      }
      basis[i] = sum(1 / Math.sqrt(dot(u, u)), u, 0, u);
    }
    return basis;
  }

  private static double[] sum(double a, double[] x, double b, double[] y) {
    double[] z = new double[x.length];
    for (int i = 0; i < z.length; i++) {
      z[i] = a * x[i] + b * y[i];
    }
    return z;
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  private static double[] cumulative(Shift shift) {
    double[] sums = new double[shift.scenarios];
    double size = 1;
    double sum = 0;
    for (int d = 0; d < sums.length; d++) {
      sum += size;
      sums[d] = sum;
      size *= shift.skew;
    }
    for (int d = 0; d < sums.length; d++) {
      sums[d] /= sum;
    }
    return sums;
  }

  /// The labels, the mask of the third if there is one, a user (whoever has the same value of the first field), the scenario as what a metric
  /// divides rows by and as a field of its own, where there are several, and `f1` to `fF`.
  @Override
  public CsvSchema schema() {
    StringBuilder text = new StringBuilder();
    TASKS.forEach(task -> text.append("label ").append(task).append('\n'));
    if (spec.relation.funnel.given) {
      text.append("label ").append(GIVEN).append("\nmask first_done label=").append(GIVEN);
      text.append('\n');
    }
    text.append("group user\n");
    if (spec.shift.scenarios > 1) {
      text.append("domain scenario domains=").append(spec.shift.scenarios).append('\n');
      text.append("categorical place\n");
    }
    for (int f = 1; f <= spec.fields; f++) {
      text.append("categorical f").append(f).append('\n');
    }
    return CsvSchema.parse(Path.of("tasks-synthetic"), text.toString());
  }

  /// s_f(v).
  double latent(int field, int value) {
    return latents[field][value];
  }

  /// w_t of a scenario, `[F]`.
  double[] weights(int scenario, int task) {
    return weights[scenario][task].clone();
  }

  /// The value of a field of a row.
  int value(long row, int field) {
    return (int) Counter.below(values, row * spec.fields + field, spec.values);
  }

  /// The scenario of a row.
  int scenario(long row) {
    double u = Counter.uniform53(scenarios, row);
    int d = 0;
    while (d < cumulative.length - 1 && u >= cumulative[d]) {
      d++;
    }
    return d;
  }

  /// z of an a.
  double logit(double a) {
    double waves = 0;
    for (int i = 0; i < frequencies.length; i++) {
      waves += StrictMath.sin(frequencies[i] * a + phases[i]);
    }
    return spec.strength * (a + waves / 2);
  }

  /// σ(z_t) of a row.
  double own(long row, int task) {
    double[] w = weights[scenario(row)][task];
    double a = 0;
    for (int f = 0; f < w.length; f++) {
      a += w[f] * latents[f][value(row, f)];
    }
    return Latent.sigmoid(logit(a) + (task == 0 ? spec.relation.funnel.offset : 0));
  }

  private boolean presupposes(int task) {
    return task > 0 && spec.relation.funnel.there;
  }

  /// The probability that a label of a row is 1.
  double probability(long row, int task) {
    return own(row, task) * (presupposes(task) ? own(row, 0) : 1);
  }

  /// 1 with the probability of the row, else 0.
  int label(long row, int task) {
    boolean drawn = Counter.uniform53(labels[task], row) < own(row, task);
    return drawn && (!presupposes(task) || label(row, 0) == 1) ? 1 : 0;
  }

  @Override
  public void fill(long number, CsvRow row) {
    row.number = number;
    int c = 0;
    for (int t = 0; t < TASKS.size(); t++) {
      row.reals[c++] = label(number, t);
    }
    if (spec.relation.funnel.given) {
      row.reals[c++] = label(number, 1);
      row.reals[c++] = label(number, 0); // observed where this is 1
    }
    row.integers[c++] = value(number, 0);
    if (spec.shift.scenarios > 1) {
      int d = scenario(number);
      row.integers[c++] = d;
      token(row, c++, "p" + d);
    }
    for (int f = 0; f < spec.fields; f++) {
      token(row, c++, "v" + value(number, f));
    }
  }

  private static void token(CsvRow row, int c, String token) {
    row.tokens.get(c).clear();
    row.tokens.get(c).add(token);
  }

  /// `bayes_auc_first` and so on: the scores of the true probabilities, task by task; and of scenario 2 alone `bayes_auc_first_2`. Those of
  /// the third label are σ(z₂), over the rows where it is observed.
  @Override
  public Map<String, Double> facts(long from, int rows) {
    Map<String, Double> facts = new LinkedHashMap<>();
    long[] all = LongStream.range(from, from + rows).toArray();
    for (int t = 0; t < TASKS.size(); t++) {
      int task = t;
      facts(TASKS.get(t), all, row -> probability(row, task), task, facts);
    }
    if (spec.relation.funnel.given) {
      long[] some = LongStream.of(all).filter(row -> label(row, 0) == 1).toArray();
      facts(GIVEN, some, row -> own(row, 1), 1, facts);
    }
    return facts;
  }

  private void facts(
      String name, long[] rows, LongToDoubleFunction law, int task, Map<String, Double> to) {
    if (rows.length == 0) {
      return;
    }
    scores(rows, law, task).facts().forEach((key, value) -> to.put(key + "_" + name, value));
    for (int d = 0; d < spec.shift.scenarios && spec.shift.scenarios > 1; d++) {
      int scenario = d;
      long[] own = LongStream.of(rows).filter(row -> scenario(row) == scenario).toArray();
      double auc = own.length == 0 ? Double.NaN : scores(own, law, task).auc();
      if (!Double.isNaN(auc)) {
        to.put("bayes_auc_" + name + "_" + d, auc);
      }
    }
  }

  private BayesScores scores(long[] rows, LongToDoubleFunction law, int task) {
    double[] probabilities = LongStream.of(rows).mapToDouble(law).toArray();
    float[] drawn = new float[rows.length];
    for (int i = 0; i < drawn.length; i++) {
      drawn[i] = label(rows[i], task);
    }
    return BayesScores.of(probabilities, drawn);
  }
}
