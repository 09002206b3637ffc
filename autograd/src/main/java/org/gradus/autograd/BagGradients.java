// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.JaggedKernels.Slice;
import org.gradus.tensor.Kind;
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
  private @Nullable Places known;
  private double @Nullable [] scales; // s of each bag

  /// The bags of a lookup, as in [Lookup#bags].
  ///
  /// @param ids the values, on the device
  /// @param ends the offsets, on the device
  record Bags(
      List<Lookup.Bag> features, int[] values, int[] offsets, Tensor ids, Tensor ends, int batch) {}

  /// The features that share a table, all pooled by maximum or none: places from…to−1.
  ///
  /// @param plain whether every factor is 1
  private record Group(Lookup.Bag first, int from, int to, boolean plain) {}

  /// Every id that was looked up and is not padding, group after group.
  ///
  /// @param source `[N]`, where in dy the slice of each place starts
  /// @param value for each place, where in the values its id stands; empty where nobody asks
  /// @param coefficient `[N]`, c of each place, or null where all are 1
  private record Places(
      List<Group> groups,
      Tensor ids,
      Tensor source,
      RowGradients rows,
      int[] value,
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
    Places places = places();
    Tensor held = s.share(dy); // until the tape closes
    Tensor value = // for those who ask which place won
        argmax == null ? null : s.upload(places.ids.shape(), places.value);
    for (int g = 0; g < places.groups.size(); g++) {
      Group group = places.groups.get(g);
      TableParameter table = group.first.table();
      if (table.frozen()) {
        continue;
      }
      if (group.first.pooling() == Pooling.MAX && argmax != null && value != null) {
        dx.give(table, places.rows.sumOfWinners(g, dy, value, argmax));
      } else {
        // summed where it is used: by an update, or by sumRows
        dx.give(table, places.rows.sum(g, held, group.plain ? null : places.coefficient)); // (EB-3)
      }
    }
    if (value != null) {
      s.release(value);
    }
    if (weights != null && dx.wants(0)) {
      double[] dots = dots(places, dy);
      dx.give(0, s.upload(weights.shape(), weightGradients(dots, s.doubles(weights.value()))));
    }
  }

  /// rₖ = ⟨vₖ, dy⟩ for each value; 0 at padding.
  private double[] dots(Places places, Tensor dy) {
    Tensor r = tape.scope().real("bags", places.ids.shape());
    for (Group group : places.groups) {
      tape.kernels()
          .jagged()
          .weightGradients(
              r.buffer(),
              dy.buffer(),
              group.first.table().table(),
              places.ids.buffer(),
              places.source.buffer(),
              group.from,
              group.to);
    }
    double[] ofPlaces = tape.scope().doubles(r);
    tape.scope().release(r);
    double[] dots = tape.scope().doubles(bags.values.length);
    for (int i = 0; i < ofPlaces.length; i++) {
      dots[places.value[i]] = ofPlaces[i];
    }
    return dots;
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
    double[] s = tape.scope().doubles(bags.offsets.length - 1);
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

  /// The places, made on the first walk backward.
  private Places places() {
    Places made = known;
    if (made == null) {
      made = find();
      known = made;
    }
    return made;
  }

  private Places find() {
    List<Group> groups = new ArrayList<>();
    int[] order = new int[columns.length]; // the features, group by group
    boolean[] done = new boolean[columns.length];
    int features = 0;
    int n = 0;
    for (int f = 0; f < columns.length; f++) {
      int from = n;
      boolean plain = weights == null;
      for (int other = f; other < columns.length && !done[f]; other++) {
        if (joins(bags.features.get(f), other)) {
          order[features++] = other;
          plain &= !scaled(bags.features.get(other).pooling());
          n += count(other);
        }
      }
      for (int i = features - 1; i >= 0 && !done[order[i]]; i--) {
        done[order[i]] = true;
      }
      if (n > from) {
        groups.add(new Group(bags.features.get(f), from, n, plain));
      }
    }
    Scope s = tape.scope();
    Shape shape = Shape.of(n);
    Tensor ids = s.allocate("bags", Kind.INT, shape);
    Tensor source = s.allocate("bags", Kind.INT, shape);
    int at = 0;
    for (int f : order) {
      Slice slice =
          new Slice(
              f * bags.batch,
              bags.batch,
              bags.features.get(f).table().paddingId(),
              columns[f],
              width);
      tape.kernels()
          .jagged()
          .places(ids.buffer(), source.buffer(), at, bags.ids.buffer(), bags.ends.buffer(), slice);
      at += count(f);
    }
    int[] value = argmax == null && weights == null ? new int[0] : values(order, n);
    Tensor coefficient = allPlain(groups) ? null : s.upload(shape, coefficients(order, n));
    return new Places(groups, ids, source, rows(groups, ids, source), value, coefficient);
  }

  private static boolean allPlain(List<Group> groups) {
    for (Group g : groups) {
      if (!g.plain) {
        return false;
      }
    }
    return true;
  }

  private RowGradients rows(List<Group> groups, Tensor ids, Tensor source) {
    List<TableParameter> tables = new ArrayList<>(groups.size());
    int[] starts = new int[groups.size() + 1];
    for (int g = 0; g < groups.size(); g++) {
      tables.add(groups.get(g).first.table());
      starts[g + 1] = groups.get(g).to;
    }
    return new RowGradients(tape.scope(), tables, ids, source, starts);
  }

  /// Where in the values the id of each place stands.
  private int[] values(int[] order, int n) {
    int[] found = tape.scope().ints(n);
    int at = 0;
    for (int f : order) {
      int padding = bags.features.get(f).table().paddingId();
      for (int k = bags.offsets[f * bags.batch]; k < bags.offsets[(f + 1) * bags.batch]; k++) {
        if (bags.values[k] != padding) {
          found[at++] = k;
        }
      }
    }
    return found;
  }

  /// c of each place.
  private double[] coefficients(int[] order, int n) {
    double[] a = weights == null ? null : tape.scope().doubles(weights.value());
    double[] scale = scales(a);
    double[] c = tape.scope().doubles(n);
    int at = 0;
    for (int f : order) {
      int padding = bags.features.get(f).table().paddingId();
      for (int bag = f * bags.batch; bag < (f + 1) * bags.batch; bag++) {
        for (int k = bags.offsets[bag]; k < bags.offsets[bag + 1]; k++) {
          if (bags.values[k] != padding) {
            c[at++] = a == null ? scale[bag] : a[k] * scale[bag];
          }
        }
      }
    }
    return c;
  }

  /// Whether feature f belongs to the group of this bag.
  private boolean joins(Lookup.Bag bag, int f) {
    Lookup.Bag other = bags.features.get(f);
    boolean maximum = bag.pooling() == Pooling.MAX;
    return other.table() == bag.table() && (other.pooling() == Pooling.MAX) == maximum;
  }

  private static boolean scaled(Pooling pooling) {
    return pooling != Pooling.SUM && pooling != Pooling.MAX;
  }

  /// Number of ids of a feature that are not padding.
  private int count(int f) {
    int from = bags.offsets[f * bags.batch];
    int to = bags.offsets[(f + 1) * bags.batch];
    int padding = bags.features.get(f).table().paddingId();
    if (padding < 0) {
      return to - from;
    }
    int n = 0;
    for (int k = from; k < to; k++) {
      n += bags.values[k] == padding ? 0 : 1;
    }
    return n;
  }
}
