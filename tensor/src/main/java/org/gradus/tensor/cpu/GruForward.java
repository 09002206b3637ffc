// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import org.gradus.tensor.RecurrentKernels.Gru;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.host.Floats;

/// A GRU forward: one tile of sequences through all steps. The state stays in the first cache. Rows that have ended go
/// along to the end of the longest: w = 0 lets their state as it is.
///
/// The scratch holds blocks `[rows, padded]`: states, and the projections of u, r and the candidate; then b′, and two
/// numbers per row for the mixing.
final class GruForward {
  private static final int ROWS = StepWeights.ROWS;

  private final SequenceRows x;
  private final Gru gru;
  private final StepWeights[] weights;
  private final float[] y;
  private final float[] kept;
  private final int width;
  private final int padded;
  private final int bias;
  private final int mixing;
  private final Sweep sigmoid;
  private final Sweep reset;
  private final Sweep candidate;
  private final Sweep mix;

  /// @param weights U_u, U_r, U_n
  /// @param y `[B, T, H]`
  /// @param kept `[tiles, T, 4, rows, padded]`: u, r, candidate, q
  GruForward(SequenceRows x, Gru gru, StepWeights[] weights, float[] y, float[] kept) {
    this.x = x;
    this.gru = gru;
    this.weights = weights;
    this.y = y;
    this.kept = kept;
    width = x.size().width();
    padded = StepWeights.padded(width);
    int block = ROWS * padded;
    bias = 4 * block;
    mixing = bias + padded;
    GruSweeps sweeps = new GruSweeps(ROWS, padded, 0, 3 * block, mixing);
    sigmoid = new Sweep.Sigmoid(0, 2 * block);
    reset = sweeps::reset;
    candidate = gru.reset() == Reset.AFTER ? sweeps::candidate : new Sweep.Tanh(2 * block, block);
    mix = sweeps::mix;
  }

  /// Floats of room that a tile needs.
  static int scratch(int padded) {
    return ROWS * (4 * padded + 2) + padded;
  }

  void run(int tile, float[] s) {
    int block = ROWS * padded;
    int time = x.size().time();
    int first = tile * ROWS;
    int rows = x.rows(tile);
    Arrays.fill(s, 0, scratch(padded), 0f);
    for (int row = 0; row < rows; row++) {
      SequenceRows.copyRow(s, row * padded, x.initial(), first + row, width);
    }
    if (gru.candidateBias() != null) {
      Rows.copy(s, bias, Floats.of(gru.candidateBias()), 0, width);
    }
    int longest = x.longest(tile);
    for (int t = 0; t < longest; t++) {
      x.project(tile, t, s, block, 3);
      x.mixing(gru, tile, t, s, mixing);
      step(s, (tile * time + t) * 4 * block);
      store(first, rows, t, s);
    }
    for (int t = longest; t < time; t++) {
      store(first, rows, t, s);
    }
  }

  private void step(float[] s, int at) {
    int block = ROWS * padded;
    for (int gate = 0; gate < 2; gate++) {
      int from = (1 + gate) * block;
      weights[gate].multiply(s, 0, padded, s, from, padded, kept, at + gate * block, padded);
    }
    if (gru.reset() == Reset.AFTER) {
      weights[2].multiply(s, 0, padded, s, bias, 0, kept, at + 3 * block, padded);
      Sweep.over(sigmoid, s, 0, kept, at);
    } else {
      Sweep.over(sigmoid, s, 0, kept, at);
      Sweep.over(reset, s, 0, kept, at);
      int to = at + 2 * block;
      weights[2].multiply(kept, at + 3 * block, padded, s, 3 * block, padded, kept, to, padded);
    }
    Sweep.over(candidate, s, 0, kept, at);
    Sweep.over(mix, s, 0, kept, at);
  }

  private void store(int first, int rows, int t, float[] s) {
    int time = x.size().time();
    for (int row = 0; row < rows; row++) {
      Rows.copy(y, ((first + row) * time + t) * width, s, row * padded, width);
    }
  }
}
