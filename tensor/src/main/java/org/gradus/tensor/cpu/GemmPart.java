// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;

/// The walk over the register blocks of C, each thread over a part of its own.
///
/// @param slab what `packed` holds of B
record GemmPart(Product p, Gemm.Slab slab, float[] packed) {
  /// Rows of a register block. Twelve rows of two vectors fill 32 registers, six fill 16.
  static final int ROWS = Lanes.WIDTH == 16 ? 12 : 6;

  /// Columns of a register block.
  static final int COLUMNS = 2 * Lanes.WIDTH;

  /// Strips of rows in a part at most: 192 KiB of packed A.
  static final int MAX_STRIPS = 16;

  /// Steps of k between two visits of a register block.
  static final int STEPS = 256;

  /// Computes one part for all steps of the slab.
  ///
  /// @param buffers of the calling thread, with the strips and panels to compute
  void multiply(Buffers buffers) {
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
              buffers.strips,
              packedStrip(buffers, strip, kc),
              tileRows(rows));
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
    boolean last = k + kc == p.size().k();
    float[] c = p.c().data();
    int cs = p.c().stride();
    int co = p.c().index(buffers.product, strip * ROWS, column);
    int bo = slab.start(panel) + step * vectors * Lanes.WIDTH;
    if (rows == tileRows(rows) && columns == vectors * Lanes.WIDTH) {
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
    Arrays.fill(edge, 0f);
    if (!first) {
      copy(c, co, cs, edge, 0, COLUMNS, rows, columns);
    }
    if (inPlace && rows == ROWS) {
      int ao = p.a().index(buffers.product, strip * ROWS, k);
      float[] a = p.a().data();
      RowTiles.multiply(
          rows, vectors, kc, a, ao, p.a().stride(), packed, bo, edge, 0, COLUMNS, edge, 0, COLUMNS);
    } else {
      PackedTiles.multiply(
          tileRows(rows),
          vectors,
          kc,
          buffers.strips,
          packedStrip(buffers, strip, kc),
          packed,
          bo,
          edge,
          0,
          COLUMNS,
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
    return Math.min(ROWS, p.size().m() - strip * ROWS);
  }

  private int packedStrip(Buffers buffers, int strip, int kc) {
    return (strip - buffers.firstStrip) * ROWS * kc;
  }

  /// The fewest rows of an inner loop that hold a strip.
  static int tileRows(int rows) {
    return rows > 6 ? 12 : rows > 4 ? 6 : 4;
  }

  private static void copy(
      float[] from, int fo, int fs, float[] to, int at, int ts, int rows, int columns) {
    for (int i = 0; i < rows; i++) {
      System.arraycopy(from, fo + i * fs, to, at + i * ts, columns);
    }
  }

  /// What a thread keeps from one product to the next.
  static final class Buffers {
    private final float[] strips = new float[MAX_STRIPS * ROWS * STEPS];
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
}
