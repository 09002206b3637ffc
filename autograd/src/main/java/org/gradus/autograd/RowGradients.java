// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.List;
import org.gradus.tensor.Device;
import org.gradus.tensor.Kind;
import org.gradus.tensor.LayoutKernels.View;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.SortKernels.Merged;
import org.gradus.tensor.Tensor;

/// Row gradients of one table from several lookups become one, each row summed once, in the order of the lookups.
final class RowGradients {
  private RowGradients() {}

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
      scope.release(part.rows());
      scope.release(part.values());
    }
    for (int i = 0; i < n; i++) {
      source[i] = i * width;
    }
    Tensor rows = scope.allocate("rows", Kind.INT, Shape.of(n));
    Tensor segments = scope.allocate("rows", Kind.INT, Shape.of(n + 1));
    Tensor order = scope.allocate("rows", Kind.INT, Shape.of(n));
    Tensor from = scope.upload(Shape.of(n), source);
    int count =
        device
            .kernels()
            .sort()
            .merge(
                rows.buffer(),
                segments.buffer(),
                order.buffer(),
                ids.buffer(),
                n,
                table.table().rows());
    Tensor sums = scope.real("rows", Shape.of(n, width));
    device
        .kernels()
        .jagged()
        .sumRows(
            sums.buffer(),
            values.buffer(),
            new Merged(rows.buffer(), segments.buffer(), order.buffer(), count),
            from.buffer(),
            null,
            width);
    for (Tensor t : List.of(from, order, segments, values, ids)) {
      scope.release(t);
    }
    return new Gradient.Rows(rows, sums, count);
  }
}
