// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The inner loops of [Gemm] for an A whose rows are contiguous. Its rows are copied as they are: to turn them, as
/// [StepTiles] needs it, costs more than the copy, and to read them where they lie takes an address for each row, which are more
/// than a processor has registers.
///
/// As [StepTiles], but the value of A of row i and step k lies at ao + i · [#STRIDE] + k, and B is packed.
final class CopiedRowTiles {
  /// Elements from one copied row to the next. It is fixed, so that one address serves for all rows. Of 85 cache lines, 64 hold the most
  /// steps that a row has ([Blocking]); the other 21 keep twelve rows away from each other's places in a cache of 64 sets.
  static final int STRIDE = 85 * 16;

  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  private CopiedRowTiles() {}

  /// A block of [GemmPart#ROWS] rows.
  ///
  /// @param vectors width of the block in vectors: 2 or 1
  static void multiply(
      int vectors,
      int kc,
      float[] a,
      int ao,
      float[] b,
      int bo,
      float[] from,
      int fo,
      int fs,
      float[] c,
      int co,
      int cs) {
    if (GemmPart.ROWS != 12) {
      RowTiles.multiply(GemmPart.ROWS, vectors, kc, a, ao, STRIDE, b, bo, from, fo, fs, c, co, cs);
    } else if (vectors == 2) {
      rows12by2(kc, a, ao, b, bo, from, fo, fs, c, co, cs);
    } else {
      rows12by1(kc, a, ao, b, bo, from, fo, fs, c, co, cs);
    }
  }

