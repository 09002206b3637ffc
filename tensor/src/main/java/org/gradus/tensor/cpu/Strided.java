// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import org.gradus.tensor.LayoutKernels.View;

/// A view cut into rows: runs along its innermost axis, neighbouring axes merged where they lie evenly.
///
/// Row-major elements `from … to−1` of the view can be copied by themselves, so that a view is worked on in chunks and
/// a broadcast operand is laid out block by block.
final class Strided {
  private final int offset;
  private final int outer; // number of axes outside a row
  private final int[] sizes; // of these axes, and further numbers behind
  private final int[] strides;
  private final int inner; // elements in a row
  private final int step; // between neighbours in a row

  private Strided(int offset, int outer, int[] sizes, int[] strides, int inner, int step) {
    this.offset = offset;
    this.outer = outer;
    this.sizes = sizes;
    this.strides = strides;
    this.inner = inner;
    this.step = step;
  }

  static Strided of(View view) {
    return of(view.offset(), view.sizes(), view.strides());
  }

  /// The view with these axes; none of the sizes is 0.
  static Strided of(int offset, int[] sizes, int[] strides) {
    int[] size = new int[sizes.length];
    int[] stride = new int[sizes.length];
    int n = 0;
    for (int i = 0; i < sizes.length; i++) {
      if (sizes[i] == 1) {
        continue;
      }
      if (n > 0 && stride[n - 1] == strides[i] * sizes[i]) {
        size[n - 1] *= sizes[i];
        stride[n - 1] = strides[i];
      } else {
        size[n] = sizes[i];
        stride[n] = strides[i];
        n++;
      }
    }
    if (n == 0) {
      return new Strided(offset, 0, size, stride, 1, 1);
    }
    return new Strided(offset, n - 1, size, stride, size[n - 1], stride[n - 1]);
  }

  /// Whether the rows are columns of x: some outer axis has stride 1 and the inner one has not.
  boolean transposes() {
    return step != 1 && step != 0 && unitAxis() >= 0;
  }

  private int unitAxis() {
    for (int i = outer - 1; i >= 0; i--) {
      if (strides[i] == 1) {
        return i;
      }
    }
    return -1;
  }

  /// Whether the parts of the view at different places of its outermost axis never touch the same element.
  boolean outermostIsDisjoint() {
    if (outer == 0) {
      return false;
    }
    long span = (long) (inner - 1) * Math.abs(step);
    for (int i = 1; i < outer; i++) {
      span += (long) (sizes[i] - 1) * Math.abs(strides[i]);
    }
    return Math.abs(strides[0]) > span;
  }

  /// Size of the outermost axis, 1 when there is only one row.
  int outermost() {
    return outer == 0 ? 1 : sizes[0];
  }

  // Rows are visited in runs: along the last of the outer axes, where each starts a stride behind
  // the one before. Nothing is
  // made for it, since a view is read in hundreds of blocks.

  /// Where a row starts.
  private int start(int row) {
    int at = offset;
    int rest = row;
    for (int i = outer - 1; i >= 0; i--) {
      at += rest % sizes[i] * strides[i];
      rest /= sizes[i];
    }
    return at;
  }

  /// Rows from this one to the end of its run, itself included.
  private int run(int row) {
    int last = outer - 1;
    return last < 0 ? 1 : sizes[last] - row % sizes[last];
  }

  /// From one row of a run to the next.
  private int stride() {
    return outer == 0 ? 0 : strides[outer - 1];
  }

  /// y`[yAt …]` = elements `from … to−1` of the view of x.
  void read(float[] y, int yAt, float[] x, int from, int to) {
    int row = from / inner;
    int column = from % inner;
    int put = yAt;
    int end = yAt + to - from;
    int stride = stride();
    while (put < end) {
      int at = start(row);
      int run = run(row);
      for (int r = 0; r < run && put < end; r++) {
        int n = Math.min(inner - column, end - put);
        int get = at + column * step;
        switch (step) {
          case 0 -> Arrays.fill(y, put, put + n, x[get]);
          case 1 -> System.arraycopy(x, get, y, put, n);
          default -> pick(y, put, x, get, n);
        }
        put += n;
        at += stride;
        column = 0;
      }
      row += run;
    }
  }

  private void pick(float[] y, int put, float[] x, int get, int n) {
    for (int i = 0; i < n; i++) {
      y[put + i] = x[get + i * step];
    }
  }

