// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

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

  private final int[] rows;
  private final int width;
  private final float[] values; // the sums, or what the terms are slices of
  private final int[] segments; // empty when values are the sums
  private final int[] order;
  private final int[] source;
  private final float[] factor; // empty for 1
  private final float[] sum; // scratch
  private int next;
  private final int end;

  /// The number of the row.
  int row;

  /// Its first byte in the table.
  long at;

  /// Its gradient, from [#from].
  float[] slope;

  /// Where the gradient starts.
  int from;

  /// A cursor before row `next` of `gradient`.
  ///
  /// @param sum at least `width` floats of scratch
  RowCursor(RowGradient gradient, int width, float[] sum, int next, int end) {
    this.rows = Ints.of(gradient.rows());
    this.width = width;
    this.sum = sum;
    this.next = next;
    this.end = end;
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
        order = Ints.of(g.merged().order());
        source = Ints.of(g.source());
        Buffer c = g.coefficient();
        factor = c == null ? NONE : Floats.of(c);
      }
    }
    slope = values;
  }

  /// Moves to the next row; false when there is none.
  boolean next() {
    if (next == end) {
      return false;
    }
    seek(next++);
    return true;
  }

  /// Moves to the r-th of the rows given.
  void seek(int r) {
    row = rows[r];
    at = (long) row * width * Float.BYTES;
    if (segments.length == 0) {
      from = r * width;
      return;
    }
    int first = segments[r];
    int last = segments[r + 1];
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
