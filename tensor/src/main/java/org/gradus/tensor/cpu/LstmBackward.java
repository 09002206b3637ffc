// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.RecurrentKernels.LstmGradients;
import org.gradus.tensor.host.Floats;
import org.jspecify.annotations.Nullable;

/// An LSTM backward, as [GruBackward].
///
/// @param weights Uᵀ, its blocks in the order i, f, o, g
/// @param dy `[B, T + 1, H]`
/// @param y `[B, T + 1, H]`
/// @param kept by [LstmForward]
record LstmBackward(
    SequenceRows x, StepWeights weights, LstmGradients to, float[] dy, float[] y, float[] kept) {
  private static final int ROWS = StepWeights.ROWS;
  private static final int STEPS = GruBackward.STEPS;

  /// Floats of room that a tile needs: δ, that of the cells, states and gradients of some steps.
  static int scratch(int padded) {
    return ROWS * 2 * padded + STEPS * ROWS * 5 * padded;
  }

  /// Floats of the sums that a part of the tiles adds up: of U `[H, 4 · padded]`.
  static int sums(int width) {
    return 4 * width * StepWeights.padded(width);
  }

  /// @param sums of the part that the tile belongs to, from `sum` on
  void run(int tile, float[] s, float[] sums, int sum, Gemm gemm) {
    int width = x.size().width();
    int n = StepWeights.padded(width);
    int time = x.size().time();
    int first = tile * ROWS;
    int rows = x.rows(tile);
    float[] dp = Floats.of(to.projected());
    Arrays.fill(s, 0, scratch(n), 0f);
    for (int row = 0; row < rows; row++) {
      int b = first + row;
      int length = x.length(b);
      Arrays.fill(dp, (b * time + length) * 4 * width, (b + 1) * time * 4 * width, 0f);
      for (int t = time - 1; t >= length; t--) {
        Rows.add(s, row * n, dy, (b * (time + 1) + t) * width, width);
      }
      Rows.copy(s, (ROWS + row) * n, dy, (b * (time + 1) + time) * width, width);
    }
    int end = x.longest(tile);
    while (end > 0) {
      int start = Math.max(0, end - STEPS);
      for (int t = end - 1; t >= start; t--) {
        step(tile, t, t - start, s);
      }
      Matrix states = new Matrix(s, ROWS * 2 * n, n, true, 0);
      Matrix gradients = new Matrix(s, ROWS * 2 * n + STEPS * ROWS * n, 4 * n, false, 0);
      Matrix target = new Matrix(sums, sum, 4 * n, false, 0);
      Product.Size size = new Product.Size(width, 4 * n, (end - start) * ROWS);
      gemm.multiply(new Product(size, states, gradients, target, Epilogue.ACCUMULATE));
      end = start;
    }
    for (int row = 0; row < rows; row++) {
      write(to.initial(), first + row, s, row * n);
      write(to.cell(), first + row, s, (ROWS + row) * n);
    }
  }

  private void write(@Nullable Buffer to, int row, float[] s, int from) {
    if (to != null) {
      int width = x.size().width();
      Rows.copy(Floats.of(to), row * width, s, from, width);
    }
  }

  /// Step t, whose states and gradients go to place `slot`.
  private void step(int tile, int t, int slot, float[] s) {
    int width = x.size().width();
    int n = StepWeights.padded(width);
    int time = x.size().time();
    int rows = x.rows(tile);
    int states = ROWS * 2 * n + slot * ROWS * n;
    int gradients = ROWS * 2 * n + (STEPS + 4 * slot) * ROWS * n;
    for (int row = 0; row < ROWS; row++) {
      int b = tile * ROWS + row;
      int da = gradients + row * 4 * n;
      if (row >= rows || t >= x.length(b)) {
        Rows.zero(s, da, 4 * n);
        continue;
      }
      int state = b * (time + 1) + t;
      if (t == 0) {
        SequenceRows.copyRow(s, states + row * n, x.initial(), b, width);
      } else {
        Rows.copy(s, states + row * n, y, (state - 1) * width, width);
      }
      Rows.add(s, row * n, dy, state * width, width);
      int at = ((tile * time + t) * ROWS + row) * 6 * n;
      LstmCell.backward(s, row * n, (ROWS + row) * n, da, kept, at, n);
      write((b * time + t) * 4 * width, s, da);
      Rows.zero(s, row * n, n); // δ of an active row goes on through the gates alone
    }
    weights.multiply(s, gradients, 4 * n, s, 0, n, s, 0, n);
  }

  /// Copies the blocks i, f, o, g of a row to where i, f, g, o stand.
  private void write(int at, float[] s, int da) {
    float[] dp = Floats.of(to.projected());
    int width = x.size().width();
    int n = StepWeights.padded(width);
    SequenceRows.gather(dp, at, width, s, da, n, 2);
    Rows.copy(dp, at + 2 * width, s, da + 3 * n, width);
    Rows.copy(dp, at + 3 * width, s, da + 2 * n, width);
  }
}
