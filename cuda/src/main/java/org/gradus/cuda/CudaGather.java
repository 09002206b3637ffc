// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.GatherKernels;
import org.gradus.tensor.Table;

/// Rows by index, and back: `gather.cu`.
final class CudaGather implements GatherKernels {
  private final Launch launch;
  private final Kernel forward;
  private final Kernel scatterAdd;
  private final Kernel pick;
  private final Kernel pickBackward;
  private final Kernel rows;

  CudaGather(CudaDevice device) {
    launch = device.launch();
    Module module = device.module("gather");
    forward = module.kernel("forward");
    scatterAdd = module.kernel("scatter_add");
    pick = module.kernel("pick");
    pickBackward = module.kernel("pick_backward");
    rows = module.kernel("rows");
  }

  @Override
  public void gather(Buffer y, Buffer x, Buffer ids, int outer, int n, int k, int inner) {
    move(forward, y, x, ids, outer, n, k, inner).each((long) outer * k * inner);
  }

  @Override
  public void scatterAdd(Buffer x, Buffer y, Buffer ids, int outer, int n, int k, int inner) {
    move(scatterAdd, x, y, ids, outer, n, k, inner).each((long) outer * inner);
  }

  private Launch move(
      Kernel kernel, Buffer to, Buffer from, Buffer ids, int outer, int n, int k, int inner) {
    return launch
        .of(kernel)
        .buffer(to)
        .buffer(from)
        .buffer(ids)
        .number(outer)
        .number(n)
        .number(k)
        .number(inner);
  }

  @Override
  public void pick(Buffer y, Buffer x, Buffer ids, int rowCount, int n) {
    launch.of(pick).buffer(y).buffer(x).buffer(ids).number(rowCount).number(n).each(rowCount);
  }

  @Override
  public void pickBackward(Buffer x, Buffer y, Buffer ids, int rowCount, int n) {
    launch
        .of(pickBackward)
        .buffer(x)
        .buffer(y)
        .buffer(ids)
        .number(rowCount)
        .number(n)
        .each(rowCount);
  }

  @Override
  public void rows(Buffer y, Table table, Buffer ids, int k) {
    long n = (long) k * table.width();
    launch.of(rows).buffer(y).table(table).buffer(ids).number(table.width()).big(n).each(n);
  }
}
