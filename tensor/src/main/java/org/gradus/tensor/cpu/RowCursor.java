// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.lang.foreign.MemorySegment;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.host.Floats;
import org.gradus.tensor.host.Ints;

/// Goes over some rows of a table and their gradients: while there is a [#next], the row starts at the byte [#at], and its
/// gradient is [#slope]`[from …]`.
///
/// A gradient still in terms is summed on the way. A row with one term, as most rows of a batch are, is read where
/// the term lies.
final class RowCursor {
  private static final float[] NONE = {};
  private static final int[] NO_PLACES = {};

  /// Rows that are touched together.
  private static final int AHEAD = 64;

  /// Numbers in a cache line.
  private static final int LINE = 16;

  private int[] rows = NO_PLACES;
  private int width;
  private float[] values = NONE; // the sums, or what the terms are slices of
  private int[] segments = NO_PLACES; // empty when values are the sums
  private int firstGroup; // where in segments that of the first row stands
  private int[] order = NO_PLACES;
  private int[] source = NO_PLACES;
  private float[] factor = NONE; // empty for 1
  private float[] sum = NONE; // scratch
  private MemorySegment[] touched = {}; // tables with rows of this width
  private int next;
  private int end;
  private int ahead; // rows below are touched

  @SuppressWarnings("UnusedVariable") // written, so that the compiler cannot leave the reads out
  private int seen;

  /// The number of the row.
  int row;

  /// Its first byte in the table.
  long at;

  /// Its gradient, from [#from].
  float[] slope = NONE;

  /// Where the gradient starts.
  int from;

  /// Rows of `gradient` from here on.
  ///
  /// @param sum at least `width` floats of scratch
  /// @param touched tables of this width whose rows [#next] fetches some ahead of use
  void over(RowGradient gradient, int width, float[] sum, MemorySegment... touched) {
    this.rows = Ints.of(gradient.rows());
    this.width = width;
    this.sum = sum;
    this.touched = touched;
    switch (gradient) {
      case RowGradient.Summed g -> {
        values = Floats.of(g.values());
        segments = NO_PLACES;
        order = NO_PLACES;
        source = NO_PLACES;
        factor = NONE;
      }
      case RowGradient.Places g -> {
        values = Floats.of(g.dy());
        segments = Ints.of(g.merged().segments());
        firstGroup = g.merged().first();
        order = Ints.of(g.merged().order());
        source = Ints.of(g.source());
        Buffer c = g.coefficient();
        factor = c == null ? NONE : Floats.of(c);
      }
    }
    slope = values;
  }

  /// Stands before row `first`; rows from `last` on are left alone.
  void from(int first, int last) {
    next = first;
    end = last;
    ahead = first;
  }

  /// Moves to the next row; false when there is none.
  boolean next() {
    if (next == end) {
      return false;
    }
    if (next == ahead && touched.length > 0) {
      touch();
    }
    seek(next++);
    return true;
  }

  private void touch() {
    ahead = Math.min(end, ahead + AHEAD);
    for (MemorySegment table : touched) {
      seen ^= TableRows.touch(table, rows, next, ahead, width);
    }
    if (segments.length > 0) {
      touchTerms();
    }
  }

  /// The first term of each row. More than one are read one after the other, with little in between, and overlap anyway.
  private void touchTerms() {
    int read = 0;
    float[] slices = values;
    int rest = width - 1;
    for (int r = next; r < ahead; r++) {
      int first = source[order[segments[firstGroup + r]]];
      for (int i = 0; i < rest; i += LINE) {
        read ^= Float.floatToRawIntBits(slices[first + i]);
      }
      // It may lie in one more line: arrays do not start at one.
      read ^= Float.floatToRawIntBits(slices[first + rest]);
    }
    seen ^= read;
  }

  /// Moves to the r-th of the rows given.
  void seek(int r) {
    row = rows[r];
    at = (long) row * width * Float.BYTES;
    if (segments.length == 0) {
      from = r * width;
      return;
    }
    int first = segments[firstGroup + r];
    int last = segments[firstGroup + r + 1];
    if (last - first == 1 && factor.length == 0) {
      slope = values;
      from = source[order[first]];
      return;
    }
    slope = sum;
    from = 0;
    if (factor.length == 0) {
      CpuJagged.sumRow(sum, 0, values, order, source, first, last, width);
    } else {
      CpuJagged.weightedSumRow(sum, 0, values, order, source, factor, first, last, width);
    }
  }
}
