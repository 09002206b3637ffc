// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.RecurrentKernels;
import org.gradus.tensor.host.Floats;
import org.jspecify.annotations.Nullable;

/// Recurrent layers: U is packed once, then each thread takes tiles of sequences through all steps, and no thread waits for
/// another between two steps.
final class CpuRecurrent implements RecurrentKernels {
  /// Parts of the tiles, each with sums of its own for the gradient of U. Sizes alone decide which tile is in which.
  private static final int PARTS = 16;

  private final Chunks chunks;
  private final Scratch scratch = new Scratch();

  CpuRecurrent(Chunks chunks) {
    this.chunks = chunks;
  }

  /// What is done to a part of the tiles, `from … to−1`.
  private interface Part {
    void run(int part, int from, int to);
  }

  private static int kept(Size size, int blocks) {
    long rows = (long) SequenceRows.tiles(size) * StepWeights.ROWS;
    return size.numbers(rows, (long) blocks * StepWeights.padded(size.width()));
  }

  @Override
  public int gruKept(Size size) {
    return kept(size, 4);
  }

  @Override
  public void gru(Buffer y, Buffer kept, Sequences x, Gru gru) {
    int width = x.size().width();
    int n = StepWeights.padded(width);
    float[] packed = scratch.floats(StepWeights.size(width, 3));
    StepWeights[] weights = StepWeights.forward(packed, 0, Floats.of(x.u()), width, 3);
    GruForward forward =
        new GruForward(SequenceRows.of(x), gru, weights, Floats.of(y), Floats.of(kept));
    chunks.rows(
        SequenceRows.tiles(x.size()),
        cost(x.size(), 3),
        (from, to) -> {
          float[] s = chunks.scratch(GruForward.scratch(n));
          for (int tile = from; tile < to; tile++) {
            forward.run(tile, s);
          }
        });
  }

  @Override
  public void gruBackward(GruGradients to, Buffer dy, Buffer y, Buffer kept, Sequences x, Gru gru) {
    int width = x.size().width();
    int parts = parts(x.size());
    int sums = GruBackward.sums(width);
    int first = StepWeights.size(width, 3);
    float[] all = scratch.floats(first + Math.max(1, parts) * sums);
    StepWeights[] weights = StepWeights.backward(all, 0, Floats.of(x.u()), width, 3);
    GruBackward backward =
        new GruBackward(SequenceRows.of(x), gru, weights, to, GruBackward.Trace.of(dy, y, kept));
    Arrays.fill(all, first, first + Math.max(1, parts) * sums, 0f);
    run(
        x.size(),
        3,
        (part, from, end) -> {
          float[] s = chunks.scratch(GruBackward.scratch(width));
          for (int tile = from; tile < end; tile++) {
            backward.run(tile, s, all, first + part * sums);
          }
        });
    add(all, first, parts, sums);
    weightGradient(Floats.of(to.u()), all, first, width, 3);
    if (to.candidateBias() != null) {
      Rows.copy(Floats.of(to.candidateBias()), 0, all, first + GruBackward.bias(width), width);
    }
  }

  @Override
  public int lstmKept(Size size) {
    return kept(size, 6);
  }

  @Override
  public void lstm(Buffer y, Buffer kept, Sequences x, @Nullable Buffer cell) {
    int width = x.size().width();
    int n = StepWeights.padded(width);
    float[] packed = scratch.floats(StepWeights.size(width, 4));
    StepWeights[] weights = StepWeights.forward(packed, 0, Floats.of(x.u()), width, 4);
    float @Nullable [] cells = cell == null ? null : Floats.of(cell);
    LstmForward forward =
        new LstmForward(SequenceRows.of(x), cells, weights, Floats.of(y), Floats.of(kept));
    chunks.rows(
        SequenceRows.tiles(x.size()),
        cost(x.size(), 4),
        (from, to) -> {
          float[] s = chunks.scratch(LstmForward.scratch(n));
          for (int tile = from; tile < to; tile++) {
            forward.run(tile, s);
          }
        });
  }

  @Override
  public void lstmBackward(LstmGradients to, Buffer dy, Buffer y, Buffer kept, Sequences x) {
    int width = x.size().width();
    int parts = parts(x.size());
    int sums = LstmBackward.sums(width);
    int first = StepWeights.size(width, 4);
    float[] all = scratch.floats(first + Math.max(1, parts) * sums);
    StepWeights[] weights = StepWeights.backward(all, 0, Floats.of(x.u()), width, 4);
    LstmBackward backward =
        new LstmBackward(SequenceRows.of(x), weights, to, GruBackward.Trace.of(dy, y, kept));
    Arrays.fill(all, first, first + Math.max(1, parts) * sums, 0f);
    run(
        x.size(),
        4,
        (part, from, end) -> {
          float[] s = chunks.scratch(LstmBackward.scratch(width));
          for (int tile = from; tile < end; tile++) {
            backward.run(tile, s, all, first + part * sums);
          }
        });
    add(all, first, parts, sums);
    weightGradient(Floats.of(to.u()), all, first, width, 4);
  }

  /// Copies the sums of every gate `[H, padded]` to dU `[H, gates · H]`.
  private static void weightGradient(float[] du, float[] sums, int first, int width, int gates) {
    int n = StepWeights.padded(width);
    for (int k = 0; k < width; k++) {
      for (int gate = 0; gate < gates; gate++) {
        int from = first + gate * StepSums.size(width) + k * n;
        Rows.copy(du, (k * gates + gate) * width, sums, from, width);
      }
    }
  }

  /// The work of a tile, in numbers touched once.
  private static long cost(Size size, int blocks) {
    return (long) StepWeights.ROWS * size.time() * blocks * size.width() * (8 + size.width() / 8);
  }

  private static int parts(Size size) {
    return Math.min(PARTS, SequenceRows.tiles(size));
  }

  /// Runs the parts, each in one go.
  private void run(Size size, int blocks, Part body) {
    int tiles = SequenceRows.tiles(size);
    int parts = parts(size);
    if (parts == 0) {
      return;
    }
    chunks.rows(
        parts,
        cost(size, blocks) * tiles / parts,
        (from, to) -> {
          for (int part = from; part < to; part++) {
            body.run(part, part * tiles / parts, (part + 1) * tiles / parts);
          }
        });
  }

  /// Adds all parts to the first, in order.
  private static void add(float[] sums, int first, int parts, int each) {
    for (int part = 1; part < parts; part++) {
      Rows.add(sums, first, sums, first + part * each, each);
    }
  }
}
