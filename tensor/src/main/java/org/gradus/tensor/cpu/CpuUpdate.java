// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Table;
import org.gradus.tensor.UpdateKernels;
import org.gradus.tensor.host.Floats;
import org.gradus.tensor.host.Ints;
import org.jspecify.annotations.Nullable;

/// The arithmetic of optimisers: dense buffers in blocks, rows of tables each by one owner.
final class CpuUpdate implements UpdateKernels {
  private static final int DENSE_COST = 3; // per number, a plain copy being 1
  private static final int ROW_COST = 4; // the same for rows, which lie apart

  /// Numbers of a table per partial sum.
  private static final int SEGMENT = 1 << 10;

  private final Chunks chunks;
  private final Scratch scratch = new Scratch();

  CpuUpdate(Chunks chunks) {
    this.chunks = chunks;
  }

  @Override
  public void sgd(Buffer w, Buffer g, double rate, int n) {
    float[] weight = Floats.of(w);
    float[] slope = Floats.of(g);
    float r = (float) rate;
    chunks.blocks(n, 2, (lo, hi) -> DenseUpdates.sgd(weight, slope, r, lo, hi));
  }

  /// What is done to the row that starts at the byte `at`, with the gradient from `gAt`.
  private interface RowStep {
    void run(long at, int gAt);
  }

