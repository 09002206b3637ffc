// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.gradus.tensor.Counter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Rows come out of the arrays where they come out of the trees.
class FlatForestTest {
  private static final int COLUMNS = 3;
  private static final int FIRST = 2;
  private static final int BLOCK = 9; // more than any tree has leaves

  /// A tree that splits a leaf drawn by chance until it has so many; numbers and thresholds are of a coarse grid, so that they meet.
  private static Tree drawn(int leaves, long seed) {
    int nodes = leaves - 1;
    int[] feature = new int[nodes];
    double[] threshold = new double[nodes];
    int[][] children = {new int[nodes], new int[nodes]};
    List<int[]> ends = new ArrayList<>(); // (node, side) of each leaf; of the first none
    ends.add(new int[] {-1, 0});
    for (int k = 0; k < nodes; k++) {
      int split = (int) Counter.below(seed, 3L * k, ends.size());
      int[] end = ends.get(split);
      if (end[0] >= 0) {
        children[end[1]][end[0]] = k;
      }
      feature[k] = (int) Counter.below(seed, 3L * k + 1, COLUMNS);
      threshold[k] = grid(seed, 3L * k + 2);
      ends.set(split, new int[] {k, 0});
      ends.add(new int[] {k, 1});
    }
    for (int leaf = 0; leaf < ends.size() && nodes > 0; leaf++) {
      children[ends.get(leaf)[1]][ends.get(leaf)[0]] = -1 - leaf;
    }
    return new Tree(feature, threshold, children[0], children[1], new double[leaves]);
  }

  private static double grid(long seed, long place) {
    return Counter.below(seed, place, 9) / 4.0 - 1;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void aRowHasTheLeavesOfTheTrees(long seed) {
    List<Tree> trees = new ArrayList<>();
    for (int t = 0; t < 20; t++) {
      trees.add(drawn(1 + t % BLOCK, Counter.key(seed, t)));
    }
    Forest forest = new Forest(trees);
    FlatForest flat = FlatForest.of(forest, FIRST, BLOCK);
    int rows = 50;
    float[] x = new float[rows * COLUMNS];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) grid(Counter.key(seed, "x"), i);
    }
    int[] found = new int[1 + rows * trees.size()];
    flat.weights(x, rows, COLUMNS, found, 1);
    assertThat(found[0]).isZero();
    for (int b = 0; b < rows; b++) {
      double[] row = {x[b * COLUMNS], x[b * COLUMNS + 1], x[b * COLUMNS + 2]};
      int[] leaves = forest.leafOf(row);
      for (int t = 0; t < leaves.length; t++) {
        assertThat(found[1 + b * leaves.length + t])
            .as("row %d, tree %d", b, t)
            .isEqualTo(FIRST + t * BLOCK + leaves[t]);
      }
    }
  }

  /// A threshold between two numbers of float32 parts the rows as it would in float64; a number that is none goes right.
  @Test
  void thresholdsAreRoundedDown() {
    float above = Math.nextUp(.5f);
    double between = (.5 + above) / 2 + 1e-12;
    Tree tree =
        new Tree(
            new int[] {0}, new double[] {between}, new int[] {-1}, new int[] {-2}, new double[2]);
    FlatForest flat = FlatForest.of(new Forest(List.of(tree)), 0, 2);
    int[] found = new int[3];
    flat.weights(new float[] {.5f, above, Float.NaN}, 3, 1, found, 0);
    assertThat(found).containsExactly(0, 1, 1);
  }
}
