// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

/// How trees are grown.
///
/// @param trees T, at least 1
/// @param maxLeaves L, the most leaves of a tree, at least 2
/// @param maxDepth the most splits above a leaf; 0 for no bound of its own
/// @param shrinkage what the values of a tree's leaves are multiplied by, above 0 and at most 1
/// @param subsample share of the rows that each tree is grown from, above 0 and at most 1
/// @param minSplit rows below which a node is not split, at least 2
public record Boosting(
    int trees, int maxLeaves, int maxDepth, double shrinkage, double subsample, int minSplit) {
  /// 500 trees of at most 12 leaves, beyond which the paper found little, by our reading. It does not name the others:
  /// shrinkage 0.1, every row for each tree and 40 rows for a split are ours.
  public static final Boosting PAPER = new Boosting(500, 12, 0, 0.1, 1, 40);

  /// Checks the ranges.
  public Boosting {
    if (trees < 1 || maxLeaves < 2 || maxDepth < 0 || minSplit < 2) {
      throw new IllegalArgumentException(
          "gbdt-lr: trees "
              + trees
              + ", maxLeaves "
              + maxLeaves
              + ", maxDepth "
              + maxDepth
              + ", minSplit "
              + minSplit
              + ". Expected at least 1 tree, 2 leaves, depth 0 and 2 rows.");
    }
    if (!(shrinkage > 0 && shrinkage <= 1 && subsample > 0 && subsample <= 1)) {
      throw new IllegalArgumentException(
          "gbdt-lr: shrinkage "
              + shrinkage
              + ", subsample "
              + subsample
              + ". Expected numbers above 0 and at most 1.");
    }
  }
}