  private static void rows12by2(
      int kc,
      float[] a,
      int ao,
      float[] b,
      int bo,
      float[] from,
      int fo,
      int fs,
      float[] c,
      int co,
      int cs) {
    FloatVector c0x = FloatVector.fromArray(S, from, fo);
    FloatVector c0y = FloatVector.fromArray(S, from, fo + W);
    FloatVector c1x = FloatVector.fromArray(S, from, fo + fs);
    FloatVector c1y = FloatVector.fromArray(S, from, fo + fs + W);
    FloatVector c2x = FloatVector.fromArray(S, from, fo + 2 * fs);
    FloatVector c2y = FloatVector.fromArray(S, from, fo + 2 * fs + W);
    FloatVector c3x = FloatVector.fromArray(S, from, fo + 3 * fs);
    FloatVector c3y = FloatVector.fromArray(S, from, fo + 3 * fs + W);
    FloatVector c4x = FloatVector.fromArray(S, from, fo + 4 * fs);
    FloatVector c4y = FloatVector.fromArray(S, from, fo + 4 * fs + W);
    FloatVector c5x = FloatVector.fromArray(S, from, fo + 5 * fs);
    FloatVector c5y = FloatVector.fromArray(S, from, fo + 5 * fs + W);
    FloatVector c6x = FloatVector.fromArray(S, from, fo + 6 * fs);
    FloatVector c6y = FloatVector.fromArray(S, from, fo + 6 * fs + W);
    FloatVector c7x = FloatVector.fromArray(S, from, fo + 7 * fs);
    FloatVector c7y = FloatVector.fromArray(S, from, fo + 7 * fs + W);
    FloatVector c8x = FloatVector.fromArray(S, from, fo + 8 * fs);
    FloatVector c8y = FloatVector.fromArray(S, from, fo + 8 * fs + W);
    FloatVector c9x = FloatVector.fromArray(S, from, fo + 9 * fs);
    FloatVector c9y = FloatVector.fromArray(S, from, fo + 9 * fs + W);
    FloatVector c10x = FloatVector.fromArray(S, from, fo + 10 * fs);
    FloatVector c10y = FloatVector.fromArray(S, from, fo + 10 * fs + W);
    FloatVector c11x = FloatVector.fromArray(S, from, fo + 11 * fs);
    FloatVector c11y = FloatVector.fromArray(S, from, fo + 11 * fs + W);
    for (int k = 0; k < kc; k++) {
      FloatVector bx = FloatVector.fromArray(S, b, bo + k * (2 * W));
      FloatVector by = FloatVector.fromArray(S, b, bo + k * (2 * W) + W);
      FloatVector a0 = FloatVector.broadcast(S, a[ao + k]);
      c0x = a0.fma(bx, c0x);
      c0y = a0.fma(by, c0y);
      FloatVector a1 = FloatVector.broadcast(S, a[ao + 1 * STRIDE + k]);
      c1x = a1.fma(bx, c1x);
      c1y = a1.fma(by, c1y);
      FloatVector a2 = FloatVector.broadcast(S, a[ao + 2 * STRIDE + k]);
      c2x = a2.fma(bx, c2x);
      c2y = a2.fma(by, c2y);
      FloatVector a3 = FloatVector.broadcast(S, a[ao + 3 * STRIDE + k]);
      c3x = a3.fma(bx, c3x);
      c3y = a3.fma(by, c3y);
      FloatVector a4 = FloatVector.broadcast(S, a[ao + 4 * STRIDE + k]);
      c4x = a4.fma(bx, c4x);
      c4y = a4.fma(by, c4y);
      FloatVector a5 = FloatVector.broadcast(S, a[ao + 5 * STRIDE + k]);
      c5x = a5.fma(bx, c5x);
      c5y = a5.fma(by, c5y);
      FloatVector a6 = FloatVector.broadcast(S, a[ao + 6 * STRIDE + k]);
      c6x = a6.fma(bx, c6x);
      c6y = a6.fma(by, c6y);
      FloatVector a7 = FloatVector.broadcast(S, a[ao + 7 * STRIDE + k]);
      c7x = a7.fma(bx, c7x);
      c7y = a7.fma(by, c7y);
      FloatVector a8 = FloatVector.broadcast(S, a[ao + 8 * STRIDE + k]);
      c8x = a8.fma(bx, c8x);
      c8y = a8.fma(by, c8y);
      FloatVector a9 = FloatVector.broadcast(S, a[ao + 9 * STRIDE + k]);
      c9x = a9.fma(bx, c9x);
      c9y = a9.fma(by, c9y);
      FloatVector a10 = FloatVector.broadcast(S, a[ao + 10 * STRIDE + k]);
      c10x = a10.fma(bx, c10x);
      c10y = a10.fma(by, c10y);
      FloatVector a11 = FloatVector.broadcast(S, a[ao + 11 * STRIDE + k]);
      c11x = a11.fma(bx, c11x);
      c11y = a11.fma(by, c11y);
    }
    c0x.intoArray(c, co);
    c0y.intoArray(c, co + W);
    c1x.intoArray(c, co + cs);
    c1y.intoArray(c, co + cs + W);
    c2x.intoArray(c, co + 2 * cs);
    c2y.intoArray(c, co + 2 * cs + W);
    c3x.intoArray(c, co + 3 * cs);
    c3y.intoArray(c, co + 3 * cs + W);
    c4x.intoArray(c, co + 4 * cs);
    c4y.intoArray(c, co + 4 * cs + W);
    c5x.intoArray(c, co + 5 * cs);
    c5y.intoArray(c, co + 5 * cs + W);
    c6x.intoArray(c, co + 6 * cs);
    c6y.intoArray(c, co + 6 * cs + W);
    c7x.intoArray(c, co + 7 * cs);
    c7y.intoArray(c, co + 7 * cs + W);
    c8x.intoArray(c, co + 8 * cs);
    c8y.intoArray(c, co + 8 * cs + W);
    c9x.intoArray(c, co + 9 * cs);
    c9y.intoArray(c, co + 9 * cs + W);
    c10x.intoArray(c, co + 10 * cs);
    c10y.intoArray(c, co + 10 * cs + W);
    c11x.intoArray(c, co + 11 * cs);
    c11y.intoArray(c, co + 11 * cs + W);
  }

