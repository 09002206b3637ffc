// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// Rows by index, from tensors and tables, and the adjoint scatter-add. Ids were checked above.
public interface GatherKernels {
  /// y `[outer, k, inner]` = x `[outer, n, inner]` at the places ids `[k]` of the middle axis.
  void gather(Buffer y, Buffer x, Buffer ids, int outer, int n, int k, int inner);

  /// x `[outer, n, inner]` += y `[outer, k, inner]` at the places ids; terms are added in the order of k.
  void scatterAdd(Buffer x, Buffer y, Buffer ids, int outer, int n, int k, int inner);

  /// y `[rows]` = x `[rows, n]` at column ids `[rows]`: one value a row.
  void pick(Buffer y, Buffer x, Buffer ids, int rows, int n);

  /// x `[rows, n]` += y `[rows]` at column ids `[rows]`.
  void pickBackward(Buffer x, Buffer y, Buffer ids, int rows, int n);

  /// y `[k, width]` = rows ids `[k]` of a table.
  void rows(Buffer y, Table table, Buffer ids, int k);
}
