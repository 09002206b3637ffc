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
/// its rows, 256 steps of k at a time, so that a panel (32 KiB) stays in the first-level cache and the
/// rows of A in the second-level one. A transposed A is packed too. Small products stay on the
/// calling thread.
///
/// C must not overlap A or B. Several threads may use one object at once.
final class Gemm {
  /// Multiply-adds below which a product is not worth a fork and a join: about 3 µs of one core.
  static final long PARALLEL_WORK = 1 << 18;

  /// The part of B that is packed at a time: at most 16 MiB.
  private static final int SLAB_STEPS = 4096;

  private static final int SLAB_COLUMNS = 1024;

  /// Steps of one task of packing B.
  private static final int PACK_STEPS = 256;

  /// Cuts of the rows of C, when there are fewer strips than fill the caches; each reads all of B.
  private static final int ROW_CUTS = 8;

  /// Chunks aimed at: enough to even out a handful of threads.
  private static final int CHUNKS = 16;

  /// Strips of A in a chunk at most, by the second-level cache.
  private static final int CHUNK_STRIPS = GemmPart.MAX_STRIPS;

  private final Workers workers;
  private final MatrixVector matrixVector;

  // One per object, and objects live as long as their device.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<GemmPart.Buffers> buffers =
      ThreadLocal.withInitial(GemmPart.Buffers::new);

  Gemm(Workers workers) {
    this.workers = workers;
    matrixVector = new MatrixVector(workers);
  }

  /// One product; sizes of 0 are allowed, and an inner size of 0 leaves the epilogue alone.
  void multiply(Product p) {
    int m = p.size().m();
    int n = p.size().n();
    int k = p.size().k();
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
    for (int column = 0; column < n; column += SLAB_COLUMNS) {
      int columns = Math.min(SLAB_COLUMNS, n - column);
      for (int step = 0; step < k; step += SLAB_STEPS) {
        multiply(p, new Slab(column, columns, step, Math.min(SLAB_STEPS, k - step)));
      }
    }
  }

  /// `count` products of one size. A step of 0 uses the same operand for all.
  ///
  /// Many small products run side by side, each on one thread; few large ones one after the other.
  void batched(int count, Product p) {
    long work = Math.max(1, p.size().work());
    if (sharesWeights(count, p)) {
      Product.Size size = p.size();
      multiply(
          new Product(
              new Product.Size(count * size.m(), size.n(), size.k()),
              p.a(),
              p.b(),
              p.c(),
              p.epilogue()));
    } else if (count * work < PARALLEL_WORK) {
      some(p, whole(p), 0, count);
    } else if (count < CHUNKS && work > 16 * PARALLEL_WORK) {
      for (int s = 0; s < count; s++) {
        multiply(p.at(s));
      }
    } else {
      Slab slab = whole(p);
      int perChunk = (int) Math.max((count + 63) / 64, Math.min(count, PARALLEL_WORK / 4 / work));
      int chunks = (count + perChunk - 1) / perChunk;
      workers.run(
          chunks,
          chunk -> {
            int end = Math.min(count, (chunk + 1) * perChunk);
            some(p, slab, chunk * perChunk, end); // on this thread alone: the workers are busy
          });
    }
  }

  /// All of B in one slab, which `some` uses for small products only.
  private static Slab whole(Product p) {
    return new Slab(0, p.size().n(), 0, p.size().k());
  }

  /// Products from…to−1 of a batch, one after the other, with one set of objects for all.
  private void some(Product p, Slab slab, int from, int to) {
    int m = p.size().m();
    int n = p.size().n();
    int k = p.size().k();
    if ((m == 1 || n == 1) && m > 0 && n > 0 && k > 0) {
      matrixVector.some(p, from, to);
      return;
    }
    boolean small = m > 1 && n > 1 && n <= SLAB_COLUMNS && k > 0 && k <= SLAB_STEPS;
    if (!small || p.size().work() >= PARALLEL_WORK) {
      for (int s = from; s < to; s++) {
        multiply(p.at(s));
      }
      return;
    }
    GemmPart.Buffers own = buffers.get();
    GemmPart part =
        new GemmPart(p, slab, own.panels(slab.panels() * GemmPart.COLUMNS * slab.steps()));
    for (int s = from; s < to; s++) {
      onThisThread(part, s, own);
    }
  }

