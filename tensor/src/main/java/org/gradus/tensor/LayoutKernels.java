// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// Copies between a contiguous block and a strided view of another, for every [Kind].
///
/// A view is an offset and one stride per axis; a stride of 0 repeats. Permute, slice, expand, tile,
/// unfold and concatenation are all such views.
public interface LayoutKernels {
  /// y = the view of x: y is contiguous with these sizes.
  void read(Buffer y, Buffer x, View view);

  /// The view of y = x: x is contiguous with the view's sizes. No stride may be 0.
  void write(Buffer y, Buffer x, View view);

  /// The view of y += x, `REAL` only; the adjoint of [#read]. Where the view visits a place several times,
  /// the terms are added in the row-major order of x.
  void add(Buffer y, Buffer x, View view);

  /// y`[i]` = i · step for i < n, `INT`: where the rows of a matrix start.
  void multiples(Buffer y, int step, int n);

  /// A strided view of a buffer.
  ///
  /// @param offset first element
  /// @param sizes axis sizes
  /// @param strides distance between neighbours along each axis, 0 to repeat
  record View(int offset, int[] sizes, int[] strides) {
    /// Number of elements visited.
    public int elements() {
      int n = 1;
      for (int s : sizes) {
        n *= s;
      }
      return n;
    }
  }
}
