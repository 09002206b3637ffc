// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import org.gradus.tensor.Buffer;
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
    return (size.batch() + StepWeights.ROWS - 1) / StepWeights.ROWS;
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

  /// Copies `blocks` blocks of H numbers that stand side by side to blocks of `padded` numbers.
  static void spread(
      float[] to, int at, int padded, float[] from, int fromAt, int width, int blocks) {
    if (padded == width) {
      Rows.copy(to, at, from, fromAt, blocks * width);
      return;
    }
    for (int b = 0; b < blocks; b++) {
      Rows.copy(to, at + b * padded, from, fromAt + b * width, width);
    }
  }

  /// Copies blocks of `padded` numbers back to `blocks` blocks of H numbers side by side.
  static void gather(
      float[] to, int at, int width, float[] from, int fromAt, int padded, int blocks) {
    if (padded == width) {
      Rows.copy(to, at, from, fromAt, blocks * width);
      return;
    }
    for (int b = 0; b < blocks; b++) {
      Rows.copy(to, at + b * width, from, fromAt + b * padded, width);
    }
  }
}
