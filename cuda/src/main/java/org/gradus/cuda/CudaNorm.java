// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.NormKernels;
import org.jspecify.annotations.Nullable;

/// Batch and layer normalisation: `norm.cu`.
final class CudaNorm implements NormKernels {
  private final Launch launch;
  private final Kernel columnMoments;
  private final Kernel columns;
  private final Kernel columnsBackward;
  private final Kernel rowsKernel;
  private final Kernel rowsBackward;

  CudaNorm(CudaDevice device) {
    launch = device.launch();
    Module module = device.module("norm");
    columnMoments = module.kernel("column_moments");
    columns = module.kernel("columns");
    columnsBackward = module.kernel("columns_backward");
    rowsKernel = module.kernel("rows");
    rowsBackward = module.kernel("rows_backward");
  }

  @Override
  public void columnMoments(
      Buffer mean, Buffer variance, Buffer x, @Nullable Buffer rowMask, int rows, int n) {
    if (n > 0) {
      launch
          .of(columnMoments)
          .buffer(mean)
          .buffer(variance)
          .buffer(x)
          .buffer(rowMask)
          .number(rows)
          .number(n)
          .grid((n + 31) / 32, 1, 1, 32, 8);
    }
  }

  @Override
  public void normalizeColumns(
      Buffer y,
      Buffer x,
      Buffer mean,
      Buffer variance,
      @Nullable Buffer rowMask,
      int rows,
      int n,
      double epsilon) {
    long elements = (long) rows * n;
    launch
        .of(columns)
        .buffer(y)
        .buffer(x)
        .buffer(mean)
        .buffer(variance)
        .buffer(rowMask)
        .real(epsilon)
        .number(n)
        .big(elements)
        .each(elements);
  }

  @Override
  public void normalizeColumnsBackward(
      Buffer dx,
      Buffer dy,
      Buffer y,
      Buffer variance,
      @Nullable Buffer rowMask,
      int rows,
      int n,
      double epsilon) {
    if (n > 0) {
      launch
          .of(columnsBackward)
          .buffer(dx)
          .buffer(dy)
          .buffer(y)
          .buffer(variance)
          .buffer(rowMask)
          .real(epsilon)
          .number(rows)
          .number(n)
          .grid((n + 31) / 32, 1, 1, 32, 8);
    }
  }

  @Override
  public void normalizeRows(Buffer y, Buffer invStd, Buffer x, int rows, int n, double epsilon) {
    launch
        .of(rowsKernel)
        .buffer(y)
        .buffer(invStd)
        .buffer(x)
        .real(epsilon)
        .number(rows)
        .number(n)
        .warps(rows);
  }

  @Override
  public void normalizeRowsBackward(
      Buffer dx, Buffer dy, Buffer y, Buffer invStd, int rows, int n) {
    launch
        .of(rowsBackward)
        .buffer(dx)
        .buffer(dy)
        .buffer(y)
        .buffer(invStd)
        .number(rows)
        .number(n)
        .warps(rows);
  }
}
