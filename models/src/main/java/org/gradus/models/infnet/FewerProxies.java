// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Set;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;

/// Takes a trained model over into one with fewer proxies of the fields, or fewer tokens that tasks share: an addition, for
/// inference.
///
/// What belongs to a proxy that is dropped goes with it: its part of φ_cat's last layer, its learned row, and the d rows of the gate's
/// first layer that read it. A proxy whose rows there are 0 changes no prediction when it goes.
///
/// @param count proxies before
/// @param dropped which of them go, from 0
public record FewerProxies(int count, Set<Integer> dropped) {
  /// Copies the set.
  public FewerProxies {
    dropped = Set.copyOf(dropped);
    for (int k : dropped) {
      if (k < 0 || k >= count) {
        throw new IllegalArgumentException(
            "infnet: proxy " + k + " of " + count + ". Expected numbers from 0.");
      }
    }
    if (dropped.size() == count) {
      throw new IllegalArgumentException(
          "infnet: all " + count + " proxies dropped. Expected one that stays.");
    }
  }

  /// Those with the least importance.
  ///
  /// @param importance of every proxy
  /// @param fewer how many go
  public static FewerProxies least(double[] importance, int fewer) {
    Integer[] order = new Integer[importance.length];
    for (int k = 0; k < order.length; k++) {
      order[k] = k;
    }
    Arrays.sort(order, Comparator.comparingDouble((Integer k) -> importance[k]));
    return new FewerProxies(order.length, Set.copyOf(Arrays.asList(order).subList(0, fewer)));
  }

  /// Copies all parameters but those of the dropped proxies.
  ///
  /// @param from the model before
  /// @param to a model of the same schema and settings, but for the number of proxies
  public void copy(Params from, Params to) {
    for (Parameter p : to.all()) {
      switch (p) {
        case DenseParameter d when from.get(p.path()) instanceof DenseParameter before ->
            d.write(kept(before, d));
        case TableParameter t when from.get(p.path()) instanceof TableParameter before -> {
          double[] row = new double[t.table().width()];
          for (int r = 0; r < t.table().rows(); r++) {
            before.table().read(r, row);
            t.table().write(r, row);
          }
        }
        case DenseParameter _, TableParameter _ ->
            throw new IllegalArgumentException(
                "infnet: " + p.path() + " is a table in one model, and none in the other.");
      }
    }
  }

  private double[] kept(DenseParameter from, DenseParameter to) {
    double[] all = from.value().toDoubles();
    if (from.shape().equals(to.shape())) {
      return all;
    }
    int axis = 0;
    while (axis < to.shape().rank() && from.shape().size(axis) == to.shape().size(axis)) {
      axis++;
    }
    int left = count - dropped.size();
    int size = from.shape().size(axis);
    int each = size / count; // numbers of a proxy along the axis
    if (size % count != 0 || to.shape().size(axis) != each * left) {
      throw new IllegalArgumentException(
          "infnet: "
              + from
              + " and "
              + to
              + ". Expected shapes that differ by "
              + dropped.size()
              + " of "
              + count
              + " proxies.");
    }
    int inside = 1; // numbers behind one place of the axis
    for (int a = axis + 1; a < to.shape().rank(); a++) {
      inside *= to.shape().size(a);
    }
    double[] found = new double[to.value().elements()];
    int at = 0;
    for (int i = 0; i < all.length; i++) {
      int proxy = i / inside % size / each;
      if (!dropped.contains(proxy)) {
        found[at++] = all[i];
      }
    }
    return found;
  }
}
