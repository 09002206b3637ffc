// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import org.jspecify.annotations.Nullable;

/// Normalisation of `[rows, n]` by statistics over rows (batch norm) or over columns (layer norm), without
/// scale and shift, which are ordinary products and sums above.
public interface NormKernels {
  /// Statistics of each column over the unmasked rows: mean, and the biased variance (divided by the count).
  /// Both are `[n]`. The mean is taken first, the variance about it in a second pass.
  /// Without a row left both are 0.
  void columnMoments(
      Buffer mean, Buffer variance, Buffer x, @Nullable Buffer rowMask, int rows, int n);

  /// y = (x − mean) / √(variance + ε) by column; 0 in masked rows.
  void normalizeColumns(
      Buffer y,
      Buffer x,
      Buffer mean,
      Buffer variance,
      @Nullable Buffer rowMask,
      int rows,
      int n,
      double epsilon);

  /// Gradient through [#normalizeColumns] and the statistics of the same rows:
  /// dx = (dy − mean(dy) − y · mean(dy · y)) / √(variance + ε), means over unmasked rows; 0 in masked rows.
  void normalizeColumnsBackward(
      Buffer dx,
      Buffer dy,
      Buffer y,
      Buffer variance,
      @Nullable Buffer rowMask,
      int rows,
      int n,
      double epsilon);

  /// y = (x − mean) / √(variance + ε) by row, with the biased variance; `invStd` `[rows]` keeps the factor.
  void normalizeRows(Buffer y, Buffer invStd, Buffer x, int rows, int n, double epsilon);

  /// dx = invStd (dy − mean(dy) − y · mean(dy · y)), means over the row.
  void normalizeRowsBackward(Buffer dx, Buffer dy, Buffer y, Buffer invStd, int rows, int n);
}
