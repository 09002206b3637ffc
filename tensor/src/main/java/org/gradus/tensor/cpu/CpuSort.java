// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.SortKernels;
import org.gradus.tensor.host.Ints;

/// The merging of duplicate ids, by [Merge].
final class CpuSort implements SortKernels {
  private final Merge merge;

  CpuSort(Chunks chunks) {
    merge = new Merge(chunks);
  }

  @Override
  public int merge(Buffer rows, Buffer segments, Buffer order, Buffer ids, int n, int bound) {
    return merge.run(Ints.of(rows), Ints.of(segments), Ints.of(order), Ints.of(ids), n, bound);
  }
}
