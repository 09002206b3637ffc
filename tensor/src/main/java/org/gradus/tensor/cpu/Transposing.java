// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// A transposing copy in registers for vectors of 16 floats: 16 lines by 16 steps at a time, in two rounds with a buffer between them.
///
/// Lines exchange numbers: in the round of d, lines r and r + d give each other those whose place has d in the one and lacks it in the
/// other. The rounds of d = 1, 2, 4 are between eight lines, that of d = 8 is between two groups of eight.
///
/// Vectors are those of all kernels: a second kind would spoil what the compiler knows of every other loop, and so would a method
/// with all rounds in it, which is too large.
final class Transposing {
  /// Lines, and steps, of a tile.
  static final int SIDE = 16;

  /// Floats of the buffer between the rounds.
  static final int BUFFER = SIDE * SIDE;

  private static final int HALF = 8;
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_512;
  private static final VectorShuffle<Float> BY_1 = exchange(1);
  private static final VectorShuffle<Float> BY_2 = exchange(2);
  private static final VectorShuffle<Float> BY_4 = exchange(4);
  private static final VectorShuffle<Float> BY_8 = exchange(8);
  private static final VectorMask<Float> HAS_1 = VectorMask.fromLong(S, 0b1010101010101010);
  private static final VectorMask<Float> HAS_2 = VectorMask.fromLong(S, 0b1100110011001100);
  private static final VectorMask<Float> HAS_4 = VectorMask.fromLong(S, 0b1111000011110000);
  private static final VectorMask<Float> HAS_8 = VectorMask.fromLong(S, 0b1111111100000000);

  private Transposing() {}

  private static VectorShuffle<Float> exchange(int d) {
    return VectorShuffle.fromOp(S, i -> i ^ d);
  }

  /// out[at + k · row + j] = in[source + j · stride + k] for j < lines and k < steps, a multiple of 16, with at most 16 lines. What
  /// lies in 16 places of a row is written, with anything behind the lines; what goes beyond a row is overwritten by the next step,
  /// and that of the last step stays.
  static void tiles(
      float[] in,
      int source,
      int stride,
      int lines,
      int steps,
      float[] buffer,
      float[] out,
      int at,
      int row) {
    for (int k = 0; k < steps; k += SIDE) {
      eightLines(in, source + k, stride, Math.min(lines, HALF), buffer, 0);
      if (lines > HALF) {
        eightLines(in, source + HALF * stride + k, stride, lines - HALF, buffer, HALF * SIDE);
      }
      bothGroups(buffer, out, at + k * row, row);
    }
  }

  /// Rounds 1, 2 and 4: vector r of the buffer becomes steps r and r + 8 of eight lines. Of fewer lines the last is taken again for
  /// those that are missing.
  private static void eightLines(
      float[] in, int source, int stride, int lines, float[] buffer, int at) {
    int last = source + (lines - 1) * stride;
    FloatVector a0 = FloatVector.fromArray(S, in, source);
    FloatVector a1 = FloatVector.fromArray(S, in, Math.min(source + stride, last));
    FloatVector a2 = FloatVector.fromArray(S, in, Math.min(source + 2 * stride, last));
    FloatVector a3 = FloatVector.fromArray(S, in, Math.min(source + 3 * stride, last));
    FloatVector a4 = FloatVector.fromArray(S, in, Math.min(source + 4 * stride, last));
    FloatVector a5 = FloatVector.fromArray(S, in, Math.min(source + 5 * stride, last));
    FloatVector a6 = FloatVector.fromArray(S, in, Math.min(source + 6 * stride, last));
    FloatVector a7 = FloatVector.fromArray(S, in, Math.min(source + 7 * stride, last));

    FloatVector b0 = a0.blend(a1.rearrange(BY_1), HAS_1);
    FloatVector b1 = a0.rearrange(BY_1).blend(a1, HAS_1);
    FloatVector b2 = a2.blend(a3.rearrange(BY_1), HAS_1);
    FloatVector b3 = a2.rearrange(BY_1).blend(a3, HAS_1);
    FloatVector b4 = a4.blend(a5.rearrange(BY_1), HAS_1);
    FloatVector b5 = a4.rearrange(BY_1).blend(a5, HAS_1);
    FloatVector b6 = a6.blend(a7.rearrange(BY_1), HAS_1);
    FloatVector b7 = a6.rearrange(BY_1).blend(a7, HAS_1);

    FloatVector c0 = b0.blend(b2.rearrange(BY_2), HAS_2);
    FloatVector c1 = b1.blend(b3.rearrange(BY_2), HAS_2);
    FloatVector c2 = b0.rearrange(BY_2).blend(b2, HAS_2);
    FloatVector c3 = b1.rearrange(BY_2).blend(b3, HAS_2);
    FloatVector c4 = b4.blend(b6.rearrange(BY_2), HAS_2);
    FloatVector c5 = b5.blend(b7.rearrange(BY_2), HAS_2);
    FloatVector c6 = b4.rearrange(BY_2).blend(b6, HAS_2);
    FloatVector c7 = b5.rearrange(BY_2).blend(b7, HAS_2);

    FloatVector d0 = c0.blend(c4.rearrange(BY_4), HAS_4);
    FloatVector d1 = c1.blend(c5.rearrange(BY_4), HAS_4);
    FloatVector d2 = c2.blend(c6.rearrange(BY_4), HAS_4);
    FloatVector d3 = c3.blend(c7.rearrange(BY_4), HAS_4);
    FloatVector d4 = c0.rearrange(BY_4).blend(c4, HAS_4);
    FloatVector d5 = c1.rearrange(BY_4).blend(c5, HAS_4);
    FloatVector d6 = c2.rearrange(BY_4).blend(c6, HAS_4);
    FloatVector d7 = c3.rearrange(BY_4).blend(c7, HAS_4);

    d0.intoArray(buffer, at);
    d1.intoArray(buffer, at + SIDE);
    d2.intoArray(buffer, at + 2 * SIDE);
    d3.intoArray(buffer, at + 3 * SIDE);
    d4.intoArray(buffer, at + 4 * SIDE);
    d5.intoArray(buffer, at + 5 * SIDE);
    d6.intoArray(buffer, at + 6 * SIDE);
    d7.intoArray(buffer, at + 7 * SIDE);
  }

  /// Round 8: step r takes the first halves of both groups' vectors r, step r + 8 the second ones.
  private static void bothGroups(float[] buffer, float[] out, int at, int row) {
    for (int r = 0; r < HALF; r++) {
      FloatVector x = FloatVector.fromArray(S, buffer, r * SIDE);
      FloatVector y = FloatVector.fromArray(S, buffer, (r + HALF) * SIDE);
      x.blend(y.rearrange(BY_8), HAS_8).intoArray(out, at + r * row);
    }
    for (int r = 0; r < HALF; r++) {
      FloatVector x = FloatVector.fromArray(S, buffer, r * SIDE);
      FloatVector y = FloatVector.fromArray(S, buffer, (r + HALF) * SIDE);
      x.rearrange(BY_8).blend(y, HAS_8).intoArray(out, at + (r + HALF) * row);
    }
  }
}
