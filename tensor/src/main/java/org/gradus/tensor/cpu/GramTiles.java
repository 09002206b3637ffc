// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The inner products of the F vectors of one example, E Eᵀ, and their derivative, G E, in blocks of eight rows by one
/// vector that stay in registers.
///
/// Both operands of a block are read along its inner axis: for E Eᵀ the example is transposed once, and is then both
/// of them; G is symmetric, and is its own transpose. Each element is one chain along the inner axis. The example is
/// padded in scratch memory to whole blocks, so that no block is a special case.
final class GramTiles {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;
  private static final int ROWS = 8;

  private final int fields;
  private final int width;
  private final boolean lower;
  private final boolean self;
  private final int paddedFields; // both are multiples of 16, so of ROWS and W too
  private final int paddedWidth;

  GramTiles(int fields, int width, boolean lower, boolean self) {
    this.fields = fields;
    this.width = width;
    this.lower = lower;
    this.self = self;
    paddedFields = padded(fields);
    paddedWidth = padded(width);
  }

  private static int padded(int n) {
    return (n + Lanes.LANES - 1) / Lanes.LANES * Lanes.LANES;
  }

  /// Numbers that one example's result has: P.
  int pairs() {
    return fields * (fields - 1) / 2 + (self ? fields : 0);
  }

  /// Work of one example, in numbers touched once.
  long cost() {
    return 1 + 2L * fields * width + (long) fields * fields * width / W;
  }

  /// Floats needed beside the arguments: a padded example twice, and a padded matrix of pairs.
  int scratch() {
    return 2 * paddedFields * paddedWidth + paddedFields * paddedFields;
  }

  /// Where the vectors of example b lie: the first in `first`, number f ≥ 1 in `rest`. Both may be one array.
  ///
  /// @param firstEach floats of an example in `first`
  /// @param firstAt where the first vector of example 0 starts
  /// @param restEach floats of an example in `rest`
  /// @param restAt where vector 0 of example 0 would start there
  @SuppressWarnings("ArrayRecordComponent") // a bundle of arguments
  record Vectors(
      float[] first, int firstEach, int firstAt, float[] rest, int restEach, int restAt) {
    /// Copies the vectors of an example side by side, `row` floats apart.
    void read(int b, int fields, int width, float[] y, int at, int row) {
      System.arraycopy(first, firstAt + b * firstEach, y, at, width);
      int from = restAt + b * restEach;
      for (int f = 1; f < fields; f++) {
        System.arraycopy(rest, from + f * width, y, at + f * row, width);
      }
    }

    /// The other way.
    void write(int b, int fields, int width, float[] x, int at, int row) {
      System.arraycopy(x, at, first, firstAt + b * firstEach, width);
      int to = restAt + b * restEach;
      for (int f = 1; f < fields; f++) {
        System.arraycopy(x, at + f * row, rest, to + f * width, width);
      }
    }
  }

  /// y`[yAt …]` = the packed pairs of E Eᵀ, E `[F, D]` the vectors of example b.
  void dots(float[] y, int yAt, Vectors e, int b, float[] scratch) {
    if (fields == 0) {
      return;
    }
    column(scratch, 0, paddedFields, e.first, e.firstAt + b * e.firstEach, width);
    int rest = e.restAt + b * e.restEach;
    for (int f = 1; f < fields; f++) {
      column(scratch, f, paddedFields, e.rest, rest + f * width, width);
    }
    for (int f = fields; f < paddedFields; f++) {
      for (int d = 0; d < width; d++) {
        scratch[d * paddedFields + f] = 0;
      }
    }
    int gram = paddedFields * width;
    for (int i = 0; i < fields; i += ROWS) {
      // Only blocks that touch the wanted triangle.
      int from = lower ? 0 : i / W * W;
      int to = lower ? Math.min(fields, i + ROWS) : fields;
      for (int j = from; j < to; j += W) {
        int at = gram + i * paddedFields + j;
        block(scratch, at, paddedFields, scratch, i, paddedFields, scratch, j, paddedFields, width);
      }
    }
    int put = yAt;
    for (int i = 0; i < fields; i++) {
      int first = first(i);
      int n = end(i) - first;
      System.arraycopy(scratch, gram + i * paddedFields + first, y, put, n);
      put += n;
    }
  }

