// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Products whose result is a vector: y = V x with V `[r, k]`.
///
/// They read each element of V once, so that packing would cost more than multiplying. Where the rows
/// of V lie contiguous, an element of y is a [Lanes#dot]; where V is stored transposed, it is one
/// chain along k. The storage decides, and with it the sizes alone decide every bit.
final class MatrixVector {
  /// Elements of V per chunk: about 16 µs.
  private static final int CHUNK_WORK = 1 << 17;

  /// Rows of a transposed V that advance together: four vectors of 16.
  private static final int GROUP = 64;

  private final Workers workers;

  // One per object, and objects live as long as their device.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<Buffers> buffers = ThreadLocal.withInitial(Buffers::new);

  MatrixVector(Workers workers) {
    this.workers = workers;
  }

  /// C = op(A) op(B) where C is a column, or else a row; k > 0.
  void multiply(Product p) {
    boolean column = p.n() == 1;
    Matrix v = column ? p.a() : p.b().transpose();
    Matrix x = column ? p.b() : p.a().transpose();
    int rows = column ? p.m() : p.n();
    int k = p.k();
    float[] vector = contiguous(x, 0, k);
    int start = start(x, 0);
    int perChunk =
        v.transposed() ? Math.max(1, CHUNK_WORK / GROUP / k) * GROUP : Math.max(1, CHUNK_WORK / k);
    workers.run(
        (rows + perChunk - 1) / perChunk,
        chunk ->
            part(p, 0, v, vector, start, chunk * perChunk, Math.min(rows, (chunk + 1) * perChunk)));
  }

  /// As [#multiply], products from…to−1 of a batch, one after the other on this thread and with one set of objects for all.
  void some(Product p, int from, int to) {
    boolean column = p.n() == 1;
    Matrix v = column ? p.a() : p.b().transpose();
    Matrix x = column ? p.b() : p.a().transpose();
    int rows = column ? p.m() : p.n();
    int k = p.k();
    for (int s = from; s < to; s++) {
      part(p, s, v, contiguous(x, s, k), start(x, s), 0, rows);
    }
  }

  /// Elements i…end−1 of y of product s; x lies contiguous from `from` on.
  private void part(Product p, int s, Matrix v, float[] x, int from, int i, int end) {
    if (v.transposed()) {
      for (int j = i; j < end; j += GROUP) {
        chains(p, s, v, x, from, j, Math.min(end, j + GROUP));
      }
    } else {
      dots(p, s, v, x, from, i, end);
    }
  }

  private static void dots(Product p, int s, Matrix v, float[] x, int from, int i, int end) {
    Epilogue epilogue = p.epilogue();
    float[] c = p.c().data();
    boolean column = p.n() == 1;
    int k = p.k();
    for (int j = i; j < end; j++) {
      float dot = Lanes.dot(v.data(), v.index(s, j, 0), x, from, k);
      int at = target(p, s, j);
      float before = epilogue.accumulate() ? c[at] : 0f;
      c[at] = epilogue.finish(before + dot, column ? 0 : j);
    }
  }

  /// Elements i…end−1 of y: at most 64 chains side by side.
  private void chains(Product p, int s, Matrix v, float[] x, int from, int i, int end) {
    float[] y = buffers.get().chains;
    Epilogue epilogue = p.epilogue();
    float[] c = p.c().data();
    for (int j = i; j < end; j++) {
      y[j - i] = epilogue.accumulate() ? c[target(p, s, j)] : 0f;
    }
    int at = v.index(s, i, 0);
    int k = p.k();
    int j = 0;
    for (; j <= end - i - 2 * Lanes.WIDTH; j += 2 * Lanes.WIDTH) {
      twoVectors(k, v.data(), at + j, v.stride(), x, from, y, j);
    }
    for (; j < end - i; j += Lanes.WIDTH) {
      oneVector(k, v.data(), at + j, v.stride(), x, from, y, j, Lanes.upTo(j, end - i));
    }
    for (j = i; j < end; j++) {
      c[target(p, s, j)] = epilogue.finish(y[j - i], p.n() == 1 ? 0 : j);
    }
  }

  private static void twoVectors(
      int k, float[] v, int at, int stride, float[] x, int from, float[] y, int j) {
    FloatVector y0 = FloatVector.fromArray(Lanes.SPECIES, y, j);
    FloatVector y1 = FloatVector.fromArray(Lanes.SPECIES, y, j + Lanes.WIDTH);
    for (int s = 0; s < k; s++) {
      FloatVector xs = FloatVector.broadcast(Lanes.SPECIES, x[from + s]);
      int row = at + s * stride;
      y0 = xs.fma(FloatVector.fromArray(Lanes.SPECIES, v, row), y0);
      y1 = xs.fma(FloatVector.fromArray(Lanes.SPECIES, v, row + Lanes.WIDTH), y1);
    }
    y0.intoArray(y, j);
    y1.intoArray(y, j + Lanes.WIDTH);
  }

  private static void oneVector(
      int k,
      float[] v,
      int at,
      int stride,
      float[] x,
      int from,
      float[] y,
      int j,
      VectorMask<Float> mask) {
    FloatVector y0 = FloatVector.fromArray(Lanes.SPECIES, y, j);
    for (int s = 0; s < k; s++) {
      FloatVector xs = FloatVector.broadcast(Lanes.SPECIES, x[from + s]);
      y0 = xs.fma(FloatVector.fromArray(Lanes.SPECIES, v, at + s * stride, mask), y0);
    }
    y0.intoArray(y, j);
  }

  /// Where element i of y of product s lies in C.
  private static int target(Product p, int s, int i) {
    return p.n() == 1 ? p.c().index(s, i, 0) : p.c().index(s, 0, i);
  }

  private static boolean scattered(Matrix x) {
    return !x.transposed() && x.stride() != 1;
  }

  /// The array in which the column x of product s lies contiguous, perhaps a copy, from [#start] on.
  private float[] contiguous(Matrix x, int s, int k) {
    if (!scattered(x)) {
      return x.data();
    }
    float[] vector = buffers.get().vector(k);
    for (int j = 0; j < k; j++) {
      vector[j] = x.data()[x.index(s, j, 0)];
    }
    return vector;
  }

  private static int start(Matrix x, int s) {
    return scattered(x) ? 0 : x.index(s, 0, 0);
  }

  private static final class Buffers {
    private final float[] chains = new float[GROUP];
    private float[] vector = new float[0];

    float[] vector(int size) {
      if (vector.length < size) {
        vector = new float[size];
      }
      return vector;
    }
  }
}
