// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Supplier;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.Table;
import org.gradus.tensor.UpdateKernels;
import org.gradus.tensor.host.Floats;
import org.gradus.tensor.host.Ints;
import org.jspecify.annotations.Nullable;

/// The arithmetic of optimisers: dense buffers in blocks, rows of tables each by one owner.
final class CpuUpdate implements UpdateKernels {
  private static final int DENSE_COST = 3; // per number, a plain copy being 1
  private static final int ROW_COST = 4; // the same for rows, which lie apart

  /// Numbers of a run of rows that are moved at once.
  private static final int BLOCK = 256;

  /// Numbers of a table per partial sum.
  private static final int SEGMENT = 1 << 10;

  /// The longest rows that are touched ahead.
  private static final int TOUCHED = 32;

  private static final MemorySegment[] NOTHING = {};

  private final Chunks chunks;
  private @Nullable Shared shared;
  private final Scratch scratch = new Scratch();

  // One per object, and objects live as long as their device.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<RowWork> rowWork = ThreadLocal.withInitial(RowWork::new);

  /// What a thread keeps from one chunk of rows to the next.
  private static final class RowWork {
    private final RowCursor rows = new RowCursor();
    private final RowUpdates updates = new RowUpdates();
  }

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

  /// What is done to the rows of a cursor. Each rule has its own loop, so that the compiler sees one rule at a time.
  private interface RowLoop {
    void run(RowCursor rows, RowUpdates updates);
  }

  /// The step of each row in `gradient`. A rule with state needs several tables at a row, and does much in between: the processor does not
  /// see the next row's memory in time, and its tables are `touched` ahead. Longer rows, and rules on the weights alone, are faster
  /// without (measured, 53,248 rows, one thread: Adam on rows of 16: 11.0 → 6.6 ms; of 64: 17.4 → 19.9 ms; SGD: 4.3 → 7.9 ms).
  private void rows(CpuTable w, RowGradient gradient, RowLoop loop, MemorySegment... touched) {
    int n = w.width();
    if (n == 0) {
      return;
    }
    chunks.rows(
        gradient.count(),
        ROW_COST * (n + 8L),
        (lo, hi) -> {
          float[] x = chunks.scratch(n + RowUpdates.scratch(n));
          RowWork work = rowWork.get();
          work.rows.over(gradient, n, x, n <= TOUCHED ? touched : NOTHING);
          work.rows.from(lo, hi);
          work.updates.over(x, n, n);
          loop.run(work.rows, work.updates);
        });
  }

