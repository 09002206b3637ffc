// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.JaggedKernels;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.SortKernels;
import org.gradus.tensor.Table;
import org.jspecify.annotations.Nullable;

/// Bags of rows, pooled, and back: `jagged.cu`.
final class CudaJagged implements JaggedKernels {
  private static final int FEATURES = 32; // of one launch, as in jagged.cu
  private static final int FEW_BAGS = 1024;

  private final Launch launch;
  private final long[] tables = new long[FEATURES];
  private final int[] described = new int[5 * FEATURES];
  private final Kernel bags;
  private final Kernel bagsMax;
  private final Kernel places;
  private final Kernel sumRows;
  private final Kernel sumRowsMax;
  private final Kernel weightGradients;
  private final Kernel pool;
  private final Kernel poolBackward;
  private final Kernel pad;
  private final Kernel padBackward;

  CudaJagged(CudaDevice device) {
    launch = device.launch();
    Module module = device.module("jagged");
    bags = module.kernel("bags");
    bagsMax = module.kernel("bags_max");
    places = module.kernel("places");
    sumRows = module.kernel("sum_rows");
    sumRowsMax = module.kernel("sum_rows_max");
    weightGradients = module.kernel("weight_gradients");
    pool = module.kernel("pool");
    poolBackward = module.kernel("pool_backward");
    pad = module.kernel("pad");
    padBackward = module.kernel("pad_backward");
  }

  @Override
  public void bags(
      Buffer y,
      @Nullable Buffer argmax,
      List<Bags> features,
      Buffer values,
      Buffer offsets,
      @Nullable Buffer weights,
      int batch) {
    int stride = 0;
    for (Bags feature : features) {
      stride += feature.table().width();
    }
    int column = 0;
    for (int from = 0; from < features.size(); from += FEATURES) {
      List<Bags> some = features.subList(from, Math.min(from + FEATURES, features.size()));
      int widest = 0;
      boolean anyMax = false;
      boolean anyOther = false;
      for (int f = 0; f < some.size(); f++) {
        Bags feature = some.get(f);
        int width = feature.table().width();
        tables[f] = CudaTable.of(feature.table()).memory().address();
        describe(f, width, column, (from + f) * batch, feature);
        widest = Math.max(widest, width);
        anyMax |= feature.pooling() == Pooling.MAX;
        anyOther |= feature.pooling() != Pooling.MAX;
        column += width;
      }
      long elements = (long) batch * widest;
      if (anyOther) {
        launch.of(bags).buffer(y).buffer(values).buffer(offsets).buffer(weights);
        launch.struct(tables, described).number(batch).number(stride);
        launch.rowsOfBlocks(elements, some.size());
      }
      if (anyMax) {
        launch.of(bagsMax).buffer(y).buffer(needed(argmax)).buffer(values).buffer(offsets);
        launch.struct(tables, described).number(batch).number(stride);
        launch.rowsOfBlocks(elements, some.size());
      }
    }
  }

  /// `struct Features` behind its tables, one array after the other.
  @SuppressWarnings("EnumOrdinal") // in the order of the kernels' source, which a test compares
  private void describe(int f, int width, int column, int first, Bags feature) {
    described[f] = width;
    described[FEATURES + f] = column;
    described[2 * FEATURES + f] = first;
    described[3 * FEATURES + f] = feature.paddingId();
    described[4 * FEATURES + f] = feature.pooling().ordinal();
  }

  private static Buffer needed(@Nullable Buffer argmax) {
    if (argmax == null) {
      throw new IllegalArgumentException(
          "pooling MAX: no argmax. Expected a buffer for the places.");
    }
    return argmax;
  }

  @Override
  public void places(Buffer ids, Buffer source, int at, Buffer values, Buffer offsets, Slice s) {
    launch
        .of(places)
        .buffer(ids)
        .buffer(source)
        .number(at)
        .buffer(values)
        .buffer(offsets)
        .number(s.first())
        .number(s.batch())
        .number(s.padding())
        .number(s.column())
        .number(s.stride())
        .grid(1, 1, 1, s.batch() <= FEW_BAGS ? 256 : 1024, 1);
  }

  @Override
  public void sumRows(
      Buffer rowGradients,
      Buffer dy,
      SortKernels.Merged merged,
      Buffer source,
      @Nullable Buffer coefficient,
      int width) {
    launch
        .of(sumRows)
        .buffer(rowGradients)
        .buffer(dy)
        .buffer(merged.segments())
        .buffer(merged.order())
        .buffer(source)
        .buffer(coefficient)
        .number(merged.first())
        .number(merged.count())
        .number(width)
        .each((long) merged.count() * width);
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
    launch
        .of(sumRowsMax)
        .buffer(rowGradients)
        .buffer(dy)
        .buffer(merged.segments())
        .buffer(merged.order())
        .buffer(source)
        .buffer(place)
        .buffer(argmax)
        .number(merged.first())
        .number(merged.count())
        .number(width)
        .each((long) merged.count() * width);
  }

  @Override
  public void weightGradients(
      Buffer dw, Buffer dy, Table table, Buffer ids, Buffer source, int from, int to) {
    launch
        .of(weightGradients)
        .buffer(dw)
        .buffer(dy)
        .table(table)
        .buffer(ids)
        .buffer(source)
        .number(from)
        .number(to)
        .number(table.width())
        .warps(to - from);
  }

  @Override
  public void pool(
      Buffer y,
      @Nullable Buffer argmax,
      Buffer values,
      Buffer offsets,
      Pooling pooling,
      int bagCount,
      int width) {
    launch
        .of(pool)
        .buffer(y)
        .buffer(pooling == Pooling.MAX ? needed(argmax) : null)
        .buffer(values)
        .buffer(offsets)
        .choice(pooling)
        .number(bagCount)
        .number(width)
        .each((long) bagCount * width);
  }

  @Override
  public void poolBackward(
      Buffer dx,
      Buffer dy,
      @Nullable Buffer argmax,
      Buffer offsets,
      Pooling pooling,
      int bagCount,
      int width) {
    launch
        .of(poolBackward)
        .buffer(dx)
        .buffer(dy)
        .buffer(pooling == Pooling.MAX ? needed(argmax) : null)
        .buffer(offsets)
        .choice(pooling)
        .number(bagCount)
        .number(width)
        .each((long) bagCount * width);
  }

  @Override
  public void pad(Buffer y, Buffer values, Buffer offsets, int bagCount, int length, int width) {
    padded(pad, y, values, offsets, bagCount, length, width).each((long) bagCount * length * width);
  }

  @Override
  public void padBackward(
      Buffer dx, Buffer dy, Buffer offsets, int bagCount, int length, int width) {
    padded(padBackward, dx, dy, offsets, bagCount, length, width).each((long) bagCount * width);
  }

  private Launch padded(
      Kernel kernel, Buffer to, Buffer from, Buffer offsets, int bagCount, int length, int width) {
    return launch
        .of(kernel)
        .buffer(to)
        .buffer(from)
        .buffer(offsets)
        .number(bagCount)
        .number(length)
        .number(width);
  }
}
