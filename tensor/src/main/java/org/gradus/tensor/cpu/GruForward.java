// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import org.gradus.tensor.RecurrentKernels.Gru;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.host.Floats;

/// A GRU forward: one tile of sequences through all steps. The state stays in the first cache.
///
/// @param gates U_u and U_r side by side
/// @param candidate U_n
/// @param y `[B, T, H]`
/// @param kept `[tiles, T, rows, 4 · padded]`: u, r, candidate, q
record GruForward(
    SequenceRows x, Gru gru, StepWeights gates, StepWeights candidate, float[] y, float[] kept) {
  private static final int ROWS = StepWeights.ROWS;

  /// Floats of room that a tile needs: states, projections, and b′.
  static int scratch(int padded) {
    return ROWS * 4 * padded + padded;
  }

  void run(int tile, float[] s) {
    int width = x.size().width();
    int padded = StepWeights.padded(width);
    int time = x.size().time();
    int first = tile * ROWS;
    int rows = x.rows(tile);
    int p = ROWS * padded; // states come first, then projections
    int bias = p + ROWS * 3 * padded;
    Arrays.fill(s, 0, scratch(padded), 0f);
    for (int row = 0; row < rows; row++) {
      SequenceRows.copyRow(s, row * padded, x.initial(), first + row, width);
    }
    if (gru.candidateBias() != null) {
      Rows.copy(s, bias, Floats.of(gru.candidateBias()), 0, width);
    }
    int longest = x.longest(tile);
    for (int t = 0; t < longest; t++) {
      for (int row = 0; row < rows; row++) {
        if (t < x.length(first + row)) {
          int from = ((first + row) * time + t) * 3 * width;
          SequenceRows.spread(s, p + row * 3 * padded, padded, x.projected(), from, width, 3);
        }
      }
      step(s, p, bias, (tile * time + t) * ROWS * 4 * padded);
      for (int row = 0; row < rows; row++) {
        if (t < x.length(first + row)) {
          mix(s, row * padded, (tile * time + t) * ROWS + row, (first + row) * time + t);
        }
      }
    }
    for (int row = 0; row < rows; row++) {
      for (int t = x.length(first + row); t < time; t++) {
        Rows.copy(y, ((first + row) * time + t) * width, s, row * padded, width);
      }
    }
  }

  /// u, r, candidate and q of all rows of the tile, kept from `at` on. Rows that have ended go along, for nothing.
  private void step(float[] s, int p, int bias, int at) {
    int n = StepWeights.padded(x.size().width());
    gates.multiply(s, 0, n, s, p, 3 * n, kept, at, 4 * n);
    if (gru.reset() == Reset.AFTER) {
      candidate.multiply(s, 0, n, s, bias, 0, kept, at + 3 * n, 4 * n);
      for (int row = 0; row < ROWS; row++) {
        GruCell.sigmoid(kept, at + row * 4 * n, 2 * n);
        GruCell.candidate(kept, at + row * 4 * n, s, p + (row * 3 + 2) * n, n);
      }
      return;
    }
    for (int row = 0; row < ROWS; row++) {
      GruCell.sigmoid(kept, at + row * 4 * n, 2 * n);
      GruCell.reset(kept, at + row * 4 * n, s, row * n, n);
    }
    candidate.multiply(kept, at + 3 * n, 4 * n, s, p + 2 * n, 3 * n, kept, at + 2 * n, 4 * n);
    for (int row = 0; row < ROWS; row++) {
      GruCell.tanh(kept, at + (row * 4 + 2) * n, n);
    }
  }

  /// The new state of a row, at `h`.
  private void mix(float[] s, int h, int keptRow, int step) {
    int width = x.size().width();
    int n = StepWeights.padded(width);
    double alpha = gru.attention() == null ? 0 : Floats.of(gru.attention())[step];
    float offset = (float) gru.mixing().offset(alpha);
    float slope = (float) gru.mixing().slope(alpha);
    GruCell.mix(s, h, kept, keptRow * 4 * n, offset, slope, n);
    Rows.copy(y, step * width, s, h, width);
  }
}
