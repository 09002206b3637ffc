// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.SortKernels;
import org.gradus.tensor.host.Ints;

/// The merging of duplicate ids.
final class ReferenceSort implements SortKernels {
  @Override
  public int[] merge(
      List<Buffer> rows, Buffer segments, Buffer order, Buffer ids, int[] starts, int[] bounds) {
    int[] counts = new int[bounds.length];
    for (int l = 0; l < counts.length; l++) {
      counts[l] =
          merge(
              Ints.of(rows.get(l)),
              Ints.of(segments),
              starts[l] + l,
              Ints.of(order),
              Ints.of(ids),
              starts[l],
              starts[l + 1]);
    }
    return counts;
  }

  private static int merge(
      int[] rows, int[] segments, int first, int[] order, int[] ids, int from, int to) {
    // The id above, the place below: equal ids stay in the order of their places.
    long[] pairs = new long[to - from];
    for (int i = from; i < to; i++) {
      pairs[i - from] = ((long) ids[i] << 32) + i;
    }
    Arrays.sort(pairs);
    int count = 0;
    for (int i = from; i < to; i++) {
      int id = (int) (pairs[i - from] >> 32);
      order[i] = (int) pairs[i - from];
      if (count == 0 || rows[count - 1] != id) {
        rows[count] = id;
        segments[first + count] = i;
        count++;
      }
    }
    segments[first + count] = to;
    return count;
  }
}
