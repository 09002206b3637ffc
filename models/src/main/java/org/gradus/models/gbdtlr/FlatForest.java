// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import java.util.Arrays;

/// Trees one behind the other in arrays, for many rows at once: says where the leaves of a row have their weights.
///
/// Every row goes down as many levels as a tree has, for a leaf leads to itself. So nothing but data depends on the row, and a
/// processor is on several rows at a time; going down until a leaf is met costs it a wrong guess for every tree.
final class FlatForest {
  private final int[] root; //        [T], where the nodes of each tree begin
  private final int[] depth; //       [T], levels below the root
  private final int[] feature; //     [nodes and leaves]
  private final float[] threshold; // [nodes and leaves]
  private final int[] next; //        [nodes and leaves, 2]: where it goes on, left and right
  private final int[] weight; //      [nodes and leaves]: the row of a leaf's weight

  private FlatForest(int trees, int nodes) {
    root = new int[trees];
    depth = new int[trees];
    feature = new int[nodes];
    threshold = new float[nodes];
    next = new int[2 * nodes];
    weight = new int[nodes];
  }

  /// Lays trees out. Leaf ℓ of tree t, from 0, has its weight in row `first + t · block + ℓ`  (GL-2)
  static FlatForest of(Forest forest, int first, int block) {
    int nodes = forest.all().stream().mapToInt(t -> 2 * t.leaves() - 1).sum();
    FlatForest flat = new FlatForest(forest.trees(), nodes);
    int at = 0;
    for (int t = 0; t < forest.trees(); t++) {
      flat.add(t, forest.all().get(t), at, first + t * block);
      at += 2 * forest.leaves(t) - 1;
    }
    return flat;
  }

  /// Nodes first, then leaves.
  private void add(int t, Tree tree, int at, int firstWeight) {
    int nodes = tree.feature().length;
    int[] level = new int[nodes + tree.leaves()];
    for (int k = 0; k < nodes; k++) {
      feature[at + k] = tree.feature()[k];
      threshold[at + k] = Forest.floor(tree.threshold()[k]);
      int[] children = {tree.left()[k], tree.right()[k]};
      for (int side = 0; side < 2; side++) {
        int place = children[side] >= 0 ? children[side] : nodes - 1 - children[side];
        next[2 * (at + k) + side] = at + place;
        level[place] = level[k] + 1; // parents come first
      }
    }
    for (int leaf = 0; leaf < tree.leaves(); leaf++) {
      int k = at + nodes + leaf;
      next[2 * k] = k;
      next[2 * k + 1] = k;
      weight[k] = firstWeight + leaf;
    }
    root[t] = at;
    depth[t] = Arrays.stream(level).max().orElse(0);
  }

  /// Where the weights of the leaves of some rows are  (GL-1), (GL-2)
  ///
  /// @param x `[rows, columns]`, the numbers that trees read
  /// @param into gets `[rows, T]`
  /// @param at place of the first of them in `into`
  void weights(float[] x, int rows, int columns, int[] into, int at) {
    int trees = root.length;
    for (int t = 0; t < trees; t++) { // of one tree all rows, while its nodes are in the cache
      for (int b = 0; b < rows; b++) {
        into[at + b * trees + t] = weight[leaf(t, x, b * columns)];
      }
    }
  }

  private int leaf(int t, float[] x, int row) {
    int k = root[t];
    for (int level = depth[t]; level > 0; level--) {
      k = next[2 * k + (x[row + feature[k]] <= threshold[k] ? 0 : 1)];
    }
    return k;
  }
}
