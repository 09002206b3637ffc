// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;

import com.microsoft.ml.lightgbm.PredictionType;
import io.github.metarank.lightgbm4j.LGBMBooster;
import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Trees that LightGBM grew, beside what LightGBM itself says of them.
class LightGbmTest {
  private static final int ROWS = 600;
  private static final int COLUMNS = 4;
  private static final LightGbm ONE = new LightGbm(1);

  /// Clicks that depend on two of four numbers together, with noise; one column has few values.
  private static TreeLibrary.Examples examples(long key) {
    float[] x = new float[ROWS * COLUMNS];
    float[] y = new float[ROWS];
    for (int i = 0; i < ROWS; i++) {
      for (int c = 0; c < COLUMNS; c++) {
        float u = Counter.uniform(Counter.key(key, c), i);
        x[i * COLUMNS + c] = c == 3 ? (float) Math.floor(5 * u) : 2 * u - 1;
      }
      boolean same = x[i * COLUMNS] * x[i * COLUMNS + 1] > 0;
      y[i] = Counter.uniform(key, i) < (same ? .8 : .2) + .03 * x[i * COLUMNS + 3] ? 1 : 0;
    }
    return new TreeLibrary.Examples(COLUMNS, x, y, null);
  }

  private static double[] row(float[] x, int i) {
    double[] row = new double[COLUMNS];
    for (int c = 0; c < COLUMNS; c++) {
      row[c] = x[i * COLUMNS + c];
    }
    return row;
  }

  @Test
  void leavesAndRawScoresAreThoseOfLightGbm() throws Exception {
    TreeLibrary.Examples examples = examples(1);
    Boosting boosting = new Boosting(20, 8, 0, .1, .7, 20);
    Forest forest = ONE.grow(examples, boosting, 3);
    assertThat(forest.trees()).isEqualTo(20);
    String text = ONE.text(examples, boosting, 3);
    try (LGBMBooster booster = LGBMBooster.loadModelFromString(text)) {
      double[] leaves =
          booster.predictForMat(
              examples.x(), ROWS, COLUMNS, true, PredictionType.C_API_PREDICT_LEAF_INDEX);
      double[] raw =
          booster.predictForMat(
              examples.x(), ROWS, COLUMNS, true, PredictionType.C_API_PREDICT_RAW_SCORE);
      double[] own = new double[ROWS];
      for (int i = 0; i < ROWS; i++) {
        int[] found = forest.leafOf(row(examples.x(), i));
        for (int t = 0; t < 20; t++) {
          assertThat(found[t]).as("row %d, tree %d", i, t).isEqualTo((int) leaves[i * 20 + t]);
        }
        own[i] = forest.rawScore(row(examples.x(), i));
      }
      assertClose(own, raw, EXACT);
      assertThat(Arrays.stream(raw).distinct().count()).isGreaterThan(50);
    }
  }

  @Test
  void treesDependOnTheSeedAndNotOnThreads() {
    TreeLibrary.Examples examples = examples(2);
    Boosting boosting = new Boosting(10, 6, 0, .1, .6, 10);
    String one = numbers(ONE.grow(examples, boosting, 5));
    assertThat(numbers(ONE.grow(examples, boosting, 5))).isEqualTo(one);
    assertThat(numbers(new LightGbm(3).grow(examples, boosting, 5))).isEqualTo(one);
    assertThat(numbers(ONE.grow(examples, boosting, 6))).isNotEqualTo(one);
  }

  private static String numbers(Forest forest) {
    StringBuilder all = new StringBuilder();
    for (Tree t : forest.all()) {
      all.append(Arrays.toString(t.feature()))
          .append(Arrays.toString(t.threshold()))
          .append(Arrays.toString(t.left()))
          .append(Arrays.toString(t.right()))
          .append(Arrays.toString(t.values()))
          .append('\n');
    }
    return all.toString();
  }

  @Test
  void boundsOfTreesHold() {
    TreeLibrary.Examples examples = examples(3);
    for (Boosting b :
        new Boosting[] {
          new Boosting(15, 12, 0, .1, 1, 2),
          new Boosting(15, 12, 2, .1, 1, 2),
          new Boosting(15, 12, 0, .1, 1, 150),
          new Boosting(15, 5, 3, .1, .5, 40)
        }) {
      int deepest = 0;
      for (Tree tree : ONE.grow(examples, b, 1).all()) {
        assertThat(tree.leaves()).isLessThanOrEqualTo(b.maxLeaves());
        deepest = Math.max(deepest, depth(tree, 0));
        for (int rows : rowsOfNodes(tree, examples.x())) {
          assertThat(rows).as("%s", b).isGreaterThanOrEqualTo(b.minSplit());
        }
      }
      assertThat(deepest).isGreaterThan(1);
      if (b.maxDepth() > 0) {
        assertThat(deepest).isLessThanOrEqualTo(b.maxDepth());
      }
    }
  }

