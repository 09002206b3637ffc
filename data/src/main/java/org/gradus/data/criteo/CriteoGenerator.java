// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import org.gradus.data.synthetic.Latent;
import org.gradus.data.synthetic.PowerLaw;
import org.gradus.tensor.Counter;

/// Rows shaped like Criteo's, with labels drawn from a known probability.
///
/// A value v of column f has latent numbers s₀(f, v), s₁(f, v), … of mean 0 and variance 1; the integer columns are
/// rounded log-normal counts, and uᵢ is the standardised ln(xᵢ + 3) that a model sees. The true logit is
///
/// ```
/// z = b + (c₁ Σ s₀(f) + c₂ Σ ±uᵢ               what a linear model can express
///        + c₃ Σ_pairs ⟨s₁₂(f), s₁₂(g)⟩          what a factorization machine can express too
///        + c₄ Σ_bumps h(uᵢ) s₃(f)               two-sided thresholds of an integer that flip the effect of a column
///        + c₅ Σ_triples s₄(f) s₄(g) s₄(h)       third order
///        ) / noise
/// ```
///
/// where h(u) is 1 in the middle half of the values and −1 in the tails: it is uncorrelated with u, so that neither a
/// linear model nor a factorization machine sees it, while a network over uᵢ does.
public final class CriteoGenerator implements CriteoRows {
  /// What is generated.
  ///
  /// @param vocabularyScale multiplies the number of values of every column
  /// @param skew exponent of the power laws of values
  /// @param noise divides the logit: above 1, labels are less predictable
  /// @param seed of everything
  public record Spec(double vocabularyScale, double skew, double noise, long seed) {
    /// Learnable in a minute on two cores.
    public static final Spec PRESET = new Spec(1, 1.1, 1, 0);
  }

  private static final double BIAS = -1.4;
  private static final double LINEAR = 0.16;
  private static final double DENSE_LINEAR = 0.12;
  private static final double PAIR = 0.38;
  private static final double BUMP = 0.36;
  private static final double TRIPLE = 0.45;
  private static final double MISSING = 0.1;

  /// Half the standard normal values lie within this distance of 0.
  private static final double MIDDLE_HALF = 0.6745;

  private static final int[][] PAIRS = {{0, 13}, {2, 9}, {4, 17}, {6, 21}, {8, 19}, {10, 15}};
  private static final int[][] BUMPS = {
    {0, 1}, {0, 14}, {3, 5}, {3, 20}, {6, 7}, {6, 22}, {9, 11}, {9, 16}
  };
  private static final int[][] TRIPLES = {{3, 12, 18}, {23, 24, 25}};

  private final Spec spec;
  private final long key;
  private final long to;
  private final PowerLaw[] laws = new PowerLaw[CriteoRow.SPARSE];
  private final int[] values = new int[CriteoRow.SPARSE];
  private final double[] standardised = new double[CriteoRow.DENSE];
  private long next;

  /// Rows `from` (inclusive) to `to` (exclusive) of an endless table.
  public CriteoGenerator(Spec spec, long from, long to) {
    this.spec = spec;
    this.key = Counter.key(spec.seed(), "criteo-synthetic");
    this.next = from;
    this.to = to;
    for (int f = 0; f < laws.length; f++) {
      laws[f] = new PowerLaw(cardinality(f), spec.skew());
    }
  }

  /// Number of values of a column: 10 to 2000 times the scale, log-spaced, in no order.
  public int cardinality(int field) {
    double place = (field * 7 % CriteoRow.SPARSE) / (CriteoRow.SPARSE - 1.0);
    double n = 10 * StrictMath.pow(200, place) * spec.vocabularyScale();
    return (int) Math.max(2, Math.min(1 << 30, Math.round(n)));
  }

  @Override
  public boolean next(CriteoRow row) {
    if (next >= to) {
      return false;
    }
    long draws = Counter.key(key, next++);
    row.clear();
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
    double mean = 2.5 + 0.3 * i;
    double deviation = 0.8 + 0.05 * i;
    row.denseMissing[i] = i % 3 == 1 && Counter.uniform53(draws, 100 + i) < MISSING;
    if (!row.denseMissing[i]) {
      double t = Latent.normal(draws, 200 + i);
      row.dense[i] = (int) StrictMath.exp(mean + deviation * t);
    }
    double u =
        (StrictMath.log(row.dense[i] + 3.0) - StrictMath.log(StrictMath.exp(mean) + 3)) / deviation;
    standardised[i] = Math.max(-2.5, Math.min(2.5, u));
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

  private double latent(int field, int number) {
    return Latent.normal(Counter.key(key, 1000L + 10L * field + number), values[field]);
  }

  private double signal() {
    double z = 0;
    for (int f = 0; f < CriteoRow.SPARSE; f++) {
      z += LINEAR * latent(f, 0);
    }
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      z += (i % 2 == 0 ? DENSE_LINEAR : -DENSE_LINEAR) * standardised[i];
    }
    for (int[] p : PAIRS) {
      z += PAIR * (latent(p[0], 1) * latent(p[1], 1) + latent(p[0], 2) * latent(p[1], 2)) * 0.7;
    }
    for (int[] b : BUMPS) {
      z += (Math.abs(standardised[b[0]]) < MIDDLE_HALF ? BUMP : -BUMP) * latent(b[1], 3);
    }
    for (int[] t : TRIPLES) {
      z += TRIPLE * latent(t[0], 4) * latent(t[1], 4) * latent(t[2], 4);
    }
    return z;
  }

  @Override
  public void close() {
    next = to;
  }
}
