// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The inner loops of [Gemm]: C = from + A B on one block of C that stays in registers.
///
/// A block is 12, 6 or 4 rows by two or one vectors. A is packed, or was stored transposed: its value of row i and step k
/// lies at ao + k · as + i. Row k of B begins at bo + k · bs, packed or where it lies. `from` is C
/// itself, or zeros with a row stride of 0. Each element is one chain of fused multiply-adds in k.
///
/// The loops carry no masks and no modes. A large method can fall out of the C1 compiler, and is then
/// never handed to C2 either; these are small enough for both, and a test sees to it. 12 × 2 vectors
/// are for the 32 registers of 512-bit machines, 6 × 2 for 16 registers.
final class StepTiles {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  private StepTiles() {}

  /// @param rows rows of the block: 12, 6 or 4
  /// @param vectors width of the block in vectors: 2 or 1
  /// @param kc steps of the inner dimension
  /// @param as elements from one step of A to the next
  /// @param bs elements from one row of B to the next
  /// @param fs elements from one row of `from` to the next
  /// @param cs elements from one row of C to the next
  static void multiply(
      int rows,
      int vectors,
      int kc,
      float[] a,
      int ao,
      int as,
      float[] b,
      int bo,
      int bs,
      float[] from,
      int fo,
      int fs,
      float[] c,
      int co,
      int cs) {
    switch (rows * 2 + vectors) {
      case 12 * 2 + 2 -> rows12by2(kc, a, ao, as, b, bo, bs, from, fo, fs, c, co, cs);
      case 12 * 2 + 1 -> rows12by1(kc, a, ao, as, b, bo, bs, from, fo, fs, c, co, cs);
      case 6 * 2 + 2 -> rows6by2(kc, a, ao, as, b, bo, bs, from, fo, fs, c, co, cs);
      case 6 * 2 + 1 -> rows6by1(kc, a, ao, as, b, bo, bs, from, fo, fs, c, co, cs);
      case 4 * 2 + 2 -> rows4by2(kc, a, ao, as, b, bo, bs, from, fo, fs, c, co, cs);
      case 4 * 2 + 1 -> rows4by1(kc, a, ao, as, b, bo, bs, from, fo, fs, c, co, cs);
      default ->
          throw new IllegalArgumentException(
              "matmul: no tile of " + rows + " rows by " + vectors + " vectors");
    }
  }

