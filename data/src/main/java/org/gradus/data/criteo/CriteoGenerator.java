// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import org.gradus.data.synthetic.Latent;
import org.gradus.data.synthetic.PowerLaw;
import org.gradus.tensor.Counter;

/// Rows shaped like Criteo's, with labels drawn from a known probability.
///
/// A value v of column f has latent numbers s₀(f, v), s₁(f, v) of mean 0 and variance 1; the integer columns are rounded
/// log-normal counts, and uᵢ is the standardised ln(xᵢ + 3) that a model sees. With three groups of columns, A = Σ s₁
/// over the first divided by the square root of their number, B and C likewise, the true logit is
///
/// ```
/// z = b + (c₁ Σ s₀(f) + c₂ Σ ±uᵢ           first order: what a linear model can express
///        + c₃ A·B                          second order: what a factorization machine can express too
///        + c₄ (h(u₂) + h(u₅))                   integers whose effect turns at their median
///        + c₅ h(u₂)·C                      an integer that flips the effect of columns
///        + c₆ h(u₅)·A·B                    an integer that flips a second-order effect: third order
///        ) / noise
/// ```
///
/// where h(u) falls from the median to both sides, with mean 0 and variance 1: it is uncorrelated with u, so that neither
/// a linear model nor a factorization machine sees it, while a network over uᵢ does.
public final class CriteoGenerator implements CriteoRows {
  /// What is generated.
  ///
  /// @param vocabularyScale multiplies the number of values of every column
  /// @param skew exponent of the power laws of values
  /// @param noise divides the logit: above 1, labels are less predictable
  /// @param seed of everything
  public record Spec(double vocabularyScale, double skew, double noise, long seed) {
    /// Learnable in a minute on two cores.
    public static final Spec PRESET = new Spec(1, 1.3, 1, 0);
  }

  private static final double BIAS = -1.6;
  private static final double LINEAR = 0.13;
  private static final double DENSE_LINEAR = 0.12;
  private static final double PAIR = 1.1;
  private static final double BEND = 0.7;
  private static final double FLIP = 0.3;
  private static final double FLIPPED_PAIR = 0.3;
  private static final double MISSING = 0.1;

  /// Mean and standard deviation of |u| for a standard normal u: √(2/π) and √(1 − 2/π).
  private static final double FOLDED_MEAN = 0.797885;

  private static final double FOLDED_DEVIATION = 0.602810;

  private static final int[] A = {0, 5, 9, 13, 17};
  private static final int[] B = {4, 8, 12, 16, 20, 24};
  private static final int[] C = {1, 2, 15, 19, 23};
  private static final int[] BENDS = {2, 5};

  private final Spec spec;
  private final long key;
  private long to;
  private final PowerLaw[] laws;
  private final Latent[] first;
  private final Latent[] second;
  private final int[] values = new int[CriteoRow.SPARSE];
  private final double[] centre;
  private final double[] standardised = new double[CriteoRow.DENSE];
  private long next;

  /// Rows `from` (inclusive) to `to` (exclusive) of an endless table.
  public CriteoGenerator(Spec spec, long from, long to) {
    this.spec = spec;
    this.key = Counter.key(spec.seed(), "criteo-synthetic");
    this.next = from;
    this.to = to;
    laws = new PowerLaw[CriteoRow.SPARSE];
    first = new Latent[CriteoRow.SPARSE];
    second = new Latent[CriteoRow.SPARSE];
    centre = new double[CriteoRow.DENSE];
    for (int f = 0; f < laws.length; f++) {
      laws[f] = new PowerLaw(cardinality(f), spec.skew());
      first[f] = new Latent(Counter.key(key, 1000 + f), laws[f]);
      second[f] = new Latent(Counter.key(key, 2000 + f), laws[f]);
    }
    for (int i = 0; i < centre.length; i++) {
      centre[i] = StrictMath.log(StrictMath.exp(mean(i)) + 3);
    }
  }

