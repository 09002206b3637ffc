// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import java.util.Arrays;
import java.util.function.IntFunction;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Scope;
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

    /// Nodes that may stand behind an anchor.
    private int pool(int nodes) {
      return excludeAnchor ? nodes - 1 : nodes;
    }

    /// Length of a list of so many nodes: ℓ, and without replacement no more than there are.
    int length(int nodes) {
      int pool = pool(nodes);
      return 1 + (pool < 1 ? 0 : replacement ? length - 1 : Math.min(length - 1, pool));
    }

    /// A list for each of the first `anchors` of `nodes` places, one behind the other.
    ///
    /// @param array makes zeros
    int[] draw(int anchors, int nodes, long key, IntFunction<int[]> array) {
      int pool = pool(nodes);
      int others = length(nodes) - 1;
      int[] all = array.apply(anchors * (1 + others));
      int[] places = array.apply(replacement ? 0 : Math.max(0, pool));
      for (int i = 0; i < anchors; i++) {
        long own = Counter.key(key, i);
        int list = i * (1 + others);
        all[list] = i;
        if (!replacement) {
          shuffle(places, others, own);
        }
        for (int k = 0; k < others; k++) {
          int place = replacement ? (int) Counter.below(own, k, pool) : places[k];
          all[list + 1 + k] = excludeAnchor && place >= i ? place + 1 : place;
        }
      }
      return all;
    }

    /// Makes the first places those of a shuffle of all.
    private static void shuffle(int[] places, int first, long key) {
      int n = places.length;
      Arrays.setAll(places, i -> i);
      for (int k = 0; k < first; k++) {
        int j = k + (int) Counter.below(key, k, n - k);
        int held = places[k];
        places[k] = places[j];
        places[j] = held;
      }
    }
  }

  /// L of lists that are drawn, a scalar; 0 with too few nodes.
  ///
  /// @param predictions ŷ `[m]`
  /// @param labels y of the same nodes
  /// @param anchors n: the first of them
  Var of(Var predictions, double[] labels, int anchors, long key) {
    if (labels.length < lists.minNodes || anchors == 0) {
      return predictions.tape().constant(Shape.scalar(), 0.0);
    }
    Scope scope = predictions.tape().scope();
    int[] places = lists.draw(anchors, labels.length, key, scope::ints);
    return of(predictions, labels, lists.length(labels.length), places);
  }

  /// L of these lists.
  ///
  /// @param length of each
  /// @param places of nodes, list after list
  Var of(Var predictions, double[] labels, int length, int... places) {
    Tape tape = predictions.tape();
    int n = places.length / length;
    double[] targets = tape.scope().doubles(places.length);
    for (int i = 0; i < n; i++) {
      softmax(places, labels, targets, i * length, length);
    }
    Var listed =
        predictions
            .gather(0, tape.scope().upload(Shape.of(n, length), places))
            .multiply(1 / temperature); //                                           [n, ℓ]
    Var log = epsilon == 0 ? listed.logSoftmax() : listed.softmax().add(epsilon).log();
    Var target = tape.constant(Shape.of(n, length), targets); //                     [n, ℓ]
    return log.multiply(target).sum().multiply(-1.0 / n); //                         []  (EA-12)
  }

  private void softmax(int[] places, double[] labels, double[] to, int from, int length) {
    double most = Double.NEGATIVE_INFINITY;
    for (int k = from; k < from + length; k++) {
      most = Math.max(most, labels[places[k]] / labelTemperature);
    }
    double sum = 0;
    for (int k = from; k < from + length; k++) {
      to[k] = StrictMath.exp(labels[places[k]] / labelTemperature - most);
      sum += to[k];
    }
    for (int k = from; k < from + length; k++) {
      to[k] /= sum;
    }
  }
}
