// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;

/// Weights that stay at 0: the smallest of a model, chosen once. Whoever trains on calls [#apply] behind every step, as a listener of
/// the trainer can; moments of such weights go on, their values do not.
///
/// Memory and time stay what they were: a zero is multiplied like any number.
public final class Pruning {
  private final List<Pruned> pruned = new ArrayList<>();

  /// @param places rising, which numbers are 0
  private record Pruned(DenseParameter parameter, int[] places) {}

  /// The smallest weights by magnitude of each matching matrix, and of none that is a bias.
  ///
  /// @param pattern which parameters, as in [Group]
  /// @param share of each to prune, 0 … 1, rounded down; of equal ones the first
  public Pruning(Params params, String pattern, double share) {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException(
          "pruning: a share of " + share + ". Expected a number from 0 to 1.");
    }
    for (Parameter p : params.matching(pattern)) {
      if (p instanceof DenseParameter d && d.role() == Parameter.Role.WEIGHT && !d.frozen()) {
        pruned.add(new Pruned(d, smallest(d.value().toDoubles(), share)));
      }
    }
    if (pruned.isEmpty()) {
      throw new IllegalArgumentException(
          "pruning: " + pattern + " matches no dense weight. Expected a pattern for some.");
    }
    apply();
  }

  private static int[] smallest(double[] w, double share) {
    Integer[] order = new Integer[w.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Double.compare(Math.abs(w[a]), Math.abs(w[b])));
    int n = (int) (share * w.length);
    int[] places = new int[n];
    Arrays.setAll(places, i -> order[i]);
    Arrays.sort(places);
    return places;
  }

  /// Makes them 0 again.
  public void apply() {
    for (Pruned p : pruned) {
      if (p.places.length > 0) {
        double[] w = p.parameter.value().toDoubles();
        for (int i : p.places) {
          w[i] = 0;
        }
        p.parameter.write(w);
      }
    }
  }

  /// How many weights stay at 0.
  public long count() {
    return pruned.stream().mapToLong(p -> p.places.length).sum();
  }
}
