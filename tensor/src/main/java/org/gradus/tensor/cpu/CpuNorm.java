// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.NormKernels;
import org.gradus.tensor.host.Flags;
import org.gradus.tensor.host.Floats;
import org.jspecify.annotations.Nullable;

/// Batch and layer normalisation. Statistics of columns are added up in parts of a fixed number of rows.
final class CpuNorm implements NormKernels {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  private final Chunks chunks;
  private final Scratch scratch = new Scratch();
  private final Scratch means = new Scratch();
  private final Scratch productMeans = new Scratch();

  CpuNorm(Chunks chunks) {
    this.chunks = chunks;
  }

  @Override
  public void columnMoments(
      Buffer mean, Buffer variance, Buffer x, @Nullable Buffer rowMask, int rows, int n) {
    float[] means = Floats.of(mean);
    float[] variances = Floats.of(variance);
    float[] from = Floats.of(x);
    byte @Nullable [] real = rowMask == null ? null : Flags.of(rowMask);
    float share = 1f / Math.max(1, count(real, rows));
    columnSums(means, real, rows, n, (sums, at, r) -> Rows.add(sums, at, from, r * n, n));
    Rows.scale(means, 0, share, means, 0, n);
    columnSums(
        variances, real, rows, n, (sums, at, r) -> addSquares(sums, at, from, r * n, means, n));
    Rows.scale(variances, 0, share, variances, 0, n);
  }

  /// What one row adds to the sums that start at `at`.
  private interface RowTerm {
    void add(float[] sums, int at, int row);
  }

  private void columnSums(float[] y, byte @Nullable [] real, int rows, int n, RowTerm term) {
    int parts = chunks.count(rows, n);
    float[] sums = scratch.floats(parts * n);
    chunks.parts(
        rows,
        n,
        (part, lo, hi) -> {
          Rows.zero(sums, part * n, n);
          for (int r = lo; r < hi; r++) {
            if (real == null || real[r] != 0) {
              term.add(sums, part * n, r);
            }
          }
        });
    Columns.sum(y, 0, sums, 0, parts, n);
  }

  private static int count(byte @Nullable [] real, int rows) {
    if (real == null) {
      return rows;
    }
    int count = 0;
    for (int r = 0; r < rows; r++) {
      count += real[r];
    }
    return count;
  }

