// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import org.gradus.tensor.Counter;

/// Which training rows the trees see, and which the linear part.
///
/// @param split whether a row is seen by one of the two only, half by each; otherwise by both
/// @param negativeKeepRate w_keep, the share of rows without a click that are kept at all, above 0 and at most 1
/// @param treeRows the most rows that trees are grown from, about: at least 1
public record Sampling(boolean split, double negativeKeepRate, int treeRows) {
  /// Two halves, every negative, and no more rows for trees than a million.
  public static final Sampling USUAL = new Sampling(true, 1, 1_000_000);

  /// Checks the ranges.
  public Sampling {
    if (!(negativeKeepRate > 0 && negativeKeepRate <= 1) || treeRows < 1) {
      throw new IllegalArgumentException(
          "gbdt-lr: negativeKeepRate "
              + negativeKeepRate
              + ", treeRows "
              + treeRows
              + ". Expected a share above 0 and at most 1, and at least 1 row.");
    }
  }

  /// Whether every row is seen by the linear part.
  boolean takesAll() {
    return !split && negativeKeepRate == 1;
  }

  boolean forTrees(long row, float y, long seed) {
    return kept(row, y, seed) && (!split || first(row, seed));
  }

  boolean forWeights(long row, float y, long seed) {
    return kept(row, y, seed) && (!split || !first(row, seed));
  }

  private boolean kept(long row, float y, long seed) {
    return y > 0 || Counter.uniform(Counter.key(seed, "negatives kept"), row) < negativeKeepRate;
  }

  private static boolean first(long row, long seed) {
    return Counter.uniform(Counter.key(seed, "rows of trees"), row) < 0.5f;
  }

  /// Whether a row is among those that trees are grown from, if there are so many for them.
  boolean isGrownFrom(long row, long rows, long seed) {
    return rows <= treeRows
        || Counter.uniform53(Counter.key(seed, "rows grown from"), row) * rows < treeRows;
  }
}
