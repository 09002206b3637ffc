// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.ElementwiseKernels;
import org.gradus.tensor.host.Flags;
import org.gradus.tensor.host.Floats;
import org.jspecify.annotations.Nullable;

/// One number from one or two others. Loops run over whole blocks of 16: what they make of the padding nobody reads.
final class CpuElementwise implements ElementwiseKernels {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  /// Elements of a broadcast operand that are laid out at a time: small enough to stay in the first cache, and for the loops over
  /// them to be entered often.
  private static final int BLOCK = 1 << 9;

  private final Chunks chunks;

  CpuElementwise(Chunks chunks) {
    this.chunks = chunks;
  }

  @Override
  public void unary(Unary op, Buffer y, Buffer x, int n, double p, double q) {
    float[] to = Floats.of(y);
    float[] from = Floats.of(x);
    Unaries.Loop loop = Unaries.of(op);
    chunks.blocks(
        n, Unaries.cost(op), (lo, hi) -> loop.run(to, from, lo, hi, (float) p, (float) q));
  }

  @Override
  public void unaryBackward(
      Unary op, Buffer dx, Buffer dy, Buffer x, Buffer y, int n, double p, double q) {
    float[] to = Floats.of(dx);
    float[] from = Floats.of(dy);
    float[] argument = Floats.of(x);
    float[] value = Floats.of(y);
    UnaryGradients.Loop loop = UnaryGradients.of(op);
    chunks.blocks(
        n,
        Unaries.cost(op),
        (lo, hi) -> loop.run(to, from, argument, value, lo, hi, (float) p, (float) q));
  }

  @Override
  public void binary(Binary op, Buffer y, Buffer a, Buffer b, Broadcast shape) {
    int n = shape.elements();
    float[] to = Floats.of(y);
    Operand left = Operand.of(Floats.of(a), shape.sizes(), shape.a(), n);
    Operand right = Operand.of(Floats.of(b), shape.sizes(), shape.b(), n);
    chunks.rows(
        (n + BLOCK - 1) / BLOCK,
        BLOCK,
        (lo, hi) -> {
          float[] scratch = chunks.scratch(2 * BLOCK);
          for (int block = lo; block < hi; block++) {
            int from = block * BLOCK;
            int end = Math.min(n, from + BLOCK);
            Binaries.run(
                op,
                to,
                from,
                left.array(scratch),
                left.place(scratch, 0, from, end),
                right.array(scratch),
                right.place(scratch, BLOCK, from, end),
                end - from);
          }
        });
  }

  /// An operand of a broadcast: stretched ones are laid out, others are used where they lie.
  ///
  /// @param strided how a stretched one is read, null of others
  private record Operand(float[] array, @Nullable Strided strided) {
    static Operand of(float[] array, int[] sizes, int[] strides, int n) {
      int expected = n;
      boolean stretched = false;
      for (int i = 0; i < sizes.length && n > 0; i++) {
        expected /= sizes[i];
        stretched |= strides[i] != expected;
      }
      return new Operand(array, stretched ? Strided.of(0, sizes, strides) : null);
    }

    /// Where its values are found.
    float[] array(float[] scratch) {
      return strided != null ? scratch : array;
    }

    /// Where in that array those of `from … to−1` begin; stretched ones are laid out from `at` on.
    int place(float[] scratch, int at, int from, int to) {
      if (strided == null) {
        return from;
      }
      strided.read(scratch, at, array, from, to);
      return at;
    }
  }

  @Override
  public void binary(Binary op, Buffer y, Buffer a, Buffer b, int n) {
    float[] to = Floats.of(y);
    float[] left = Floats.of(a);
    float[] right = Floats.of(b);
    chunks.blocks(n, 1, (lo, hi) -> Binaries.run(op, to, lo, left, lo, right, lo, hi - lo));
  }

