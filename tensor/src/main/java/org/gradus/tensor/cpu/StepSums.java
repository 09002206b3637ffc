// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

/// The gradient of recurrent weights: adds the products of old states and gradients of some steps, C += Aᵀ B, on the
/// thread that has them in its second cache. Each element of C is one chain of fused multiply-adds in the order of rows.
///
/// @param width H, columns of A that count
/// @param padded columns of A and B
/// @param room where in a thread's scratch the operands are packed
record StepSums(int width, int padded, int room) {
  /// Rows of A and B that are multiplied together at most.
  static final int ROWS = GruBackward.STEPS * StepWeights.ROWS;

  /// Floats of room in a thread's scratch.
  static int scratch(int width) {
    return strips(width) * ROWS * GemmPart.ROWS + ROWS * GemmPart.COLUMNS + Lanes.LANES;
  }

  private static int strips(int width) {
    return (width + GemmPart.ROWS - 1) / GemmPart.ROWS;
  }

  /// Floats of one C `[H, padded]`; register blocks reach beyond H.
  static int size(int width) {
    return strips(width) * GemmPart.ROWS * StepWeights.padded(width);
  }

  /// Adds to one C for every gate, one behind the other.
  ///
  /// @param k rows of A and B
  /// @param states where A `[k, padded]` lies in the scratch
  /// @param gradients where B of every gate lies
  void add(float[] s, int k, int states, int[] gradients, float[] sums, int sum) {
    pack(s, k, states);
    for (int gate = 0; gate < gradients.length; gate++) {
      for (int column = 0; column < padded; column += GemmPart.COLUMNS) {
        int vectors = padded - column > Lanes.WIDTH ? 2 : 1;
        int b = panel(s, k, gradients[gate] + column, vectors * Lanes.WIDTH);
        for (int strip = 0; strip < strips(width); strip++) {
          int a = room + strip * k * GemmPart.ROWS;
          int c = sum + gate * size(width) + strip * GemmPart.ROWS * padded + column;
          int rows = GemmPart.ROWS;
          int row = vectors * Lanes.WIDTH;
          StepTiles.multiply(
              rows, vectors, k, s, a, rows, s, b, row, sums, c, padded, sums, c, padded);
        }
      }
    }
  }

  /// Strips of A, each row as wide as a register block is high. Whole vectors are copied: what is too much is overwritten
  /// by the next row, and columns beyond H end in rows of C that nobody reads.
  private void pack(float[] s, int k, int states) {
    int to = room;
    for (int strip = 0; strip < strips(width); strip++) {
      int from = states + strip * GemmPart.ROWS;
      for (int row = 0; row < k; row++) {
        for (int i = 0; i < GemmPart.ROWS; i += Lanes.WIDTH) {
          Lanes.load(s, from + row * padded + i).intoArray(s, to + i);
        }
        to += GemmPart.ROWS;
      }
    }
  }

  /// Where the rows of B lie one behind the other: where they are, if that is all of them.
  private int panel(float[] s, int k, int from, int columns) {
    if (columns == padded) {
      return from;
    }
    int to = room + scratch(width) - ROWS * GemmPart.COLUMNS;
    for (int row = 0; row < k; row++) {
      Rows.copy(s, to + row * columns, s, from + row * padded, columns);
    }
    return to;
  }
}
