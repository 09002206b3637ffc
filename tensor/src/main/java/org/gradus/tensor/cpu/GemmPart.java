// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.function.IntConsumer;

/// A product under way: the walk over the register blocks of C, each thread over a part of its own.
///
/// A thread has one object for all the products that it begins, so that a product allocates nothing here. Threads that help
/// read it, and write to [Buffers] of their own.
final class GemmPart {
  /// Rows of a register block. Twelve rows of two vectors fill 32 registers, six fill 16.
  static final int ROWS = Lanes.WIDTH == 16 ? 12 : 6;

  /// Columns of a register block.
  static final int COLUMNS = 2 * Lanes.WIDTH;

  /// Strips of rows in a part at most: 192 KiB of packed A.
  static final int MAX_STRIPS = 16;

  /// Steps of k between two visits of a register block.
  static final int STEPS = 256;

  /// Steps of one task of packing B.
  private static final int PACK_STEPS = 256;

  /// Cuts of the rows of C, when there are fewer strips than fill the caches; each reads all of B.
  private static final int ROW_CUTS = 8;

  /// Chunks aimed at: enough to even out a handful of threads.
  static final int CHUNKS = 16;

  /// Numbers of both operands that fit into the first cache.
  private static final int NEAR = 8192;

  private static final Product NONE = Product.empty();

  private final ThreadLocal<Buffers> buffers;
  private final IntConsumer packing = this::pack;
  private final IntConsumer computing = this::compute;
  private final Slab slab = new Slab();
  private Product p = NONE;
  private float[] packed = new float[0]; // what the slab has of B
  private int pieces; // of a panel, in packing
  private int rowCuts;
  private int columnCuts;

  @SuppressWarnings("UnusedVariable") // written, so that the compiler cannot leave the reads out
  private int seen;

  /// @param buffers what a thread keeps from one product to the next
  GemmPart(ThreadLocal<Buffers> buffers) {
    this.buffers = buffers;
  }

  /// Turns to another product; [#end] lets go of its arrays.
  GemmPart of(Product p) {
    this.p = p;
    return this;
  }

  void end() {
    p = NONE;
  }

  private int strips() {
    return (p.m() + ROWS - 1) / ROWS;
  }

  /// One slab of the product, by all workers where it is large.
  void multiply(Workers workers, int column, int columns, int step, int steps) {
    take(column, columns, step, steps);
    if ((long) p.m() * columns * steps < Gemm.PARALLEL_WORK) {
      alone(0);
      return;
    }
    int strips = strips();
    pieces = (steps + PACK_STEPS - 1) / PACK_STEPS;
    rowCuts = Math.max(Math.min(ROW_CUTS, strips), (strips + MAX_STRIPS - 1) / MAX_STRIPS);
    columnCuts = Math.max(1, Math.min(slab.panels(), CHUNKS / rowCuts));
    workers.run(slab.panels() * pieces, packing);
    workers.run(rowCuts * columnCuts, computing);
  }

  /// Products from…to−1 of a batch, one after the other, on this thread; B fits into one slab.
  void multiplyAlone(int from, int to) {
    take(0, p.n(), 0, p.k());
    boolean near = (p.m() + p.n()) * p.k() <= NEAR;
    for (int s = from; s < to; s++) {
      if (near) {
        seen ^= p.a().touch(s, p.m(), p.k()) ^ p.b().touch(s, p.k(), p.n());
      }
      alone(s);
    }
  }

  private void take(int column, int columns, int step, int steps) {
    slab.set(column, columns, step, steps);
    packed = buffers.get().panels(slab.panels() * COLUMNS * steps);
  }

  private void pack(int task) {
    int from = task % pieces * PACK_STEPS;
    int to = Math.min(slab.steps(), from + PACK_STEPS);
    Packing.panel(p, 0, slab, task / pieces, from, to, buffers.get().tile, packed);
  }