  private static void rows12by2(
      int kc,
      float[] a,
      int ao,
      int as,
      float[] b,
      int bo,
      int bs,
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
      FloatVector bx = FloatVector.fromArray(S, b, bo + k * bs);
      FloatVector by = FloatVector.fromArray(S, b, bo + k * bs + W);
      FloatVector a0 = FloatVector.broadcast(S, a[ao + k * as]);
      c0x = a0.fma(bx, c0x);
      c0y = a0.fma(by, c0y);
      FloatVector a1 = FloatVector.broadcast(S, a[ao + k * as + 1]);
      c1x = a1.fma(bx, c1x);
      c1y = a1.fma(by, c1y);
      FloatVector a2 = FloatVector.broadcast(S, a[ao + k * as + 2]);
      c2x = a2.fma(bx, c2x);
      c2y = a2.fma(by, c2y);
      FloatVector a3 = FloatVector.broadcast(S, a[ao + k * as + 3]);
      c3x = a3.fma(bx, c3x);
      c3y = a3.fma(by, c3y);
      FloatVector a4 = FloatVector.broadcast(S, a[ao + k * as + 4]);
      c4x = a4.fma(bx, c4x);
      c4y = a4.fma(by, c4y);
      FloatVector a5 = FloatVector.broadcast(S, a[ao + k * as + 5]);
      c5x = a5.fma(bx, c5x);
      c5y = a5.fma(by, c5y);
      FloatVector a6 = FloatVector.broadcast(S, a[ao + k * as + 6]);
      c6x = a6.fma(bx, c6x);
      c6y = a6.fma(by, c6y);
      FloatVector a7 = FloatVector.broadcast(S, a[ao + k * as + 7]);
      c7x = a7.fma(bx, c7x);
      c7y = a7.fma(by, c7y);
      FloatVector a8 = FloatVector.broadcast(S, a[ao + k * as + 8]);
      c8x = a8.fma(bx, c8x);
      c8y = a8.fma(by, c8y);
      FloatVector a9 = FloatVector.broadcast(S, a[ao + k * as + 9]);
      c9x = a9.fma(bx, c9x);
      c9y = a9.fma(by, c9y);
      FloatVector a10 = FloatVector.broadcast(S, a[ao + k * as + 10]);
      c10x = a10.fma(bx, c10x);
      c10y = a10.fma(by, c10y);
      FloatVector a11 = FloatVector.broadcast(S, a[ao + k * as + 11]);
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
      int as,
      float[] b,
      int bo,
      int bs,
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
      FloatVector bx = FloatVector.fromArray(S, b, bo + k * bs);
      FloatVector a0 = FloatVector.broadcast(S, a[ao + k * as]);
      c0x = a0.fma(bx, c0x);
      FloatVector a1 = FloatVector.broadcast(S, a[ao + k * as + 1]);
      c1x = a1.fma(bx, c1x);
      FloatVector a2 = FloatVector.broadcast(S, a[ao + k * as + 2]);
      c2x = a2.fma(bx, c2x);
      FloatVector a3 = FloatVector.broadcast(S, a[ao + k * as + 3]);
      c3x = a3.fma(bx, c3x);
      FloatVector a4 = FloatVector.broadcast(S, a[ao + k * as + 4]);
      c4x = a4.fma(bx, c4x);
      FloatVector a5 = FloatVector.broadcast(S, a[ao + k * as + 5]);
      c5x = a5.fma(bx, c5x);
      FloatVector a6 = FloatVector.broadcast(S, a[ao + k * as + 6]);
      c6x = a6.fma(bx, c6x);
      FloatVector a7 = FloatVector.broadcast(S, a[ao + k * as + 7]);
      c7x = a7.fma(bx, c7x);
      FloatVector a8 = FloatVector.broadcast(S, a[ao + k * as + 8]);
      c8x = a8.fma(bx, c8x);
      FloatVector a9 = FloatVector.broadcast(S, a[ao + k * as + 9]);
      c9x = a9.fma(bx, c9x);
      FloatVector a10 = FloatVector.broadcast(S, a[ao + k * as + 10]);
      c10x = a10.fma(bx, c10x);
      FloatVector a11 = FloatVector.broadcast(S, a[ao + k * as + 11]);
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

  private static void rows6by2(
      int kc,
      float[] a,
      int ao,
      int as,
      float[] b,
      int bo,
      int bs,
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
    for (int k = 0; k < kc; k++) {
      FloatVector bx = FloatVector.fromArray(S, b, bo + k * bs);
      FloatVector by = FloatVector.fromArray(S, b, bo + k * bs + W);
      FloatVector a0 = FloatVector.broadcast(S, a[ao + k * as]);
      c0x = a0.fma(bx, c0x);
      c0y = a0.fma(by, c0y);
      FloatVector a1 = FloatVector.broadcast(S, a[ao + k * as + 1]);
      c1x = a1.fma(bx, c1x);
      c1y = a1.fma(by, c1y);
      FloatVector a2 = FloatVector.broadcast(S, a[ao + k * as + 2]);
      c2x = a2.fma(bx, c2x);
      c2y = a2.fma(by, c2y);
      FloatVector a3 = FloatVector.broadcast(S, a[ao + k * as + 3]);
      c3x = a3.fma(bx, c3x);
      c3y = a3.fma(by, c3y);
      FloatVector a4 = FloatVector.broadcast(S, a[ao + k * as + 4]);
      c4x = a4.fma(bx, c4x);
      c4y = a4.fma(by, c4y);
      FloatVector a5 = FloatVector.broadcast(S, a[ao + k * as + 5]);
      c5x = a5.fma(bx, c5x);
      c5y = a5.fma(by, c5y);
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
  }

  private static void rows6by1(
      int kc,
      float[] a,
      int ao,
      int as,
      float[] b,
      int bo,
      int bs,
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
    for (int k = 0; k < kc; k++) {
      FloatVector bx = FloatVector.fromArray(S, b, bo + k * bs);
      FloatVector a0 = FloatVector.broadcast(S, a[ao + k * as]);
      c0x = a0.fma(bx, c0x);
      FloatVector a1 = FloatVector.broadcast(S, a[ao + k * as + 1]);
      c1x = a1.fma(bx, c1x);
      FloatVector a2 = FloatVector.broadcast(S, a[ao + k * as + 2]);
      c2x = a2.fma(bx, c2x);
      FloatVector a3 = FloatVector.broadcast(S, a[ao + k * as + 3]);
      c3x = a3.fma(bx, c3x);
      FloatVector a4 = FloatVector.broadcast(S, a[ao + k * as + 4]);
      c4x = a4.fma(bx, c4x);
      FloatVector a5 = FloatVector.broadcast(S, a[ao + k * as + 5]);
      c5x = a5.fma(bx, c5x);
    }
    c0x.intoArray(c, co);
    c1x.intoArray(c, co + cs);
    c2x.intoArray(c, co + 2 * cs);
    c3x.intoArray(c, co + 3 * cs);
    c4x.intoArray(c, co + 4 * cs);
    c5x.intoArray(c, co + 5 * cs);
  }

  private static void rows4by2(
      int kc,
      float[] a,
      int ao,
      int as,
      float[] b,
      int bo,
      int bs,
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
    for (int k = 0; k < kc; k++) {
      FloatVector bx = FloatVector.fromArray(S, b, bo + k * bs);
      FloatVector by = FloatVector.fromArray(S, b, bo + k * bs + W);
      FloatVector a0 = FloatVector.broadcast(S, a[ao + k * as]);
      c0x = a0.fma(bx, c0x);
      c0y = a0.fma(by, c0y);
      FloatVector a1 = FloatVector.broadcast(S, a[ao + k * as + 1]);
      c1x = a1.fma(bx, c1x);
      c1y = a1.fma(by, c1y);
      FloatVector a2 = FloatVector.broadcast(S, a[ao + k * as + 2]);
      c2x = a2.fma(bx, c2x);
      c2y = a2.fma(by, c2y);
      FloatVector a3 = FloatVector.broadcast(S, a[ao + k * as + 3]);
      c3x = a3.fma(bx, c3x);
      c3y = a3.fma(by, c3y);
    }
    c0x.intoArray(c, co);
    c0y.intoArray(c, co + W);
    c1x.intoArray(c, co + cs);
    c1y.intoArray(c, co + cs + W);
    c2x.intoArray(c, co + 2 * cs);
    c2y.intoArray(c, co + 2 * cs + W);
    c3x.intoArray(c, co + 3 * cs);
    c3y.intoArray(c, co + 3 * cs + W);
  }

  private static void rows4by1(
      int kc,
      float[] a,
      int ao,
      int as,
      float[] b,
      int bo,
      int bs,
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
    for (int k = 0; k < kc; k++) {
      FloatVector bx = FloatVector.fromArray(S, b, bo + k * bs);
      FloatVector a0 = FloatVector.broadcast(S, a[ao + k * as]);
      c0x = a0.fma(bx, c0x);
      FloatVector a1 = FloatVector.broadcast(S, a[ao + k * as + 1]);
      c1x = a1.fma(bx, c1x);
      FloatVector a2 = FloatVector.broadcast(S, a[ao + k * as + 2]);
      c2x = a2.fma(bx, c2x);
      FloatVector a3 = FloatVector.broadcast(S, a[ao + k * as + 3]);
      c3x = a3.fma(bx, c3x);
    }
    c0x.intoArray(c, co);
    c1x.intoArray(c, co + cs);
    c2x.intoArray(c, co + 2 * cs);
    c3x.intoArray(c, co + 3 * cs);
  }
}
