// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import it.unimi.dsi.fastutil.doubles.DoubleArrays;
import it.unimi.dsi.fastutil.ints.Int2DoubleMap;
import it.unimi.dsi.fastutil.ints.Int2DoubleOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.util.Arrays;

/// A list of items for one user, best first, held against what is relevant to him. h_j is 1 where place j, from 1, holds a relevant
/// item; a list that ends before place K misses there.
///
/// ```
/// HR@K     = 1 if Σ_{j≤K} h_j > 0, else 0                             (TK-1)
/// P@K      = 1/K Σ_{j≤K} h_j                                          (TK-2)
/// Recall@K = Σ_{j≤K} h_j / |R|                                        (TK-3)
/// MRR@K    = 1 / the first j ≤ K with h_j = 1, else 0                 (TK-4)
/// DCG@K    = Σ_{j≤K} gain_j / log₂(j + 1)                             (TK-5)
/// NDCG@K   = DCG@K / the largest DCG@K that any list could have       (TK-6)
/// AP@K     = 1/min(K, |R|) Σ_{j≤K} h_j P@j                            (TK-7)
/// ```
///
/// @param gains of the places, 0 for a miss
/// @param ideal gains of everything relevant, in the list or not, falling
public record RankedList(double[] gains, double[] ideal) {
  private static final double LN2 = StrictMath.log(2);

  /// What becomes of equal scores. The mean over all their orders is a [TiedList].
  public enum Ties {
    /// relevant items stand last among equals: a constant score is no achievement
    PESSIMISTIC,
    /// the smaller id stands first
    BY_ID
  }

  /// A list of items against a set, each with gain 1.
  ///
  /// @param list distinct items, best first
  public static RankedList of(int[] list, int... relevant) {
    Int2DoubleOpenHashMap gains = new Int2DoubleOpenHashMap();
    for (int item : relevant) {
      gains.put(item, 1);
    }
    return of(list, gains);
  }

  /// A list of items against graded relevance.
  ///
  /// @param list distinct items, best first
  /// @param relevant gains above 0, by item
  public static RankedList of(int[] list, Int2DoubleMap relevant) {
    IntOpenHashSet seen = new IntOpenHashSet(list.length);
    double[] gains = new double[list.length];
    for (int j = 0; j < list.length; j++) {
      if (!seen.add(list[j])) {
        throw new IllegalArgumentException(
            "ranked list: item " + list[j] + " stands there twice. Expected distinct items.");
      }
      gains[j] = relevant.getOrDefault(list[j], 0);
    }
    return of(gains, relevant.values().toDoubleArray());
  }

  /// The list that scores of candidates make.
  ///
  /// @param scores of the candidates, which are numbered from 0
  /// @param gains of the candidates, 0 for irrelevant ones; all that is relevant is among them
  public static RankedList ofScores(double[] scores, double[] gains, Ties ties) {
    int[] order = new int[scores.length];
    Arrays.setAll(order, i -> i);
    for (int i = 0; i < order.length; i++) {
      Labels.score("ranked list", scores, i);
    }
    IntArrays.stableSort(
        order,
        (a, b) -> {
          int c = Double.compare(scores[b] + 0.0, scores[a] + 0.0);
          return c == 0 && ties == Ties.PESSIMISTIC ? Double.compare(gains[a], gains[b]) : c;
        });
    double[] placed = new double[order.length];
    Arrays.setAll(placed, j -> gains[order[j]]);
    return of(placed, Arrays.stream(gains).filter(g -> g > 0).toArray());
  }

  private static RankedList of(double[] gains, double... ideal) {
    for (double g : ideal) {
      if (!(g > 0 && g < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "ranked list: gain " + g + " of a relevant item. Expected a number above 0.");
      }
    }
    double[] falling = ideal.clone();
    DoubleArrays.stableSort(falling, (a, b) -> Double.compare(b, a));
    return new RankedList(gains, falling);
  }

  /// With gains 2^g − 1 for g, which count the best far above the good.
  public RankedList exponential() {
    return new RankedList(
        Arrays.stream(gains).map(g -> StrictMath.pow(2, g) - 1).toArray(),
        Arrays.stream(ideal).map(g -> StrictMath.pow(2, g) - 1).toArray());
  }

  /// |R|, the number of relevant items.
  public int relevant() {
    return ideal.length;
  }

  /// Σ_{j≤K} h_j
  public int hits(int k) {
    int hits = 0;
    for (int j = 0; j < places(k); j++) {
      hits += gains[j] > 0 ? 1 : 0;
    }
    return hits;
  }

  private int places(int k) {
    if (k < 1) {
      throw new IllegalArgumentException("ranked list: K = " + k + ". Expected at least 1.");
    }
    return Math.min(k, gains.length);
  }

  /// (TK-1)
  public double hitRate(int k) {
    return hits(k) > 0 ? 1 : 0;
  }

  /// (TK-2)
  public double precision(int k) {
    return (double) hits(k) / k;
  }

  /// (TK-2) over the places that the list has, where these are fewer than K; NaN of an empty list.
  public double precisionOfShown(int k) {
    return (double) hits(k) / places(k);
  }

  /// (TK-3)
  public double recall(int k) {
    return (double) hits(k) / relevant();
  }

  /// (TK-3) over min(K, |R|), which a list of K can reach.
  public double cappedRecall(int k) {
    return (double) hits(k) / Math.min(k, relevant());
  }

  /// (TK-4)
  public double reciprocalRank(int k) {
    for (int j = 0; j < places(k); j++) {
      if (gains[j] > 0) {
        return 1.0 / (j + 1);
      }
    }
    return 0;
  }

  /// The mean of 1/rank over all relevant items, 0 for one that is not in the list: what some libraries call MRR.
  public double meanReciprocalRank() {
    double sum = 0;
    for (int j = 0; j < gains.length; j++) {
      sum += gains[j] > 0 ? 1.0 / (j + 1) : 0;
    }
    return sum / relevant();
  }

  /// (TK-5)
  public double dcg(int k) {
    return discounted(gains, places(k));
  }

  /// The largest (TK-5) that any list could have.
  public double idealDcg(int k) {
    return discounted(ideal, Math.min(Math.max(k, 1), ideal.length));
  }

  private static double discounted(double[] gains, int places) {
    double sum = 0;
    for (int j = 0; j < places; j++) {
      sum += discounted(gains[j], j);
    }
    return sum;
  }

  /// What a gain counts behind so many places.
  static double discounted(double gain, int before) {
    return gain * LN2 / StrictMath.log(before + 2.0);
  }

  /// (TK-6)
  public double ndcg(int k) {
    return dcg(k) / idealDcg(k);
  }

  /// (TK-7)
  public double averagePrecision(int k) {
    double sum = 0;
    int hits = 0;
    for (int j = 0; j < places(k); j++) {
      if (gains[j] > 0) {
        sum += (double) ++hits / (j + 1);
      }
    }
    return sum / Math.min(k, relevant());
  }
}