  private void compute(int task) {
    int row = task / columnCuts;
    int column = task % columnCuts;
    int strips = strips();
    multiply(
        buffers
            .get()
            .cut(
                share(strips, row, rowCuts),
                share(strips, row + 1, rowCuts),
                share(slab.panels(), column, columnCuts),
                share(slab.panels(), column + 1, columnCuts)));
  }

  /// Where part `index` of `parts` even parts of `size` begins.
  private static int share(int size, int index, int parts) {
    return (int) ((long) size * index / parts);
  }

  /// The slab of product s of a batch, all on this thread.
  private void alone(int s) {
    Buffers own = buffers.get();
    for (int panel = 0; panel < slab.panels(); panel++) {
      Packing.panel(p, s, slab, panel, 0, slab.steps(), own.tile, packed);
    }
    int strips = strips();
    for (int strip = 0; strip < strips; strip += MAX_STRIPS) {
      multiply(own.cut(s, strip, Math.min(strips, strip + MAX_STRIPS), 0, slab.panels()));
    }
  }

  /// Computes one part for all steps of the slab.
  ///
  /// @param buffers of the calling thread, with the strips and panels to compute
  private void multiply(Buffers buffers) {
    boolean inPlace = !p.a().transposed();
    for (int step = 0; step < slab.steps(); step += STEPS) {
      int kc = Math.min(STEPS, slab.steps() - step);
      for (int strip = buffers.firstStrip; strip < buffers.endStrip; strip++) {
        if (!inPlace || rows(strip) < ROWS) {
          int rows = rows(strip);
          int source = p.a().index(buffers.product, strip * ROWS, slab.step() + step);
          Packing.strip(
              p.a(),
              source,
              rows,
              kc,
              buffers.tile,
              buffers.strips,
              packedStrip(buffers, strip, kc),
              tileRows(strip));
        }
      }
      for (int panel = buffers.firstPanel; panel < buffers.endPanel; panel++) {
        for (int strip = buffers.firstStrip; strip < buffers.endStrip; strip++) {
          block(buffers, strip, panel, step, kc, inPlace);
        }
      }
    }
  }

  /// One register block of C, steps step…step + kc − 1.
  private void block(Buffers buffers, int strip, int panel, int step, int kc, boolean inPlace) {
    int k = slab.step() + step;
    int rows = rows(strip);
    int columns = slab.width(panel);
    int vectors = slab.vectors(panel);
    int column = slab.column() + panel * COLUMNS;
    boolean first = k == 0 && !p.epilogue().accumulate();
    boolean last = k + kc == p.k();
    float[] c = p.c().data();
    int cs = p.c().stride();
    int co = p.c().index(buffers.product, strip * ROWS, column);
    int bo = slab.start(panel) + step * vectors * Lanes.WIDTH;
    if (rows == tileRows(strip) && columns == vectors * Lanes.WIDTH) {
      float[] from = first ? buffers.zeros : c;
      int fo = first ? 0 : co;
      int fs = first ? 0 : cs;
      if (inPlace && rows == ROWS) {
        int ao = p.a().index(buffers.product, strip * ROWS, k);
        float[] a = p.a().data();
        RowTiles.multiply(
            rows, vectors, kc, a, ao, p.a().stride(), packed, bo, from, fo, fs, c, co, cs);
      } else {
        int ao = packedStrip(buffers, strip, kc);
        PackedTiles.multiply(
            rows, vectors, kc, buffers.strips, ao, packed, bo, from, fo, fs, c, co, cs);
      }
      if (last) {
        p.epilogue().finish(c, co, cs, rows, columns, column);
      }
      return;
    }
    // At the edge of C the block goes through a buffer of full size.
    float[] edge = buffers.edge;
    float[] from = first ? buffers.zeros : edge;
    int fs = first ? 0 : COLUMNS;
    if (!first) {
      copy(c, co, cs, edge, 0, COLUMNS, rows, columns);
    }
    if (inPlace && rows == ROWS) {
      int ao = p.a().index(buffers.product, strip * ROWS, k);
      float[] a = p.a().data();
      RowTiles.multiply(
          rows, vectors, kc, a, ao, p.a().stride(), packed, bo, from, 0, fs, edge, 0, COLUMNS);
    } else {
      PackedTiles.multiply(
          tileRows(strip),
          vectors,
          kc,
          buffers.strips,
          packedStrip(buffers, strip, kc),
          packed,
          bo,
          from,
          0,
          fs,
          edge,
          0,
          COLUMNS);
    }
    if (last) {
      p.epilogue().finish(edge, 0, COLUMNS, rows, columns, column);
    }
    copy(edge, 0, COLUMNS, c, co, cs, rows, columns);
  }

