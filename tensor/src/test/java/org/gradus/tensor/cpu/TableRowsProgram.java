// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/// Prints how many bytes of heap the rows of tables take in the steady state, for [TableRowsTest].
///
/// Vectors are written to and read from arrays of bytes first, as the library of the virtual machine does by itself before it is
/// compiled: what it learns there must not spoil the code of tables.
final class TableRowsProgram {
  private static final int ROWS = 1 << 10;
  private static final int ROUNDS = 60;
  private static final int[] BAG = {3, 1, 4, 1, 5};

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final RowCursor row = new RowCursor();
  private final RowUpdates updates = new RowUpdates();
  private final float[] scratch = new float[RowUpdates.scratch(256)];
  private final float[] y = new float[256];
  private final Steps.Adam adam = new Steps.Adam(0.1f, 0.9f, 0.1f, 0.99f, 0.01f, 1, 1e-8f);

  private TableRowsProgram() {}

  public static void main(String[] args) throws InterruptedException {
    int width = Integer.parseInt(args[0]);
    arraysOfBytes();
    TableRowsProgram program = new TableRowsProgram();
    for (int round = 0; round < ROUNDS; round++) {
      program.rows(width);
      Thread.sleep(20); // the compiler keeps up
    }
    long begun = program.threads.getCurrentThreadAllocatedBytes();
    program.rows(width);
    System.out.println(program.threads.getCurrentThreadAllocatedBytes() - begun);
  }

  private static void arraysOfBytes() {
    MemorySegment bytes = MemorySegment.ofArray(new byte[Lanes.WIDTH * Float.BYTES]);
    FloatVector x = FloatVector.zero(Lanes.SPECIES);
    for (int i = 0; i < 1_000; i++) {
      x.intoMemorySegment(bytes, 0, ByteOrder.nativeOrder());
      x = FloatVector.fromMemorySegment(Lanes.SPECIES, bytes, 0, ByteOrder.nativeOrder());
    }
  }

  /// Every row of new tables: moved, read, written, added.
  private void rows(int n) {
    try (CpuTable weights = CpuTable.zeros(ROWS, n);
        CpuTable sums = CpuTable.zeros(ROWS, n);
        CpuTable squares = CpuTable.zeros(ROWS, n)) {
      updates.over(scratch, 0, n);
      row.slope = y;
      row.from = 0;
      for (int r = 0; r < ROWS; r++) {
        row.at = weights.offset(r);
        updates.take(row);
        updates.adagrad(weights.memory(), sums.memory(), 0.1f, 1e-8f);
        updates.momentum(weights.memory(), sums.memory(), 0.1f, 0.9f);
        updates.adam(weights.memory(), sums.memory(), squares.memory(), adam);
        if (TableRows.isWhole(n)) {
          TableRows.adagrad(weights.memory(), sums.memory(), row.at, y, 0, n, 0.1f, 1e-8f);
          TableRows.adam(weights.memory(), sums.memory(), squares.memory(), row.at, y, 0, n, adam);
        }
        TableRows.sgd(weights.memory(), row.at, y, 0, n, 0.1f);
        TableRows.copy(y, 0, weights.memory(), row.at, n);
        TableRows.addScaled(y, 0, 0.5f, sums.memory(), row.at, n);
        TableRows.store(y, 0, weights.memory(), row.at, n);
        TableRows.sum(y, 0, weights, BAG, 0, BAG.length, BAG[1]);
      }
    }
  }
}