  @Override
  public void addScaled(Buffer y, Buffer x, double s, int n) {
    float[] to = Floats.of(y);
    float[] from = Floats.of(x);
    chunks.blocks(n, 1, (lo, hi) -> addScaled(to, from, (float) s, lo, hi));
  }

  private static void addScaled(float[] y, float[] x, float s, int from, int to) {
    for (int i = from; i < to; i += W) {
      FloatVector.fromArray(S, x, i)
          .fma(FloatVector.broadcast(S, s), FloatVector.fromArray(S, y, i))
          .intoArray(y, i);
    }
  }

  @Override
  public void compare(Compare op, Buffer mask, Buffer a, Buffer b, Broadcast shape) {
    int n = shape.elements();
    byte[] to = Flags.of(mask);
    Operand left = Operand.of(Floats.of(a), shape.sizes(), shape.a(), n);
    Operand right = Operand.of(Floats.of(b), shape.sizes(), shape.b(), n);
    chunks.rows(
        (n + BLOCK - 1) / BLOCK,
        BLOCK,
        (lo, hi) -> {
          float[] scratch = chunks.scratch(2 * BLOCK);
          for (int block = lo; block < hi; block++) {
            int from = block * BLOCK;
            int end = Math.min(n, from + BLOCK);
            Binaries.run(
                op,
                to,
                from,
                left.array(scratch),
                left.place(scratch, 0, from, end),
                right.array(scratch),
                right.place(scratch, BLOCK, from, end),
                end - from);
          }
        });
  }

  @Override
  public void where(Buffer y, Buffer mask, Buffer a, Buffer b, int n) {
    float[] to = Floats.of(y);
    byte[] which = Flags.of(mask);
    float[] left = Floats.of(a);
    float[] right = Floats.of(b);
    chunks.rows(n, 1, (lo, hi) -> where(to, which, left, right, lo, hi));
  }

  // Selects by bits: a mask's entries are not predictable enough for branches.
  private static void where(float[] y, byte[] mask, float[] a, float[] b, int from, int to) {
    for (int i = from; i < to; i++) {
      int keep = -mask[i];
      int bits = (Float.floatToRawIntBits(a[i]) & keep) | (Float.floatToRawIntBits(b[i]) & ~keep);
      y[i] = Float.intBitsToFloat(bits);
    }
  }

  @Override
  public void keepWhere(Buffer y, Buffer mask, Buffer a, int n) {
    float[] to = Floats.of(y);
    byte[] which = Flags.of(mask);
    float[] from = Floats.of(a);
    chunks.rows(n, 1, (lo, hi) -> keepWhere(to, which, from, lo, hi));
  }

  private static void keepWhere(float[] y, byte[] mask, float[] a, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = Float.intBitsToFloat(Float.floatToRawIntBits(a[i]) & -mask[i]);
    }
  }

  @Override
  public void toReal(Buffer y, Buffer mask, int n) {
    float[] to = Floats.of(y);
    byte[] from = Flags.of(mask);
    chunks.rows(n, 1, (lo, hi) -> toReal(to, from, lo, hi));
  }

  private static void toReal(float[] y, byte[] mask, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = mask[i];
    }
  }

  @Override
  public void and(Buffer mask, Buffer a, Buffer b, int n) {
    byte[] to = Flags.of(mask);
    byte[] left = Flags.of(a);
    byte[] right = Flags.of(b);
    for (int i = 0; i < n; i++) {
      to[i] = (byte) (left[i] & right[i]);
    }
  }

  @Override
  public void not(Buffer mask, Buffer a, int n) {
    byte[] to = Flags.of(mask);
    byte[] from = Flags.of(a);
    for (int i = 0; i < n; i++) {
      to[i] = (byte) (from[i] ^ 1);
    }
  }

  @Override
  public void fill(Buffer y, double value, int n) {
    float[] to = Floats.of(y);
    chunks.rows(n, 1, (lo, hi) -> Arrays.fill(to, lo, hi, (float) value));
  }
}
