// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/// Rows of tables, n numbers from the byte `at`, and arrays: the only code that reads or writes tables by vectors.
///
/// A row is a few vectors. A loop over them, with its checks, costs more than the memory it touches (measured: 4.0 ms
/// for 53,248 random rows of 64 numbers, against 1.1 ms without a loop), so that they are taken by eights, and what is left
/// by 4 + 2 + 1. More at once is more code than the compiler puts into one method: then it leaves calls standing. The rest of a row is one masked vector, which goes through the same operations as a whole one. It may
/// read beyond the row, for which a table has room, and never writes there.
///
/// No method here takes or returns a vector: reading a segment is much code, and where the compiler leaves a call of ours
/// standing, a vector that crosses it is allocated.
///
/// Each begins with a cast of the table to the class of memory outside the heap. The compiler guesses what kind of memory a segment
/// is from what it saw before, and the virtual machine's library moves vectors through arrays of bytes by itself; a guess of both
/// kinds is twice the code, and calls are left standing when it is too much. With the cast there is nothing to guess.
final class TableRows {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /// Memory outside the heap, mapped to a file or not.
  private static final Class<? extends MemorySegment> NATIVE = MemorySegment.NULL.getClass();

  /// Bytes of a cache line.
  private static final long LINE = 64;

  private TableRows() {}

  private static long bytes(int floats) {
    return (long) floats * Float.BYTES;
  }

  /// Fetches the rows `rows[from … to)` into the cache and returns something read from them, for the caller to keep: what nobody keeps
  /// is not read.
  ///
  /// Rows of a batch lie anywhere. A loop that does much with one row after the other waits for the memory at each of them; when
  /// some rows are touched first, with nothing to do in between, their waits overlap.
  static int touch(MemorySegment memory, int[] rows, int from, int to, int n) {
    MemorySegment table = NATIVE.cast(memory);
    int seen = 0;
    for (int r = from; r < to; r++) {
      long at = bytes(n) * rows[r];
      seen ^= table.get(ValueLayout.JAVA_INT, at);
      long end = at + bytes(n);
      for (long line = (at | LINE - 1) + 1; line < end; line += LINE) {
        seen ^= table.get(ValueLayout.JAVA_INT, line);
      }
    }
    return seen;
  }

  /// y = row
  static void copy(float[] y, int yAt, MemorySegment memory, long at, int n) {
    copyInlined(y, yAt, memory, at, n);
  }

  /// As [#copy], for a loop that does nothing else. The compiler leaves a call of a large method standing when that was compiled
  /// before, by itself; the loop then waits for one row after the other. This one and what it calls always stand in the loop
  /// (`.mvn/jvm.flags`).
  static void copyInlined(float[] y, int yAt, MemorySegment memory, long at, int n) {
    MemorySegment table = NATIVE.cast(memory);
    int i = 0;
    for (; i <= n - 8 * W; i += 8 * W) {
      copyInlined8(y, yAt + i, table, at + bytes(i));
    }
    int vectors = (n - i) / W;
    if ((vectors & 4) != 0) {
      copyInlined4(y, yAt + i, table, at + bytes(i));
      i += 4 * W;
    }
    if ((vectors & 2) != 0) {
      copyInlined2(y, yAt + i, table, at + bytes(i));
      i += 2 * W;
    }
    if ((vectors & 1) != 0) {
      copyInlined1(y, yAt + i, table, at + bytes(i));
      i += W;
    }
    if (i < n) {
      FloatVector.fromMemorySegment(S, table, at + bytes(i), ORDER)
          .intoArray(y, yAt + i, Lanes.upTo(i, n));
    }
  }

  private static void copyInlined8(float[] y, int yAt, MemorySegment table, long at) {
    copyInlined4(y, yAt, table, at);
    copyInlined4(y, yAt + 4 * W, table, at + bytes(4 * W));
  }

  private static void copyInlined4(float[] y, int yAt, MemorySegment table, long at) {
    copyInlined2(y, yAt, table, at);
    copyInlined2(y, yAt + 2 * W, table, at + bytes(2 * W));
  }

  private static void copyInlined2(float[] y, int yAt, MemorySegment table, long at) {
    copyInlined1(y, yAt, table, at);
    copyInlined1(y, yAt + W, table, at + bytes(W));
  }

