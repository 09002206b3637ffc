// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// Boosted trees, as numbers that can be saved.
///
/// @param all the trees, in the order in which they were grown
public record Forest(List<Tree> all) implements LeafEncoder {
  private static final int NODE = 4; // feature, threshold, left, right

  /// Copies the list.
  public Forest {
    all = List.copyOf(all);
  }

  @Override
  public int trees() {
    return all.size();
  }

  @Override
  public int leaves(int tree) {
    return all.get(tree).leaves();
  }

  @Override
  public int[] leafOf(double[] row) {
    int[] leaves = new int[all.size()];
    for (int t = 0; t < leaves.length; t++) {
      leaves[t] = all.get(t).leafOf(row);
    }
    return leaves;
  }

  /// What the trees themselves say: the sum of the values of the leaves, a logit.
  public double rawScore(double[] row) {
    double sum = 0;
    for (Tree t : all) {
      sum += t.values()[t.leafOf(row)];
    }
    return sum;
  }

  /// The largest number of float32 that is not above x.
  static float floor(double x) {
    float f = (float) x;
    return f > x ? Math.nextDown(f) : f;
  }

  /// Where trees are kept among a model's parameters. Node and feature numbers are exact in float32; thresholds are rounded down to
  /// it, which changes nothing for rows of float32.
  static final class Stored {
    private final DenseParameter nodes; //  [T, L − 1, 4]
    private final DenseParameter values; // [T, L]
    private final DenseParameter leaves; // [T], 0 before there are trees
    private final int trees;
    private final int most;
    private float[] lastNodes; //  as they were for `flat`
    private float[] lastLeaves; // as they were for `flat`
    private @Nullable FlatForest flat;

    /// Room for so many trees of at most so many leaves.
    Stored(int trees, int most, Params params) {
      this.trees = trees;
      this.most = most;
      nodes = params.state("nodes", Shape.of(trees, most - 1, NODE), 0);
      values = params.state("values", Shape.of(trees, most), 0);
      leaves = params.state("leaves", Shape.of(trees), 0);
      lastNodes = new float[trees * (most - 1) * NODE];
      lastLeaves = new float[trees];
    }

    boolean present() {
      return leaves.value().toDoubles()[0] > 0;
    }

    /// As above, in a step.
    boolean present(Scope scope) {
      return scope.doubles(leaves.value())[0] > 0;
    }

    void write(Forest forest) {
      double[] node = new double[trees * (most - 1) * NODE];
      double[] value = new double[trees * most];
      double[] count = new double[trees];
      for (int t = 0; t < trees; t++) {
        Tree tree = forest.all.get(t);
        count[t] = tree.leaves();
        System.arraycopy(tree.values(), 0, value, t * most, tree.leaves());
        for (int k = 0; k < tree.feature().length; k++) {
          int at = (t * (most - 1) + k) * NODE;
          node[at] = tree.feature()[k];
          node[at + 1] = floor(tree.threshold()[k]);
          node[at + 2] = tree.left()[k];
          node[at + 3] = tree.right()[k];
        }
      }
      nodes.write(node);
      values.write(value);
      leaves.write(count);
    }

    /// The trees in the form that batches go through, laid out again only when the parameters are others than the last time: those
    /// of a run that was read, for one.
    ///
    /// @param first the row of the weight of the first leaf
    /// @param rows of the batch
    /// @param tape may be watched
    FlatForest flat(int first, int rows, Tape tape) {
      tape.host(
          "the leaf of each tree", Shape.of(rows, trees), List.of(nodes, leaves)); // [B, T]  (GL-1)
      float[] foundNodes = tape.scope().floats(lastNodes.length);
      float[] foundLeaves = tape.scope().floats(lastLeaves.length);
      nodes.value().device().download(foundNodes, nodes.value().buffer());
      leaves.value().device().download(foundLeaves, leaves.value().buffer());
      FlatForest known = flat;
      if (known == null
          || !Arrays.equals(foundNodes, lastNodes)
          || !Arrays.equals(foundLeaves, lastLeaves)) {
        known = FlatForest.of(read(), first, most);
        lastNodes = foundNodes.clone(); // the scope's own are lost when it closes
        lastLeaves = foundLeaves.clone();
        flat = known;
      }
      return known;
    }

    Forest read() {
      double[] node = nodes.value().toDoubles();
      double[] value = values.value().toDoubles();
      double[] count = leaves.value().toDoubles();
      List<Tree> all = new ArrayList<>(trees);
      for (int t = 0; t < trees; t++) {
        int n = (int) count[t];
        int[] feature = new int[n - 1];
        double[] threshold = new double[n - 1];
        int[] left = new int[n - 1];
        int[] right = new int[n - 1];
        for (int k = 0; k < n - 1; k++) {
          int at = (t * (most - 1) + k) * NODE;
          feature[k] = (int) node[at];
          threshold[k] = node[at + 1];
          left[k] = (int) node[at + 2];
          right[k] = (int) node[at + 3];
        }
        double[] own = new double[n];
        System.arraycopy(value, t * most, own, 0, n);
        all.add(new Tree(feature, threshold, left, right, own));
      }
      return new Forest(all);
    }
  }
}
