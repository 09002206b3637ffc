// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;

/// The weights of a small product that is made again at every step of a recurrence, C = from + A B: packed once, read by
/// all threads.
///
/// Numbers of a state stand in blocks of [#padded] columns, whatever the width of the vectors, so that the inner loops
/// of [RowTiles] need no rests. What is beyond a state's width is 0.
///
/// @param packed panels of two vectors, one behind the other, the last one of one vector where columns are odd
/// @param offset where the panels begin
/// @param steps of the inner dimension
/// @param columns of B, a multiple of 16
record StepWeights(float[] packed, int offset, int steps, int columns) {
  /// Rows of A that are multiplied together: sequences that a thread takes through all steps side by side. The same on
  /// every machine, since the order of sums over rows hangs on it.
  static final int ROWS = 12;

  /// Columns that a block of n numbers takes.
  static int padded(int n) {
    return (n + Lanes.LANES - 1) / Lanes.LANES * Lanes.LANES;
  }

  /// Floats that the blocks take.
  static int size(int width, int blocks) {
    return blocks * width * padded(width);
  }

  /// Packs the blocks of U `[H, blocks · H]`, one by one, from `offset` on.
  static StepWeights[] forward(float[] packed, int offset, float[] u, int width, int blocks) {
    return blocks(packed, offset, u, width, blocks, false);
  }

  /// Packs the transposes of the blocks.
  static StepWeights[] backward(float[] packed, int offset, float[] u, int width, int blocks) {
    return blocks(packed, offset, u, width, blocks, true);
  }

  private static StepWeights[] blocks(
      float[] packed, int offset, float[] u, int width, int blocks, boolean transposed) {
    int padded = padded(width);
    int stride = blocks * width;
    StepWeights[] all = new StepWeights[blocks];
    for (int block = 0; block < blocks; block++) {
      StepWeights weights = new StepWeights(packed, offset + block * width * padded, width, padded);
      Arrays.fill(packed, weights.offset, weights.offset + width * padded, 0f);
      for (int k = 0; k < width; k++) {
        for (int j = 0; j < width; j++) {
          int row = transposed ? j : k;
          int column = transposed ? k : j;
          packed[weights.index(k, j)] = u[row * stride + block * width + column];
        }
      }
      all[block] = weights;
    }
    return all;
  }

  private int index(int k, int column) {
    int panel = column / GemmPart.COLUMNS * GemmPart.COLUMNS;
    int row = Math.min(GemmPart.COLUMNS, columns - panel);
    return offset + panel * steps + k * row + column - panel;
  }

  /// C = from + A B for [#ROWS] rows.
  ///
  /// @param as elements from one row of A to the next
  /// @param fs elements from one row of `from` to the next; 0 adds the same row to all
  /// @param cs elements from one row of C to the next
  void multiply(
      float[] a, int ao, int as, float[] from, int fo, int fs, float[] c, int co, int cs) {
    for (int column = 0; column < columns; column += GemmPart.COLUMNS) {
      int vectors = columns - column > Lanes.WIDTH ? 2 : 1;
      int panel = offset + column * steps;
      for (int row = 0; row < ROWS; row += GemmPart.ROWS) {
        RowTiles.multiply(
            GemmPart.ROWS,
            vectors,
            steps,
            a,
            ao + row * as,
            as,
            packed,
            panel,
            from,
            fo + row * fs + column,
            fs,
            c,
            co + row * cs + column,
            cs);
      }
    }
  }
}
