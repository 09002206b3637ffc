// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.Arrays;

/// The metrics of a [RankedList] on the mean over all orders of candidates whose scores are equal, each order as likely as the next:
/// what a sort that breaks ties by chance would give in the long run (McSherry, Najork, ECIR 2008). Costs O(n log n), not n!.
///
/// Of n equal candidates, r of them relevant, that begin behind s places with H relevant ones:
///
/// ```
/// E[hits in m of their places]        = m r/n                                        (TIE-1)
/// P(no hit in m of their places)      = Π_{i<m} (n − r − i)/(n − i)                  (TIE-2)
/// E[gain at one of their places]      = their gains / n                              (TIE-3)
/// E[h_j P@j] at place j = s + i + 1   = r/n (H + 1 + i (r − 1)/(n − 1)) / j          (TIE-4)
/// ```
public final class TiedList {
  private final int[] sizes; //      n of each group of equal scores, the best first
  private final int[] relevant; //   r
  private final double[] gains; //   what the gains of a group add up to
  private final RankedList one; //   any order: what does not depend on it

  private TiedList(int[] sizes, int[] relevant, double[] gains, RankedList one) {
    this.sizes = sizes;
    this.relevant = relevant;
    this.gains = gains;
    this.one = one;
  }

  /// The lists that scores of candidates may make.
  ///
  /// @param scores of the candidates
  /// @param gains of the candidates, 0 for irrelevant ones; all that is relevant is among them
  public static TiedList of(double[] scores, double[] gains) {
    RankedList one = RankedList.ofScores(scores, gains, RankedList.Ties.BY_ID); // checks both
    int[] order = new int[scores.length];
    Arrays.setAll(order, i -> i);
    IntArrays.stableSort(order, (a, b) -> Double.compare(scores[b] + 0.0, scores[a] + 0.0));
    int[] sizes = new int[order.length];
    int[] relevant = new int[order.length];
    double[] sums = new double[order.length];
    int groups = 0;
    for (int i = 0; i < order.length; i++) {
      groups += i == 0 || scores[order[i]] != scores[order[i - 1]] ? 1 : 0;
      sizes[groups - 1]++;
      relevant[groups - 1] += gains[order[i]] > 0 ? 1 : 0;
      sums[groups - 1] += gains[order[i]];
    }
    return new TiedList(
        Arrays.copyOf(sizes, groups),
        Arrays.copyOf(relevant, groups),
        Arrays.copyOf(sums, groups),
        one);
  }

  /// Whether the candidates on both sides of place K have one score, so that chance decides who is among the first K.
  public boolean tiedAtCutoff(int k) {
    int end = 0;
    for (int n : sizes) {
      if (end < k && k < end + n) {
        return true;
      }
      end += n;
    }
    return false;
  }

  /// Σ_{j≤K} h_j  (TIE-1)
  public double hits(int k) {
    check(k);
    double hits = 0;
    int left = k;
    for (int g = 0; g < sizes.length && left > 0; g++) {
      int m = Math.min(left, sizes[g]);
      hits += (double) m * relevant[g] / sizes[g];
      left -= m;
    }
    return hits;
  }

  private static void check(int k) {
    if (k < 1) {
      throw new IllegalArgumentException("tied list: K = " + k + ". Expected at least 1.");
    }
  }

  /// HR@K  (TIE-2)
  public double hitRate(int k) {
    return first(k)[0];
  }

  /// MRR@K  (TIE-2)
  public double reciprocalRank(int k) {
    return first(k)[1];
  }

  /// The probability of a hit among the first K places, and the mean of 1 / the first hit's place.
  private double[] first(int k) {
    check(k);
    double none = 1; // the probability that no place so far was a hit
    double reciprocal = 0;
    int place = 0;
    for (int g = 0; g < sizes.length; g++) {
      for (int i = 0; i < sizes[g] && place < k; i++) {
        place++;
        double hit = Math.min(1, (double) relevant[g] / (sizes[g] - i)); // after i misses
        reciprocal += none * hit / place;
        none *= 1 - hit;
      }
    }
    return new double[] {1 - none, reciprocal};
  }

  /// P@K
  public double precision(int k) {
    return hits(k) / k;
  }

  /// Recall@K
  public double recall(int k) {
    return hits(k) / one.relevant();
  }

  /// DCG@K  (TIE-3)
  public double dcg(int k) {
    check(k);
    double sum = 0;
    int place = 0;
    for (int g = 0; g < sizes.length; g++) {
      for (int i = 0; i < sizes[g] && place < k; i++) {
        sum += RankedList.discounted(gains[g] / sizes[g], place++);
      }
    }
    return sum;
  }

  /// NDCG@K
  public double ndcg(int k) {
    return dcg(k) / one.idealDcg(k);
  }

  /// AP@K  (TIE-4)
  public double averagePrecision(int k) {
    check(k);
    double sum = 0;
    double before = 0; // H
    int place = 0;
    for (int g = 0; g < sizes.length; g++) {
      double n = sizes[g];
      double others = n > 1 ? (relevant[g] - 1) / (n - 1) : 0;
      for (int i = 0; i < n && place < k && relevant[g] > 0; i++) {
        place++;
        sum += relevant[g] / n * (before + 1 + i * others) / place;
      }
      place += relevant[g] > 0 ? 0 : sizes[g];
      before += relevant[g];
    }
    return sum / Math.min(k, one.relevant());
  }
}
