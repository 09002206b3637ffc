// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The derivative of [Lookup#bags] with respect to tables and weights.
///
/// ```
/// y = Σₖ cₖ vₖ,  cₖ = aₖ s      s = 1 (SUM), 1/Σa (MEAN), 1/K (MEAN_COUNT), 1/√Σa² (SQRTN)
/// ∂L/∂E_m = Σ over places k with id m of cₖ dy                                   (dlrm EB-3)
/// ∂L/∂aₖ  = s rₖ,  rₖ = ⟨vₖ, dy⟩                     SUM, MEAN_COUNT             (dlrm EB-4)
///         = s rₖ − s² Σⱼ aⱼ rⱼ                       MEAN
///         = s rₖ − s³ aₖ Σⱼ aⱼ rⱼ                    SQRTN
/// ```
final class BagGradients implements Tape.Backward {
  private final Tape tape;
  private final Bags bags;
  private final @Nullable Var weights;
  private final @Nullable Tensor argmax;
  private final int[] columns; // where in y each feature starts
  private final int width;
  private @Nullable List<Group> groups;
  private double @Nullable [] scales; // s of each bag
  private int[] ids = {}; // scratch: what a group looks up, and where its slices start
  private int[] source = {};

  /// The bags of a lookup, as in [Lookup#bags].
  record Bags(List<Lookup.Bag> features, int[] values, int[] offsets, int batch) {}

  /// The features that share a table, all pooled by maximum or none.
  ///
  /// @param place `[n]`, where in the values each id stands; empty where nobody asks
  /// @param coefficient c of each place, or null for 1
  private record Group(
      Lookup.Bag first,
      int[] place,
      Tensor ids,
      Tensor source,
      RowGradients rows,
      @Nullable Tensor coefficient) {}

  BagGradients(Tape tape, Bags bags, @Nullable Var weights, @Nullable Tensor argmax) {
    this.tape = tape;
    this.bags = bags;
    this.weights = weights;
    this.argmax = argmax;
    this.columns = new int[bags.features.size()];
    int column = 0;
    for (int f = 0; f < columns.length; f++) {
      columns[f] = column;
      column += bags.features.get(f).table().table().width();
    }
    this.width = column;
  }

  /// Tells a gradient check which places won.
  void watchBranches() {
    if (argmax == null || !tape.probe().watchesBranches()) {
      return;
    }
    int[] places = argmax.toInts();
    for (int f = 0; f < columns.length; f++) {
      if (bags.features.get(f).pooling() != Pooling.MAX) {
        int to = columns[f] + bags.features.get(f).table().table().width();
        for (int b = 0; b < bags.batch; b++) {
          Arrays.fill(places, b * width + columns[f], b * width + to, 0); // undefined there
        }
      }
    }
    tape.probe().branch("bags", places);
  }

  @Override
  public void run(Tensor dy, Tape.Sink dx) {
    Scope s = tape.scope();
    boolean wantsWeights = weights != null && dx.wants(0);
    double[] dots = wantsWeights ? new double[bags.values.length] : null;
    for (Group group : groups()) {
      TableParameter table = group.first.table();
      if (!table.frozen()) {
        if (group.first.pooling() == Pooling.MAX && argmax != null) {
          Tensor place = s.upload(group.ids.shape(), group.place);
          dx.give(table, group.rows.sumOfWinners(dy, place, argmax));
          s.release(place);
        } else {
          // (EB-3), summed where it is used: by an update, or by sumRows
          dx.give(table, group.rows.sum(dy, group.coefficient)); // (EB-3)
        }
      }
      if (dots != null) {
        dots(dots, group, dy);
      }
    }
    if (weights != null && dots != null) {
      dx.give(0, s.upload(weights.shape(), weightGradients(dots, weights.value().toDoubles())));
    }
  }

  /// rₖ = ⟨vₖ, dy⟩ of a group's places; 0 stays at padding.
  private void dots(double[] dots, Group group, Tensor dy) {
    Tensor r = tape.scope().real("bags", group.ids.shape());
    tape.kernels()
        .jagged()
        .weightGradients(
            r.buffer(),
            dy.buffer(),
            group.first.table().table(),
            group.ids.buffer(),
            group.source.buffer(),
            group.ids.elements());
    double[] values = r.toDoubles();
    tape.scope().release(r);
    for (int i = 0; i < values.length; i++) {
      dots[group.place[i]] = values[i];
    }
  }