  /// s += (x − mean)²
  private static void addSquares(float[] s, int sAt, float[] x, int xAt, float[] mean, int n) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector d = FloatVector.fromArray(S, x, xAt + i).sub(FloatVector.fromArray(S, mean, i));
      d.fma(d, FloatVector.fromArray(S, s, sAt + i)).intoArray(s, sAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector d =
          FloatVector.fromArray(S, x, xAt + whole, rest)
              .sub(FloatVector.fromArray(S, mean, whole, rest));
      d.fma(d, FloatVector.fromArray(S, s, sAt + whole, rest)).intoArray(s, sAt + whole, rest);
    }
  }

  /// s += a · b
  private static void addProducts(float[] s, int sAt, float[] a, float[] b, int at, int n) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector.fromArray(S, a, at + i)
          .fma(FloatVector.fromArray(S, b, at + i), FloatVector.fromArray(S, s, sAt + i))
          .intoArray(s, sAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, a, at + whole, rest)
          .fma(
              FloatVector.fromArray(S, b, at + whole, rest),
              FloatVector.fromArray(S, s, sAt + whole, rest))
          .intoArray(s, sAt + whole, rest);
    }
  }

  @Override
  public void normalizeColumns(
      Buffer y,
      Buffer x,
      Buffer mean,
      Buffer variance,
      @Nullable Buffer rowMask,
      int rows,
      int n,
      double epsilon) {
    float[] to = Floats.of(y);
    float[] from = Floats.of(x);
    float[] means = Floats.of(mean);
    byte @Nullable [] real = rowMask == null ? null : Flags.of(rowMask);
    float[] factors = scratch.floats(n);
    inverseDeviations(factors, Floats.of(variance), n, epsilon);
    chunks.rows(
        rows,
        2L * n,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            if (real == null || real[r] != 0) {
              normalize(to, from, r * n, means, factors, n);
            } else {
              Rows.zero(to, r * n, n);
            }
          }
        });
  }

  private static void inverseDeviations(float[] y, float[] variance, int n, double epsilon) {
    for (int i = 0; i < n; i++) {
      y[i] = (float) (1 / Math.sqrt(variance[i] + epsilon));
    }
  }

  /// y = (x − mean) · factor
  private static void normalize(float[] y, float[] x, int at, float[] mean, float[] factor, int n) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector.fromArray(S, x, at + i)
          .sub(FloatVector.fromArray(S, mean, i))
          .mul(FloatVector.fromArray(S, factor, i))
          .intoArray(y, at + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, x, at + whole, rest)
          .sub(FloatVector.fromArray(S, mean, whole, rest))
          .mul(FloatVector.fromArray(S, factor, whole, rest))
          .intoArray(y, at + whole, rest);
    }
  }

  @Override
  public void normalizeColumnsBackward(
      Buffer dx,
      Buffer dy,
      Buffer y,
      Buffer variance,
      @Nullable Buffer rowMask,
      int rows,
      int n,
      double epsilon) {
    float[] to = Floats.of(dx);
    float[] from = Floats.of(dy);
    float[] value = Floats.of(y);
    byte @Nullable [] real = rowMask == null ? null : Flags.of(rowMask);
    float share = 1f / Math.max(1, count(real, rows));
    float[] mean = means.floats(n); // of dy
    float[] meanY = productMeans.floats(n); // of dy · y
    columnSums(mean, real, rows, n, (sums, at, r) -> Rows.add(sums, at, from, r * n, n));
    columnSums(meanY, real, rows, n, (sums, at, r) -> addProducts(sums, at, from, value, r * n, n));
    Rows.scale(mean, 0, share, mean, 0, n);
    Rows.scale(meanY, 0, share, meanY, 0, n);
    float[] factors = scratch.floats(n);
    inverseDeviations(factors, Floats.of(variance), n, epsilon);
    chunks.rows(
        rows,
        3L * n,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            if (real == null || real[r] != 0) {
              center(to, from, value, r * n, mean, meanY, n);
              multiply(to, r * n, factors, n);
            } else {
              Rows.zero(to, r * n, n);
            }
          }
        });
  }

  /// dx = dy − mean − y · meanY
  private static void center(
      float[] dx, float[] dy, float[] y, int at, float[] mean, float[] meanY, int n) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector d = FloatVector.fromArray(S, dy, at + i).sub(FloatVector.fromArray(S, mean, i));
      d.sub(FloatVector.fromArray(S, y, at + i).mul(FloatVector.fromArray(S, meanY, i)))
          .intoArray(dx, at + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector d =
          FloatVector.fromArray(S, dy, at + whole, rest)
              .sub(FloatVector.fromArray(S, mean, whole, rest));
      FloatVector e =
          FloatVector.fromArray(S, y, at + whole, rest)
              .mul(FloatVector.fromArray(S, meanY, whole, rest));
      d.sub(e).intoArray(dx, at + whole, rest);
    }
  }

  /// y = y · factor
  private static void multiply(float[] y, int at, float[] factor, int n) {
    for (int i = 0; i < n; i++) {
      y[at + i] *= factor[i];
    }
  }

  @Override
  public void normalizeRows(Buffer y, Buffer invStd, Buffer x, int rows, int n, double epsilon) {
    float[] to = Floats.of(y);
    float[] factors = Floats.of(invStd);
    float[] from = Floats.of(x);
    chunks.rows(
        rows,
        4L * n,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            float mean = Lanes.sum(from, r * n, n) / n;
            double variance = Lanes.sumOfSquaresAround(mean, from, r * n, n) / n;
            float factor = (float) (1 / Math.sqrt(variance + epsilon));
            factors[r] = factor;
            shiftAndScale(to, from, r * n, mean, factor, n);
          }
        });
  }

  /// y = (x − mean) · factor
  private static void shiftAndScale(float[] y, float[] x, int at, float mean, float factor, int n) {
    int whole = S.loopBound(n);
    for (int i = at; i < at + whole; i += W) {
      FloatVector.fromArray(S, x, i).sub(mean).mul(factor).intoArray(y, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, x, at + whole, rest)
          .sub(mean)
          .mul(factor)
          .intoArray(y, at + whole, rest);
    }
  }

  @Override
  public void normalizeRowsBackward(
      Buffer dx, Buffer dy, Buffer y, Buffer invStd, int rows, int n) {
    float[] to = Floats.of(dx);
    float[] from = Floats.of(dy);
    float[] value = Floats.of(y);
    float[] factors = Floats.of(invStd);
    chunks.rows(
        rows,
        4L * n,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            float mean = Lanes.sum(from, r * n, n) / n;
            float meanY = Lanes.dot(from, r * n, value, r * n, n) / n;
            shiftAndScale(to, from, r * n, mean, 1, n);
            Rows.addScaled(to, r * n, -meanY, value, r * n, n);
            Rows.scale(to, r * n, factors[r], to, r * n, n);
          }
        });
  }
}