  /// Product s of the batch of a part: all of it.
  private static void onThisThread(GemmPart part, int s, GemmPart.Buffers own) {
    Slab slab = part.slab();
    for (int panel = 0; panel < slab.panels(); panel++) {
      Packing.panel(part.p(), s, slab, panel, 0, slab.steps(), part.packed());
    }
    int strips = (part.p().size().m() + GemmPart.ROWS - 1) / GemmPart.ROWS;
    for (int strip = 0; strip < strips; strip += CHUNK_STRIPS) {
      part.multiply(own.cut(s, strip, Math.min(strips, strip + CHUNK_STRIPS), 0, slab.panels()));
    }
  }

  /// Whether the batch is one tall product: one B for all, and the rows of A and C in one piece.
  private static boolean sharesWeights(int count, Product p) {
    int m = p.size().m();
    return p.b().step() == 0
        && m > 0
        && (long) count * m <= Integer.MAX_VALUE
        && !p.a().transposed()
        && p.a().step() == m * p.a().stride()
        && p.c().step() == m * p.c().stride();
  }

  private void multiply(Product p, Slab slab) {
    int m = p.size().m();
    float[] packed = buffers.get().panels(slab.panels() * GemmPart.COLUMNS * slab.steps());
    int strips = (m + GemmPart.ROWS - 1) / GemmPart.ROWS;
    int pieces = (slab.steps() + PACK_STEPS - 1) / PACK_STEPS;
    if ((long) m * slab.columns() * slab.steps() < PARALLEL_WORK) {
      onThisThread(new GemmPart(p, slab, packed), 0, buffers.get());
      return;
    }
    workers.run(
        slab.panels() * pieces,
        t -> {
          int from = t % pieces * PACK_STEPS;
          int to = Math.min(slab.steps(), from + PACK_STEPS);
          Packing.panel(p, slab, t / pieces, from, to, packed);
        });
    int rowCuts = Math.max(Math.min(ROW_CUTS, strips), (strips + CHUNK_STRIPS - 1) / CHUNK_STRIPS);
    int columnCuts = Math.max(1, Math.min(slab.panels(), CHUNKS / rowCuts));
    GemmPart part = new GemmPart(p, slab, packed);
    workers.run(
        rowCuts * columnCuts,
        t -> {
          int row = t / columnCuts;
          int column = t % columnCuts;
          part.multiply(
              buffers
                  .get()
                  .cut(
                      share(strips, row, rowCuts),
                      share(strips, row + 1, rowCuts),
                      share(slab.panels(), column, columnCuts),
                      share(slab.panels(), column + 1, columnCuts)));
        });
  }

  /// Where part `index` of `parts` even parts of `size` begins.
  private static int share(int size, int index, int parts) {
    return (int) ((long) size * index / parts);
  }

  private static void onlyEpilogue(Product p) {
    Matrix c = p.c();
    int n = p.size().n();
    for (int i = 0; i < p.size().m(); i++) {
      int row = c.index(i, 0);
      if (!p.epilogue().accumulate()) {
        Arrays.fill(c.data(), row, row + n, 0f);
      }
      p.epilogue().finish(c.data(), row, c.stride(), 1, n, 0);
    }
  }

  /// The part of B that is packed at once: columns from `column` on, steps of k from `step` on.
  record Slab(int column, int columns, int step, int steps) {
    int panels() {
      return (columns + GemmPart.COLUMNS - 1) / GemmPart.COLUMNS;
    }

    /// Columns of C in a panel.
    int width(int panel) {
      return Math.min(GemmPart.COLUMNS, columns - panel * GemmPart.COLUMNS);
    }

    /// Vectors that a panel is wide: a last panel of few columns takes one.
    int vectors(int panel) {
      return width(panel) > Lanes.WIDTH ? 2 : 1;
    }

    /// Where a panel begins in the packed part.
    int start(int panel) {
      return panel * GemmPart.COLUMNS * steps;
    }
  }
}
