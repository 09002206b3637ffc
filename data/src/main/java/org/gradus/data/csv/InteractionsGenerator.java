// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import java.nio.file.Path;
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.synthetic.BayesScores;
import org.gradus.data.synthetic.Latent;
import org.gradus.tensor.Counter;

/// Rows of categories in which products of k fields are planted and nothing else, with a known probability of a positive one.
///
/// F fields are cut into G = F / k groups of k neighbours. Their values are uniform and independent, and value v of field f has a
/// latent number s_f(v):
///
/// ```
/// z = c / √G · Σ_g Π_{f ∈ g} s_f(x_f)          P(label = 1) = σ(z)
/// s_f(2i) = −s_f(2i + 1) = r_i / √(mean of r²)      r_i uniform in [½, 3/2)
/// ```
///
/// The s_f have mean 0 and variance 1, so z has variance c². They come in pairs of ±: when one field of each group is unknown, z is as
/// likely positive as negative, and the label is a fair coin. Hence the constant is the best of all scores that add up functions of fewer than
/// k fields, for at the constant the log loss has slope 0 in their direction, and it is convex.
final class InteractionsGenerator implements RowLaw {
  private final Spec spec;
  private final long values;
  private final long labels;
  private final double[][] latents; // [F, values]

  /// What to plant.
  ///
  /// @param order k
  /// @param fields F, a multiple of k
  /// @param values of each field, an even number
  /// @param strength c, the standard deviation of z
  record Spec(int order, int fields, int values, double strength) {
    Spec {
      if (fields % order != 0) {
        throw new DataException(
            "interactions of order "
                + order
                + " among "
                + fields
                + " fields. Expected a number of fields that is a multiple of the order.");
      }
      if (values % 2 != 0) {
        throw new DataException(
            values + " values of a field. Expected an even number, for they come in pairs.");
      }
    }

    /// G.
    int groups() {
      return fields / order;
    }
  }

  InteractionsGenerator(Spec spec, long seed) {
    this.spec = spec;
    long key = Counter.key(seed, "interactions-synthetic");
    values = Counter.key(key, "values");
    labels = Counter.key(key, "labels");
    latents = new double[spec.fields][spec.values];
    for (int f = 0; f < spec.fields; f++) {
      long own = Counter.key(Counter.key(key, "latent"), f);
      double squares = 0;
      for (int v = 0; v < spec.values; v++) {
        double r = 0.5 + Counter.uniform53(own, v / 2);
        latents[f][v] = v % 2 == 0 ? r : -r;
        squares += r * r;
      }
      double scale = Math.sqrt(squares / spec.values);
      for (int v = 0; v < spec.values; v++) {
        latents[f][v] /= scale;
      }
    }
  }

  /// The columns: `label`, and `f1` to `fF`.
  @Override
  public CsvSchema schema() {
    StringBuilder text = new StringBuilder("label label\n");
    for (int f = 1; f <= spec.fields; f++) {
      text.append("categorical f").append(f).append('\n');
    }
    return CsvSchema.parse(Path.of("interactions-synthetic"), text.toString());
  }

  /// s_f(v).
  double latent(int field, int value) {
    return latents[field][value];
  }

  /// x_f of a row.
  int value(long row, int field) {
    return (int) Counter.below(values, row * spec.fields + field, spec.values);
  }

  /// The probability that a row is positive.
  double probability(long row) {
    double sum = 0;
    for (int g = 0; g < spec.groups(); g++) {
      double product = 1;
      for (int f = g * spec.order; f < (g + 1) * spec.order; f++) {
        product *= latents[f][value(row, f)];
      }
      sum += product;
    }
    return Latent.sigmoid(spec.strength * sum / Math.sqrt(spec.groups()));
  }

  /// 1 with the probability of the row, else 0.
  int label(long row) {
    return Counter.uniform53(labels, row) < probability(row) ? 1 : 0;
  }

  /// The scores of the true probabilities.
  @Override
  public Map<String, Double> facts(long from, int rows) {
    double[] probabilities = new double[rows];
    float[] labels = new float[rows];
    for (int i = 0; i < rows; i++) {
      probabilities[i] = probability(from + i);
      labels[i] = label(from + i);
    }
    return BayesScores.of(probabilities, labels).facts();
  }

  @Override
  public void fill(long number, CsvRow row) {
    row.number = number;
    row.reals[0] = label(number);
    for (int f = 0; f < spec.fields; f++) {
      row.tokens.get(1 + f).clear();
      row.tokens.get(1 + f).add("v" + value(number, f));
    }
  }
}
