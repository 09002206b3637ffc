// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;

/// Matrix products on float32.
///
/// Each element of C is one chain of fused multiply-adds in the order of k, so that no bit depends on
/// the vector width, the blocking or the number of threads. The one exception is a product whose
/// result is a vector, of rows that lie contiguous along k ([MatrixVector]): those run in 16 lanes.
/// The error of an element is below (k + 2) · 2⁻²⁴ · Σ|a||b| to first order, bias and C included in
/// the sum.
///
/// B is packed into panels as wide as a register block, by all workers; then each chunk multiplies
/// its rows, of which it copies a few strips and steps of k at a time ([Blocking]), row by row or, where A is transposed, step by
/// step. A tall product of two narrow matrices, XᵀY, copies neither. Small products stay on the calling thread.
///
/// C must not overlap A or B. Several threads may use one object at once.
final class Gemm {
  /// Multiply-adds below which a product is not worth a fork and a join: about 3 µs of one core.
  static final long PARALLEL_WORK = 1 << 18;

  /// The part of B that is packed at a time: at most 16 MiB.
  private static final int SLAB_STEPS = 4096;

  private static final int SLAB_COLUMNS = 1024;

  /// Products of a batch that are too few to be shared out one by one.
  private static final int FEW = 16;

  /// Steps at a time of operands that are read where they lie: both stay near while the threads share them.
  private static final int DIRECT_STEPS = 2048;

  private final Workers workers;
  private final MatrixVector matrixVector;

  // One per object, and objects live as long as their device.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<GemmPart.Buffers> buffers;

  @SuppressWarnings("ThreadLocalUsage") // as above
  private final ThreadLocal<GemmPart> parts;

  Gemm(Workers workers) {
    this(workers, Blocking.HERE);
  }

  Gemm(Workers workers, Blocking blocking) {
    this.workers = workers;
    buffers = ThreadLocal.withInitial(() -> new GemmPart.Buffers(blocking));
    parts = ThreadLocal.withInitial(() -> new GemmPart(blocking, buffers));
    matrixVector = new MatrixVector(workers);
  }

  /// One product; sizes of 0 are allowed, and an inner size of 0 leaves the epilogue alone.
  void multiply(Product p) {
    int m = p.m();
    int n = p.n();
    int k = p.k();
    if (m == 0 || n == 0) {
      return;
    }
    if (k == 0) {
      onlyEpilogue(p);
      return;
    }
    if (n == 1 || m == 1) {
      matrixVector.multiply(p);
      return;
    }
    GemmPart part = parts.get().of(p);
    int direct = part.directSteps();
    for (int step = 0; step < direct; step += DIRECT_STEPS) {
      part.multiplyDirectly(workers, step, Math.min(DIRECT_STEPS, direct - step));
    }
    for (int column = 0; column < n; column += SLAB_COLUMNS) {
      int columns = Math.min(SLAB_COLUMNS, n - column);
      for (int step = direct; step < k; step += SLAB_STEPS) {
        part.multiply(workers, column, columns, step, Math.min(SLAB_STEPS, k - step));
      }
    }
    part.end();
  }

  /// `count` products of one size. A step of 0 uses the same operand for all.
  ///
  /// Many small products run side by side, each on one thread; few large ones one after the other.
  void batched(int count, Product p) {
    if (count == 1) {
      multiply(p);
      return;
    }
    long work = Math.max(1, p.work());
    if (sharesWeights(count, p)) {
      multiply(Product.of(count * p.m(), p.n(), p.k(), p.a(), p.b(), p.c(), p.epilogue()));
    } else if (count * work < PARALLEL_WORK) {
      some(p, 0, count);
    } else if (count < FEW && work > 16 * PARALLEL_WORK) {
      for (int s = 0; s < count; s++) {
        multiply(p.at(s));
      }
    } else {
      int perChunk = (int) Math.max((count + 63) / 64, Math.min(count, PARALLEL_WORK / 4 / work));
      int chunks = (count + perChunk - 1) / perChunk;
      workers.run(
          chunks,
          chunk -> {
            int end = Math.min(count, (chunk + 1) * perChunk);
            some(p, chunk * perChunk, end); // on this thread alone: the workers are busy
          });
    }
  }

  /// Products from…to−1 of a batch, one after the other, with one set of objects for all.
  private void some(Product p, int from, int to) {
    int m = p.m();
    int n = p.n();
    int k = p.k();
    if ((m == 1 || n == 1) && m > 0 && n > 0 && k > 0) {
      matrixVector.some(p, from, to);
      return;
    }
    boolean small = m > 1 && n > 1 && n <= SLAB_COLUMNS && k > 0 && k <= SLAB_STEPS;
    if (!small || p.work() >= PARALLEL_WORK) {
      for (int s = from; s < to; s++) {
        multiply(p.at(s));
      }
      return;
    }
    GemmPart part = parts.get().of(p);
    part.multiplyAlone(from, to);
    part.end();
  }

  /// Whether the batch is one tall product: one B for all, and the rows of A and C in one piece.
  private static boolean sharesWeights(int count, Product p) {
    int m = p.m();
    return p.b().step() == 0
        && m > 0
        && (long) count * m <= Integer.MAX_VALUE
        && !p.a().transposed()
        && p.a().step() == m * p.a().stride()
        && p.c().step() == m * p.c().stride();
  }

  private static void onlyEpilogue(Product p) {
    Matrix c = p.c();
    int n = p.n();
    for (int i = 0; i < p.m(); i++) {
      int row = c.index(i, 0);
      if (!p.epilogue().accumulate()) {
        Arrays.fill(c.data(), row, row + n, 0f);
      }
      p.epilogue().finish(c.data(), row, c.stride(), 1, n, 0);
    }
  }
}