  private static void rows12by1(
      int kc,
      float[] a,
      int ao,
      float[] b,
      int bo,
      float[] from,
      int fo,
      int fs,
      float[] c,
      int co,
      int cs) {
    FloatVector c0x = FloatVector.fromArray(S, from, fo);
    FloatVector c1x = FloatVector.fromArray(S, from, fo + fs);
    FloatVector c2x = FloatVector.fromArray(S, from, fo + 2 * fs);
    FloatVector c3x = FloatVector.fromArray(S, from, fo + 3 * fs);
    FloatVector c4x = FloatVector.fromArray(S, from, fo + 4 * fs);
    FloatVector c5x = FloatVector.fromArray(S, from, fo + 5 * fs);
    FloatVector c6x = FloatVector.fromArray(S, from, fo + 6 * fs);
    FloatVector c7x = FloatVector.fromArray(S, from, fo + 7 * fs);
    FloatVector c8x = FloatVector.fromArray(S, from, fo + 8 * fs);
    FloatVector c9x = FloatVector.fromArray(S, from, fo + 9 * fs);
    FloatVector c10x = FloatVector.fromArray(S, from, fo + 10 * fs);
    FloatVector c11x = FloatVector.fromArray(S, from, fo + 11 * fs);
    for (int k = 0; k < kc; k++) {
      FloatVector bx = FloatVector.fromArray(S, b, bo + k * W);
      FloatVector a0 = FloatVector.broadcast(S, a[ao + k]);
      c0x = a0.fma(bx, c0x);
      FloatVector a1 = FloatVector.broadcast(S, a[ao + 1 * STRIDE + k]);
      c1x = a1.fma(bx, c1x);
      FloatVector a2 = FloatVector.broadcast(S, a[ao + 2 * STRIDE + k]);
      c2x = a2.fma(bx, c2x);
      FloatVector a3 = FloatVector.broadcast(S, a[ao + 3 * STRIDE + k]);
      c3x = a3.fma(bx, c3x);
      FloatVector a4 = FloatVector.broadcast(S, a[ao + 4 * STRIDE + k]);
      c4x = a4.fma(bx, c4x);
      FloatVector a5 = FloatVector.broadcast(S, a[ao + 5 * STRIDE + k]);
      c5x = a5.fma(bx, c5x);
      FloatVector a6 = FloatVector.broadcast(S, a[ao + 6 * STRIDE + k]);
      c6x = a6.fma(bx, c6x);
      FloatVector a7 = FloatVector.broadcast(S, a[ao + 7 * STRIDE + k]);
      c7x = a7.fma(bx, c7x);
      FloatVector a8 = FloatVector.broadcast(S, a[ao + 8 * STRIDE + k]);
      c8x = a8.fma(bx, c8x);
      FloatVector a9 = FloatVector.broadcast(S, a[ao + 9 * STRIDE + k]);
      c9x = a9.fma(bx, c9x);
      FloatVector a10 = FloatVector.broadcast(S, a[ao + 10 * STRIDE + k]);
      c10x = a10.fma(bx, c10x);
      FloatVector a11 = FloatVector.broadcast(S, a[ao + 11 * STRIDE + k]);
      c11x = a11.fma(bx, c11x);
    }
    c0x.intoArray(c, co);
    c1x.intoArray(c, co + cs);
    c2x.intoArray(c, co + 2 * cs);
    c3x.intoArray(c, co + 3 * cs);
    c4x.intoArray(c, co + 4 * cs);
    c5x.intoArray(c, co + 5 * cs);
    c6x.intoArray(c, co + 6 * cs);
    c7x.intoArray(c, co + 7 * cs);
    c8x.intoArray(c, co + 8 * cs);
    c9x.intoArray(c, co + 9 * cs);
    c10x.intoArray(c, co + 10 * cs);
    c11x.intoArray(c, co + 11 * cs);
  }
}
