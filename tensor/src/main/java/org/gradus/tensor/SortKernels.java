// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// The merging of duplicate ids, so that each row of a table has one owner.
public interface SortKernels {
  /// Sorts n ids, each at least 0 and below `bound`, and groups equal ones. Within a group, places keep their order.
  ///
  /// @param rows `[n]`: gets the distinct ids, rising; only the first `count` are defined
  /// @param segments `[n+1]`: group g is `order[segments[g] … segments[g+1])`
  /// @param order `[n]`: places of the ids, group by group
  /// @return the number of distinct ids
  int merge(Buffer rows, Buffer segments, Buffer order, Buffer ids, int n, int bound);

  /// What a merge found.
  ///
  /// @param rows the distinct ids, rising
  /// @param segments where each group starts in `order`
  /// @param order places, group by group
  /// @param count number of distinct ids
  record Merged(Buffer rows, Buffer segments, Buffer order, int count) {}
}