  /// A generator of the same table, with the same laws, for another thread.
  CriteoGenerator(CriteoGenerator other) {
    spec = other.spec;
    key = other.key;
    laws = other.laws;
    first = other.first;
    second = other.second;
    centre = other.centre;
  }

  /// Goes on with the rows `from` (inclusive) to `to` (exclusive).
  void range(long from, long to) {
    this.next = from;
    this.to = to;
  }

  /// Number of values of a column: 10 to 200 times the scale, log-spaced, in no order.
  public int cardinality(int field) {
    double place = (field * 7 % CriteoRow.SPARSE) / (CriteoRow.SPARSE - 1.0);
    double n = 10 * StrictMath.pow(20, place) * spec.vocabularyScale();
    return (int) Math.max(2, Math.min(1 << 30, Math.round(n)));
  }

  @Override
  public boolean next(CriteoRow row) {
    if (next >= to) {
      return false;
    }
    row.clear();
    row.number = next;
    long draws = Counter.key(key, next++);
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      dense(row, i, draws);
    }
    for (int f = 0; f < CriteoRow.SPARSE; f++) {
      sparse(row, f, draws);
    }
    row.probability = Latent.sigmoid(BIAS + signal() / spec.noise());
    row.label = Counter.uniform53(draws, 0) < row.probability ? 1 : 0;
    return true;
  }

  private void dense(CriteoRow row, int i, long draws) {
    row.denseMissing[i] = i % 3 == 1 && Counter.uniform53(draws, 100 + i) < MISSING;
    if (!row.denseMissing[i]) {
      double t = Latent.normal(draws, 200 + i);
      row.dense[i] = (int) StrictMath.exp(mean(i) + deviation(i) * t);
    }
    double u = (StrictMath.log(row.dense[i] + 3.0) - centre[i]) / deviation(i);
    standardised[i] = Math.max(-2.5, Math.min(2.5, u));
  }

  /// Of the logarithm of an integer column.
  private static double mean(int i) {
    return 3 + 0.1 * i;
  }

  /// Of the logarithm of an integer column.
  private static double deviation(int i) {
    return 1.4 + 0.02 * i;
  }

  private void sparse(CriteoRow row, int f, long draws) {
    row.sparseMissing[f] = f % 5 == 2 && Counter.uniform53(draws, 300 + f) < MISSING;
    if (row.sparseMissing[f]) {
      values[f] = -1; // a value of its own, as in the preprocessing
    } else {
      values[f] = laws[f].value(Counter.uniform53(draws, 400 + f));
      row.sparse[f] = token(f, values[f]);
    }
  }

  /// 32 bits that look random and are different for every value of a column, and never 0.
  private static int token(int field, int value) {
    int h = (value + 1) * 0x9E3779B1 ^ field * 0x85EBCA6B;
    h = (h ^ h >>> 16) * 0x7FEB352D;
    h = (h ^ h >>> 15) * 0x846CA68B;
    h ^= h >>> 16;
    return h == 0 ? 0xFFFFFFFF : h;
  }

  private double signal() {
    double z = 0;
    for (int f = 0; f < CriteoRow.SPARSE; f++) {
      z += LINEAR * first[f].of(values[f]);
    }
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      z += (i % 2 == 0 ? DENSE_LINEAR : -DENSE_LINEAR) * standardised[i];
    }
    for (int i : BENDS) {
      z += BEND * bend(i);
    }
    double pair = factor(A) * factor(B);
    return z + PAIR * pair + FLIP * bend(2) * factor(C) + FLIPPED_PAIR * bend(5) * pair;
  }

  private double factor(int[] fields) {
    double sum = 0;
    for (int f : fields) {
      sum += second[f].of(values[f]);
    }
    return sum / Math.sqrt(fields.length);
  }

  private double bend(int i) {
    return (FOLDED_MEAN - Math.abs(standardised[i])) / FOLDED_DEVIATION;
  }

  @Override
  public void close() {
    next = to;
  }
}
