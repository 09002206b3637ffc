// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/// One row of a table, n numbers from the byte `at`, and an array: the only code that reads or writes tables by vectors.
///
/// A row is a few vectors. A loop over them, with its checks, costs more than the memory it touches (measured: 4.0 ms
/// for 53,248 random rows of 64 numbers, against 1.1 ms without a loop), so that the number of vectors is taken apart into
/// 8 + 4 + 2 + 1. The rest of a row is one masked vector, which goes through the same operations as a whole one. It may
/// read beyond the row, for which a table has room, and never writes there.
///
/// No method here takes or returns a vector: reading a segment is much code, and where the compiler leaves a call of ours
/// standing, a vector that crosses it is allocated.
final class TableRows {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /// Bytes of a cache line.
  private static final long LINE = 64;

  private TableRows() {}

  private static long bytes(int floats) {
    return (long) floats * Float.BYTES;
  }

  /// Fetches a row into the cache and returns something read from it, for the caller to keep: what nobody keeps is not
  /// read.
  ///
  /// Rows of a batch lie anywhere. A loop that works on one row after the other waits for the memory at each of them; when
  /// some rows are touched first, with nothing to do in between, their waits overlap.
  static int touch(MemorySegment table, long at, int n) {
    int seen = table.get(ValueLayout.JAVA_INT, at);
    long end = at + bytes(n);
    for (long line = (at | LINE - 1) + 1; line < end; line += LINE) {
      seen ^= table.get(ValueLayout.JAVA_INT, line);
    }
    return seen;
  }

  /// y = row
  static void copy(float[] y, int yAt, MemorySegment table, long at, int n) {
    int i = 0;
    for (; i <= n - 16 * W; i += 16 * W) {
      copy8(y, yAt + i, table, at + bytes(i));
      copy8(y, yAt + i + 8 * W, table, at + bytes(i + 8 * W));
    }
    int vectors = (n - i) / W;
    if ((vectors & 8) != 0) {
      copy8(y, yAt + i, table, at + bytes(i));
      i += 8 * W;
    }
    if ((vectors & 4) != 0) {
      copy4(y, yAt + i, table, at + bytes(i));
      i += 4 * W;
    }
    if ((vectors & 2) != 0) {
      copy2(y, yAt + i, table, at + bytes(i));
      i += 2 * W;
    }
    if ((vectors & 1) != 0) {
      copy1(y, yAt + i, table, at + bytes(i));
      i += W;
    }
    if (i < n) {
      FloatVector.fromMemorySegment(S, table, at + bytes(i), ORDER)
          .intoArray(y, yAt + i, Lanes.upTo(i, n));
    }
  }

  private static void copy8(float[] y, int yAt, MemorySegment table, long at) {
    copy4(y, yAt, table, at);
    copy4(y, yAt + 4 * W, table, at + bytes(4 * W));
  }

  private static void copy4(float[] y, int yAt, MemorySegment table, long at) {
    copy2(y, yAt, table, at);
    copy2(y, yAt + 2 * W, table, at + bytes(2 * W));
  }

  private static void copy2(float[] y, int yAt, MemorySegment table, long at) {
    copy1(y, yAt, table, at);
    copy1(y, yAt + W, table, at + bytes(W));
  }

  private static void copy1(float[] y, int yAt, MemorySegment table, long at) {
    FloatVector.fromMemorySegment(S, table, at, ORDER).intoArray(y, yAt);
  }

  /// row = x
  static void store(float[] x, int xAt, MemorySegment table, long at, int n) {
    int i = 0;
    for (; i <= n - 16 * W; i += 16 * W) {
      store8(x, xAt + i, table, at + bytes(i));
      store8(x, xAt + i + 8 * W, table, at + bytes(i + 8 * W));
    }
    int vectors = (n - i) / W;
    if ((vectors & 8) != 0) {
      store8(x, xAt + i, table, at + bytes(i));
      i += 8 * W;
    }
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
  static void addScaled(float[] y, int yAt, float factor, MemorySegment table, long at, int n) {
    int i = 0;
    for (; i <= n - 16 * W; i += 16 * W) {
      add8(y, yAt + i, factor, table, at + bytes(i));
      add8(y, yAt + i + 8 * W, factor, table, at + bytes(i + 8 * W));
    }
    int vectors = (n - i) / W;
    if ((vectors & 8) != 0) {
      add8(y, yAt + i, factor, table, at + bytes(i));
      i += 8 * W;
    }
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

  /// row −= rate · g`[gAt …]`
  static void sgd(MemorySegment table, long at, float[] g, int gAt, int n, float rate) {
    int i = 0;
    for (; i <= n - 16 * W; i += 16 * W) {
      sgd8(table, at + bytes(i), g, gAt + i, rate);
      sgd8(table, at + bytes(i + 8 * W), g, gAt + i + 8 * W, rate);
    }
    int vectors = (n - i) / W;
    if ((vectors & 8) != 0) {
      sgd8(table, at + bytes(i), g, gAt + i, rate);
      i += 8 * W;
    }
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
