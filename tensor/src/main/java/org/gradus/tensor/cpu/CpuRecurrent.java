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
  private final Gemm gemm;
  private final Scratch scratch = new Scratch();

  CpuRecurrent(Chunks chunks, Gemm gemm) {
    this.chunks = chunks;
    this.gemm = gemm;
  }

  /// What is done to a part of the tiles, `from … to−1`.
  private interface Part {
    void run(int part, int from, int to);
  }

  private static int kept(Size size, int blocks) {
    int rows = SequenceRows.tiles(size) * StepWeights.ROWS;
    return rows * size.time() * blocks * StepWeights.padded(size.width());
  }

  @Override
  public int gruKept(Size size) {
    return kept(size, 4);
  }

  @Override
  public void gru(Buffer y, Buffer kept, Sequences x, Gru gru) {
    int width = x.size().width();
    int n = StepWeights.padded(width);
    float[] u = Floats.of(x.u());
    float[] packed = scratch.floats(StepWeights.size(width, 3 * n));
    StepWeights gates = StepWeights.forward(packed, 0, u, width, 3, 0, 1);
    StepWeights candidate = StepWeights.forward(packed, gates.end(), u, width, 3, 2);
    GruForward forward =
        new GruForward(SequenceRows.of(x), gru, gates, candidate, Floats.of(y), Floats.of(kept));
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
    int n = StepWeights.padded(width);
    int parts = parts(x.size());
    int sums = GruBackward.sums(width);
    float[] u = Floats.of(x.u());
    float[] all = scratch.floats(StepWeights.size(3 * n, n) + parts * sums);
    StepWeights gates = StepWeights.backward(all, 0, u, width, 3, 0, 1);
    StepWeights candidate = StepWeights.backward(all, gates.end(), u, width, 3, 2);
    int first = candidate.end();
    Arrays.fill(all, first, first + parts * sums, 0f);
    GruBackward backward =
        new GruBackward(
            SequenceRows.of(x),
            gru,
            gates,
            candidate,
            to,
            Floats.of(dy),
            Floats.of(y),
            Floats.of(kept));
    run(
        x.size(),
        3,
        (part, from, end) -> {
          float[] s = chunks.scratch(GruBackward.scratch(n));
          for (int tile = from; tile < end; tile++) {
            backward.run(tile, s, all, first + part * sums, gemm);
          }
        });
    add(all, first, parts, sums);
    SequenceRows.gather(Floats.of(to.u()), 0, width, all, first, n, 3 * width);
    if (to.candidateBias() != null) {
      Rows.copy(Floats.of(to.candidateBias()), 0, all, first + 3 * width * n, width);
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
    float[] packed = scratch.floats(StepWeights.size(width, 4 * n));
    StepWeights weights = StepWeights.forward(packed, 0, Floats.of(x.u()), width, 4, 0, 1, 3, 2);
    LstmForward forward =
        new LstmForward(
            SequenceRows.of(x),
            cell == null ? null : Floats.of(cell),
            weights,
            Floats.of(y),
            Floats.of(kept));
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
    int n = StepWeights.padded(width);
    int parts = parts(x.size());
    int sums = LstmBackward.sums(width);
    float[] all = scratch.floats(StepWeights.size(4 * n, n) + parts * sums);
    StepWeights weights = StepWeights.backward(all, 0, Floats.of(x.u()), width, 4, 0, 1, 3, 2);
    int first = weights.end();
    Arrays.fill(all, first, first + parts * sums, 0f);
    LstmBackward backward =
        new LstmBackward(
            SequenceRows.of(x), weights, to, Floats.of(dy), Floats.of(y), Floats.of(kept));
    run(
        x.size(),
        4,
        (part, from, end) -> {
          float[] s = chunks.scratch(LstmBackward.scratch(n));
          for (int tile = from; tile < end; tile++) {
            backward.run(tile, s, all, first + part * sums, gemm);
          }
        });
    add(all, first, parts, sums);
    float[] du = Floats.of(to.u());
    for (int k = 0; k < width; k++) {
      int at = k * 4 * width;
      int from = first + k * 4 * n;
      SequenceRows.gather(du, at, width, all, from, n, 2);
      Rows.copy(du, at + 2 * width, all, from + 3 * n, width);
      Rows.copy(du, at + 3 * width, all, from + 2 * n, width);
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
