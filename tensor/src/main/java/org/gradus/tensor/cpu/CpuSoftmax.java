// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.SoftmaxKernels;
import org.gradus.tensor.host.Flags;
import org.gradus.tensor.host.Floats;
import org.jspecify.annotations.Nullable;

/// Normalised exponentials over rows. A row is read three times, out of the first cache after the first: for its
/// maximum, for the exponentials, for their sum.
final class CpuSoftmax implements SoftmaxKernels {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;
  private static final int COST = 6; // per number, a plain copy being 1

  /// Rows from which on the loop over a row is compiled within a few steps.
  private static final int MANY = 64;

  private final Chunks chunks;

  // One per object, and objects live as long as their device.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<float[]> rests = ThreadLocal.withInitial(() -> new float[W]);

  CpuSoftmax(Chunks chunks) {
    this.chunks = chunks;
  }

  @Override
  public void softmax(Buffer y, Buffer x, @Nullable Buffer mask, int rows, int n) {
    float[] to = Floats.of(y);
    float[] from = Floats.of(x);
    byte @Nullable [] real = mask == null ? null : Flags.of(mask);
    chunks.rows(
        rows,
        (long) COST * n,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            float sum = exponentials(to, r * n, from, real, r * n, n, rows >= MANY);
            if (sum != 0) {
              Rows.scale(to, r * n, 1 / sum, to, r * n, n);
            }
            if (real != null && Float.isNaN(sum)) {
              select(to, r * n, real, r * n, n); // 0 · NaN, where nothing counts
            }
          }
        });
  }

  /// e = m e^(x−c) for one row and returns its sum, which is at least 1, or 0 when no entry is left.
  ///
  /// With a mask or without, by the same calls: the loops of a maximum and a sum stand here once, for where they stood twice the
  /// compiler had no room for the last, and each vector of it became an object.
  private float exponentials(
      float[] e, int eAt, float[] x, byte @Nullable [] mask, int at, int n, boolean many) {
    float[] from = x;
    int fromAt = at;
    if (mask != null) {
      select(e, eAt, mask, x, at, Float.NEGATIVE_INFINITY, n);
      from = e;
      fromAt = eAt;
    }
    shiftedExp(e, eAt, from, fromAt, Lanes.max(from, fromAt, n), n, rests.get());
    if (mask != null) {
      select(e, eAt, mask, at, n); // also where every entry was −∞ and −∞ − −∞ came out
    }
    return Lanes.sum(e, eAt, n, many);
  }

  /// y = e^(x−c). Compiled by itself (`dontinline` among the flags of the JVM): beside other loops in one compiled method the
  /// compiler runs out of nodes in the middle of the polynomial, and each vector there becomes an object. For the same
  /// reason the polynomial stands in one place, and the rest of a row goes through it too.
  ///
  /// @param rest of the calling thread: behind a row's end is anything
  private static void shiftedExp(
      float[] y, int yAt, float[] x, int xAt, float c, int n, float[] rest) {
    int whole = S.loopBound(n);
    System.arraycopy(x, xAt + whole, rest, 0, n - whole);
    for (int i = 0; i < n; i += W) {
      boolean last = i == whole;
      float[] from = last ? rest : x;
      float[] to = last ? rest : y;
      Polynomials.exp(FloatVector.fromArray(S, from, last ? 0 : xAt + i).sub(c))
          .intoArray(to, last ? 0 : yAt + i);
    }
    System.arraycopy(rest, 0, y, yAt + whole, n - whole);
  }

  /// y = m ? x : other
  private static void select(
      float[] y, int yAt, byte[] mask, float[] x, int at, float other, int n) {
    int bits = Float.floatToRawIntBits(other);
    for (int i = 0; i < n; i++) {
      int keep = -mask[at + i];
      y[yAt + i] =
          Float.intBitsToFloat((Float.floatToRawIntBits(x[at + i]) & keep) | (bits & ~keep));
    }
  }

  /// y = m ? y : 0
  private static void select(float[] y, int yAt, byte[] mask, int at, int n) {
    for (int i = 0; i < n; i++) {
      y[yAt + i] = Float.intBitsToFloat(Float.floatToRawIntBits(y[yAt + i]) & -mask[at + i]);
    }
  }

  @Override
  public void softmaxBackward(Buffer dx, Buffer dy, Buffer y, int rows, int n) {
    float[] to = Floats.of(dx);
    float[] from = Floats.of(dy);
    float[] share = Floats.of(y);
    chunks.rows(
        rows,
        3L * n,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            float mean = Lanes.dot(share, r * n, from, r * n, n);
            weighted(to, share, from, mean, r * n, n);
          }
        });
  }

  /// dx = y (dy − mean)
  private static void weighted(float[] dx, float[] y, float[] dy, float mean, int at, int n) {
    int whole = S.loopBound(n);
    for (int i = at; i < at + whole; i += W) {
      FloatVector.fromArray(S, dy, i)
          .sub(mean)
          .mul(FloatVector.fromArray(S, y, i))
          .intoArray(dx, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, dy, at + whole, rest)
          .sub(mean)
          .mul(FloatVector.fromArray(S, y, at + whole, rest))
          .intoArray(dx, at + whole, rest);
    }
  }

  @Override
  public void logSoftmax(Buffer y, Buffer x, @Nullable Buffer mask, int rows, int n) {
    float[] to = Floats.of(y);
    float[] from = Floats.of(x);
    byte @Nullable [] real = mask == null ? null : Flags.of(mask);
    chunks.rows(
        rows,
        (long) COST * n,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            int at = r * n;
            float sum = exponentials(to, at, from, real, at, n, rows >= MANY);
            float c = largest(from, real, at, n);
            subtract(to, from, c, log(sum), at, n);
            if (real != null) {
              select(to, at, real, at, n);
            }
          }
        });
  }

  private float largest(float[] x, byte @Nullable [] mask, int at, int n) {
    if (mask == null) {
      return Lanes.max(x, at, n);
    }
    float[] selected = chunks.scratch(n);
    select(selected, 0, mask, x, at, Float.NEGATIVE_INFINITY, n);
    return Lanes.max(selected, 0, n);
  }

  private static float log(float x) {
    return (float) StrictMath.log(x);
  }

  /// y = x − c − s
  private static void subtract(float[] y, float[] x, float c, float s, int at, int n) {
    int whole = S.loopBound(n);
    for (int i = at; i < at + whole; i += W) {
      FloatVector.fromArray(S, x, i).sub(c).sub(s).intoArray(y, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, x, at + whole, rest).sub(c).sub(s).intoArray(y, at + whole, rest);
    }
  }

  @Override
  public void logSoftmaxBackward(
      Buffer dx, Buffer dy, Buffer y, @Nullable Buffer mask, int rows, int n) {
    float[] to = Floats.of(dx);
    float[] from = Floats.of(dy);
    float[] logShare = Floats.of(y);
    byte @Nullable [] real = mask == null ? null : Flags.of(mask);
    chunks.rows(
        rows,
        (long) COST * n,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            int at = r * n;
            System.arraycopy(from, at, to, at, n);
            if (real != null) {
              select(to, at, real, at, n);
            }
            float sum = Lanes.sum(to, at, n, rows >= MANY);
            float[] share = chunks.scratch(n);
            shiftedExp(share, 0, logShare, at, 0, n, rests.get());
            Rows.addScaled(to, at, -sum, share, 0, n);
            if (real != null) {
              select(to, at, real, at, n);
            }
          }
        });
  }

  @Override
  public void logSumExp(Buffer y, Buffer x, @Nullable Buffer mask, int rows, int n) {
    float[] to = Floats.of(y);
    float[] from = Floats.of(x);
    byte @Nullable [] real = mask == null ? null : Flags.of(mask);
    chunks.rows(
        rows,
        (long) COST * n,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            float c = largest(from, real, r * n, n);
            float sum = exponentials(chunks.scratch(n), 0, from, real, r * n, n, rows >= MANY);
            to[r] = sum == 0 ? 0 : c + log(sum);
          }
        });
  }

  @Override
  public void logSumExpBackward(
      Buffer dx, Buffer dy, Buffer x, Buffer y, @Nullable Buffer mask, int rows, int n) {
    float[] to = Floats.of(dx);
    float[] from = Floats.of(dy);
    float[] argument = Floats.of(x);
    float[] value = Floats.of(y);
    byte @Nullable [] real = mask == null ? null : Flags.of(mask);
    chunks.rows(
        rows,
        (long) COST * n,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            shiftedExp(to, r * n, argument, r * n, value[r], n, rests.get());
            Rows.scale(to, r * n, from[r], to, r * n, n);
            if (real != null) {
              select(to, r * n, real, r * n, n);
            }
          }
        });
  }
}
