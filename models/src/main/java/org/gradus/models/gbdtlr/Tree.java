// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

/// A binary tree. Node 0 is the root; a child k ≥ 0 is a node, a child k < 0 the leaf −1 − k.
///
/// @param feature which number each node looks at
/// @param threshold a row goes left if that number is at most this
/// @param left where it goes then
/// @param right where it goes otherwise
/// @param values of the leaves, shrinkage included: what the tree adds to the raw score
public record Tree(int[] feature, double[] threshold, int[] left, int[] right, double[] values) {
  /// Checks that sizes agree, and that children come after their parents, so that every row ends in a leaf.
  public Tree {
    int nodes = feature.length;
    boolean fits =
        threshold.length == nodes
            && left.length == nodes
            && right.length == nodes
            && values.length == nodes + 1;
    for (int k = 0; k < nodes && fits; k++) {
      fits = isBelow(left[k], k, nodes) && isBelow(right[k], k, nodes) && feature[k] >= 0;
    }
    if (!fits) {
      throw new IllegalArgumentException(
          "tree: "
              + nodes
              + " nodes, "
              + values.length
              + " leaves. Expected one leaf more than nodes, and children behind their parents.");
    }
  }

  private static boolean isBelow(int child, int parent, int nodes) {
    return child >= 0 ? child > parent && child < nodes : -1 - child <= nodes;
  }

  /// A tree without a split.
  public static Tree leaf(double value) {
    return new Tree(new int[0], new double[0], new int[0], new int[0], new double[] {value});
  }

  /// L_t
  public int leaves() {
    return values.length;
  }

  /// Where a row ends, ℓ(x)  (GL-1)
  int leafOf(double[] row) {
    int k = feature.length == 0 ? -1 : 0;
    while (k >= 0) {
      k = row[feature[k]] <= threshold[k] ? left[k] : right[k];
    }
    return -1 - k;
  }
}
