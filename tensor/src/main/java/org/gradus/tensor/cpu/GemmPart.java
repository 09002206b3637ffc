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

  /// Steps of k between two visits of a register block, where nothing speaks for more: a panel of so many is 32 KiB with vectors of 16.
  static final int STEPS = 256;

  /// Steps of one task of packing B.
  private static final int PACK_STEPS = 256;

  /// Floats from one row to the next, at most, of operands that are both read where they lie.
  private static final int NARROW = 256;

  /// Steps of k that such a product has at least.
  private static final int TALL = 1024;

  /// Chunks for each thread, where there are fewer strips than fill the caches: each cut of the columns copies A again, each of the
  /// rows reads all of B.
  private static final int CHUNKS = 2;

  /// Steps below which a block of C is not worth another visit.
  private static final int FEW_STEPS = 16;

  /// Numbers of both operands that fit into the first cache.
  private static final int NEAR = 8192;

  private static final Product NONE = Product.empty();

  private final Blocking blocking;
  private final ThreadLocal<Buffers> buffers;
  private final IntConsumer packing = this::pack;
  private final IntConsumer computing = this::compute;
  private final Slab slab = new Slab();
  private Product p = NONE;
  private float[] packed = new float[0]; // what the slab has of B
  private boolean direct; // a transposed A and B are both read where they lie
  private boolean near; // both operands fit into the first cache; turned ones were read
  private int pieces; // of a panel, in packing
  private int rowCuts;
  private int columnCuts;

  /// @param buffers what a thread keeps from one product to the next
  GemmPart(Blocking blocking, ThreadLocal<Buffers> buffers) {
    this.blocking = blocking;
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

  /// Steps, from the first one on, that may be read where they lie on both sides: those of a tall product of few rows and columns,
  /// XᵀY, such as the gradient of the weights of a narrow layer. A copy would take longer than the product. The loops read
  /// whole register blocks, also at the edges, so that the last steps of an array are not among them.
  int directSteps() {
    Matrix a = p.a();
    Matrix b = p.b();
    boolean steps = a.transposed() && !b.transposed() && p.k() >= TALL;
    boolean narrow = a.stride() <= NARROW && b.stride() <= NARROW;
    boolean blocks = p.m() > 2 * ROWS && p.m() <= a.stride() && p.n() <= b.stride();
    if (!steps || !narrow || !blocks) {
      return 0;
    }
    int rows = strips() * ROWS;
    int columns = (p.n() + Lanes.WIDTH - 1) / Lanes.WIDTH * Lanes.WIDTH;
    int ofA = Math.floorDiv(a.data().length - a.offset() - rows, a.stride()) + 1;
    int ofB = Math.floorDiv(b.data().length - b.offset() - columns, b.stride()) + 1;
    return Math.max(0, Math.min(p.k(), Math.min(ofA, ofB)));
  }

  /// One slab of the product, by all workers where it is large, read where it lies.
  void multiplyDirectly(Workers workers, int step, int steps) {
    slab.set(0, p.n(), step, steps);
    direct = true;
    boolean small = (long) p.m() * p.n() * steps < Gemm.PARALLEL_WORK;
    int chunks = small ? 1 : workers.threads();
    rowCuts = Math.min(chunks, strips()); // each reads all of B
    columnCuts = Math.max(1, Math.min(slab.panels(), chunks / rowCuts));
    workers.run(rowCuts * columnCuts, computing);
  }

  /// One slab of the product, by all workers where it is large.
  void multiply(Workers workers, int column, int columns, int step, int steps) {
    take(column, columns, step, steps);
    if ((long) p.m() * columns * steps < Gemm.PARALLEL_WORK) {
      alone(0);
      return;
    }
    int strips = strips();
    int chunks = CHUNKS * workers.threads();
    pieces = (steps + PACK_STEPS - 1) / PACK_STEPS;
    int cuts =
        Math.max(Math.min(chunks, strips), (strips + blocking.strips() - 1) / blocking.strips());
    int threads = workers.threads();
    rowCuts = Math.min(strips, (cuts + threads - 1) / threads * threads); // as many each
    columnCuts = Math.max(1, Math.min(slab.panels(), chunks / rowCuts));
    workers.run(slab.panels() * pieces, packing);
    workers.run(rowCuts * columnCuts, computing);
  }

  /// Products from…to−1 of a batch, one after the other, on this thread; B fits into one slab.
  void multiplyAlone(int from, int to) {
    take(0, p.n(), 0, p.k());
    near = (p.m() + p.n()) * p.k() <= NEAR;
    Buffers own = buffers.get();
    for (int s = from; s < to; s++) {
      if (near) {
        own.seen ^= p.b().touch(s, p.k(), p.n());
        if (p.a().transposed()) {
          own.seen ^= p.a().touch(s, p.m(), p.k());
        }
      }
      alone(s);
    }
  }

  private void take(int column, int columns, int step, int steps) {
    slab.set(column, columns, step, steps);
    direct = false;
    near = false;
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
    for (int strip = 0; strip < strips; strip += blocking.strips()) {
      multiply(own.cut(s, strip, Math.min(strips, strip + blocking.strips()), 0, slab.panels()));
    }
  }

  /// Computes one part for all steps of the slab.
  ///
  /// @param buffers of the calling thread, with the strips and panels to compute
  private void multiply(Buffers buffers) {
    int most = direct ? STEPS : blocking.steps();
    for (int step = 0; step < slab.steps(); step += most) {
      int kc = Math.min(most, slab.steps() - step);
      if (!direct) {
        bring(buffers, step, kc);
      }
      for (int panel = buffers.firstPanel; panel < buffers.endPanel; panel++) {
        for (int strip = buffers.firstStrip; strip < buffers.endStrip; strip++) {
          block(buffers, strip, panel, step, kc);
        }
      }
    }
  }

  /// Copies the strips of A into the order in which the inner loops read them, and reads C ahead.
  private void bring(Buffers buffers, int step, int kc) {
    Matrix a = p.a();
    int first = buffers.firstStrip;
    int next = first;
    if (a.transposed()) {
      next = Math.max(first, Math.min(buffers.endStrip, p.m() / ROWS));
      int source = a.index(buffers.product, first * ROWS, slab.step() + step);
      Packing.strips(a, source, next - first, kc, buffers.strips);
    } else if (!near && step == 0 && kc >= FEW_STEPS && 2 * p.n() > p.k()) {
      touchBlocks(buffers);
    }
    for (int strip = next; strip < buffers.endStrip; strip++) {
      packStrip(buffers, strip, step, kc);
    }
  }

  /// Reads C ahead, line by line: the stores of a block wait for fewer lines at a time. Where A has twice as many numbers as C they
  /// wait while A is copied, and where it is transposed C is small.
  private void touchBlocks(Buffers buffers) {
    int row = buffers.firstStrip * ROWS;
    int column = buffers.firstPanel * COLUMNS;
    int rows = Math.min(p.m(), buffers.endStrip * ROWS) - row;
    int columns = Math.min(slab.columns(), buffers.endPanel * COLUMNS) - column;
    int first = p.c().index(buffers.product, row, slab.column() + column);
    buffers.seen ^= p.c().touchRows(first, rows, columns);
  }

  private void packStrip(Buffers buffers, int strip, int step, int kc) {
    Matrix a = p.a();
    int source = a.index(buffers.product, strip * ROWS, slab.step() + step);
    int at = packedStrip(buffers, strip, kc);
    if (asRows(strip)) {
      Packing.rows(a, source, rows(strip), kc, buffers.strips, at);
    } else {
      Packing.strip(a, source, rows(strip), kc, buffers.tile, buffers.strips, at, tileRows(strip));
    }
  }

  /// One register block of C, steps step…step + kc − 1. At the edge of C it goes through a buffer of full size.
  private void block(Buffers buffers, int strip, int panel, int step, int kc) {
    int k = slab.step() + step;
    int rows = rows(strip);
    int tile = tileRows(strip);
    int columns = slab.width(panel);
    int vectors = slab.vectors(panel);
    int column = slab.column() + panel * COLUMNS;
    boolean first = k == 0 && !p.epilogue().accumulate();
    boolean whole = rows == tile && columns == vectors * Lanes.WIDTH;
    float[] c = p.c().data();
    int cs = p.c().stride();
    int co = p.c().index(buffers.product, strip * ROWS, column);
    float[] to = whole ? c : buffers.edge;
    int at = whole ? co : 0;
    int ts = whole ? cs : COLUMNS;
    if (!whole && !first) {
      copy(c, co, cs, to, at, ts, rows, columns);
    }
    float[] from = first ? buffers.zeros : to;
    int fo = first ? 0 : at;
    int fs = first ? 0 : ts;
    Matrix a = p.a();
    Matrix b = p.b();
    if (direct) {
      int ao = a.index(buffers.product, strip * ROWS, k);
      int bo = b.index(buffers.product, k, column);
      int as = a.stride();
      int bs = b.stride();
      StepTiles.multiply(
          tile, vectors, kc, a.data(), ao, as, b.data(), bo, bs, from, fo, fs, to, at, ts);
    } else {
      int bs = vectors * Lanes.WIDTH;
      int bo = slab.start(panel) + step * bs;
      float[] strips = buffers.strips;
      int ao = packedStrip(buffers, strip, kc);
      if (asRows(strip)) {
        CopiedRowTiles.multiply(vectors, kc, strips, ao, packed, bo, from, fo, fs, to, at, ts);
      } else {
        StepTiles.multiply(
            tile, vectors, kc, strips, ao, tile, packed, bo, bs, from, fo, fs, to, at, ts);
      }
    }
    if (k + kc == p.k()) {
      p.epilogue().finish(to, at, ts, rows, columns, column);
    }
    if (!whole) {
      copy(to, at, ts, c, co, cs, rows, columns);
    }
  }

  private int rows(int strip) {
    return Math.min(ROWS, p.m() - strip * ROWS);
  }

  private int packedStrip(Buffers buffers, int strip, int kc) {
    return (strip - buffers.firstStrip) * ROWS * (p.a().transposed() ? kc : CopiedRowTiles.STRIDE);
  }

  /// Whether a strip is copied row by row: all of an A that is not transposed, but those of a few rows.
  private boolean asRows(int strip) {
    return !p.a().transposed() && tileRows(strip) == ROWS;
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
    private final float[] strips;
    private final float[] tile = new float[Transposing.BUFFER];
    private final float[] edge = new float[ROWS * COLUMNS];
    private final float[] zeros = new float[COLUMNS];
    private float[] panels = new float[0];
    private int firstStrip;
    private int endStrip;
    private int firstPanel;
    private int endPanel;
    private int product; // of a batch

    @SuppressWarnings("UnusedVariable") // written, so that the compiler cannot leave the reads out
    private int seen;

    Buffers(Blocking blocking) {
      strips = new float[blocking.strips() * ROWS * CopiedRowTiles.STRIDE + Transposing.SIDE];
    }

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

    int columns() {
      return columns;
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
