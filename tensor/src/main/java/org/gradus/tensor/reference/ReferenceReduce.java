// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.ReduceKernels;
import org.gradus.tensor.host.Doubles;
import org.gradus.tensor.host.Ints;

/// Reductions over the middle axis.
final class ReferenceReduce implements ReduceKernels {
  @Override
  public void sum(Buffer yb, Buffer xb, int outer, int n, int inner, double scale) {
    double[] y = Doubles.of(yb);
    double[] x = Doubles.of(xb);
    for (int o = 0; o < outer; o++) {
      for (int i = 0; i < inner; i++) {
        double sum = 0;
        for (int j = 0; j < n; j++) {
          sum += x[(o * n + j) * inner + i];
        }
        y[o * inner + i] = scale * sum;
      }
    }
  }

  @Override
  public void max(Buffer yb, Buffer argmaxb, Buffer xb, int outer, int n, int inner) {
    double[] y = Doubles.of(yb);
    int[] argmax = Ints.of(argmaxb);
    double[] x = Doubles.of(xb);
    for (int o = 0; o < outer; o++) {
      for (int i = 0; i < inner; i++) {
        int best = 0;
        for (int j = 1; j < n; j++) {
          if (x[(o * n + j) * inner + i] > x[(o * n + best) * inner + i]) {
            best = j;
          }
        }
        y[o * inner + i] = x[(o * n + best) * inner + i];
        argmax[o * inner + i] = best;
      }
    }
  }

  @Override
  public void maxBackward(Buffer dxb, Buffer dyb, Buffer argmaxb, int outer, int n, int inner) {
    double[] dx = Doubles.of(dxb);
    double[] dy = Doubles.of(dyb);
    int[] argmax = Ints.of(argmaxb);
    for (int o = 0; o < outer; o++) {
      for (int j = 0; j < n; j++) {
        for (int i = 0; i < inner; i++) {
          dx[(o * n + j) * inner + i] = argmax[o * inner + i] == j ? dy[o * inner + i] : 0;
        }
      }
    }
  }

  @Override
  public double sumOfSquares(Buffer xb, int n) {
    double[] x = Doubles.of(xb);
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += x[i] * x[i];
    }
    return sum;
  }

  @Override
  public double sumOfMagnitudes(Buffer xb, int n) {
    double[] x = Doubles.of(xb);
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += Math.abs(x[i]);
    }
    return sum;
  }

  @Override
  public int firstNonFinite(Buffer xb, int n) {
    double[] x = Doubles.of(xb);
    for (int i = 0; i < n; i++) {
      if (!Double.isFinite(x[i])) {
        return i;
      }
    }
    return -1;
  }
}
