// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.RecurrentKernels.Gru;
import org.gradus.tensor.RecurrentKernels.GruGradients;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.host.Floats;

/// A GRU backward: one tile of sequences through all steps, from the last to the first. Old states and gradients of some
/// steps are gathered in the second cache, and then multiplied to the gradient of U. In rows that have ended w = 0: δ goes
/// through, and all other gradients are 0.
///
/// The scratch holds blocks `[rows, padded]`: δ, that of q, and for each of some steps the old states and the gradients of
/// what u, r and the candidate are functions of; then numbers for the mixing, and zeros.
final class GruBackward {
  private static final int ROWS = StepWeights.ROWS;

  /// Steps whose gradients are multiplied together: as many as [GemmPart] takes without a second visit.
  static final int STEPS = GemmPart.STEPS / ROWS;

  private final SequenceRows x;
  private final Gru gru;
  private final StepWeights[] weights;
  private final GruGradients to;
  private final Trace trace;
  private final int width;
  private final int padded;
  private final int mixing;
  private final GruSweeps sweeps;
  private final StepSums products;
  private final int[] gates;
  private final Sweep attention;
  private final Sweep mix;
  private final Sweep reset;

  /// What the forward pass left, and the gradient of its result.
  record Trace(float[] dy, float[] y, float[] kept) {
    static Trace of(Buffer dy, Buffer y, Buffer kept) {
      return new Trace(Floats.of(dy), Floats.of(y), Floats.of(kept));
    }
  }

  /// @param weights U_uᵀ, U_rᵀ, U_nᵀ
  GruBackward(SequenceRows x, Gru gru, StepWeights[] weights, GruGradients to, Trace trace) {
    this.x = x;
    this.gru = gru;
    this.weights = weights;
    this.to = to;
    this.trace = trace;
    width = x.size().width();
    padded = StepWeights.padded(width);
    int block = ROWS * padded;
    mixing = (2 + 4 * STEPS) * block;
    sweeps = new GruSweeps(ROWS, padded, 2 * block, 0, mixing);
    products = new StepSums(width, padded, room(padded));
    gates = new int[] {sweeps.ofGate(0), sweeps.ofGate(1), sweeps.ofGate(2)};
    attention = sweeps::attention;
    mix = sweeps::mixBackward;
    reset = gru.reset() == Reset.AFTER ? sweeps::resetAfterBackward : sweeps::resetBeforeBackward;
  }

  /// Where the packed operands of [StepSums] lie.
  private static int room(int padded) {
    return zeros(padded) + padded;
  }

  private static int zeros(int padded) {
    return (2 + 4 * STEPS) * ROWS * padded + 2 * ROWS + 2;
  }

  /// Floats of room that a tile needs.
  static int scratch(int width) {
    return room(StepWeights.padded(width)) + StepSums.scratch(width);
  }

  /// Floats of the sums that a part of the tiles adds up: of U, and of b′.
  static int sums(int width) {
    return bias(width) + StepWeights.padded(width);
  }

  /// Where the sum of b′ begins.
  static int bias(int width) {
    return 3 * StepSums.size(width);
  }

  /// @param sums of the part that the tile belongs to, from `sum` on
  void run(int tile, float[] s, float[] sums, int sum) {
    int time = x.size().time();
    int first = tile * ROWS;
    int rows = x.rows(tile);
    int block = ROWS * padded;
    int end = x.longest(tile);
    Arrays.fill(s, 0, room(padded), 0f);
    s[mixing + 2 * ROWS] = gru.mixing().offsetByAttention();
    s[mixing + 2 * ROWS + 1] = gru.mixing().slopeByAttention();
    finish(first, rows, end, s);
    while (end > 0) {
      int start = Math.max(0, end - STEPS);
      for (int t = end - 1; t >= start; t--) {
        int slot = (t - start) * block;
        x.before(tile, t, trace.y, time, s, sweeps.h() + slot);
        add(first, rows, t, s);
        step(tile, t, slot, s);
        if (to.candidateBias() != null) {
          for (int row = 0; row < rows; row++) {
            int dq = sweeps.ofGate(2) + slot + row * padded;
            Rows.add(sums, sum + bias(width), s, dq, width);
          }
        }
      }
      multiply(tile, start, end - start, s, sums, sum);
      end = start;
    }
    for (int row = 0; to.initial() != null && row < rows; row++) {
      Rows.copy(Floats.of(to.initial()), (first + row) * width, s, row * padded, width);
    }
  }

