// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.lang.foreign.MemorySegment;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.GatherKernels;
import org.gradus.tensor.Table;
import org.gradus.tensor.host.Floats;
import org.gradus.tensor.host.Ints;

/// Rows by index. The scatter-add sorts the ids first, so that each row has one owner that adds its terms in order.
final class CpuGather implements GatherKernels {
  /// Below this many terms a sort costs more than it spreads.
  private static final int SORTED = 1 << 14;

  private final Chunks chunks;
  private final Merge merge;
  private int[] rows = new int[0];
  private int[] segments = new int[1];
  private int[] order = new int[0];

  CpuGather(Chunks chunks) {
    this.chunks = chunks;
    this.merge = new Merge(chunks);
  }

  @Override
  public void gather(Buffer y, Buffer x, Buffer ids, int outer, int n, int k, int inner) {
    float[] to = Floats.of(y);
    float[] from = Floats.of(x);
    int[] id = Ints.of(ids);
    if (k == 0 || inner == 0) {
      return;
    }
    Block block = new Block(n, k, inner);
    chunks.rows(outer * k, inner + 4L, (lo, hi) -> gather(to, from, id, block, lo, hi));
  }

  /// Sizes of one outer block.
  private record Block(int n, int k, int inner) {}

  private static void gather(float[] y, float[] x, int[] ids, Block block, int from, int to) {
    int inner = block.inner;
    int o = from / block.k;
    int j = from % block.k;
    for (int r = from; r < to; r++) {
      int at = (o * block.n + ids[j]) * inner;
      if (inner == 1) {
        y[r] = x[at];
      } else {
        System.arraycopy(x, at, y, r * inner, inner);
      }
      if (++j == block.k) {
        j = 0;
        o++;
      }
    }
  }

  @Override
  public void scatterAdd(Buffer x, Buffer y, Buffer ids, int outer, int n, int k, int inner) {
    float[] to = Floats.of(x);
    float[] from = Floats.of(y);
    int[] id = Ints.of(ids);
    if (k == 0 || inner == 0) {
      return;
    }
    if (outer == 1 && (long) k * inner >= SORTED) {
      scatterSorted(to, from, id, n, k, inner);
    } else {
      Block block = new Block(n, k, inner);
      chunks.rows(outer, (long) k * (inner + 4), (lo, hi) -> scatter(to, from, id, block, lo, hi));
    }
  }

  private static void scatter(float[] x, float[] y, int[] ids, Block block, int from, int to) {
    int inner = block.inner;
    for (int o = from; o < to; o++) {
      for (int j = 0; j < block.k; j++) {
        Rows.add(x, (o * block.n + ids[j]) * inner, y, (o * block.k + j) * inner, inner);
      }
    }
  }

  private void scatterSorted(float[] x, float[] y, int[] ids, int n, int k, int inner) {
    if (order.length < k) {
      rows = new int[2 * k];
      segments = new int[2 * k + 1];
      order = new int[2 * k];
    }
    merge.read(ids, 0, k, n);
    int count = merge.group(rows, segments, 0, order, 0);
    int[] row = rows;
    int[] segment = segments;
    int[] place = order;
    long cost = Math.max(1, (long) k / count) * (inner + 4L);
    chunks.rows(
        count,
        cost,
        (lo, hi) -> {
          for (int g = lo; g < hi; g++) {
            for (int s = segment[g]; s < segment[g + 1]; s++) {
              Rows.add(x, row[g] * inner, y, place[s] * inner, inner);
            }
          }
        });
  }

  @Override
  public void pick(Buffer y, Buffer x, Buffer ids, int rows, int n) {
    float[] to = Floats.of(y);
    float[] from = Floats.of(x);
    int[] id = Ints.of(ids);
    for (int r = 0; r < rows; r++) {
      to[r] = from[r * n + id[r]];
    }
  }

  @Override
  public void pickBackward(Buffer x, Buffer y, Buffer ids, int rows, int n) {
    float[] to = Floats.of(x);
    float[] from = Floats.of(y);
    int[] id = Ints.of(ids);
    for (int r = 0; r < rows; r++) {
      to[r * n + id[r]] += from[r];
    }
  }

  @Override
  public void rows(Buffer y, Table table, Buffer ids, int k) {
    float[] to = Floats.of(y);
    CpuTable t = CpuTable.of(table);
    int[] id = Ints.of(ids);
    chunks.rows(k, 2L * t.width(), (lo, hi) -> rows(to, t, id, lo, hi));
  }

  private static void rows(float[] y, CpuTable table, int[] ids, int from, int to) {
    MemorySegment memory = table.memory();
    int width = table.width();
    for (int j = from; j < to; j++) {
      TableRows.copyInlined(y, j * width, memory, table.offset(ids[j]), width);
    }
  }
}
