// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.List;
import org.gradus.tensor.Device;
import org.gradus.tensor.Kind;
import org.gradus.tensor.LayoutKernels.View;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.SortKernels.Merged;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Rows of a table that were looked up, grouped so that each distinct one is summed once, in the order of places.
final class RowGradients {
  private final Scope scope;
  private final int width;
  private final Tensor rows; // [n], the first `count` defined
  private final Tensor source; // [n], where the slice of each place starts
  private final int n;
  private final Merged merged;

  /// Groups places.
  ///
  /// @param ids `[n]`, the row looked up at each place
  /// @param source `[n]`, where in the gradient the slice of each place starts
  RowGradients(Scope scope, TableParameter table, Tensor ids, Tensor source) {
    this.scope = scope;
    this.width = table.table().width();
    this.source = source;
    this.n = ids.elements();
    this.rows = scope.allocate("rows", Kind.INT, ids.shape());
    Tensor segments = scope.allocate("rows", Kind.INT, Shape.of(n + 1));
    Tensor order = scope.allocate("rows", Kind.INT, ids.shape());
    int count =
        scope
            .device()
            .kernels()
            .sort()
            .merge(
                rows.buffer(),
                segments.buffer(),
                order.buffer(),
                ids.buffer(),
                n,
                table.table().rows());
    this.merged = new Merged(rows.buffer(), segments.buffer(), order.buffer(), count);
  }

  /// Per distinct row Σ coefficientᵢ · dy slice of place i, summed when it is needed.
  Gradient.Rows sum(Tensor dy, @Nullable Tensor coefficient) {
    Tensor held = scope.share(dy);
    return new Gradient.Rows(
        scope.share(rows),
        new Gradient.Rows.Terms(
            scope,
            new RowGradient.Places(
                merged,
                held.buffer(),
                source.buffer(),
                coefficient == null ? null : coefficient.buffer()),
            held,
            Shape.of(n, width)));
  }

  /// Per distinct row and component the sum over those places that won their bag's maximum.
  Gradient.Rows sumOfWinners(Tensor dy, Tensor place, Tensor argmax) {
    Tensor values = scope.real("rows", Shape.of(n, width));
    scope
        .device()
        .kernels()
        .jagged()
        .sumRowsMax(
            values.buffer(),
            dy.buffer(),
            merged,
            source.buffer(),
            place.buffer(),
            argmax.buffer(),
            width);
    return new Gradient.Rows(scope.share(rows), values, merged.count());
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
    Tensor ids = scope.allocate("rows", Kind.INT, Shape.of(n));
    Tensor values = scope.real("rows", Shape.of(n, width));
    int[] source = new int[n];
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
    for (int i = 0; i < n; i++) {
      source[i] = i * width;
    }
    Gradient.Rows sum =
        new RowGradients(scope, table, ids, scope.upload(Shape.of(n), source)).sum(values, null);
    scope.release(values);
    return sum;
  }
}
