// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.RecurrentKernels.Gru;
import org.gradus.tensor.RecurrentKernels.Sequences;
import org.gradus.tensor.RecurrentKernels.Size;
import org.gradus.tensor.host.Floats;
import org.gradus.tensor.host.Ints;
import org.jspecify.annotations.Nullable;

/// The sequences of a batch in tiles of [StepWeights#ROWS], each of which a thread takes through all steps.
///
/// @param projected `[B, T, blocks · H]`
/// @param initial h₀ `[B, H]`, or null for zeros
/// @param lengths `[B]`, or null when all rows have T steps
record SequenceRows(
    float[] projected, float @Nullable [] initial, int @Nullable [] lengths, Size size) {
  static SequenceRows of(Sequences x) {
    Buffer initial = x.initial();
    Buffer lengths = x.lengths();
    return new SequenceRows(
        Floats.of(x.projected()),
        initial == null ? null : Floats.of(initial),
        lengths == null ? null : Ints.of(lengths),
        x.size());
  }

  static int tiles(Size size) {
    return Math.ceilDiv(size.batch(), StepWeights.ROWS);
  }

  /// Rows of a tile, less than [StepWeights#ROWS] in the last one.
  int rows(int tile) {
    return Math.min(StepWeights.ROWS, size.batch() - tile * StepWeights.ROWS);
  }

  /// Steps of row b.
  int length(int b) {
    return lengths == null ? size.time() : lengths[b];
  }

  /// Steps of the longest row of a tile.
  int longest(int tile) {
    int longest = 0;
    for (int row = 0; row < rows(tile); row++) {
      longest = Math.max(longest, length(tile * StepWeights.ROWS + row));
    }
    return longest;
  }

  /// Copies one of the rows that stand before the first step, or zeros.
  static void copyRow(float[] to, int at, float @Nullable [] from, int row, int width) {
    if (from == null) {
      Rows.zero(to, at, width);
    } else {
      Rows.copy(to, at, from, row * width, width);
    }
  }

  /// Copies the projections of step t of a tile to blocks `[rows, padded]`, one per gate. Rows that have ended keep what
  /// they have.
  void project(int tile, int t, float[] s, int at, int gates) {
    int width = size.width();
    int padded = StepWeights.padded(width);
    for (int row = 0; row < rows(tile); row++) {
      int b = tile * StepWeights.ROWS + row;
      if (t < length(b)) {
        int from = (b * size.time() + t) * gates * width;
        for (int gate = 0; gate < gates; gate++) {
          int to = at + (gate * StepWeights.ROWS + row) * padded;
          Rows.copy(s, to, projected, from + gate * width, width);
        }
      }
    }
  }

  /// Copies a block `[rows, padded]` to the gradients of one gate's projections in step t.
  void unproject(int tile, int t, float[] dp, float[] s, int at, int gate, int gates) {
    int width = size.width();
    int padded = StepWeights.padded(width);
    for (int row = 0; row < rows(tile); row++) {
      int step = (tile * StepWeights.ROWS + row) * size.time() + t;
      Rows.copy(dp, (step * gates + gate) * width, s, at + row * padded, width);
    }
  }

  /// Copies the states before step t to a block `[rows, padded]`.
  ///
  /// @param stride of y, in states: T, or more
  void before(int tile, int t, float[] y, int stride, float[] s, int at) {
    int width = size.width();
    int padded = StepWeights.padded(width);
    for (int row = 0; row < rows(tile); row++) {
      int b = tile * StepWeights.ROWS + row;
      if (t == 0) {
        copyRow(s, at + row * padded, initial, b, width);
      } else {
        Rows.copy(s, at + row * padded, y, (b * stride + t - 1) * width, width);
      }
    }
  }

  /// Writes for every row whether it has a step t: 1 or 0.
  void real(int tile, int t, float[] s, int at) {
    for (int row = 0; row < rows(tile); row++) {
      s[at + row] = t < length(tile * StepWeights.ROWS + row) ? 1f : 0f;
    }
  }

  /// Writes offset and slope of w in step t for every row, 0 where a row has ended.
  void mixing(Gru gru, int tile, int t, float[] s, int at) {
    for (int row = 0; row < rows(tile); row++) {
      int b = tile * StepWeights.ROWS + row;
      boolean real = t < length(b);
      Buffer attention = gru.attention();
      double alpha = attention == null ? 0 : Floats.of(attention)[b * size.time() + t];
      s[at + row] = real ? (float) gru.mixing().offset(alpha) : 0f;
      s[at + StepWeights.ROWS + row] = real ? (float) gru.mixing().slope(alpha) : 0f;
    }
  }
}
