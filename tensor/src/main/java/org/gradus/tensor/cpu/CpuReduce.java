// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.ReduceKernels;
import org.gradus.tensor.host.Floats;
import org.gradus.tensor.host.Ints;

/// Reductions over the middle axis. Sums of rows run in 16 lanes, sums of columns in chains of a fixed length.
final class CpuReduce implements ReduceKernels {
  /// Rows from which on the loop over a row is compiled within a few steps.
  private static final int MANY = 64;

  private final Chunks chunks;
  private final ColumnSum columnSum;
  private final Scratch scratch = new Scratch();

  CpuReduce(Chunks chunks, ColumnSum columnSum) {
    this.chunks = chunks;
    this.columnSum = columnSum;
  }

  @Override
  public void sum(Buffer y, Buffer x, int outer, int n, int inner, double scale) {
    float[] to = Floats.of(y);
    float[] from = Floats.of(x);
    float factor = (float) scale;
    if (inner == 1 && outer >= MANY) {
      chunks.rows(outer, n, (lo, hi) -> sumsOfManyRows(to, from, n, factor, lo, hi));
    } else if (inner == 1) {
      chunks.rows(outer, n, (lo, hi) -> rowSums(to, from, n, factor, lo, hi));
    } else if (chunks.count(n, inner) <= 1) {
      chunks.rows(
          outer, (long) n * inner, (lo, hi) -> columnSums(to, from, n, inner, factor, lo, hi));
    } else {
      for (int o = 0; o < outer; o++) {
        Matrix block = new Matrix(from, o * n * inner, inner, false, 0);
        columnSum.sum(block, n, inner, to, o * inner, false);
        Rows.scale(to, o * inner, factor, to, o * inner, inner);
      }
    }
  }

  private static void rowSums(float[] y, float[] x, int n, float scale, int from, int to) {
    for (int r = from; r < to; r++) {
      y[r] = scale * Lanes.sum(x, r * n, n);
    }
  }

  private static void sumsOfManyRows(float[] y, float[] x, int n, float scale, int from, int to) {
    for (int r = from; r < to; r++) {
      y[r] = scale * Lanes.sumOfMany(x, r * n, n);
    }
  }

  private static void columnSums(
      float[] y, float[] x, int n, int inner, float scale, int from, int to) {
    for (int o = from; o < to; o++) {
      Columns.sum(y, o * inner, x, o * n * inner, n, inner);
    }
    if (scale != 1) {
      Rows.scale(y, from * inner, scale, y, from * inner, (to - from) * inner);
    }
  }

  @Override
  public void max(Buffer y, Buffer argmax, Buffer x, int outer, int n, int inner) {
    float[] to = Floats.of(y);
    int[] place = Ints.of(argmax);
    float[] from = Floats.of(x);
    chunks.rows(outer, 4L * n * inner, (lo, hi) -> max(to, place, from, n, inner, lo, hi));
  }

  private static void max(float[] y, int[] argmax, float[] x, int n, int inner, int from, int to) {
    for (int o = from; o < to; o++) {
      int at = o * inner;
      int get = o * n * inner;
      System.arraycopy(x, get, y, at, inner);
      Arrays.fill(argmax, at, at + inner, 0);
      for (int j = 1; j < n; j++) {
        Rows.max(y, argmax, at, x, get + j * inner, j, inner);
      }
    }
  }

  @Override
  public void maxBackward(Buffer dx, Buffer dy, Buffer argmax, int outer, int n, int inner) {
    float[] to = Floats.of(dx);
    float[] from = Floats.of(dy);
    int[] place = Ints.of(argmax);
    chunks.rows(
        outer, (long) n * inner, (lo, hi) -> maxBackward(to, from, place, n, inner, lo, hi));
  }

  private static void maxBackward(
      float[] dx, float[] dy, int[] argmax, int n, int inner, int from, int to) {
    Rows.zero(dx, from * n * inner, (to - from) * n * inner);
    for (int o = from; o < to; o++) {
      for (int i = 0; i < inner; i++) {
        int at = o * inner + i;
        dx[(o * n + argmax[at]) * inner + i] = dy[at];
      }
    }
  }

  /// Elements per partial sum: their squares pass 68 roundings in float32 before the rest is added in float64.
  private static final int SEGMENT = 1 << 10;

  @Override
  public double sumOfSquares(Buffer x, int n) {
    float[] from = Floats.of(x);
    return total(n, at -> Lanes.sumOfSquares(from, at, Math.min(SEGMENT, n - at)));
  }

  @Override
  public double sumOfMagnitudes(Buffer x, int n) {
    float[] from = Floats.of(x);
    return total(
        n,
        at -> {
          int size = Math.min(SEGMENT, n - at);
          float[] magnitudes = chunks.scratch(SEGMENT);
          for (int i = 0; i < size; i++) {
            magnitudes[i] = Math.abs(from[at + i]);
          }
          return Lanes.sum(magnitudes, 0, size);
        });
  }

  private interface SegmentSum {
    float from(int at);
  }

  private double total(int n, SegmentSum sum) {
    int segments = (n + SEGMENT - 1) / SEGMENT;
    float[] sums = scratch.floats(segments);
    chunks.rows(
        segments,
        SEGMENT,
        (lo, hi) -> {
          for (int s = lo; s < hi; s++) {
            sums[s] = sum.from(s * SEGMENT);
          }
        });
    double total = 0;
    for (int s = 0; s < segments; s++) {
      total += sums[s];
    }
    return total;
  }

  @Override
  public int firstNonFinite(Buffer x, int n) {
    float[] from = Floats.of(x);
    for (int at = 0; at < n; at += SEGMENT) {
      int end = Math.min(n, at + SEGMENT);
      if (!finite(from, at, end)) {
        while (Float.isFinite(from[at])) {
          at++;
        }
        return at;
      }
    }
    return -1;
  }

  /// Whether no exponent has all its bits set.
  private static boolean finite(float[] x, int from, int to) {
    int worst = 0;
    for (int i = from; i < to; i++) {
      worst = Math.max(worst, Float.floatToRawIntBits(x[i]) & 0x7FFF_FFFF);
    }
    return worst < 0x7F80_0000;
  }
}
