// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.NormKernels;
import org.gradus.tensor.host.Doubles;
import org.gradus.tensor.host.Flags;
import org.jspecify.annotations.Nullable;

/// Batch and layer normalisation without scale and shift.
final class ReferenceNorm implements NormKernels {
  @Override
  public void columnMoments(
      Buffer meanb, Buffer varianceb, Buffer xb, @Nullable Buffer rowMaskb, int rows, int n) {
    double[] mean = Doubles.of(meanb);
    double[] variance = Doubles.of(varianceb);
    double[] x = Doubles.of(xb);
    byte @Nullable [] rowMask = rowMaskb == null ? null : Flags.of(rowMaskb);
    int count = count(rowMask, rows);
    for (int j = 0; j < n; j++) {
      double sum = 0;
      for (int r = 0; r < rows; r++) {
        sum += counts(rowMask, r) ? x[r * n + j] : 0;
      }
      mean[j] = count == 0 ? 0 : sum / count;
      double squares = 0;
      for (int r = 0; r < rows; r++) {
        double d = x[r * n + j] - mean[j];
        squares += counts(rowMask, r) ? d * d : 0;
      }
      variance[j] = count == 0 ? 0 : squares / count;
    }
  }

  @Override
  public void normalizeColumns(
      Buffer yb,
      Buffer xb,
      Buffer meanb,
      Buffer varianceb,
      @Nullable Buffer rowMaskb,
      int rows,
      int n,
      double epsilon) {
    double[] y = Doubles.of(yb);
    double[] x = Doubles.of(xb);
    double[] mean = Doubles.of(meanb);
    double[] variance = Doubles.of(varianceb);
    byte @Nullable [] rowMask = rowMaskb == null ? null : Flags.of(rowMaskb);
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < n; j++) {
        int at = r * n + j;
        y[at] = counts(rowMask, r) ? (x[at] - mean[j]) / Math.sqrt(variance[j] + epsilon) : 0;
      }
    }
  }

  @Override
  public void normalizeColumnsBackward(
      Buffer dxb,
      Buffer dyb,
      Buffer yb,
      Buffer varianceb,
      @Nullable Buffer rowMaskb,
      int rows,
      int n,
      double epsilon) {
    double[] dx = Doubles.of(dxb);
    double[] dy = Doubles.of(dyb);
    double[] y = Doubles.of(yb);
    double[] variance = Doubles.of(varianceb);
    byte @Nullable [] rowMask = rowMaskb == null ? null : Flags.of(rowMaskb);
    int count = count(rowMask, rows);
    for (int j = 0; j < n; j++) {
      double sum = 0; // Σ dy
      double sumY = 0; // Σ dy · y
      for (int r = 0; r < rows; r++) {
        int at = r * n + j;
        sum += counts(rowMask, r) ? dy[at] : 0;
        sumY += counts(rowMask, r) ? dy[at] * y[at] : 0;
      }
      double invStd = 1 / Math.sqrt(variance[j] + epsilon);
      for (int r = 0; r < rows; r++) {
        int at = r * n + j;
        dx[at] = counts(rowMask, r) ? (dy[at] - sum / count - y[at] * (sumY / count)) * invStd : 0;
      }
    }
  }

  private static boolean counts(byte @Nullable [] rowMask, int row) {
    return rowMask == null || rowMask[row] != 0;
  }

  private static int count(byte @Nullable [] rowMask, int rows) {
    int count = 0;
    for (int r = 0; r < rows; r++) {
      count += counts(rowMask, r) ? 1 : 0;
    }
    return count;
  }

  @Override
  public void normalizeRows(Buffer yb, Buffer invStdb, Buffer xb, int rows, int n, double epsilon) {
    double[] y = Doubles.of(yb);
    double[] invStd = Doubles.of(invStdb);
    double[] x = Doubles.of(xb);
    for (int r = 0; r < rows; r++) {
      double sum = 0;
      for (int at = r * n; at < (r + 1) * n; at++) {
        sum += x[at];
      }
      double mean = sum / n;
      double squares = 0;
      for (int at = r * n; at < (r + 1) * n; at++) {
        squares += (x[at] - mean) * (x[at] - mean);
      }
      invStd[r] = 1 / Math.sqrt(squares / n + epsilon);
      for (int at = r * n; at < (r + 1) * n; at++) {
        y[at] = (x[at] - mean) * invStd[r];
      }
    }
  }

  @Override
  public void normalizeRowsBackward(
      Buffer dxb, Buffer dyb, Buffer yb, Buffer invStdb, int rows, int n) {
    double[] dx = Doubles.of(dxb);
    double[] dy = Doubles.of(dyb);
    double[] y = Doubles.of(yb);
    double[] invStd = Doubles.of(invStdb);
    for (int r = 0; r < rows; r++) {
      double sum = 0; // Σ dy
      double sumY = 0; // Σ dy · y
      for (int at = r * n; at < (r + 1) * n; at++) {
        sum += dy[at];
        sumY += dy[at] * y[at];
      }
      for (int at = r * n; at < (r + 1) * n; at++) {
        dx[at] = invStd[r] * (dy[at] - sum / n - y[at] * (sumY / n));
      }
    }
  }
}
