// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import it.unimi.dsi.fastutil.ints.IntSets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// How much of what is nearest an approximate index finds, and how long both take, query by query in one thread.
///
/// ```
/// recall@k = mean over queries of |A_k ∩ X_k| / min(k, N)
/// ```
///
/// A_k is what the approximate index returns, X_k what is nearest. An item whose exact score is that of place k counts as found,
/// even if the exact index preferred another with the same score; scores are equal when they differ by at most 10⁻⁶.
///
/// @param recall by k
/// @param exact times of the exact index
/// @param approximate times of the other
public record IndexComparison(Map<Integer, Double> recall, Times exact, Times approximate) {
  private static final double TIE = 1e-6;

  /// Times of queries, in microseconds.
  ///
  /// @param mean of all
  /// @param p99 what 99 of 100 queries do not exceed
  public record Times(double mean, double p99) {
    static Times of(long... nanos) {
      long[] sorted = nanos.clone();
      Arrays.sort(sorted);
      int last = Math.max(0, (int) Math.ceil(0.99 * sorted.length) - 1);
      return new Times(
          Arrays.stream(sorted).average().orElse(Double.NaN) * 1e-3,
          sorted.length == 0 ? Double.NaN : sorted[last] * 1e-3);
    }
  }

  /// Asks both indices the same.
  ///
  /// @param vectors that both hold: their scores decide about ties
  /// @param effort of the approximate index
  /// @param ks rising
  public static IndexComparison of(
      VectorIndex.Vectors vectors,
      VectorIndex approximate,
      float[][] queries,
      int effort,
      int... ks) {
    ExactIndex exact = new ExactIndex(vectors);
    int most = ks[ks.length - 1];
    Map<Integer, Integer> places = new LinkedHashMap<>();
    for (int i = 0; i < vectors.ids().length; i++) {
      places.put(vectors.ids()[i], i);
    }
    long[] exactNanos = new long[queries.length];
    long[] nanos = new long[queries.length];
    double[] sums = new double[ks.length];
    for (int q = 0; q < queries.length; q++) {
      long begun = System.nanoTime();
      VectorIndex.Hits nearest = exact.search(queries[q], most, most, IntSets.emptySet());
      exactNanos[q] = System.nanoTime() - begun;
      for (int i = 0; i < ks.length; i++) {
        begun = System.nanoTime();
        VectorIndex.Hits found =
            approximate.search(queries[q], ks[i], Math.max(effort, ks[i]), IntSets.emptySet());
        nanos[q] = System.nanoTime() - begun; // of the largest k, as above
        int k = Math.min(ks[i], vectors.ids().length);
        double least = nearest.scores()[k - 1] - TIE;
        int hits = 0;
        for (int id : found.ids()) {
          int at = places.getOrDefault(id, -1) * vectors.width();
          double score = vectors.metric().score(vectors.vectors(), at, queries[q]);
          hits += score >= least ? 1 : 0;
        }
        sums[i] += (double) Math.min(hits, k) / k;
      }
    }
    Map<Integer, Double> recall = new LinkedHashMap<>();
    for (int i = 0; i < ks.length; i++) {
      recall.put(ks[i], sums[i] / queries.length);
    }
    return new IndexComparison(recall, Times.of(exactNanos), Times.of(nanos));
  }
}
