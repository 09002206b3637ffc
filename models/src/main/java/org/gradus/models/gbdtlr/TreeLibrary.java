// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import org.jspecify.annotations.Nullable;

/// Something that grows boosted trees.
@FunctionalInterface
public interface TreeLibrary {
  /// What trees are grown from.
  ///
  /// @param columns d, numbers of a row x
  /// @param x `[n, d]`, of n rows, row by row, no NaN
  /// @param y `[n]`, 0 or 1
  /// @param weights `[n]`, how much each row counts, or null for 1
  record Examples(int columns, float[] x, float[] y, float @Nullable [] weights) {}

  /// Boosted trees for the logistic loss, exactly as many as asked for: a tree that finds nothing to split is one leaf.
  ///
  /// @param seed decides which rows a tree sees
  Forest grow(Examples examples, Boosting boosting, long seed);
}
