// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.List;
import org.gradus.tensor.JaggedKernels;
import org.gradus.tensor.Kind;
import org.gradus.tensor.LayoutKernels.View;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Rows of embedding tables, one by one or pooled by the bag. The gradient of a table is row-sparse: each distinct row
/// once, its terms added in the order of places.
///
/// Ids come from the host, where they are checked. An id equal to a table's padding id gets no gradient, and in a bag
/// it is passed over.
public final class Lookup {
  private Lookup() {}

  /// One feature of a lookup: where its rows are, and how a bag of them becomes one vector.
  public record Bag(TableParameter table, Pooling pooling) {}

  /// `y[…, :] = E[ids[…], :]`;  dE_v = Σ over places with id v of dy
  ///
  /// @param ids `INT` of any shape
  /// @return `ids.shape + [D]`
  public static Var rows(Tape tape, TableParameter table, Tensor ids) {
    if (ids.kind() != Kind.INT) {
      throw new IllegalArgumentException(
          table.path() + ": ids of kind " + ids.kind() + ". Expected kind INT.");
    }
    return rows(tape, table, ids, tape.scope().ints(ids));
  }

  /// As above, for ids on the host.
  ///
  /// @param shape of the ids
  /// @param ids row by row; not to be changed before the tape closes
  /// @return `shape + [D]`
  public static Var rows(Tape tape, TableParameter table, Shape shape, int... ids) {
    return rows(tape, table, tape.scope().upload(shape, ids), ids);
  }

  /// As above, for a part of ids on the host, which are not copied there.
  ///
  /// @param ids not to be changed before the tape closes
  /// @param from the first of them that is looked up
  /// @param to the last of them and one
  /// @return `[to − from, D]`
  public static Var rows(Tape tape, TableParameter table, int[] ids, int from, int to) {
    Scope s = tape.scope();
    Tensor all = s.upload(Shape.of(ids.length), ids);
    Tensor some = s.allocate("rows", Kind.INT, Shape.of(to - from));
    View part = new View(from, new int[] {to - from}, new int[] {1});
    tape.kernels().layout().read(some.buffer(), all.buffer(), part);
    s.release(all);
    return rows(tape, some, new RowPlaces(s, table, some, ids, from));
  }

  private static Var rows(Tape tape, TableParameter table, Tensor ids, int[] host) {
    return rows(tape, ids, new RowPlaces(tape.scope(), table, ids, host, 0));
  }

  private static Var rows(Tape tape, Tensor ids, RowPlaces places) {
    TableParameter table = places.table;
    int n = ids.elements();
    check(table, places.host, places.from, places.from + n);
    Tensor y =
        tape.scope().real("rows", ids.shape().insert(ids.shape().rank(), table.table().width()));
    tape.kernels().gather().rows(y.buffer(), table.table(), ids.buffer(), n);
    tape.probe().reads(table);
    return tape.record("rows", y, (dy, dx) -> places.give(dy, dx), !table.frozen());
  }

  /// The places of one lookup of rows, grouped on the first walk backward.
  private static final class RowPlaces {
    private final Scope scope;
    private final TableParameter table;
    private final Tensor ids;
    private final int[] host; // the same numbers, from `from` on
    private final int from;
    private @Nullable RowGradients grouped;

    RowPlaces(Scope scope, TableParameter table, Tensor ids, int[] host, int from) {
      this.scope = scope;
      this.table = table;
      this.ids = ids;
      this.host = host;
      this.from = from;
    }

    void give(Tensor dy, Tape.Sink dx) {
      RowGradients groups = grouped;
      if (groups == null) {
        groups = group();
        grouped = groups;
      }
      dx.give(table, groups.sum(0, scope.share(dy), null));
    }

    private RowGradients group() {
      int width = table.table().width();
      int all = ids.elements();
      int n = 0;
      for (int i = from; i < from + all; i++) {
        n += host[i] == table.paddingId() ? 0 : 1;
      }
      if (n == all) { // nothing to leave out, and so nothing to make on the host
        Tensor places = scope.reshape(ids, Shape.of(n));
        return new RowGradients(scope, table, places, RowGradients.wholeRows(scope, n, width));
      }
      int[] kept = scope.ints(n);
      int[] source = scope.ints(n);
      int at = 0;
      for (int i = 0; i < all; i++) {
        if (host[from + i] != table.paddingId()) {
          kept[at] = host[from + i];
          source[at++] = i * width;
        }
      }
      Shape shape = Shape.of(n);
      return new RowGradients(scope, table, scope.upload(shape, kept), scope.upload(shape, source));
    }
  }