  private void rows(CpuTable w, Buffer rows, int count, RowStep step) {
    int[] row = Ints.of(rows);
    int n = w.width();
    chunks.rows(
        count,
        (long) ROW_COST * (n + 8),
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            step.run(w.offset(row[r]), r * n);
          }
        });
  }

  @Override
  public void sgdRows(Table w, Buffer rows, Buffer gradients, int count, double rate) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    float[] g = Floats.of(gradients);
    int n = table.width();
    float r = (float) rate;
    rows(table, rows, count, (at, gAt) -> RowUpdates.sgd(weight, at, g, gAt, n, r));
  }

  @Override
  public void momentum(
      Buffer w, Buffer v, Buffer g, double rate, double momentum, boolean nesterov, int n) {
    float[] weight = Floats.of(w);
    float[] speed = Floats.of(v);
    float[] slope = Floats.of(g);
    float r = (float) rate;
    float mu = (float) momentum;
    if (nesterov) {
      chunks.blocks(
          n, DENSE_COST, (lo, hi) -> DenseUpdates.nesterov(weight, speed, slope, r, mu, lo, hi));
    } else {
      chunks.blocks(
          n, DENSE_COST, (lo, hi) -> DenseUpdates.momentum(weight, speed, slope, r, mu, lo, hi));
    }
  }

  @Override
  public void momentumRows(
      Table w,
      Table v,
      Buffer rows,
      Buffer gradients,
      int count,
      double rate,
      double momentum,
      boolean nesterov) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    MemorySegment speed = CpuTable.of(v).memory();
    float[] g = Floats.of(gradients);
    int n = table.width();
    float r = (float) rate;
    float mu = (float) momentum;
    RowStep step =
        nesterov
            ? (at, gAt) -> RowUpdates.nesterov(weight, speed, at, g, gAt, n, r, mu)
            : (at, gAt) -> RowUpdates.momentum(weight, speed, at, g, gAt, n, r, mu);
    rows(table, rows, count, step);
  }

  @Override
  public void adagrad(Buffer w, Buffer s, Buffer g, double rate, double epsilon, int n) {
    float[] weight = Floats.of(w);
    float[] squares = Floats.of(s);
    float[] slope = Floats.of(g);
    float r = (float) rate;
    float e = (float) epsilon;
    chunks.blocks(
        n, DENSE_COST, (lo, hi) -> DenseUpdates.adagrad(weight, squares, slope, r, e, lo, hi));
  }

  @Override
  public void adagradRows(
      Table w, Table s, Buffer rows, Buffer gradients, int count, double rate, double epsilon) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    MemorySegment squares = CpuTable.of(s).memory();
    float[] g = Floats.of(gradients);
    int n = table.width();
    float r = (float) rate;
    float e = (float) epsilon;
    rows(table, rows, count, (at, gAt) -> RowUpdates.adagrad(weight, squares, at, g, gAt, n, r, e));
  }

  @Override
  public void rowWiseAdagradRows(
      Table w, Table s, Buffer rows, Buffer gradients, int count, double rate, double epsilon) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    CpuTable state = CpuTable.of(s);
    float[] g = Floats.of(gradients);
    int[] row = Ints.of(rows);
    int n = table.width();
    rows(
        table,
        rows,
        count,
        (at, gAt) -> {
          int r = row[n == 0 ? 0 : gAt / n];
          float sum = state.get(r) + Lanes.sumOfSquares(g, gAt, n) / n;
          state.set(r, sum);
          float step = (float) (rate / (Math.sqrt(sum) + epsilon));
          RowUpdates.sgd(weight, at, g, gAt, n, step);
        });
  }

  @Override
  public void adam(Buffer w, Buffer m, Buffer v, Buffer g, Adam adam, int n) {
    float[] weight = Floats.of(w);
    float[] first = Floats.of(m);
    float[] second = Floats.of(v);
    float[] slope = Floats.of(g);
    Steps.Adam step = Steps.Adam.of(adam);
    chunks.blocks(
        n, DENSE_COST, (lo, hi) -> DenseUpdates.adam(weight, first, second, slope, step, lo, hi));
  }

  @Override
  public void adamRows(
      Table w, Table m, Table v, Buffer rows, Buffer gradients, int count, Adam adam) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    MemorySegment first = CpuTable.of(m).memory();
    MemorySegment second = CpuTable.of(v).memory();
    float[] g = Floats.of(gradients);
    int n = table.width();
    Steps.Adam step = Steps.Adam.of(adam);
    rows(
        table,
        rows,
        count,
        (at, gAt) -> RowUpdates.adam(weight, first, second, at, g, gAt, n, step));
  }

  @Override
  public void adamAllRows(
      Table w,
      Table m,
      Table v,
      Buffer rows,
      Buffer gradients,
      int count,
      Adam adam,
      double l2,
      int first) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    MemorySegment mean = CpuTable.of(m).memory();
    MemorySegment second = CpuTable.of(v).memory();
    float[] g = Floats.of(gradients);
    int n = table.width();
    Steps.Adam step = Steps.Adam.of(adam);
    allRows(
        table,
        rows,
        count,
        first,
        (at, gAt) -> RowUpdates.adam(weight, mean, second, at, g, gAt, n, step),
        (at, size) -> RowUpdates.adamAbsent(weight, mean, second, at, size, step, (float) l2));
  }

  /// What is done to `n` numbers from the byte `at`: a run of rows that are not among those given.
  private interface AbsentStep {
    void run(long at, int n);
  }

  /// Every row from `first` on: those given one by one, the runs between them in one piece each.
  private void allRows(
      CpuTable w, Buffer rows, int count, int first, RowStep present, AbsentStep absent) {
    int[] row = Ints.of(rows);
    int n = w.width();
    chunks.rows(
        w.rows() - first,
        (long) ROW_COST * n,
        (lo, hi) -> {
          int next = first + lo;
          int end = first + hi;
          int found = Arrays.binarySearch(row, 0, count, next);
          for (int r = found < 0 ? -found - 1 : found; r < count && row[r] < end; r++) {
            absent.run(w.offset(next), (row[r] - next) * n);
            present.run(w.offset(row[r]), r * n);
            next = row[r] + 1;
          }
          absent.run(w.offset(next), (end - next) * n);
        });
  }

  @Override
  public void ftrl(Buffer w, Buffer z, Buffer s, Buffer g, Ftrl ftrl, int n) {
    float[] weight = Floats.of(w);
    float[] score = Floats.of(z);
    float[] squares = Floats.of(s);
    float[] slope = Floats.of(g);
    Steps.Ftrl step = Steps.Ftrl.of(ftrl);
    chunks.blocks(
        n, DENSE_COST, (lo, hi) -> DenseUpdates.ftrl(weight, score, squares, slope, step, lo, hi));
  }

  @Override
  public void ftrlRows(
      Table w, Table z, Table s, Buffer rows, Buffer gradients, int count, Ftrl ftrl) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    MemorySegment score = CpuTable.of(z).memory();
    MemorySegment squares = CpuTable.of(s).memory();
    float[] g = Floats.of(gradients);
    int n = table.width();
    Steps.Ftrl step = Steps.Ftrl.of(ftrl);
    rows(
        table,
        rows,
        count,
        (at, gAt) -> RowUpdates.ftrl(weight, score, squares, at, g, gAt, n, step));
  }

  @Override
  public void addRowPenalty(
      Buffer gradients, Table w, Buffer rows, @Nullable Buffer scale, int count, double l2) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    float[] g = Floats.of(gradients);
    float @Nullable [] factor = scale == null ? null : Floats.of(scale);
    int n = table.width();
    rows(
        table,
        rows,
        count,
        (at, gAt) -> {
          double lambda = factor == null || n == 0 ? l2 : l2 * factor[gAt / n];
          Rows.addScaled(g, gAt, (float) lambda, weight, at, n);
        });
  }

  @Override
  public double sumOfSquaresRows(Table w, Buffer rows, int count) {
    CpuTable table = CpuTable.of(w);
    int n = table.width();
    float[] sums = scratch.floats(count);
    if (n > 0) {
      rows(table, rows, count, (at, gAt) -> sums[gAt / n] = sumOfSquares(table.memory(), at, n));
    }
    return n == 0 ? 0 : total(sums, count);
  }

  private float sumOfSquares(MemorySegment memory, long at, int n) {
    float[] copy = chunks.scratch(n);
    Rows.copy(copy, 0, memory, at, n);
    return Lanes.sumOfSquares(copy, 0, n);
  }

  private static double total(float[] sums, int n) {
    double total = 0;
    for (int i = 0; i < n; i++) {
      total += sums[i];
    }
    return total;
  }

  @Override
  public double sumOfSquaresAll(Table w, int first) {
    CpuTable table = CpuTable.of(w);
    long n = (long) (table.rows() - first) * table.width();
    long start = table.offset(first);
    int segments = (int) ((n + SEGMENT - 1) / SEGMENT);
    float[] sums = scratch.floats(segments);
    chunks.rows(
        segments,
        2 * SEGMENT,
        (lo, hi) -> {
          for (int s = lo; s < hi; s++) {
            long at = (long) s * SEGMENT;
            int size = (int) Math.min(SEGMENT, n - at);
            sums[s] = sumOfSquares(table.memory(), start + at * Float.BYTES, size);
          }
        });
    return total(sums, segments);
  }

  @Override
  public void decayAbsentRows(Table w, Buffer rows, int count, double factor, int first) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    allRows(
        table,
        rows,
        count,
        first,
        (_, _) -> {},
        (at, n) -> RowUpdates.decay(weight, at, n, (float) factor));
  }
}
