// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import org.gradus.tensor.SortKernels.Merged;
import org.jspecify.annotations.Nullable;

/// The gradient of some rows of a table, as [UpdateKernels] take it: each distinct row once.
public sealed interface RowGradient {
  /// `[≥ count]`, the distinct rows.
  Buffer rows();

  /// Number of distinct rows.
  int count();

  /// Summed already.
  ///
  /// @param rows `[≥ count]`, distinct
  /// @param values `[≥ count, width]`, row by row
  /// @param count number of rows
  record Summed(Buffer rows, Buffer values, int count) implements RowGradient {}

  /// Still at the places where the rows were looked up; an update sums each row as it moves it, in the order and with the
  /// bits of [JaggedKernels#sumRows], and the sums are never in memory all at once.
  ///
  /// @param merged the places of each distinct row
  /// @param dy what the slices are taken from
  /// @param source for each place, where in dy its slice starts
  /// @param coefficient for each place, the factor of its slice, or null for 1
  record Places(Merged merged, Buffer dy, Buffer source, @Nullable Buffer coefficient)
      implements RowGradient {
    @Override
    public Buffer rows() {
      return merged.rows();
    }

    @Override
    public int count() {
      return merged.count();
    }
  }
}
