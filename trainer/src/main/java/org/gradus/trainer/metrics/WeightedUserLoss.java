// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import it.unimi.dsi.fastutil.longs.LongArrays;
import java.util.Arrays;

/// The weighted, per-user loss of Covington, Adams, Sargin (RecSys 2016, section 4.4): how much of the watch time that users spent was
/// on something that the model ranks below what they did not click. Over all pairs of a positive i and a negative j of one group,
///
/// ```
/// Σ T_i [s_i < s_j] / Σ T_i           a tie counts one half                           (WU-1)
/// ```
///
/// where the weight T_i of a positive is its watch time; those of negatives do not count. 0 is a perfect order, 1 the worst; with T = 1 it is
/// 1 − GAUC with [GroupedAuc.Weighting#PAIRS].
public final class WeightedUserLoss {
  private WeightedUserLoss() {}

  /// (WU-1) of scores, labels in {0, 1}, the weights of the positives, and the group of each row.
  public static Metric of(double[] scores, float[] labels, float[] weights, long[] groups) {
    Labels.sameLength("weighted user loss", scores.length, labels.length);
    Labels.sameLength("weighted user loss", scores.length, weights.length);
    Labels.sameLength("weighted user loss", scores.length, groups.length);
    int[] order = new int[groups.length];
    Arrays.setAll(order, i -> i);
    LongArrays.radixSortIndirect(order, groups, true);
    double missed = 0;
    double all = 0;
    for (int from = 0; from < order.length; ) {
      int to = from;
      while (to < order.length && groups[order[to]] == groups[order[from]]) {
        to++;
      }
      double[] negatives = negatives(scores, labels, order, from, to);
      for (int i = from; i < to; i++) {
        int row = order[i];
        if (labels[row] == 1) {
          double t = weight(weights, row);
          missed += t * above(negatives, Labels.score("weighted user loss", scores, row));
          all += t * negatives.length;
        }
      }
      from = to;
    }
    return all > 0
        ? Metric.of(missed / all)
        : Metric.undefined("no group has a negative beside a positive with a weight above 0");
  }

  private static double weight(float[] weights, int row) {
    float t = weights[row];
    if (!(t >= 0 && t < Float.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "weighted user loss: weight " + t + " of row " + row + ". Expected at least 0.");
    }
    return t;
  }

  /// Rising.
  private static double[] negatives(
      double[] scores, float[] labels, int[] order, int from, int to) {
    double[] negatives = new double[to - from];
    int n = 0;
    for (int i = from; i < to; i++) {
      if (!Labels.positive("weighted user loss", labels, order[i])) {
        negatives[n++] = Labels.score("weighted user loss", scores, order[i]);
      }
    }
    double[] sorted = Arrays.copyOf(negatives, n);
    Arrays.sort(sorted);
    return sorted;
  }

  /// How many are above a score; one that equals it is one half.
  private static double above(double[] rising, double score) {
    int notBelow = first(rising, score, true);
    int above = first(rising, score, false);
    return rising.length - above + 0.5 * (above - notBelow);
  }

  /// The first place whose number is above the score, or, if asked for, not below it.
  private static int first(double[] rising, double score, boolean orEqual) {
    int low = 0;
    int high = rising.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (rising[middle] < score || (!orEqual && rising[middle] == score)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