  /// From rₖ to ∂L/∂aₖ, in place.
  private double[] weightGradients(double[] r, double[] a) {
    double[] scale = scales(a);
    for (int f = 0; f < columns.length; f++) {
      Lookup.Bag feature = bags.features.get(f);
      int padding = feature.table().paddingId();
      for (int bag = f * bags.batch; bag < (f + 1) * bags.batch; bag++) {
        double s = scale[bag];
        double sum = 0;
        for (int k = bags.offsets[bag]; k < bags.offsets[bag + 1]; k++) {
          sum += a[k] * r[k];
        }
        for (int k = bags.offsets[bag]; k < bags.offsets[bag + 1]; k++) {
          if (bags.values[k] != padding) {
            r[k] =
                switch (feature.pooling()) {
                  case SUM, MEAN_COUNT -> s * r[k];
                  case MEAN -> s * r[k] - s * s * sum;
                  case SQRTN -> s * r[k] - s * s * s * a[k] * sum;
                  case MAX -> 0; // refused above
                };
          }
        }
      }
    }
    return r;
  }

  /// s of each bag: 0 for a bag whose denominator is 0.
  private double[] scales(double @Nullable [] a) {
    double[] known = scales;
    if (known != null) {
      return known;
    }
    double[] s = new double[bags.offsets.length - 1];
    for (int f = 0; f < columns.length; f++) {
      Lookup.Bag feature = bags.features.get(f);
      int padding = feature.table().paddingId();
      for (int bag = f * bags.batch; bag < (f + 1) * bags.batch; bag++) {
        double sum = 0;
        for (int k = bags.offsets[bag]; k < bags.offsets[bag + 1]; k++) {
          if (bags.values[k] != padding) {
            double weight = a == null ? 1 : a[k];
            sum +=
                switch (feature.pooling()) {
                  case SUM, MAX -> 0;
                  case MEAN -> weight;
                  case MEAN_COUNT -> 1;
                  case SQRTN -> weight * weight;
                };
          }
        }
        s[bag] =
            switch (feature.pooling()) {
              case SUM, MAX -> 1;
              case MEAN, MEAN_COUNT -> sum == 0 ? 0 : 1 / sum;
              case SQRTN -> sum == 0 ? 0 : 1 / Math.sqrt(sum);
            };
      }
    }
    scales = s;
    return s;
  }

  /// The groups, made on the first walk backward.
  private List<Group> groups() {
    List<Group> known = groups;
    if (known != null) {
      return known;
    }
    double[] a = weights == null ? null : weights.value().toDoubles();
    List<Group> made = new ArrayList<>();
    boolean[] done = new boolean[columns.length];
    for (int f = 0; f < columns.length; f++) {
      if (!done[f]) {
        Group group = group(f, done, a);
        if (group != null) {
          made.add(group);
        }
      }
    }
    groups = made;
    return made;
  }

  /// The group that feature `first` begins, or null when its bags hold nothing.
  private @Nullable Group group(int first, boolean[] done, double @Nullable [] a) {
    Lookup.Bag bag = bags.features.get(first);
    boolean maximum = bag.pooling() == Pooling.MAX;
    int n = 0;
    boolean plain = a == null;
    for (int f = first; f < columns.length; f++) {
      Lookup.Bag other = bags.features.get(f);
      if (other.table() == bag.table() && (other.pooling() == Pooling.MAX) == maximum) {
        n += count(f);
        plain &= maximum || other.pooling() == Pooling.SUM;
      }
    }
    if (ids.length != n) { // one-hot features have the same number, group after group
      ids = new int[n];
      source = new int[n];
    }
    int[] place = new int[maximum || weights != null ? n : 0];
    double[] coefficient = plain ? null : new double[n];
    double[] scale = plain ? null : scales(a);
    int padding = bag.table().paddingId();
    int at = 0;
    for (int f = first; f < columns.length; f++) {
      Lookup.Bag other = bags.features.get(f);
      if (other.table() != bag.table() || (other.pooling() == Pooling.MAX) != maximum) {
        continue;
      }
      done[f] = true;
      for (int b = 0; b < bags.batch; b++) {
        int s = f * bags.batch + b;
        for (int k = bags.offsets[s]; k < bags.offsets[s + 1]; k++) {
          if (bags.values[k] == padding) {
            continue;
          }
          ids[at] = bags.values[k];
          source[at] = b * width + columns[f];
          if (place.length > 0) {
            place[at] = k;
          }
          if (coefficient != null && scale != null) {
            coefficient[at] = a == null ? scale[s] : a[k] * scale[s];
          }
          at++;
        }
      }
    }
    if (n == 0) {
      return null;
    }
    Scope s = tape.scope();
    Shape shape = Shape.of(n);
    Tensor rows = s.upload(shape, ids);
    Tensor starts = s.upload(shape, source);
    return new Group(
        bag,
        place,
        rows,
        starts,
        new RowGradients(s, bag.table(), rows, starts),
        coefficient == null ? null : s.upload(shape, coefficient));
  }

  /// Number of ids of a feature that are not padding.
  private int count(int f) {
    int padding = bags.features.get(f).table().paddingId();
    int n = 0;
    for (int k = bags.offsets[f * bags.batch]; k < bags.offsets[(f + 1) * bags.batch]; k++) {
      n += bags.values[k] == padding ? 0 : 1;
    }
    return n;
  }
}