  /// The steps behind the longest row.
  private void finish(int first, int rows, int longest, float[] s) {
    int time = x.size().time();
    for (int t = time - 1; t >= longest; t--) {
      add(first, rows, t, s);
    }
    float[] dp = Floats.of(to.projected());
    for (int b = first; b < first + rows; b++) {
      Arrays.fill(dp, (b * time + longest) * 3 * width, (b + 1) * time * 3 * width, 0f);
      if (to.attention() != null) {
        Arrays.fill(Floats.of(to.attention()), b * time + longest, (b + 1) * time, 0f);
      }
    }
  }

  /// δ += dy
  private void add(int first, int rows, int t, float[] s) {
    int time = x.size().time();
    for (int row = 0; row < rows; row++) {
      Rows.add(s, row * padded, trace.dy, ((first + row) * time + t) * width, width);
    }
  }

  private void step(int tile, int t, int slot, float[] s) {
    int block = ROWS * padded;
    int at = (tile * x.size().time() + t) * 4 * block;
    float[] dp = Floats.of(to.projected());
    x.mixing(gru, tile, t, s, mixing);
    if (to.attention() != null) {
      Sweep.over(attention, s, slot, trace.kept, at);
      ofAttention(tile, t, s);
    }
    Sweep.over(mix, s, slot, trace.kept, at);
    int ofCandidate = sweeps.ofGate(2) + slot;
    x.unproject(tile, t, dp, s, ofCandidate, 2, 3);
    if (gru.reset() == Reset.BEFORE) {
      weights[2].multiply(s, ofCandidate, padded, s, zeros(padded), 0, s, block, padded);
    }
    Sweep.over(reset, s, slot, trace.kept, at);
    for (int gate = 0; gate < 2; gate++) {
      int gradient = sweeps.ofGate(gate) + slot;
      x.unproject(tile, t, dp, s, gradient, gate, 3);
      weights[gate].multiply(s, gradient, padded, s, 0, padded, s, 0, padded);
    }
    if (gru.reset() == Reset.AFTER) {
      weights[2].multiply(s, ofCandidate, padded, s, 0, padded, s, 0, padded);
    }
  }

  private void ofAttention(int tile, int t, float[] s) {
    float[] da = to.attention() == null ? new float[0] : Floats.of(to.attention());
    for (int row = 0; row < x.rows(tile); row++) {
      int b = tile * ROWS + row;
      da[b * x.size().time() + t] =
          t < x.length(b) ? Lanes.sum(s, (ROWS + row) * padded, padded) : 0f;
    }
  }

  /// Adds the products of old states and gradients of some steps to the sums.
  private void multiply(int tile, int start, int steps, float[] s, float[] sums, int sum) {
    int k = steps * ROWS;
    int ofCandidate = sum + 2 * StepSums.size(width);
    if (gru.reset() == Reset.AFTER) {
      products.add(s, k, sweeps.h(), gates, sums, sum);
    } else {
      products.add(s, k, sweeps.h(), Arrays.copyOf(gates, 2), sums, sum);
      reset(tile, start, steps, s);
      products.add(s, k, sweeps.h(), new int[] {gates[2]}, sums, ofCandidate);
    }
  }

  /// Puts q = r ∘ h in the place of the old states.
  private void reset(int tile, int start, int steps, float[] s) {
    int block = ROWS * padded;
    for (int t = 0; t < steps; t++) {
      int q = ((tile * x.size().time() + start + t) * 4 + 3) * block;
      System.arraycopy(trace.kept, q, s, sweeps.h() + t * block, block);
    }
  }
}
