// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import java.util.Arrays;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.SortKernels;
import org.gradus.tensor.host.Ints;

/// The merging of duplicate ids.
final class ReferenceSort implements SortKernels {
  @Override
  public int merge(Buffer rowsb, Buffer segmentsb, Buffer orderb, Buffer idsb, int n, int bound) {
    int[] rows = Ints.of(rowsb);
    int[] segments = Ints.of(segmentsb);
    int[] order = Ints.of(orderb);
    int[] ids = Ints.of(idsb);
    // The id above, the place below: equal ids stay in the order of their places.
    long[] pairs = new long[n];
    for (int i = 0; i < n; i++) {
      pairs[i] = ((long) ids[i] << 32) + i;
    }
    Arrays.sort(pairs);
    int count = 0;
    for (int i = 0; i < n; i++) {
      int id = (int) (pairs[i] >> 32);
      order[i] = (int) pairs[i];
      if (count == 0 || rows[count - 1] != id) {
        rows[count] = id;
        segments[count] = i;
        count++;
      }
    }
    segments[count] = n;
    return count;
  }
}
