// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;

/// An LSTM forward: one tile of sequences through all steps. State and cell stay in the first cache.
///
/// @param cell c₀ `[B, H]`, or null for zeros
/// @param weights U, its blocks in the order i, f, o, g: sigmoids side by side
/// @param y `[B, T + 1, H]`
/// @param kept `[tiles, T, rows, 6 · padded]`: i, f, o, g, tanh(c′), c
record LstmForward(
    SequenceRows x,
    float @org.jspecify.annotations.Nullable [] cell,
    StepWeights weights,
    float[] y,
    float[] kept) {
  private static final int ROWS = StepWeights.ROWS;

  /// Floats of room that a tile needs: states, cells, projections.
  static int scratch(int padded) {
    return ROWS * 6 * padded;
  }

  void run(int tile, float[] s) {
    int width = x.size().width();
    int n = StepWeights.padded(width);
    int time = x.size().time();
    int first = tile * ROWS;
    int rows = x.rows(tile);
    int cells = ROWS * n;
    int p = 2 * ROWS * n;
    Arrays.fill(s, 0, scratch(n), 0f);
    for (int row = 0; row < rows; row++) {
      SequenceRows.copyRow(s, row * n, x.initial(), first + row, width);
      SequenceRows.copyRow(s, cells + row * n, cell, first + row, width);
    }
    int longest = x.longest(tile);
    for (int t = 0; t < longest; t++) {
      for (int row = 0; row < rows; row++) {
        if (t < x.length(first + row)) {
          project(s, p + row * 4 * n, ((first + row) * time + t) * 4 * width);
        }
      }
      int at = (tile * time + t) * ROWS * 6 * n;
      weights.multiply(s, 0, n, s, p, 4 * n, kept, at, 6 * n);
      for (int row = 0; row < rows; row++) {
        if (t < x.length(first + row)) {
          int keptRow = at + row * 6 * n;
          GruCell.sigmoid(kept, keptRow, 3 * n);
          GruCell.tanh(kept, keptRow + 3 * n, n);
          LstmCell.next(s, row * n, cells + row * n, kept, keptRow, n);
          Rows.copy(y, ((first + row) * (time + 1) + t) * width, s, row * n, width);
        }
      }
    }
    for (int row = 0; row < rows; row++) {
      int b = first + row;
      for (int t = x.length(b); t < time; t++) {
        Rows.copy(y, (b * (time + 1) + t) * width, s, row * n, width);
      }
      Rows.copy(y, (b * (time + 1) + time) * width, s, cells + row * n, width);
    }
  }

  /// Copies the blocks i, f, g, o of a row to where i, f, o, g stand.
  private void project(float[] s, int at, int from) {
    int width = x.size().width();
    int n = StepWeights.padded(width);
    SequenceRows.spread(s, at, n, x.projected(), from, width, 2);
    Rows.copy(s, at + 3 * n, x.projected(), from + 2 * width, width);
    Rows.copy(s, at + 2 * n, x.projected(), from + 3 * width, width);
  }
}
