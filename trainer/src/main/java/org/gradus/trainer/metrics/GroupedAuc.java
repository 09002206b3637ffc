// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import it.unimi.dsi.fastutil.longs.LongArrays;
import java.util.Arrays;

/// GAUC: the AUC within each group, usually a user, averaged over the groups that have both classes (Zhu et al. 2017,
/// as used by the DIN paper).
///
/// ```
/// GAUC = Σ_g ω_g AUC_g / Σ_g ω_g
/// ```
///
/// Groups of one class have no AUC; they are left out and counted. Groups whose scores are all equal count with 0.5.
///
/// @param gauc the mean; undefined when no group has both classes
/// @param weighting what ω is
/// @param users groups with both classes
/// @param skippedUsers groups of one class
/// @param skippedRows rows of those
public record GroupedAuc(
    Metric gauc, Weighting weighting, int users, int skippedUsers, long skippedRows) {
  /// How much each group counts.
  public enum Weighting {
    /// number of its rows: the definition of the DIN paper
    IMPRESSIONS,
    /// number of its positives (clicks)
    POSITIVES,
    /// number of its (positive, negative) pairs: the share of all comparisons within groups
    PAIRS,
    /// one each
    UNIFORM
  }

  /// GAUC of scores, labels in {0, 1} and the group of each row.
  public static GroupedAuc of(double[] scores, float[] labels, long[] groups, Weighting weighting) {
    Labels.sameLength("gauc", scores.length, labels.length);
    Labels.sameLength("gauc", scores.length, groups.length);
    int[] order = new int[groups.length];
    Arrays.setAll(order, i -> i);
    LongArrays.radixSortIndirect(order, groups, true);
    double[] positives = new double[groups.length];
    double[] negatives = new double[groups.length];
    double sum = 0;
    double weights = 0;
    int users = 0;
    int skippedUsers = 0;
    long skippedRows = 0;
    for (int from = 0; from < order.length; ) {
      int to = from;
      int p = 0;
      int n = 0;
      for (; to < order.length && groups[order[to]] == groups[order[from]]; to++) {
        double s = Labels.score("gauc", scores, order[to]);
        if (Labels.positive("gauc", labels, order[to])) {
          positives[p++] = s;
        } else {
          negatives[n++] = s;
        }
      }
      if (p == 0 || n == 0) {
        skippedUsers++;
        skippedRows += to - from;
      } else {
        Arrays.sort(positives, 0, p);
        Arrays.sort(negatives, 0, n);
        double weight = weight(weighting, p, n);
        sum += weight * Auc.ofSorted(positives, negatives, p, n);
        weights += weight;
        users++;
      }
      from = to;
    }
    Metric gauc =
        users == 0
            ? Metric.undefined("none of " + skippedUsers + " groups has both classes")
            : Metric.of(sum / weights);
    return new GroupedAuc(gauc, weighting, users, skippedUsers, skippedRows);
  }

  private static double weight(Weighting weighting, int p, int n) {
    return switch (weighting) {
      case IMPRESSIONS -> p + n;
      case POSITIVES -> p;
      case PAIRS -> (double) p * n;
      case UNIFORM -> 1;
    };
  }
}
