// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import java.util.Arrays;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Shape;

/// ListNet's top-one cross entropy (Cao, Qin, Liu, Tsai, Li. ICML 2007) on short lists that are drawn: every anchor i of n, followed by
/// ℓ − 1 others,
///
/// ```
/// L = −1/n Σ_i Σ_k softmax(y_i / τ_y)_k ln softmax(ŷ_i / τ)_k        (EA-12)
/// ```
///
/// Its least value is the mean entropy of the targets, not 0. A constant added to all predictions, or to all labels, changes nothing.
/// The targets' softmax depends on the scale of the labels: on raw counts one of them is 1, so labels are standardised or τ_y is set.
///
/// @param lists how they are drawn
/// @param temperature τ
/// @param labelTemperature τ_y
/// @param epsilon added inside the logarithm, as published code does; 0 for a stable logarithm of the softmax
record ListLoss(Lists lists, double temperature, double labelTemperature, double epsilon) {
  ListLoss {
    if (!(temperature > 0 && labelTemperature > 0 && epsilon >= 0)) {
      throw new IllegalArgumentException(
          "easing: listTemperature "
              + temperature
              + ", listLabelTemperature "
              + labelTemperature
              + ", listEps "
              + epsilon
              + ". Expected two numbers above 0 and one of at least 0.");
    }
  }

  /// How lists are drawn.
  ///
  /// @param length ℓ
  /// @param replacement whether a node may come twice behind the anchor
  /// @param excludeAnchor whether the anchor comes once only
  /// @param minNodes with fewer there are no lists
  record Lists(int length, boolean replacement, boolean excludeAnchor, int minNodes) {
    Lists {
      if (length < 1 || minNodes < 1) {
        throw new IllegalArgumentException(
            "easing: listLength "
                + length
                + ", listMinNodes "
                + minNodes
                + ". Expected at least 1 each.");
      }
    }

    /// A list for each of the first `anchors` of `nodes` places. Without replacement a list is no longer than there are nodes.
    int[][] draw(int anchors, int nodes, long key) {
      int pool = excludeAnchor ? nodes - 1 : nodes;
      int others = pool < 1 ? 0 : replacement ? length - 1 : Math.min(length - 1, pool);
      int[][] all = new int[anchors][1 + others];
      for (int i = 0; i < anchors; i++) {
        long own = Counter.key(key, i);
        all[i][0] = i;
        int[] places = replacement ? new int[0] : shuffled(pool, others, own);
        for (int k = 0; k < others; k++) {
          int place = replacement ? (int) Counter.below(own, k, pool) : places[k];
          all[i][1 + k] = excludeAnchor && place >= i ? place + 1 : place;
        }
      }
      return all;
    }

    /// The first places of a shuffle of `n`.
    private static int[] shuffled(int n, int first, long key) {
      int[] places = new int[n];
      Arrays.setAll(places, i -> i);
      for (int k = 0; k < first; k++) {
        int j = k + (int) Counter.below(key, k, n - k);
        int held = places[k];
        places[k] = places[j];
        places[j] = held;
      }
      return places;
    }
  }

  /// L of lists that are drawn, a scalar; 0 with too few nodes.
  ///
  /// @param predictions ŷ `[m]`
  /// @param labels y of the same nodes
  /// @param anchors n: the first of them
  Var of(Var predictions, double[] labels, int anchors, long key) {
    return labels.length < lists.minNodes || anchors == 0
        ? predictions.tape().constant(Shape.scalar(), 0.0)
        : of(predictions, labels, lists.draw(anchors, labels.length, key));
  }

  /// L of these lists: places of nodes, all of one length.
  Var of(Var predictions, double[] labels, int[][] given) {
    Tape tape = predictions.tape();
    int n = given.length;
    int length = given[0].length;
    int[] places = new int[n * length];
    double[] targets = new double[n * length];
    for (int i = 0; i < n; i++) {
      System.arraycopy(given[i], 0, places, i * length, length);
      softmax(given[i], labels, targets, i * length);
    }
    Var listed =
        predictions
            .gather(0, tape.scope().upload(Shape.of(n, length), places))
            .multiply(1 / temperature); //                                           [n, ℓ]
    Var log = epsilon == 0 ? listed.logSoftmax() : listed.softmax().add(epsilon).log();
    Var target = tape.constant(Shape.of(n, length), targets); //                     [n, ℓ]
    return log.multiply(target).sum().multiply(-1.0 / n); //                         []  (EA-12)
  }

  private void softmax(int[] list, double[] labels, double[] to, int at) {
    double most = Double.NEGATIVE_INFINITY;
    for (int place : list) {
      most = Math.max(most, labels[place] / labelTemperature);
    }
    double sum = 0;
    for (int k = 0; k < list.length; k++) {
      to[at + k] = StrictMath.exp(labels[list[k]] / labelTemperature - most);
      sum += to[at + k];
    }
    for (int k = 0; k < list.length; k++) {
      to[at + k] /= sum;
    }
  }
}