  private int rows(int strip) {
    return Math.min(ROWS, p.m() - strip * ROWS);
  }

  private int packedStrip(Buffers buffers, int strip, int kc) {
    return (strip - buffers.firstStrip) * ROWS * kc;
  }

  /// Rows of the inner loop for a strip: the fewest that hold it where C is one strip, or two. What is left at the end of a tall C is
  /// little beside the rest, and runs in the loop of whole strips: one of its own would be met once in a product, and be compiled late.
  private int tileRows(int strip) {
    int rows = rows(strip);
    return p.m() > 2 * ROWS ? ROWS : rows > 6 ? 12 : rows > 4 ? 6 : 4;
  }

  private static void copy(
      float[] from, int fo, int fs, float[] to, int at, int ts, int rows, int columns) {
    for (int i = 0; i < rows; i++) {
      System.arraycopy(from, fo + i * fs, to, at + i * ts, columns);
    }
  }

  /// What a thread keeps from one product to the next.
  static final class Buffers {
    private final float[] strips = new float[MAX_STRIPS * ROWS * STEPS + Transposing.SIDE];
    private final float[] tile = new float[Transposing.BUFFER];
    private final float[] edge = new float[ROWS * COLUMNS];
    private final float[] zeros = new float[COLUMNS];
    private float[] panels = new float[0];
    private int firstStrip;
    private int endStrip;
    private int firstPanel;
    private int endPanel;
    private int product; // of a batch

    /// Says which strips of rows and which panels of columns are to be computed next.
    Buffers cut(int firstStrip, int endStrip, int firstPanel, int endPanel) {
      this.firstStrip = firstStrip;
      this.endStrip = endStrip;
      this.firstPanel = firstPanel;
      this.endPanel = endPanel;
      this.product = 0;
      return this;
    }

    /// As [#cut], of product s of a batch.
    Buffers cut(int s, int firstStrip, int endStrip, int firstPanel, int endPanel) {
      cut(firstStrip, endStrip, firstPanel, endPanel);
      this.product = s;
      return this;
    }

    /// Room for the packed panels of a slab.
    float[] panels(int size) {
      if (panels.length < size) {
        panels = new float[size];
      }
      return panels;
    }
  }

  /// The part of B that is packed at once: columns from `column` on, steps of k from `step` on.
  static final class Slab {
    private int column;
    private int columns;
    private int step;
    private int steps;

    private void set(int column, int columns, int step, int steps) {
      this.column = column;
      this.columns = columns;
      this.step = step;
      this.steps = steps;
    }

    int column() {
      return column;
    }

    int step() {
      return step;
    }

    int steps() {
      return steps;
    }

    int panels() {
      return (columns + COLUMNS - 1) / COLUMNS;
    }

    /// Columns of C in a panel.
    int width(int panel) {
      return Math.min(COLUMNS, columns - panel * COLUMNS);
    }

    /// Vectors that a panel is wide: a last panel of few columns takes one.
    int vectors(int panel) {
      return width(panel) > Lanes.WIDTH ? 2 : 1;
    }

    /// Where a panel begins in the packed part.
    int start(int panel) {
      return panel * COLUMNS * steps;
    }
  }
}
