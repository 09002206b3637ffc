// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.JaggedKernels;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.SortKernels;
import org.gradus.tensor.Table;
import org.jspecify.annotations.Nullable;

/// Counts the rows that bags read and the vectors that they write, and the same of the way back.
record MeteredJagged(JaggedKernels inside, Meter meter) implements JaggedKernels {
  @Override
  public void bags(
      Buffer y,
      @Nullable Buffer argmax,
      List<Bags> features,
      Buffer values,
      Buffer offsets,
      @Nullable Buffer weights,
      int batch) {
    long begun = System.nanoTime();
    inside.bags(y, argmax, features, values, offsets, weights, batch);
    double width = 0;
    for (int f = 0; f < features.size(); f++) {
      width += features.get(f).table().width();
    }
    // How many ids each feature has is known to the device only: their mean width counts.
    double read = values.length() * width / Math.max(1, features.size());
    meter.lookup(4 * (read + batch * width), begun);
  }

  /// Number of places where the rows of a table were looked up: there is room for as many distinct rows.
  static int places(SortKernels.Merged merged) {
    return merged.rows().length();
  }

  @Override
  public void sumRows(
      Buffer rowGradients,
      Buffer dy,
      SortKernels.Merged merged,
      Buffer source,
      @Nullable Buffer coefficient,
      int width) {
    long begun = System.nanoTime();
    inside.sumRows(rowGradients, dy, merged, source, coefficient, width);
    meter.move(4.0 * width * (places(merged) + merged.count()), begun);
  }

  @Override
  public void sumRowsMax(
      Buffer rowGradients,
      Buffer dy,
      SortKernels.Merged merged,
      Buffer source,
      Buffer place,
      Buffer argmax,
      int width) {
    long begun = System.nanoTime();
    inside.sumRowsMax(rowGradients, dy, merged, source, place, argmax, width);
    meter.move(4.0 * width * (2.0 * places(merged) + merged.count()), begun);
  }

  @Override
  public void places(
      Buffer ids, Buffer source, int at, Buffer values, Buffer offsets, Slice slice) {
    inside.places(ids, source, at, values, offsets, slice);
  }

  @Override
  public void weightGradients(
      Buffer dw, Buffer dy, Table table, Buffer ids, Buffer source, int from, int to) {
    long begun = System.nanoTime();
    inside.weightGradients(dw, dy, table, ids, source, from, to);
    meter.move(8.0 * (to - from) * table.width(), begun);
  }

  @Override
  public void pool(
      Buffer y,
      @Nullable Buffer argmax,
      Buffer values,
      Buffer offsets,
      Pooling pooling,
      int bags,
      int width) {
    inside.pool(y, argmax, values, offsets, pooling, bags, width);
  }

  @Override
  public void poolBackward(
      Buffer dx,
      Buffer dy,
      @Nullable Buffer argmax,
      Buffer offsets,
      Pooling pooling,
      int bags,
      int width) {
    inside.poolBackward(dx, dy, argmax, offsets, pooling, bags, width);
  }

  @Override
  public void pad(Buffer y, Buffer values, Buffer offsets, int bags, int length, int width) {
    inside.pad(y, values, offsets, bags, length, width);
  }

  @Override
  public void padBackward(Buffer dx, Buffer dy, Buffer offsets, int bags, int length, int width) {
    inside.padBackward(dx, dy, offsets, bags, length, width);
  }
}
