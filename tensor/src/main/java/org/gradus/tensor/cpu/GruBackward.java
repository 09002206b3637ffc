// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import org.gradus.tensor.RecurrentKernels.Gru;
import org.gradus.tensor.RecurrentKernels.GruGradients;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.host.Floats;
import org.jspecify.annotations.Nullable;

/// A GRU backward: one tile of sequences through all steps, from the last to the first. The gradients of some steps are
/// gathered in the second cache, and then multiplied by the states to those of U.
///
/// @param gates U_uᵀ above U_rᵀ
/// @param candidate U_nᵀ
/// @param dy `[B, T, H]`
/// @param y `[B, T, H]`
/// @param kept by [GruForward]
record GruBackward(
    SequenceRows x,
    Gru gru,
    StepWeights gates,
    StepWeights candidate,
    GruGradients to,
    float[] dy,
    float[] y,
    float[] kept) {
  private static final int ROWS = StepWeights.ROWS;

  /// Steps whose gradients are multiplied together: as many as [GemmPart] takes without a second visit.
  static final int STEPS = GemmPart.STEPS / ROWS;

  /// Floats of room that a tile needs: δ, that of q, states and gradients of some steps, and zeros.
  static int scratch(int padded) {
    return ROWS * 2 * padded + STEPS * ROWS * 4 * padded + padded;
  }

  /// Floats of the sums that a part of the tiles adds up: of U `[H, 3 · padded]`, and of b′.
  static int sums(int width) {
    return (3 * width + 1) * StepWeights.padded(width);
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
      Arrays.fill(dp, (b * time + length) * 3 * width, (b + 1) * time * 3 * width, 0f);
      if (to.attention() != null) {
        Arrays.fill(Floats.of(to.attention()), b * time + length, (b + 1) * time, 0f);
      }
      for (int t = time - 1; t >= length; t--) {
        Rows.add(s, row * n, dy, (b * time + t) * width, width);
      }
    }
    int end = x.longest(tile);
    while (end > 0) {
      int start = Math.max(0, end - STEPS);
      for (int t = end - 1; t >= start; t--) {
        step(tile, t, t - start, s, sums, sum + 3 * width * n);
      }
      multiply(gemm, (tile * time + start) * ROWS, (end - start) * ROWS, s, sums, sum);
      end = start;
    }
    float @Nullable [] initial = to.initial() == null ? null : Floats.of(to.initial());
    for (int row = 0; initial != null && row < rows; row++) {
      Rows.copy(initial, (first + row) * width, s, row * n, width);
    }
  }

  /// Step t, whose states and gradients go to place `slot`.
  private void step(int tile, int t, int slot, float[] s, float[] sums, int bias) {
    int width = x.size().width();
    int n = StepWeights.padded(width);
    int time = x.size().time();
    int rows = x.rows(tile);
    int states = ROWS * 2 * n + slot * ROWS * n;
    int gradients = ROWS * 2 * n + (STEPS + 3 * slot) * ROWS * n;
    float[] dp = Floats.of(to.projected());
    boolean after = gru.reset() == Reset.AFTER;
    for (int row = 0; row < ROWS; row++) {
      int b = tile * ROWS + row;
      int da = gradients + row * 3 * n;
      if (row >= rows || t >= x.length(b)) {
        Rows.zero(s, da, 3 * n);
        continue;
      }
      int step = b * time + t;
      int at = ((tile * time + t) * ROWS + row) * 4 * n;
      if (t == 0) {
        SequenceRows.copyRow(s, states + row * n, x.initial(), b, width);
      } else {
        Rows.copy(s, states + row * n, y, (step - 1) * width, width);
      }
      Rows.add(s, row * n, dy, step * width, width);
      mixBackward(s, row, states, da, at, step);
      if (after) {
        Rows.copy(dp, (step * 3 + 2) * width, s, da + 2 * n, width);
        GruCell.resetAfterBackward(s, da, kept, at, n);
        if (to.candidateBias() != null) {
          Rows.add(sums, bias, s, da + 2 * n, width);
        }
        SequenceRows.gather(dp, step * 3 * width, width, s, da, n, 2);
      }
    }
    if (!after) {
      int dq = ROWS * n; // behind δ
      candidate.multiply(s, gradients + 2 * n, 3 * n, s, scratch(n) - n, 0, s, dq, n);
      for (int row = 0; row < rows; row++) {
        int b = tile * ROWS + row;
        if (t < x.length(b)) {
          int da = gradients + row * 3 * n;
          int at = ((tile * time + t) * ROWS + row) * 4 * n;
          GruCell.resetBeforeBackward(s, row * n, da, dq + row * n, states + row * n, kept, at, n);
          SequenceRows.gather(dp, (b * time + t) * 3 * width, width, s, da, n, 3);
        }
      }
    }
    gates.multiply(s, gradients, 3 * n, s, 0, n, s, 0, n);
    if (after) {
      candidate.multiply(s, gradients + 2 * n, 3 * n, s, 0, n, s, 0, n);
    }
  }

  /// The gradients of what u and the candidate of a row are functions of, and that of its attention.
  private void mixBackward(float[] s, int row, int states, int da, int at, int step) {
    int n = StepWeights.padded(x.size().width());
    int h = states + row * n;
    double alpha = gru.attention() == null ? 0 : Floats.of(gru.attention())[step];
    if (to.attention() != null) {
      float a = gru.mixing().offsetByAttention();
      float b = gru.mixing().slopeByAttention();
      Floats.of(to.attention())[step] =
          GruCell.attention(s, row * n, h, (ROWS + row) * n, kept, at, a, b, n);
    }
    float offset = (float) gru.mixing().offset(alpha);
    float slope = (float) gru.mixing().slope(alpha);
    GruCell.mixBackward(s, row * n, da, h, kept, at, offset, slope, n);
  }

  /// Adds the products of states and gradients of `k` rows to the sums. `row` is the first one's place in `kept`.
  private void multiply(Gemm gemm, int row, int k, float[] s, float[] sums, int sum) {
    int width = x.size().width();
    int n = StepWeights.padded(width);
    boolean after = gru.reset() == Reset.AFTER;
    Matrix states = new Matrix(s, ROWS * 2 * n, n, true, 0);
    Matrix gradients = new Matrix(s, ROWS * 2 * n + STEPS * ROWS * n, 3 * n, false, 0);
    Matrix target = new Matrix(sums, sum, 3 * n, false, 0);
    Product.Size size = new Product.Size(width, after ? 3 * n : 2 * n, k);
    gemm.multiply(new Product(size, states, gradients, target, Epilogue.ACCUMULATE));
    if (!after) {
      Matrix reset = new Matrix(kept, (row * 4 + 3) * n, 4 * n, true, 0); // q = r ∘ h
      Matrix ofCandidate = new Matrix(s, gradients.offset() + 2 * n, 3 * n, false, 0);
      Matrix block = new Matrix(sums, sum + 2 * n, 3 * n, false, 0);
      gemm.multiply(
          new Product(
              new Product.Size(width, n, k), reset, ofCandidate, block, Epilogue.ACCUMULATE));
    }
  }
}
