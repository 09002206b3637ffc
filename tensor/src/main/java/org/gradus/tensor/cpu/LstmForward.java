// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// An LSTM forward: one tile of sequences through all steps. State and cell stay in the first cache.
///
/// The scratch holds blocks `[rows, padded]`: states, cells, and the projections of i, f, g and o; then for every row
/// whether it goes on.
final class LstmForward {
  private static final int ROWS = StepWeights.ROWS;

  /// Where gate k of `projected`, in the order i, f, g, o, stands in what is kept: i, f, o, g.
  static final int[] PLACE = {0, 1, 3, 2};

  private final SequenceRows x;
  private final float @Nullable [] cell;
  private final StepWeights[] weights;
  private final float[] y;
  private final float[] kept;
  private final int width;
  private final int padded;
  private final int real;
  private final Sweep sigmoid;
  private final Sweep tanh;
  private final Sweep next;

  /// @param cell c₀ `[B, H]`, or null for zeros
  /// @param weights U_i, U_f, U_g, U_o
  /// @param y `[B, T + 1, H]`
  /// @param kept `[tiles, T, 6, rows, padded]`: i, f, o, g, tanh(c′), c
  LstmForward(
      SequenceRows x, float @Nullable [] cell, StepWeights[] weights, float[] y, float[] kept) {
    this.x = x;
    this.cell = cell;
    this.weights = weights;
    this.y = y;
    this.kept = kept;
    width = x.size().width();
    padded = StepWeights.padded(width);
    int block = ROWS * padded;
    real = 6 * block;
    sigmoid = new Sweep.Sigmoid(0, 3 * block);
    tanh = new Sweep.Tanh(3 * block, block);
    next = new LstmSweeps(ROWS, padded, 0, real, 0)::next;
  }

  /// Floats of room that a tile needs.
  static int scratch(int padded) {
    return ROWS * (6 * padded + 1);
  }

  void run(int tile, float[] s) {
    int block = ROWS * padded;
    int time = x.size().time();
    int first = tile * ROWS;
    int rows = x.rows(tile);
    Arrays.fill(s, 0, scratch(padded), 0f);
    for (int row = 0; row < rows; row++) {
      SequenceRows.copyRow(s, row * padded, x.initial(), first + row, width);
      SequenceRows.copyRow(s, block + row * padded, cell, first + row, width);
    }
    int longest = x.longest(tile);
    for (int t = 0; t < time; t++) {
      if (t < longest) {
        x.project(tile, t, s, 2 * block, 4);
        x.real(tile, t, s, real);
        step(s, (tile * time + t) * 6 * block);
      }
      store(first, rows, t, s, 0);
    }
    store(first, rows, time, s, block);
  }

  private void step(float[] s, int at) {
    int block = ROWS * padded;
    for (int gate = 0; gate < 4; gate++) {
      int from = (2 + gate) * block;
      int to = at + PLACE[gate] * block;
      weights[gate].multiply(s, 0, padded, s, from, padded, kept, to, padded);
    }
    Sweep.over(sigmoid, s, 0, kept, at);
    Sweep.over(tanh, s, 0, kept, at);
    Sweep.over(next, s, 0, kept, at);
  }

  private void store(int first, int rows, int t, float[] s, int block) {
    int stride = x.size().time() + 1;
    for (int row = 0; row < rows; row++) {
      Rows.copy(y, ((first + row) * stride + t) * width, s, block + row * padded, width);
    }
  }
}
