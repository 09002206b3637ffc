// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

/// A row-major matrix, or a batch of them, inside an array.
///
/// Element (i, j) of matrix s lies at `offset + s · step + i · stride + j`, and with `transposed` at
/// `offset + s · step + j · stride + i`.
///
/// An object may serve one product after the other ([#set]): a step has hundreds.
final class Matrix {
  private static final float[] NOTHING = {};

  /// Numbers in a cache line.
  private static final int LINE = 16;

  private float[] data;
  private int offset;
  private int stride;
  private boolean transposed;
  private int step;

  /// @param stride elements from one stored row to the next, at least the width of a row
  /// @param transposed whether the operand is the transpose of what is stored
  /// @param step elements from one matrix of the batch to the next; 0 uses the same one for all
  Matrix(float[] data, int offset, int stride, boolean transposed, int step) {
    this.data = data;
    this.offset = offset;
    this.stride = stride;
    this.transposed = transposed;
    this.step = step;
  }

  /// A matrix of no element, to be [#set].
  static Matrix empty() {
    return of(NOTHING, 0);
  }

  /// A single matrix whose rows of the given width follow each other.
  static Matrix of(float[] data, int width) {
    return new Matrix(data, 0, width, false, 0);
  }

  /// Turns to another array, from its first element on; the rest as in the constructor.
  void set(float[] data, int stride, boolean transposed, int step) {
    this.data = data;
    this.offset = 0;
    this.stride = stride;
    this.transposed = transposed;
    this.step = step;
  }

  /// Lets go of the array.
  void clear() {
    set(NOTHING, 0, false, 0);
  }

  float[] data() {
    return data;
  }

  int offset() {
    return offset;
  }

  int stride() {
    return stride;
  }

  boolean transposed() {
    return transposed;
  }

  int step() {
    return step;
  }

  /// The same storage, read transposed.
  Matrix transpose() {
    return new Matrix(data, offset, stride, !transposed, step);
  }

  /// Matrix s of the batch.
  Matrix at(int s) {
    return step == 0 || s == 0
        ? this
        : new Matrix(data, offset + s * step, stride, transposed, step);
  }

  /// Where element (i, j) lies.
  int index(int i, int j) {
    return index(0, i, j);
  }

  /// Where element (i, j) of matrix s of the batch lies.
  int index(int s, int i, int j) {
    int first = offset + s * step;
    return transposed ? first + j * stride + i : first + i * stride + j;
  }

  /// Reads a number of each cache line of matrix s, one line after the other: what a kernel then reads of many rows at once is in a
  /// cache. The processor fetches a few rows ahead by itself, not 16.
  ///
  /// @param m rows of the matrix as it is read, not as it is stored
  /// @param n its columns
  /// @return what was read, for somebody to keep: or the reads are left out
  int touch(int s, int m, int n) {
    return touchRows(offset + s * step, transposed ? n : m, transposed ? m : n);
  }

  /// As [#touch], some rows as they are stored, from a place in the array on, and the first numbers of each.
  int touchRows(int first, int rows, int width) {
    float[] values = data;
    int rest = width - 1;
    int read = 0;
    for (int i = 0; i < rows; i++) {
      int row = first + i * stride;
      for (int j = 0; j < rest; j += LINE) {
        read ^= Float.floatToRawIntBits(values[row + j]);
      }
      read ^= Float.floatToRawIntBits(values[row + rest]);
    }
    return read;
  }
}
