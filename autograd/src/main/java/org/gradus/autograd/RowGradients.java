// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.Kind;
import org.gradus.tensor.LayoutKernels.View;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.SortKernels.Merged;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Rows of tables that were looked up, grouped so that each distinct one is summed once, in the order of places.
final class RowGradients {
  private final Scope scope;
  private final List<TableParameter> tables;
  private final Tensor source; // [N], where the slice of each place starts
  private final List<Tensor> rows; // of each table [n], the first `count` defined
  private final List<Merged> merged;

  /// Groups the places of some tables: those of table t lie from `starts[t]` to `starts[t + 1]`.
  ///
  /// @param ids `[N]`, the row looked up at each place; of one table it may have room for more
  /// @param source `[N]`, where in the gradient the slice of each place starts
  RowGradients(Scope scope, List<TableParameter> tables, Tensor ids, Tensor source, int... starts) {
    this.scope = scope;
    this.tables = tables;
    this.source = source;
    int lists = tables.size();
    this.rows = new ArrayList<>(lists);
    this.merged = new ArrayList<>(lists);
    List<Buffer> distinct = new ArrayList<>(lists);
    int[] bounds = new int[lists];
    Shape shape = Shape.of(0);
    for (int t = 0; t < lists; t++) {
      int n = lists == 1 ? ids.elements() : starts[t + 1] - starts[t];
      bounds[t] = tables.get(t).table().rows();
      shape = shape.elements() == n ? shape : Shape.of(n); // mostly that of the table before
      rows.add(scope.allocate("rows", Kind.INT, shape));
      distinct.add(rows.get(t).buffer());
    }
    int all = ids.elements();
    Buffer segments = scope.allocate("rows", Kind.INT, Shape.of(all + lists)).buffer();
    Buffer order = scope.allocate("rows", Kind.INT, ids.shape()).buffer();
    int[] counts =
        scope
            .device()
            .kernels()
            .sort()
            .merge(distinct, segments, order, ids.buffer(), starts, bounds);
    for (int t = 0; t < lists; t++) {
      merged.add(new Merged(distinct.get(t), segments, starts[t] + t, order, counts[t]));
    }
  }

  /// The places of one table, all of `ids`.
  RowGradients(Scope scope, TableParameter table, Tensor ids, Tensor source) {
    this(scope, List.of(table), ids, source, 0, ids.elements());
  }

  private int width(int t) {
    return tables.get(t).table().width();
  }

  /// Per distinct row of table t Σ coefficientᵢ · dy slice of place i, summed when it is needed.
  ///
  /// @param dy held by somebody until `scope` closes
  Gradient.Rows sum(int t, Tensor dy, @Nullable Tensor coefficient) {
    RowGradient.Places places =
        new RowGradient.Places(
            merged.get(t),
            dy.buffer(),
            source.buffer(),
            coefficient == null ? null : coefficient.buffer());
    return new Gradient.Rows(scope, rows.get(t), places, dy, width(t));
  }

  /// Per distinct row of table t and component the sum over those places that won their bag's maximum.
  Gradient.Rows sumOfWinners(int t, Tensor dy, Tensor place, Tensor argmax) {
    Tensor values = scope.real("rows", Shape.of(rows.get(t).elements(), width(t)));
    scope
        .device()
        .kernels()
        .jagged()
        .sumRowsMax(
            values.buffer(),
            dy.buffer(),
            merged.get(t),
            source.buffer(),
            place.buffer(),
            argmax.buffer(),
            width(t));
    return new Gradient.Rows(scope.share(rows.get(t)), values, merged.get(t).count());
  }

  /// Gradients of one table from several lookups become one, each row summed in the order of the lookups.
  static Gradient.Rows merge(Scope scope, TableParameter table, List<Gradient.Rows> parts) {
    if (parts.size() == 1) {
      return parts.getFirst();
    }
    Device device = scope.device();
    int width = table.table().width();
    int n = 0;
    for (Gradient.Rows part : parts) {
      n += part.count();
    }
    int room = room(n);
    Tensor ids = scope.allocate("rows", Kind.INT, Shape.of(room));
    Tensor values = scope.real("rows", Shape.of(room, width));
    int at = 0;
    for (Gradient.Rows part : parts) {
      int k = part.count();
      device
          .kernels()
          .layout()
          .write(ids.buffer(), part.rows().buffer(), new View(at, new int[] {k}, new int[] {1}));
      device
          .kernels()
          .layout()
          .write(
              values.buffer(),
              part.values().buffer(),
              new View(at * width, new int[] {k * width}, new int[] {1}));
      at += k;
      part.release(scope);
    }
    Tensor source = wholeRows(scope, room, width);
    return new RowGradients(scope, List.of(table), ids, source, 0, n).sum(0, values, null);
  }

  /// A size that holds n, at most an eighth more: how many distinct rows the lookups of a step have together is another number in
  /// every batch, and a buffer of a size of its own would be made anew each time.
  private static int room(int n) {
    int step = Math.max(1, Integer.highestOneBit(n) / 8);
    return Math.ceilDiv(n, step) * step;
  }

  /// Where each of n rows starts.
  static Tensor wholeRows(Scope scope, int n, int width) {
    Tensor y = scope.allocate("rows", Kind.INT, Shape.of(n));
    scope.device().kernels().layout().multiples(y.buffer(), width, n);
    return y;
  }
}
