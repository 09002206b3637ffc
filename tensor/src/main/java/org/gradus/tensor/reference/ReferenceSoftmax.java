// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.SoftmaxKernels;
import org.gradus.tensor.host.Doubles;
import org.gradus.tensor.host.Flags;
import org.jspecify.annotations.Nullable;

/// Normalised exponentials over rows, under masks.
final class ReferenceSoftmax implements SoftmaxKernels {
  @Override
  public void softmax(Buffer yb, Buffer xb, @Nullable Buffer maskb, int rows, int n) {
    double[] y = Doubles.of(yb);
    double[] x = Doubles.of(xb);
    byte @Nullable [] mask = maskb == null ? null : Flags.of(maskb);
    for (int r = 0; r < rows; r++) {
      double c = largest(x, mask, r * n, n);
      double sum = sumOfExponentials(x, mask, r * n, n, c);
      for (int j = r * n; j < (r + 1) * n; j++) {
        y[j] = counts(mask, j) ? StrictMath.exp(x[j] - c) / sum : 0;
      }
    }
  }

  @Override
  public void softmaxBackward(Buffer dxb, Buffer dyb, Buffer yb, int rows, int n) {
    double[] dx = Doubles.of(dxb);
    double[] dy = Doubles.of(dyb);
    double[] y = Doubles.of(yb);
    for (int r = 0; r < rows; r++) {
      double mean = 0; // of dy under the distribution y
      for (int k = r * n; k < (r + 1) * n; k++) {
        mean += y[k] * dy[k];
      }
      for (int j = r * n; j < (r + 1) * n; j++) {
        dx[j] = y[j] * (dy[j] - mean);
      }
    }
  }

  @Override
  public void logSoftmax(Buffer yb, Buffer xb, @Nullable Buffer maskb, int rows, int n) {
    double[] y = Doubles.of(yb);
    double[] x = Doubles.of(xb);
    byte @Nullable [] mask = maskb == null ? null : Flags.of(maskb);
    for (int r = 0; r < rows; r++) {
      double c = largest(x, mask, r * n, n);
      double logSum = StrictMath.log(sumOfExponentials(x, mask, r * n, n, c));
      for (int j = r * n; j < (r + 1) * n; j++) {
        y[j] = counts(mask, j) ? x[j] - c - logSum : 0;
      }
    }
  }

  @Override
  public void logSoftmaxBackward(
      Buffer dxb, Buffer dyb, Buffer yb, @Nullable Buffer maskb, int rows, int n) {
    double[] dx = Doubles.of(dxb);
    double[] dy = Doubles.of(dyb);
    double[] y = Doubles.of(yb);
    byte @Nullable [] mask = maskb == null ? null : Flags.of(maskb);
    for (int r = 0; r < rows; r++) {
      double sum = 0;
      for (int k = r * n; k < (r + 1) * n; k++) {
        sum += counts(mask, k) ? dy[k] : 0;
      }
      for (int j = r * n; j < (r + 1) * n; j++) {
        dx[j] = counts(mask, j) ? dy[j] - StrictMath.exp(y[j]) * sum : 0;
      }
    }
  }

  @Override
  public void logSumExp(Buffer yb, Buffer xb, @Nullable Buffer maskb, int rows, int n) {
    double[] y = Doubles.of(yb);
    double[] x = Doubles.of(xb);
    byte @Nullable [] mask = maskb == null ? null : Flags.of(maskb);
    for (int r = 0; r < rows; r++) {
      double c = largest(x, mask, r * n, n);
      double sum = sumOfExponentials(x, mask, r * n, n, c);
      y[r] = sum == 0 ? 0 : c + StrictMath.log(sum);
    }
  }

  @Override
  public void logSumExpBackward(
      Buffer dxb, Buffer dyb, Buffer xb, Buffer yb, @Nullable Buffer maskb, int rows, int n) {
    double[] dx = Doubles.of(dxb);
    double[] dy = Doubles.of(dyb);
    double[] x = Doubles.of(xb);
    double[] y = Doubles.of(yb);
    byte @Nullable [] mask = maskb == null ? null : Flags.of(maskb);
    for (int r = 0; r < rows; r++) {
      for (int j = r * n; j < (r + 1) * n; j++) {
        dx[j] = counts(mask, j) ? StrictMath.exp(x[j] - y[r]) * dy[r] : 0;
      }
    }
  }

  private static boolean counts(byte @Nullable [] mask, int j) {
    return mask == null || mask[j] != 0;
  }

  /// The largest x of a row, −∞ when no entry is left.
  private static double largest(double[] x, byte @Nullable [] mask, int from, int n) {
    double c = Double.NEGATIVE_INFINITY;
    for (int j = from; j < from + n; j++) {
      c = counts(mask, j) ? Math.max(c, x[j]) : c;
    }
    return c;
  }

  /// Σ e^(x−c) of a row: at least 1 unless no entry is left, and then 0.
  private static double sumOfExponentials(
      double[] x, byte @Nullable [] mask, int from, int n, double c) {
    double sum = 0;
    for (int j = from; j < from + n; j++) {
      sum += counts(mask, j) ? StrictMath.exp(x[j] - c) : 0;
    }
    return sum;
  }
}