  @Override
  public void sgdRows(Table w, RowGradient g, double rate) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    int n = table.width();
    float r = (float) rate;
    rows(
        table,
        g,
        (row, _) -> {
          while (row.next()) {
            TableRows.sgd(weight, row.at, row.slope, row.from, n, r);
          }
        });
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
      Table w, Table v, RowGradient g, double rate, double momentum, boolean nesterov) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    MemorySegment speed = CpuTable.of(v).memory();
    float r = (float) rate;
    float mu = (float) momentum;
    rows(
        table,
        g,
        nesterov
            ? (row, updates) -> {
              while (updates.next(row)) {
                updates.nesterov(weight, speed, r, mu);
              }
            }
            : (row, updates) -> {
              while (updates.next(row)) {
                updates.momentum(weight, speed, r, mu);
              }
            },
        weight,
        speed);
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
  public void adagradRows(Table w, Table s, RowGradient g, double rate, double epsilon) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    MemorySegment squares = CpuTable.of(s).memory();
    int n = table.width();
    float r = (float) rate;
    float e = (float) epsilon;
    rows(
        table,
        g,
        TableRows.isWhole(n)
            ? (row, _) -> {
              while (row.next()) {
                TableRows.adagrad(weight, squares, row.at, row.slope, row.from, n, r, e);
              }
            }
            : (row, updates) -> {
              while (updates.next(row)) {
                updates.adagrad(weight, squares, r, e);
              }
            },
        weight,
        squares);
  }

  @Override
  public void rowWiseAdagradRows(Table w, Table s, RowGradient g, double rate, double epsilon) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    CpuTable state = CpuTable.of(s);
    int n = table.width();
    rows(
        table,
        g,
        (row, _) -> {
          while (row.next()) {
            float sum = state.get(row.row) + Lanes.sumOfSquares(row.slope, row.from, n) / n;
            state.set(row.row, sum);
            float step = (float) (rate / (Math.sqrt(sum) + epsilon));
            TableRows.sgd(weight, row.at, row.slope, row.from, n, step);
          }
        });
  }

  /// A step of Adam in float32, the last one again where all parameters of a step share it.
  private Steps.Adam steps(Adam adam) {
    Shared known = shared;
    if (known == null || !known.numbers.equals(adam)) {
      known = new Shared(adam, Steps.Adam.of(adam));
      shared = known;
    }
    return known.steps;
  }

  private record Shared(Adam numbers, Steps.Adam steps) {}

  @Override
  public void adam(Buffer w, Buffer m, Buffer v, Buffer g, Adam adam, int n) {
    float[] weight = Floats.of(w);
    float[] first = Floats.of(m);
    float[] second = Floats.of(v);
    float[] slope = Floats.of(g);
    Steps.Adam step = steps(adam);
    chunks.blocks(
        n, DENSE_COST, (lo, hi) -> DenseUpdates.adam(weight, first, second, slope, step, lo, hi));
  }

  @Override
  public void adamRows(Table w, Table m, Table v, RowGradient g, Adam adam) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    MemorySegment first = CpuTable.of(m).memory();
    MemorySegment second = CpuTable.of(v).memory();
    int n = table.width();
    Steps.Adam step = steps(adam);
    rows(
        table,
        g,
        TableRows.isWhole(n)
            ? (row, _) -> {
              while (row.next()) {
                TableRows.adam(weight, first, second, row.at, row.slope, row.from, n, step);
              }
            }
            : (row, updates) -> {
              while (updates.next(row)) {
                updates.adam(weight, first, second, step);
              }
            },
        weight,
        first,
        second);
  }

  @Override
  public void adamAllRows(
      Table w, Table m, Table v, RowGradient g, Adam adam, double l2, int first) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    MemorySegment mean = CpuTable.of(m).memory();
    MemorySegment second = CpuTable.of(v).memory();
    int n = table.width();
    Steps.Adam step = steps(adam);
    int rowScratch = n + RowUpdates.scratch(n);
    allRows(
        table,
        g.rows(),
        g.count(),
        first,
        () -> {
          float[] x = chunks.scratch(rowScratch + RowUpdates.scratch(BLOCK));
          RowCursor row = new RowCursor();
          row.over(g, n, x);
          RowUpdates one = new RowUpdates();
          one.over(x, n, n);
          RowUpdates many = new RowUpdates();
          many.over(x, rowScratch, BLOCK);
          return new Sweep() {
            @Override
            public void present(int r) {
              row.seek(r);
              one.take(row);
              one.adam(weight, mean, second, step);
            }

            @Override
            public void absent(long at, int numbers) {
              many.adamAbsent(weight, mean, second, at, numbers, step, (float) l2);
            }
          };
        });
  }

  /// What is done to a whole table, some of whose rows are given: to the r-th of those given, and to the numbers from the byte
  /// `at` that lie between two of them.
  private interface Sweep {
    void present(int r);

    void absent(long at, int numbers);
  }

  /// Every row from `first` on: those given one by one, the runs between them in one piece each.
  private void allRows(CpuTable w, Buffer rows, int count, int first, Supplier<Sweep> ofChunk) {
    int[] row = Ints.of(rows);
    int n = w.width();
    chunks.rows(
        w.rows() - first,
        (long) ROW_COST * n,
        (lo, hi) -> {
          Sweep sweep = ofChunk.get();
          int next = first + lo;
          int end = first + hi;
          int found = Arrays.binarySearch(row, 0, count, next);
          for (int r = found < 0 ? -found - 1 : found; r < count && row[r] < end; r++) {
            sweep.absent(w.offset(next), (row[r] - next) * n);
            sweep.present(r);
            next = row[r] + 1;
          }
          sweep.absent(w.offset(next), (end - next) * n);
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
  public void ftrlRows(Table w, Table z, Table s, RowGradient g, Ftrl ftrl) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    MemorySegment score = CpuTable.of(z).memory();
    MemorySegment squares = CpuTable.of(s).memory();
    Steps.Ftrl step = Steps.Ftrl.of(ftrl);
    rows(
        table,
        g,
        (row, updates) -> {
          while (updates.next(row)) {
            updates.ftrl(weight, score, squares, step);
          }
        },
        weight,
        score,
        squares);
  }

  /// What is done to the row that starts at the byte `at`, the r-th of those given.
  private interface PresentStep {
    void run(long at, int r);
  }

  /// The rows given, each from the byte `at`.
  private void rows(CpuTable w, Buffer rows, int count, PresentStep step) {
    int[] row = Ints.of(rows);
    chunks.rows(
        count,
        ROW_COST * (w.width() + 8L),
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            step.run(w.offset(row[r]), r);
          }
        });
  }

  @Override
  public void proximal(Buffer w, int rows, int width, double l1, double l21) {
    float[] weight = Floats.of(w);
    Proximal step = new Proximal((float) l1, (float) l21);
    chunks.rows(
        rows,
        ROW_COST * (width + 8L),
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            step.move(weight, r * width, width);
          }
        });
  }

  @Override
  public void proximalRows(Table w, Buffer rows, int count, double l1, double l21) {
    CpuTable table = CpuTable.of(w);
    MemorySegment weight = table.memory();
    int n = table.width();
    Proximal step = new Proximal((float) l1, (float) l21);
    rows(
        table,
        rows,
        count,
        (at, _) -> {
          float[] copy = chunks.scratch(n);
          TableRows.copy(copy, 0, weight, at, n);
          step.move(copy, 0, n);
          TableRows.store(copy, 0, weight, at, n);
        });
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
        (at, r) -> {
          double lambda = factor == null ? l2 : l2 * factor[r];
          TableRows.addScaled(g, r * n, (float) lambda, weight, at, n);
        });
  }

  @Override
  public double sumOfSquaresRows(Table w, Buffer rows, int count) {
    CpuTable table = CpuTable.of(w);
    int n = table.width();
    float[] sums = scratch.floats(count);
    rows(table, rows, count, (at, r) -> sums[r] = sumOfSquares(table.memory(), at, n));
    return total(sums, count);
  }

  private float sumOfSquares(MemorySegment memory, long at, int n) {
    float[] copy = chunks.scratch(n);
    TableRows.copy(copy, 0, memory, at, n);
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
        () -> {
          RowUpdates many = new RowUpdates();
          many.over(chunks.scratch(RowUpdates.scratch(BLOCK)), 0, BLOCK);
          return new Sweep() {
            @Override
            public void present(int r) {}

            @Override
            public void absent(long at, int numbers) {
              many.decay(weight, at, numbers, (float) factor);
            }
          };
        });
  }
}