  private static void copyInlined1(float[] y, int yAt, MemorySegment table, long at) {
    FloatVector.fromMemorySegment(S, table, at, ORDER).intoArray(y, yAt);
  }

  /// x = some rows of one number each. An inner loop of one turn, as [#copyNarrow] has it, costs as much as
  /// the number it moves.
  static void copyNumbers(float[] x, int xAt, MemorySegment memory, long[] at, int rows) {
    MemorySegment table = NATIVE.cast(memory);
    for (int r = 0; r < rows; r++) {
      x[xAt + r] = table.get(ValueLayout.JAVA_FLOAT, at[r]);
    }
  }

  /// Some rows = x, as [#copyNumbers].
  static void storeNumbers(float[] x, int xAt, MemorySegment memory, long[] at, int rows) {
    MemorySegment table = NATIVE.cast(memory);
    for (int r = 0; r < rows; r++) {
      table.set(ValueLayout.JAVA_FLOAT, at[r], x[xAt + r]);
    }
  }

  /// x = some rows, one behind the other; by single numbers, for rows of fewer than 16.
  static void copyNarrow(float[] x, int xAt, MemorySegment memory, long[] at, int rows, int n) {
    MemorySegment table = NATIVE.cast(memory);
    int put = xAt;
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < n; j++) {
        x[put++] = table.get(ValueLayout.JAVA_FLOAT, at[r] + bytes(j));
      }
    }
  }

  /// Some rows = x, as [#copyNarrow].
  static void storeNarrow(float[] x, int xAt, MemorySegment memory, long[] at, int rows, int n) {
    MemorySegment table = NATIVE.cast(memory);
    int from = xAt;
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < n; j++) {
        table.set(ValueLayout.JAVA_FLOAT, at[r] + bytes(j), x[from++]);
      }
    }
  }

  /// row = x
  static void store(float[] x, int xAt, MemorySegment memory, long at, int n) {
    MemorySegment table = NATIVE.cast(memory);
    int i = 0;
    for (; i <= n - 8 * W; i += 8 * W) {
      store8(x, xAt + i, table, at + bytes(i));
    }
    int vectors = (n - i) / W;
    if ((vectors & 4) != 0) {
      store4(x, xAt + i, table, at + bytes(i));
      i += 4 * W;
    }
    if ((vectors & 2) != 0) {
      store2(x, xAt + i, table, at + bytes(i));
      i += 2 * W;
    }
    if ((vectors & 1) != 0) {
      FloatVector.fromArray(S, x, xAt + i).intoMemorySegment(table, at + bytes(i), ORDER);
      i += W;
    }
    if (i < n) {
      VectorMask<Float> rest = Lanes.upTo(i, n);
      FloatVector.fromArray(S, x, xAt + i, rest)
          .intoMemorySegment(table, at + bytes(i), ORDER, rest);
    }
  }

  private static void store8(float[] x, int xAt, MemorySegment table, long at) {
    store4(x, xAt, table, at);
    store4(x, xAt + 4 * W, table, at + bytes(4 * W));
  }

  private static void store4(float[] x, int xAt, MemorySegment table, long at) {
    store2(x, xAt, table, at);
    store2(x, xAt + 2 * W, table, at + bytes(2 * W));
  }

  private static void store2(float[] x, int xAt, MemorySegment table, long at) {
    FloatVector.fromArray(S, x, xAt).intoMemorySegment(table, at, ORDER);
    FloatVector.fromArray(S, x, xAt + W).intoMemorySegment(table, at + bytes(W), ORDER);
  }

  /// y += factor · row, each product added with a single rounding; with factor 1, y += row.
  static void addScaled(float[] y, int yAt, float factor, MemorySegment memory, long at, int n) {
    MemorySegment table = NATIVE.cast(memory);
    int i = 0;
    for (; i <= n - 8 * W; i += 8 * W) {
      add8(y, yAt + i, factor, table, at + bytes(i));
    }
    int vectors = (n - i) / W;
    if ((vectors & 4) != 0) {
      add4(y, yAt + i, factor, table, at + bytes(i));
      i += 4 * W;
    }
    if ((vectors & 2) != 0) {
      add2(y, yAt + i, factor, table, at + bytes(i));
      i += 2 * W;
    }
    if ((vectors & 1) != 0) {
      add1(y, yAt + i, factor, table, at + bytes(i));
      i += W;
    }
    if (i < n) {
      VectorMask<Float> rest = Lanes.upTo(i, n);
      FloatVector.fromMemorySegment(S, table, at + bytes(i), ORDER)
          .fma(FloatVector.broadcast(S, factor), FloatVector.fromArray(S, y, yAt + i, rest))
          .intoArray(y, yAt + i, rest);
    }
  }

  private static void add8(float[] y, int yAt, float factor, MemorySegment table, long at) {
    add4(y, yAt, factor, table, at);
    add4(y, yAt + 4 * W, factor, table, at + bytes(4 * W));
  }

  private static void add4(float[] y, int yAt, float factor, MemorySegment table, long at) {
    add2(y, yAt, factor, table, at);
    add2(y, yAt + 2 * W, factor, table, at + bytes(2 * W));
  }

  private static void add2(float[] y, int yAt, float factor, MemorySegment table, long at) {
    add1(y, yAt, factor, table, at);
    add1(y, yAt + W, factor, table, at + bytes(W));
  }

  private static void add1(float[] y, int yAt, float factor, MemorySegment table, long at) {
    FloatVector.fromMemorySegment(S, table, at, ORDER)
        .fma(FloatVector.broadcast(S, factor), FloatVector.fromArray(S, y, yAt))
        .intoArray(y, yAt);
  }

  /// y = the sum of the rows `ids[from … to)`, each added behind those before it. Rows with the id `but` are left out; of no row the
  /// sum is −0, to which anything can be added without a change.
  ///
  /// Four vectors stay in registers while the rows go by, then the next four columns.
  static void sum(float[] y, int yAt, CpuTable of, int[] ids, int from, int to, int but) {
    MemorySegment table = NATIVE.cast(of.memory());
    int n = of.width();
    int i = 0;
    for (; i <= n - 4 * W; i += 4 * W) {
      sum4(y, yAt + i, table, bytes(i), bytes(n), ids, from, to, but);
    }
    for (; i < n; i += W) {
      sum1(y, yAt + i, table, bytes(i), bytes(n), ids, from, to, but, Lanes.upTo(i, n));
    }
  }

  private static void sum4(
      float[] y,
      int yAt,
      MemorySegment table,
      long at,
      long stride,
      int[] ids,
      int from,
      int to,
      int but) {
    FloatVector a = FloatVector.broadcast(S, -0f);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    for (int k = from; k < to; k++) {
      if (ids[k] != but) {
        long row = at + stride * ids[k];
        a = FloatVector.fromMemorySegment(S, table, row, ORDER).add(a);
        b = FloatVector.fromMemorySegment(S, table, row + bytes(W), ORDER).add(b);
        c = FloatVector.fromMemorySegment(S, table, row + bytes(2 * W), ORDER).add(c);
        d = FloatVector.fromMemorySegment(S, table, row + bytes(3 * W), ORDER).add(d);
      }
    }
    a.intoArray(y, yAt);
    b.intoArray(y, yAt + W);
    c.intoArray(y, yAt + 2 * W);
    d.intoArray(y, yAt + 3 * W);
  }

  private static void sum1(
      float[] y,
      int yAt,
      MemorySegment table,
      long at,
      long stride,
      int[] ids,
      int from,
      int to,
      int but,
      VectorMask<Float> columns) {
    FloatVector a = FloatVector.broadcast(S, -0f);
    for (int k = from; k < to; k++) {
      if (ids[k] != but) {
        a = FloatVector.fromMemorySegment(S, table, at + stride * ids[k], ORDER).add(a);
      }
    }
    a.intoArray(y, yAt, columns);
  }

  /// Whether rows of n numbers have no rest. Only those are moved where they lie by [#adagrad] and [#adam]: code for a rest would be as
  /// long again. [RowUpdates] has the way for all rows.
  static boolean isWhole(int n) {
    return n % W == 0;
  }

  /// The step of Adagrad, [Steps#adagrad], for a row of whole vectors with the gradient g`[gAt …]`. A root and a division for each vector
  /// take longer than a loop over vectors does.
  static void adagrad(
      MemorySegment weights,
      MemorySegment sums,
      long at,
      float[] g,
      int gAt,
      int n,
      float rate,
      float epsilon) {
    MemorySegment w = NATIVE.cast(weights);
    MemorySegment s = NATIVE.cast(sums);
    for (int i = 0; i < n; i += W) {
      long here = at + bytes(i);
      FloatVector slope = FloatVector.fromArray(S, g, gAt + i);
      FloatVector squares = slope.fma(slope, FloatVector.fromMemorySegment(S, s, here, ORDER));
      squares.intoMemorySegment(s, here, ORDER);
      Steps.adagrad(FloatVector.fromMemorySegment(S, w, here, ORDER), squares, slope, rate, epsilon)
          .intoMemorySegment(w, here, ORDER);
    }
  }

  /// As [#adagrad], of [Steps.Adam].
  static void adam(
      MemorySegment weights,
      MemorySegment means,
      MemorySegment squares,
      long at,
      float[] g,
      int gAt,
      int n,
      Steps.Adam adam) {
    MemorySegment w = NATIVE.cast(weights);
    MemorySegment m = NATIVE.cast(means);
    MemorySegment v = NATIVE.cast(squares);
    for (int i = 0; i < n; i += W) {
      long here = at + bytes(i);
      FloatVector slope = FloatVector.fromArray(S, g, gAt + i);
      FloatVector first = adam.first(FloatVector.fromMemorySegment(S, m, here, ORDER), slope);
      FloatVector second = adam.second(FloatVector.fromMemorySegment(S, v, here, ORDER), slope);
      first.intoMemorySegment(m, here, ORDER);
      second.intoMemorySegment(v, here, ORDER);
      adam.weight(FloatVector.fromMemorySegment(S, w, here, ORDER), first, second)
          .intoMemorySegment(w, here, ORDER);
    }
  }

  /// row −= rate · g`[gAt …]`
  static void sgd(MemorySegment memory, long at, float[] g, int gAt, int n, float rate) {
    MemorySegment table = NATIVE.cast(memory);
    int i = 0;
    for (; i <= n - 8 * W; i += 8 * W) {
      sgd8(table, at + bytes(i), g, gAt + i, rate);
    }
    int vectors = (n - i) / W;
    if ((vectors & 4) != 0) {
      sgd4(table, at + bytes(i), g, gAt + i, rate);
      i += 4 * W;
    }
    if ((vectors & 2) != 0) {
      sgd2(table, at + bytes(i), g, gAt + i, rate);
      i += 2 * W;
    }
    if ((vectors & 1) != 0) {
      sgd1(table, at + bytes(i), g, gAt + i, rate);
      i += W;
    }
    if (i < n) {
      VectorMask<Float> rest = Lanes.upTo(i, n);
      long last = at + bytes(i);
      FloatVector.fromArray(S, g, gAt + i, rest)
          .fma(
              FloatVector.broadcast(S, -rate), FloatVector.fromMemorySegment(S, table, last, ORDER))
          .intoMemorySegment(table, last, ORDER, rest);
    }
  }

  private static void sgd8(MemorySegment table, long at, float[] g, int gAt, float rate) {
    sgd4(table, at, g, gAt, rate);
    sgd4(table, at + bytes(4 * W), g, gAt + 4 * W, rate);
  }

  private static void sgd4(MemorySegment table, long at, float[] g, int gAt, float rate) {
    sgd2(table, at, g, gAt, rate);
    sgd2(table, at + bytes(2 * W), g, gAt + 2 * W, rate);
  }

  private static void sgd2(MemorySegment table, long at, float[] g, int gAt, float rate) {
    sgd1(table, at, g, gAt, rate);
    sgd1(table, at + bytes(W), g, gAt + W, rate);
  }

  private static void sgd1(MemorySegment table, long at, float[] g, int gAt, float rate) {
    FloatVector.fromArray(S, g, gAt)
        .fma(FloatVector.broadcast(S, -rate), FloatVector.fromMemorySegment(S, table, at, ORDER))
        .intoMemorySegment(table, at, ORDER);
  }
}
