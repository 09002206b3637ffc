// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// An embedding table `[rows, width]`, or the state that an optimiser keeps beside one.
///
/// Tables are reached by row only: gather, bag and row-update kernels. On `cpu` they lie off the heap and
/// may exceed 2³¹ elements. Values are float32 on every device but `reference`, which computes in float64.
public interface Table extends AutoCloseable {
  /// Number of rows.
  int rows();

  /// Numbers per row.
  int width();

  /// Copies `values.length / width` rows from the host, starting at row `first`.
  void write(int first, float[] values);

  /// Copies `values.length / width` rows to the host, starting at row `first`; waits for pending work.
  void read(int first, float[] values);

  /// As [#write(int, float[])], in the width of `reference`; other devices round.
  void write(int first, double[] values);

  /// As [#read(int, float[])], in the width of `reference`.
  void read(int first, double[] values);

  /// Number of elements, which may exceed an int.
  default long elements() {
    return (long) rows() * width();
  }

  /// Frees the memory. A table lives as long as its model, not as long as a step.
  @Override
  void close();
}