  /// The pooled bags of F features, in one kernel.
  ///
  /// Bag s = f·B + b, that is example b of feature f, holds `values[offsets[s] … offsets[s+1])`. The arrays are not to
  /// be changed before the tape closes.
  ///
  /// @param features their tables and poolings; features may share a table, whose gradient is then one
  /// @param values ids of all bags, feature by feature
  /// @param offsets `[F·B + 1]`, from 0 to the number of values, never falling
  /// @param weights `[values]`, one factor per id, or null for 1; [Pooling#MAX] takes none
  /// @return `[B, ΣD_f]`; reshape to `[B, F, D]` when all widths are D
  public static Var bags(
      Tape tape, List<Bag> features, int[] values, int[] offsets, @Nullable Var weights) {
    int batch = checkOffsets(features, values, offsets);
    Scope s = tape.scope();
    int width = 0;
    boolean takesMaximum = false;
    boolean trains = weights != null && weights.needsGradient();
    List<JaggedKernels.Bags> plan = new ArrayList<>(features.size());
    for (int f = 0; f < features.size(); f++) {
      Bag bag = features.get(f);
      TableParameter table = bag.table();
      check(table, values, offsets[f * batch], offsets[(f + 1) * batch]);
      takesMaximum |= bag.pooling() == Pooling.MAX;
      trains |= !table.frozen();
      tape.probe().reads(table);
      width += table.table().width();
      plan.add(new JaggedKernels.Bags(table.table(), bag.pooling(), table.paddingId()));
    }
    if (weights != null) {
      checkWeights(tape, weights, values.length, takesMaximum);
    }
    Shape shape = Shape.of(batch, width);
    Tensor y = s.real("bags", shape);
    Tensor argmax = takesMaximum ? s.allocate("bags", Kind.INT, shape) : null;
    Tensor ids = s.upload(Shape.of(values.length), values);
    Tensor ends = s.upload(Shape.of(offsets.length), offsets);
    tape.kernels()
        .jagged()
        .bags(
            y.buffer(),
            argmax == null ? null : argmax.buffer(),
            plan,
            ids.buffer(),
            ends.buffer(),
            weights == null ? null : weights.value().buffer(),
            batch);
    BagGradients gradients =
        new BagGradients(
            tape,
            new BagGradients.Bags(features, values, offsets, ids, ends, batch),
            weights,
            argmax);
    gradients.watchBranches();
    Var[] inputs = weights == null ? new Var[0] : new Var[] {weights};
    Var pooled = tape.record("bags", y, gradients, trains, inputs);
    if (pooled.needsGradient()) {
      tape.recordedFeatures(features.size());
    }
    return pooled;
  }

  private static int checkOffsets(List<Bag> features, int[] values, int[] offsets) {
    if (features.isEmpty() || offsets.length == 0 || (offsets.length - 1) % features.size() != 0) {
      throw new IllegalArgumentException(
          "bags: "
              + offsets.length
              + " offsets for "
              + features.size()
              + " features. Expected F·B + 1 offsets for F ≥ 1 features of B bags each.");
    }
    boolean rising = offsets[0] == 0 && offsets[offsets.length - 1] == values.length;
    for (int i = 1; i < offsets.length; i++) {
      rising &= offsets[i - 1] <= offsets[i];
    }
    if (!rising) {
      throw new IllegalArgumentException(
          "bags: offsets from "
              + offsets[0]
              + " to "
              + offsets[offsets.length - 1]
              + " for "
              + values.length
              + " values. Expected offsets from 0 to the number of values that never fall.");
    }
    return (offsets.length - 1) / features.size();
  }

  private static void checkWeights(Tape tape, Var weights, int values, boolean takesMaximum) {
    if (weights.tape() != tape) {
      throw new IllegalArgumentException(
          "bags: weights " + weights + " belong to another tape. Expected operands of one tape.");
    }
    if (takesMaximum) {
      throw new IllegalArgumentException(
          "bags: weights with Pooling.MAX. Expected none: a maximum has no weights.");
    }
    if (!weights.shape().equals(Shape.of(values))) {
      throw new IllegalArgumentException(
          "bags: weights "
              + weights.shape()
              + " for "
              + values
              + " values. Expected ["
              + values
              + "].");
    }
  }

  private static void check(TableParameter table, int[] ids, int from, int to) {
    int rows = table.table().rows();
    for (int i = from; i < to; i++) {
      if (ids[i] < 0 || ids[i] >= rows) {
        throw new IllegalArgumentException(
            table.path()
                + ": id "
                + ids[i]
                + " at position "
                + i
                + " of a table with "
                + rows
                + " rows. Expected ids from 0 to "
                + (rows - 1)
                + ".");
      }
    }
  }
}