  private static int depth(Tree tree, int node) {
    return node < 0
        ? 0
        : 1 + Math.max(depth(tree, tree.left()[node]), depth(tree, tree.right()[node]));
  }

  private static int[] rowsOfNodes(Tree tree, float[] x) {
    int[] rows = new int[tree.feature().length];
    for (int i = 0; i < ROWS && rows.length > 0; i++) {
      int k = 0;
      while (k >= 0) {
        rows[k]++;
        boolean left = x[i * COLUMNS + tree.feature()[k]] <= tree.threshold()[k];
        k = left ? tree.left()[k] : tree.right()[k];
      }
    }
    return rows;
  }

  /// 50 trees of depth 7 on a sample of 0.6, no node of fewer than 900 rows split: too few rows here for a single split.
  @Test
  void aForestWithNothingToSplitHasLeavesOnly() {
    Forest forest = ONE.grow(examples(4), new Boosting(50, 128, 7, .1, .6, 900), 10);
    assertThat(forest.trees()).isEqualTo(50);
    assertThat(forest.all()).allMatch(t -> t.leaves() == 1);
    assertThat(forest.leafOf(new double[COLUMNS])).containsOnly(0);
  }

  /// A leaf of the first tree is a Newton step from the logit of the average: Friedman's L2-TreeBoost, whose loss is the
  /// logistic one. Rows count by their weights. LightGBM keeps slopes in float32: 2⁻²⁴ of each, so of their sums.
  @Test
  void aLeafIsANewtonStepOfItsRows() {
    TreeLibrary.Examples all = examples(5);
    float[] weights = new float[ROWS];
    for (int i = 0; i < ROWS; i++) {
      weights[i] = all.y()[i] == 1 ? 3 : 0.5f;
    }
    for (float @Nullable [] w : Arrays.asList(null, weights)) {
      var examples = new TreeLibrary.Examples(COLUMNS, all.x(), all.y(), w);
      Boosting boosting = new Boosting(1, 5, 0, .3, 1, 40);
      Tree tree = ONE.grow(examples, boosting, 1).all().getFirst();
      double clicks = 0;
      double total = 0;
      for (int i = 0; i < ROWS; i++) {
        clicks += all.y()[i] * weight(w, i);
        total += weight(w, i);
      }
      double p = clicks / total;
      double[] expected = new double[tree.leaves()];
      for (int leaf = 0; leaf < expected.length; leaf++) {
        double slope = 0;
        double curvature = 0;
        for (int i = 0; i < ROWS; i++) {
          if (tree.leafOf(row(all.x(), i)) == leaf) {
            slope += weight(w, i) * (p - all.y()[i]);
            curvature += weight(w, i) * p * (1 - p);
          }
        }
        expected[leaf] = StrictMath.log(p / (1 - p)) - .3 * slope / curvature;
      }
      assertThat(expected).hasSize(5);
      assertClose(tree.values(), expected, 1e-6);
    }
  }

  private static double weight(float @Nullable [] weights, int row) {
    return weights == null ? 1 : weights[row];
  }

  /// Stored thresholds are of float32, and every number of float32 goes the same way as before.
  @Test
  void roundedThresholdsTellTheSameNumbersApart() {
    double[] thresholds = {
      .1, -.1, 1 / 3.0, -1 / 3.0, 0, 1e-35, 2, Math.nextUp(2.0), Math.nextDown(-2.0)
    };
    try (Device device = Device.open("cpu");
        Params params = Params.create(device, 1)) {
      Forest.Stored stored = new Forest.Stored(1, 2, params);
      for (double threshold : thresholds) {
        int[] first = {0};
        int[] left = {-1};
        int[] right = {-2};
        double[] values = {0, 0};
        Tree tree = new Tree(first, new double[] {threshold}, left, right, values);
        stored.write(new Forest(List.of(tree)));
        Tree read = stored.read().all().getFirst();
        float near = (float) threshold;
        for (float x : new float[] {near, Math.nextDown(near), Math.nextUp(near), -1e9f, 1e9f}) {
          assertThat(read.leafOf(new double[] {x}))
              .as("%s beside %s", x, threshold)
              .isEqualTo(x <= threshold ? 0 : 1);
        }
      }
    }
  }
}