  /// First and last column, exclusive, of the pairs that row i holds.
  private int first(int i) {
    return lower ? 0 : self ? i : i + 1;
  }

  private int end(int i) {
    return !lower ? fields : self ? i + 1 : i;
  }

  private static void column(float[] t, int at, int stride, float[] e, int eAt, int n) {
    for (int d = 0; d < n; d++) {
      t[at + d * stride] = e[eAt + d];
    }
  }

  /// de = G e, dy`[dyAt …]` the packed pairs of example b.
  void dotsBackward(Vectors de, float[] dy, int dyAt, Vectors e, int b, float[] scratch) {
    if (fields == 0) {
      return;
    }
    symmetric(scratch, dy, dyAt);
    int out = paddedFields * paddedFields;
    int x = out + paddedFields * paddedWidth;
    e.read(b, fields, width, scratch, x, paddedWidth);
    for (int i = 0; i < fields; i += ROWS) {
      for (int j = 0; j < width; j += W) {
        int put = out + i * paddedWidth + j;
        block(
            scratch,
            put,
            paddedWidth,
            scratch,
            i,
            paddedFields,
            scratch,
            x + j,
            paddedWidth,
            fields);
      }
    }
    de.write(b, fields, width, scratch, out, paddedWidth);
  }

  /// g = the symmetric matrix of the packed pairs, its diagonal doubled, padded by zeros.
  private void symmetric(float[] g, float[] dy, int dyAt) {
    Arrays.fill(g, 0, paddedFields * paddedFields, 0f);
    int at = dyAt;
    for (int i = 0; i < fields; i++) {
      int first = first(i);
      int n = end(i) - first;
      System.arraycopy(dy, at, g, i * paddedFields + first, n);
      column(g, first * paddedFields + i, paddedFields, dy, at, n);
      if (self) {
        g[i * paddedFields + i] = 2 * dy[lower ? at + n - 1 : at];
      }
      at += n;
    }
  }

  /// Eight rows by one vector of C = Aᵀ B: A `[k, ≥ 8]`, B `[k, ≥ W]`.
  private static void block(
      float[] c,
      int cAt,
      int cRow,
      float[] a,
      int aAt,
      int aRow,
      float[] b,
      int bAt,
      int bRow,
      int k) {
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = c0;
    FloatVector c2 = c0;
    FloatVector c3 = c0;
    FloatVector c4 = c0;
    FloatVector c5 = c0;
    FloatVector c6 = c0;
    FloatVector c7 = c0;
    int x = aAt;
    int y = bAt;
    for (int l = 0; l < k; l++) {
      FloatVector v = FloatVector.fromArray(S, b, y);
      c0 = v.fma(FloatVector.broadcast(S, a[x]), c0);
      c1 = v.fma(FloatVector.broadcast(S, a[x + 1]), c1);
      c2 = v.fma(FloatVector.broadcast(S, a[x + 2]), c2);
      c3 = v.fma(FloatVector.broadcast(S, a[x + 3]), c3);
      c4 = v.fma(FloatVector.broadcast(S, a[x + 4]), c4);
      c5 = v.fma(FloatVector.broadcast(S, a[x + 5]), c5);
      c6 = v.fma(FloatVector.broadcast(S, a[x + 6]), c6);
      c7 = v.fma(FloatVector.broadcast(S, a[x + 7]), c7);
      x += aRow;
      y += bRow;
    }
    c0.intoArray(c, cAt);
    c1.intoArray(c, cAt + cRow);
    c2.intoArray(c, cAt + 2 * cRow);
    c3.intoArray(c, cAt + 3 * cRow);
    c4.intoArray(c, cAt + 4 * cRow);
    c5.intoArray(c, cAt + 5 * cRow);
    c6.intoArray(c, cAt + 6 * cRow);
    c7.intoArray(c, cAt + 7 * cRow);
  }
}
