// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.RecurrentKernels.LstmGradients;
import org.gradus.tensor.host.Floats;
import org.jspecify.annotations.Nullable;

/// An LSTM backward, as [GruBackward].
///
/// The scratch holds blocks `[rows, padded]`: δ, that of the cells, and for each of some steps the old states and the
/// gradients of what i, f, o and g are functions of; then for every row whether it goes on.
final class LstmBackward {
  private static final int ROWS = StepWeights.ROWS;
  private static final int STEPS = GruBackward.STEPS;

  private final SequenceRows x;
  private final StepWeights[] weights;
  private final LstmGradients to;
  private final GruBackward.Trace trace;
  private final int width;
  private final int padded;
  private final int real;
  private final LstmSweeps sweeps;
  private final StepSums products;
  private final int[] gates = new int[4];
  private final Sweep backward;

  /// @param weights U_iᵀ, U_fᵀ, U_gᵀ, U_oᵀ
  LstmBackward(SequenceRows x, StepWeights[] weights, LstmGradients to, GruBackward.Trace trace) {
    this.x = x;
    this.weights = weights;
    this.to = to;
    this.trace = trace;
    width = x.size().width();
    padded = StepWeights.padded(width);
    int block = ROWS * padded;
    real = (2 + 5 * STEPS) * block;
    sweeps = new LstmSweeps(ROWS, padded, 0, real, (2 + STEPS) * block);
    products = new StepSums(width, padded, room(padded));
    Arrays.setAll(gates, gate -> sweeps.ofGate(LstmForward.PLACE[gate]));
    backward = sweeps::backward;
  }

  /// Floats of room that a tile needs.
  static int scratch(int width) {
    return room(StepWeights.padded(width)) + StepSums.scratch(width);
  }

  /// Where the packed operands of [StepSums] lie.
  private static int room(int padded) {
    return ROWS * ((2 + 5 * STEPS) * padded + 1);
  }

  /// Floats of the sums that a part of the tiles adds up: of U.
  static int sums(int width) {
    return 4 * StepSums.size(width);
  }

  /// @param sums of the part that the tile belongs to, from `sum` on
  void run(int tile, float[] s, float[] sums, int sum) {
    int block = ROWS * padded;
    int states = 2 * block;
    int time = x.size().time();
    int first = tile * ROWS;
    int rows = x.rows(tile);
    int end = x.longest(tile);
    Arrays.fill(s, 0, room(padded), 0f);
    add(first, rows, time, s, block);
    float[] dp = Floats.of(to.projected());
    for (int t = time - 1; t >= end; t--) {
      add(first, rows, t, s, 0);
    }
    for (int b = first; b < first + rows; b++) {
      Arrays.fill(dp, (b * time + end) * 4 * width, (b + 1) * time * 4 * width, 0f);
    }
    while (end > 0) {
      int start = Math.max(0, end - STEPS);
      for (int t = end - 1; t >= start; t--) {
        int slot = (t - start) * block;
        x.before(tile, t, trace.y(), time + 1, s, states + slot);
        add(first, rows, t, s, 0);
        x.real(tile, t, s, real);
        step(tile, t, slot, s);
      }
      products.add(s, (end - start) * ROWS, states, gates, sums, sum);
      end = start;
    }
    for (int row = 0; row < rows; row++) {
      write(to.initial(), first + row, s, row * padded);
      write(to.cell(), first + row, s, block + row * padded);
    }
  }

  private void step(int tile, int t, int slot, float[] s) {
    int block = ROWS * padded;
    Sweep.over(backward, s, slot, trace.kept(), (tile * x.size().time() + t) * 6 * block);
    for (int gate = 0; gate < 4; gate++) {
      int gradient = sweeps.ofGate(LstmForward.PLACE[gate]) + slot;
      x.unproject(tile, t, Floats.of(to.projected()), s, gradient, gate, 4);
      weights[gate].multiply(s, gradient, padded, s, 0, padded, s, 0, padded);
    }
  }

  /// Adds dy of step t to a block.
  private void add(int first, int rows, int t, float[] s, int block) {
    int stride = x.size().time() + 1;
    for (int row = 0; row < rows; row++) {
      int from = ((first + row) * stride + t) * width;
      Rows.add(s, block + row * padded, trace.dy(), from, width);
    }
  }

  private void write(@Nullable Buffer to, int row, float[] s, int from) {
    if (to != null) {
      Rows.copy(Floats.of(to), row * width, s, from, width);
    }
  }
}
