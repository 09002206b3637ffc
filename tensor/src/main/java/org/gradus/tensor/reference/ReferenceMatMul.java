// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.MatMulKernels;
import org.gradus.tensor.host.Doubles;

/// Matrix products, and the fully connected layer.
final class ReferenceMatMul implements MatMulKernels {
  @Override
  public void multiply(Buffer cb, Buffer ab, Buffer bb, Product shape) {
    double[] c = Doubles.of(cb);
    double[] a = Doubles.of(ab);
    double[] b = Doubles.of(bb);
    int m = shape.m();
    int n = shape.n();
    int k = shape.k();
    for (int s = 0; s < shape.batch(); s++) {
      int aAt = s * shape.strideA();
      int bAt = s * shape.strideB();
      int cAt = s * m * n;
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          double sum = 0;
          for (int l = 0; l < k; l++) {
            double x = shape.transposeA() ? a[aAt + l * m + i] : a[aAt + i * k + l];
            double y = shape.transposeB() ? b[bAt + j * k + l] : b[bAt + l * n + j];
            sum += x * y;
          }
          c[cAt + i * n + j] = shape.accumulate() ? c[cAt + i * n + j] + sum : sum;
        }
      }
    }
  }

  @Override
  public void linear(
      Buffer yb, Buffer xb, Buffer wb, Buffer bb, Activation act, int m, int n, int k) {
    double[] y = Doubles.of(yb);
    double[] x = Doubles.of(xb);
    double[] w = Doubles.of(wb);
    double[] b = Doubles.of(bb);
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double z = b[j];
        for (int l = 0; l < k; l++) {
          z += x[i * k + l] * w[l * n + j]; // W x + b
        }
        y[i * n + j] =
            switch (act) {
              case IDENTITY -> z;
              case RELU -> Math.max(z, 0);
              case SIGMOID -> ReferenceElementwise.sigmoid(z);
              case TANH -> StrictMath.tanh(z);
            };
      }
    }
  }

  @Override
  public void linearBackward(
      Buffer dzb, Buffer dbb, Buffer dyb, Buffer yb, Activation act, int m, int n) {
    double[] dz = Doubles.of(dzb);
    double[] db = Doubles.of(dbb);
    double[] dy = Doubles.of(dyb);
    double[] y = Doubles.of(yb);
    for (int j = 0; j < n; j++) {
      double sum = 0;
      for (int i = 0; i < m; i++) {
        int at = i * n + j;
        dz[at] =
            switch (act) {
              case IDENTITY -> dy[at];
              case RELU -> y[at] > 0 ? dy[at] : 0;
              case SIGMOID -> dy[at] * y[at] * (1 - y[at]);
              case TANH -> dy[at] * (1 - y[at] * y[at]);
            };
        sum += dz[at];
      }
      db[j] = sum;
    }
  }
}
