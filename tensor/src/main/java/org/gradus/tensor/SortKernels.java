// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import java.util.List;

/// The merging of duplicate ids, so that each row of a table has one owner.
public interface SortKernels {
  /// Sorts the ids of some lists, each list by itself, and groups equal ones. Within a group, places keep their order. List
  /// l holds `ids[starts[l] … starts[l+1])`, each at least 0 and below `bounds[l]`; its places lie at the same part of
  /// `order`.
  ///
  /// @param rows for each list `[n]`: gets the distinct ids, rising; only the first `count` are defined
  /// @param segments one more per list than ids: with s = starts`[l]` + l, group g of list l is
  ///     `order[segments[s + g] … segments[s + g + 1])`
  /// @param order places of the ids, counted from the start of `ids`, group by group
  /// @return the number of distinct ids of each list
  int[] merge(
      List<Buffer> rows, Buffer segments, Buffer order, Buffer ids, int[] starts, int[] bounds);

  /// The same for one list of n ids.
  default int merge(Buffer rows, Buffer segments, Buffer order, Buffer ids, int n, int bound) {
    int[] counts = merge(List.of(rows), segments, order, ids, new int[] {0, n}, new int[] {bound});
    return counts[0];
  }

  /// What a merge found.
  ///
  /// @param rows the distinct ids, rising
  /// @param segments where each group starts in `order`
  /// @param first where in `segments` the first group stands
  /// @param order places, group by group
  /// @param count number of distinct ids
  record Merged(Buffer rows, Buffer segments, int first, Buffer order, int count) {
    /// What a merge of one list found.
    public Merged(Buffer rows, Buffer segments, Buffer order, int count) {
      this(rows, segments, 0, order, count);
    }
  }
}
