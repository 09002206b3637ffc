// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/// Means of the metrics of lists over users, at one K. Users to whom nothing is relevant have no metrics: they are left out, and
/// counted. Candidates are the whole catalogue; a list drawn from a sample of it would give other numbers, even another order of
/// systems, and must not go by these names.
public final class TopK {
  private final int k;
  private final int catalogue;
  private final IntOpenHashSet shown = new IntOpenHashSet();
  private final Map<String, Double> sums = new LinkedHashMap<>();
  private int users;
  private int skipped;
  private int shortLists;

  /// Nothing collected yet.
  ///
  /// @param catalogue how many items there are
  public TopK(int k, int catalogue) {
    if (k < 1 || catalogue < 1) {
      throw new IllegalArgumentException(
          "top K: K = " + k + " of " + catalogue + " items. Expected at least 1 each.");
    }
    this.k = k;
    this.catalogue = catalogue;
  }

  /// Adds the list of a user.
  ///
  /// @param list distinct items, best first; what stands behind place K is not looked at
  /// @param relevant distinct items, possibly none
  public void add(int[] list, int... relevant) {
    if (relevant.length == 0) {
      skipped++;
      return;
    }
    RankedList ranked = RankedList.of(list, relevant);
    users++;
    shortLists += list.length < k ? 1 : 0;
    for (int j = 0; j < Math.min(k, list.length); j++) {
      shown.add(list[j]);
    }
    sum("hr", ranked.hitRate(k));
    sum("precision", ranked.precision(k));
    sum("recall", ranked.recall(k));
    sum("ndcg", ranked.ndcg(k));
    sum("mrr", ranked.reciprocalRank(k));
    sum("map", ranked.averagePrecision(k));
  }

  private void sum(String metric, double value) {
    sums.merge(metric, value, Double::sum);
  }

  /// K
  public int k() {
    return k;
  }

  /// Users that were measured.
  public int users() {
    return users;
  }

  /// Users to whom nothing was relevant.
  public int skippedUsers() {
    return skipped;
  }

  /// Users whose list ended before place K.
  public int shortLists() {
    return shortLists;
  }

  /// Means by name: `hr@10`, `precision@10`, `recall@10`, `ndcg@10`, `mrr@10`, `map@10`, and `coverage@10`, the share of the
  /// catalogue that anyone saw.
  public Map<String, Metric> metrics() {
    Map<String, Metric> found = new LinkedHashMap<>();
    for (String name : new String[] {"hr", "precision", "recall", "ndcg", "mrr", "map"}) {
      found.put(name + "@" + k, measured(() -> sums.getOrDefault(name, 0.0) / users));
    }
    found.put("coverage@" + k, measured(() -> (double) shown.size() / catalogue));
    return found;
  }

  private Metric measured(Supplier<Double> value) {
    return users == 0
        ? Metric.undefined("nothing is relevant to any of " + skipped + " users")
        : Metric.of(value.get());
  }
}
