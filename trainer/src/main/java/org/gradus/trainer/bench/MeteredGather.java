// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.GatherKernels;
import org.gradus.tensor.Table;

/// Counts the rows of tables that are read, and written beside each other.
record MeteredGather(GatherKernels inside, Meter meter) implements GatherKernels {
  @Override
  public void gather(Buffer y, Buffer x, Buffer ids, int outer, int n, int k, int inner) {
    inside.gather(y, x, ids, outer, n, k, inner);
  }

  @Override
  public void scatterAdd(Buffer x, Buffer y, Buffer ids, int outer, int n, int k, int inner) {
    inside.scatterAdd(x, y, ids, outer, n, k, inner);
  }

  @Override
  public void pick(Buffer y, Buffer x, Buffer ids, int rows, int n) {
    inside.pick(y, x, ids, rows, n);
  }

  @Override
  public void pickBackward(Buffer x, Buffer y, Buffer ids, int rows, int n) {
    inside.pickBackward(x, y, ids, rows, n);
  }

  @Override
  public void rows(Buffer y, Table table, Buffer ids, int k) {
    long begun = System.nanoTime();
    inside.rows(y, table, ids, k);
    meter.lookup(8.0 * k * table.width(), begun);
  }
}
