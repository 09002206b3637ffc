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
    boolean column = p.size().n() == 1;
    Matrix v = column ? p.a() : p.b().transpose();
    Matrix x = column ? p.b() : p.a().transpose();
    int rows = column ? p.size().m() : p.size().n();
    int k = p.size().k();
    float[] vector = x.data();
    int start = x.index(0, 0);
    if (!x.transposed() && x.stride() != 1) {
      vector = gathered(x, k);
      start = 0;
    }
    float[] contiguous = vector;
    int from = start;
    if (v.transposed()) {
      int perChunk = Math.max(1, CHUNK_WORK / GROUP / k) * GROUP;
      workers.run(
          (rows + perChunk - 1) / perChunk,
          chunk -> {
            int end = Math.min(rows, (chunk + 1) * perChunk);
            for (int i = chunk * perChunk; i < end; i += GROUP) {
              chains(p, v, contiguous, from, i, Math.min(end, i + GROUP));
            }
          });
    } else {
      int perChunk = Math.max(1, CHUNK_WORK / k);
      workers.run(
          (rows + perChunk - 1) / perChunk,
          chunk -> {
            int end = Math.min(rows, (chunk + 1) * perChunk);
            for (int i = chunk * perChunk; i < end; i++) {
              float dot = Lanes.dot(v.data(), v.index(i, 0), contiguous, from, k);
              int at = target(p, i);
              float start0 = p.epilogue().accumulate() ? p.c().data()[at] : 0f;
              p.c().data()[at] = p.epilogue().finish(start0 + dot, column ? 0 : i);
            }
          });
    }
  }

  /// Elements i…end−1 of y: at most 64 chains side by side.
  private void chains(Product p, Matrix v, float[] x, int from, int i, int end) {
    float[] y = buffers.get().chains;
    Epilogue epilogue = p.epilogue();
    float[] c = p.c().data();
    for (int j = i; j < end; j++) {
      y[j - i] = epilogue.accumulate() ? c[target(p, j)] : 0f;
    }
    int at = v.index(i, 0);
    int k = p.size().k();
    int j = 0;
    for (; j <= end - i - 2 * Lanes.WIDTH; j += 2 * Lanes.WIDTH) {
      twoVectors(k, v.data(), at + j, v.stride(), x, from, y, j);
    }
    for (; j < end - i; j += Lanes.WIDTH) {
      oneVector(k, v.data(), at + j, v.stride(), x, from, y, j, Lanes.upTo(j, end - i));
    }
    for (j = i; j < end; j++) {
      c[target(p, j)] = epilogue.finish(y[j - i], p.size().n() == 1 ? 0 : j);
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

  /// Where element i of y lies in C.
  private static int target(Product p, int i) {
    return p.size().n() == 1 ? p.c().index(i, 0) : p.c().index(0, i);
  }

  private float[] gathered(Matrix x, int k) {
    float[] vector = buffers.get().vector(k);
    for (int s = 0; s < k; s++) {
      vector[s] = x.data()[x.index(s, 0)];
    }
    return vector;
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