  /// Elements `from … to−1` of the view of y = x`[from … to−1]`.
  void write(float[] y, float[] x, int from, int to) {
    int row = from / inner;
    int column = from % inner;
    int get = from;
    int stride = stride();
    while (get < to) {
      int at = start(row);
      int run = run(row);
      for (int r = 0; r < run && get < to; r++) {
        int n = Math.min(inner - column, to - get);
        int put = at + column * step;
        if (step == 1) {
          System.arraycopy(x, get, y, put, n);
        } else {
          place(y, put, x, get, n);
        }
        get += n;
        at += stride;
        column = 0;
      }
      row += run;
    }
  }

  private void place(float[] y, int put, float[] x, int get, int n) {
    for (int i = 0; i < n; i++) {
      y[put + i * step] = x[get + i];
    }
  }

  /// Elements `from … to−1` of the view of y += x`[from … to−1]`, one after another.
  void add(float[] y, float[] x, int from, int to) {
    int row = from / inner;
    int column = from % inner;
    int get = from;
    int stride = stride();
    while (get < to) {
      int at = start(row);
      int run = run(row);
      for (int r = 0; r < run && get < to; r++) {
        int n = Math.min(inner - column, to - get);
        int put = at + column * step;
        switch (step) {
          case 0 -> gather(y, put, x, get, n);
          case 1 -> Rows.add(y, put, x, get, n);
          default -> spread(y, put, x, get, n);
        }
        get += n;
        at += stride;
        column = 0;
      }
      row += run;
    }
  }

  private static void gather(float[] y, int put, float[] x, int get, int n) {
    float sum = y[put];
    for (int i = 0; i < n; i++) {
      sum += x[get + i];
    }
    y[put] = sum;
  }

  private void spread(float[] y, int put, float[] x, int get, int n) {
    for (int i = 0; i < n; i++) {
      y[put + i * step] += x[get + i];
    }
  }

  /// As [#read(float[], int, float[], int, int)] of everything, for an array of any kind.
  void read(Object y, Object x) {
    int rows = rows();
    for (int r = 0; r < rows; r++) {
      move(y, r * inner, 1, x, start(r), step);
    }
  }

  /// As [#write(float[], float[], int, int)] of everything, for an array of any kind.
  void write(Object y, Object x) {
    int rows = rows();
    for (int r = 0; r < rows; r++) {
      move(y, start(r), step, x, r * inner, 1);
    }
  }

  private int rows() {
    int rows = 1;
    for (int i = 0; i < outer; i++) {
      rows *= sizes[i];
    }
    return rows;
  }

  private void move(Object y, int put, int putStep, Object x, int get, int getStep) {
    if (putStep == 1 && getStep == 1) {
      System.arraycopy(x, get, y, put, inner);
      return;
    }
    for (int i = 0; i < inner; i++) {
      System.arraycopy(x, get + i * getStep, y, put + i * putStep, 1);
    }
  }

  /// Number of strips into which [#transpose] cuts the view.
  int strips() {
    int axis = unitAxis();
    return rows() / sizes[axis] * ((sizes[axis] + STRIP - 1) / STRIP);
  }

  /// Work of one strip.
  long stripCost() {
    return (long) STRIP * inner;
  }

  /// Sixteen rows of the result at a time: then x is read in whole cache lines.
  private static final int STRIP = 16;

  /// Strips `from … to−1` of y = the view of x, for a view that [#transposes].
  void transpose(float[] y, float[] x, int from, int to) {
    int axis = unitAxis();
    int perColumn = (sizes[axis] + STRIP - 1) / STRIP;
    int below = inner; // elements of y from one place of the unit axis to the next
    for (int i = axis + 1; i < outer; i++) {
      below *= sizes[i];
    }
    for (int strip = from; strip < to; strip++) {
      int first = strip % perColumn * STRIP;
      int get = offset + first;
      int put = first * below;
      int rest = strip / perColumn;
      int size = inner;
      for (int i = outer - 1; i >= 0; i--) {
        if (i != axis) {
          int at = rest % sizes[i];
          rest /= sizes[i];
          get += at * strides[i];
          put += at * size;
        }
        size *= sizes[i];
      }
      strip(y, put, below, x, get, Math.min(STRIP, sizes[axis] - first));
    }
  }

  private void strip(float[] y, int put, int below, float[] x, int get, int width) {
    for (int j = 0; j < inner; j += STRIP) {
      int end = Math.min(inner, j + STRIP);
      for (int i = 0; i < width; i++) {
        column(y, put + i * below, x, get + i, j, end);
      }
    }
  }

  private void column(float[] y, int put, float[] x, int get, int from, int to) {
    for (int j = from; j < to; j++) {
      y[put + j] = x[get + j * step];
    }
  }
}
