// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// A transposing copy in registers, eight lines by eight steps at a time, for vectors of eight floats or more.
///
/// Eight vectors of a line each become eight of a step each in three rounds: in the round of d = 1, 2, 4, lines r and r + d exchange
/// the numbers whose place has d in the one and lacks it in the other.
final class Transposing {
  /// Lines, and steps, of a tile.
  static final int SIDE = 8;

  private static final VectorSpecies<Float> S = FloatVector.SPECIES_256;
  private static final VectorShuffle<Float> BY_1 = exchange(1);
  private static final VectorShuffle<Float> BY_2 = exchange(2);
  private static final VectorShuffle<Float> BY_4 = exchange(4);
  private static final VectorMask<Float> HAS_1 = VectorMask.fromLong(S, 0b10101010);
  private static final VectorMask<Float> HAS_2 = VectorMask.fromLong(S, 0b11001100);
  private static final VectorMask<Float> HAS_4 = VectorMask.fromLong(S, 0b11110000);

  private Transposing() {}

  private static VectorShuffle<Float> exchange(int d) {
    return VectorShuffle.fromOp(S, i -> i ^ d);
  }

  /// out[at + k · row + j] = in[source + j · stride + k] for j < 8 and k < steps, a multiple of 8. Of fewer than eight lines the last
  /// one is written again in place of those that are missing. What goes beyond a row is overwritten by the next step, and that of
  /// the last step stays.
  static void tiles(
      float[] in, int source, int stride, int lines, int steps, float[] out, int at, int row) {
    int last = source + (lines - 1) * stride;
    int l1 = Math.min(source + stride, last);
    int l2 = Math.min(source + 2 * stride, last);
    int l3 = Math.min(source + 3 * stride, last);
    int l4 = Math.min(source + 4 * stride, last);
    int l5 = Math.min(source + 5 * stride, last);
    int l6 = Math.min(source + 6 * stride, last);
    int l7 = Math.min(source + 7 * stride, last);
    for (int k = 0; k < steps; k += SIDE) {
      FloatVector a0 = FloatVector.fromArray(S, in, source + k);
      FloatVector a1 = FloatVector.fromArray(S, in, l1 + k);
      FloatVector a2 = FloatVector.fromArray(S, in, l2 + k);
      FloatVector a3 = FloatVector.fromArray(S, in, l3 + k);
      FloatVector a4 = FloatVector.fromArray(S, in, l4 + k);
      FloatVector a5 = FloatVector.fromArray(S, in, l5 + k);
      FloatVector a6 = FloatVector.fromArray(S, in, l6 + k);
      FloatVector a7 = FloatVector.fromArray(S, in, l7 + k);

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

      int to = at + k * row;
      c0.blend(c4.rearrange(BY_4), HAS_4).intoArray(out, to);
      c1.blend(c5.rearrange(BY_4), HAS_4).intoArray(out, to + row);
      c2.blend(c6.rearrange(BY_4), HAS_4).intoArray(out, to + 2 * row);
      c3.blend(c7.rearrange(BY_4), HAS_4).intoArray(out, to + 3 * row);
      c0.rearrange(BY_4).blend(c4, HAS_4).intoArray(out, to + 4 * row);
      c1.rearrange(BY_4).blend(c5, HAS_4).intoArray(out, to + 5 * row);
      c2.rearrange(BY_4).blend(c6, HAS_4).intoArray(out, to + 6 * row);
      c3.rearrange(BY_4).blend(c7, HAS_4).intoArray(out, to + 7 * row);
    }
  }
}
