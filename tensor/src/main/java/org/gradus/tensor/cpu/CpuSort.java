// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.SortKernels;
import org.gradus.tensor.host.Ints;

/// The merging of duplicate ids, by [Merge].
final class CpuSort implements SortKernels {
  private static final int COST = 8; // per id, a plain copy being 1

  private final Chunks chunks;

  // One per object, and objects live as long as their device.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<Merge> merges;

  CpuSort(Chunks chunks) {
    this.chunks = chunks;
    merges = ThreadLocal.withInitial(() -> new Merge(chunks));
  }

  @Override
  public int[] merge(
      List<Buffer> rows, Buffer segments, Buffer order, Buffer ids, int[] starts, int[] bounds) {
    int lists = bounds.length;
    int[] counts = new int[lists];
    int[] to = Ints.of(order);
    int[] from = Ints.of(ids);
    int[] segment = Ints.of(segments);
    // Several lists side by side, each on one thread; a single one may be cut.
    chunks.rows(
        lists,
        lists == 0 ? 0 : (long) COST * (starts[lists] - starts[0]) / lists,
        (lo, hi) -> {
          for (int l = lo; l < hi; l++) {
            Merge merge = merges.get();
            merge.read(from, starts[l], starts[l + 1], bounds[l]);
            counts[l] = merge.group(Ints.of(rows.get(l)), segment, starts[l] + l, to, starts[l]);
          }
        });
    return counts;
  }
}
