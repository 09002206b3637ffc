// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.MatMulKernels.Product;

class MatMulContractTest {
  /// m, n, k.
  private static final int[][] SIZES = {
    {0, 3, 2},
    {3, 0, 2},
    {3, 2, 0},
    {1, 1, 1},
    {1, 1, 17},
    {1, 33, 5},
    {2, 3, 5},
    {5, 1, 31},
    {4, 16, 16},
    {7, 17, 9},
    {16, 15, 33},
    {31, 64, 3},
    {33, 31, 65},
    {3, 5, 1000},
    {64, 64, 64},
    {127, 2, 8},
    {130, 97, 101}
  };

  /// Σ|a||b| per element, by the definition.
  private static double[] magnitudes(float[] a, float[] b, Product s) {
    double[] sums = new double[s.batch() * s.m() * s.n()];
    for (int i = 0; i < sums.length; i++) {
      int batch = i / (s.m() * s.n());
      int row = i / s.n() % s.m();
      int column = i % s.n();
      for (int l = 0; l < s.k(); l++) {
        double x = a[batch * s.strideA() + (s.transposeA() ? l * s.m() + row : row * s.k() + l)];
        double y =
            b[batch * s.strideB() + (s.transposeB() ? column * s.k() + l : l * s.n() + column)];
        sums[i] += Math.abs(x * y);
      }
    }
    return sums;
  }

  private static void compare(Twin twin, Product s) {
    int sizeA = s.m() * s.k();
    int sizeB = s.k() * s.n();
    float[] a = Samples.normal(1, (s.batch() - 1) * s.strideA() + sizeA);
    float[] b = Samples.normal(2, (s.batch() - 1) * s.strideB() + sizeB);
    float[] c = Samples.normal(3, s.batch() * s.m() * s.n());
    double[] magnitudes = magnitudes(a, b, s);
    for (int i = 0; i < c.length && s.accumulate(); i++) {
      magnitudes[i] += Math.abs(c[i]);
    }
    twin.compare(
        s.toString(),
        side -> {
          Buffer product = s.accumulate() ? side.real(c) : side.blank(c.length);
          side.kernels().matMul().multiply(product, side.real(a), side.real(b), s);
          side.result(product, Bound.of(s.k() + 2, magnitudes));
        });
  }

  @OnEveryDevice
  void multiply(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : SIZES) {
        for (int layout = 0; layout < 8; layout++) {
          compare(
              twin,
              new Product(
                  1,
                  s[0],
                  s[1],
                  s[2],
                  (layout & 1) != 0,
                  (layout & 2) != 0,
                  0,
                  0,
                  (layout & 4) != 0));
        }
      }
    }
  }

  @OnEveryDevice
  void multiplyInBatches(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : new int[][] {{3, 5, 7}, {9, 17, 4}, {1, 16, 1}, {10, 10, 33}, {27, 27, 16}}) {
        for (int batch : new int[] {0, 1, 2, 5, 40}) {
          for (int layout = 0; layout < 16; layout++) {
            int strideA = (layout & 4) != 0 ? 0 : s[0] * s[2];
            int strideB = (layout & 8) != 0 ? 0 : s[1] * s[2];
            boolean accumulate = layout % 3 == 0;
            if (batch > 0) {
              compare(
                  twin,
                  new Product(
                      batch,
                      s[0],
                      s[1],
                      s[2],
                      (layout & 1) != 0,
                      (layout & 2) != 0,
                      strideA,
                      strideB,
                      accumulate));
            }
          }
        }
      }
    }
  }

  @OnEveryDevice
  void linear(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : SIZES) {
        int m = s[0];
        int n = s[1];
        int k = s[2];
        float[] x = Samples.normal(1, m * k);
        float[] w = Samples.normal(2, k * n);
        float[] bias = Samples.normal(3, n);
        double[] magnitudes = magnitudes(x, w, Product.of(m, n, k));
        for (int i = 0; i < magnitudes.length; i++) {
          magnitudes[i] += Math.abs(bias[i % n]);
        }
        for (Activation act : Activation.values()) {
          // No slope exceeds 1, so the error of z comes through at most whole.
          twin.compare(
              act + " of " + java.util.Arrays.toString(s),
              side -> {
                Buffer y = side.blank(m * n);
                side.kernels()
                    .matMul()
                    .linear(y, side.real(x), side.real(w), side.real(bias), act, m, n, k);
                side.result(
                    y,
                    (i, exact) ->
                        Bound.U * ((k + 3) * magnitudes[i] + Bound.ELEMENTARY * Math.abs(exact)));
              });
        }
      }
    }
  }

  @OnEveryDevice
  void linearBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s :
          new int[][] {
            {0, 3},
            {1, 1},
            {1, 17},
            {5, 16},
            {7, 9},
            {33, 31},
            {64, 1},
            {64, 8},
            {255, 8},
            {127, 400},
            {1600, 40},
            {3000, 17}
          }) {
        int m = s[0];
        int n = s[1];
        float[] dy = Samples.normal(1, m * n);
        float[] y = Samples.normal(2, m * n);
        for (int i = 0; i < y.length; i++) {
          y[i] = i % 5 == 0 ? 0 : (float) Math.tanh(y[i]);
        }
        double[] columns = new double[n];
        for (int i = 0; i < dy.length; i++) {
          columns[i % n] += Math.abs(dy[i]);
        }
        for (Activation act : Activation.values()) {
          Bound elements = (i, exact) -> 4 * Bound.U * Math.abs(dy[i]);
          // Values of y below 0 are no sigmoids: there y (1 − y) reaches 2, and so its error 8u.
          Bound each = act == Activation.SIGMOID ? (i, e) -> 2 * elements.at(i, e) : elements;
          twin.compare(
              act + " backward of " + m + " × " + n,
              side -> {
                Buffer yb = side.real(y);
                Buffer dz = side.blank(m * n);
                Buffer db = side.blank(n);
                var kernels = side.kernels().matMul();
                kernels.linearBackward(dz, db, side.real(dy), yb, act, m, n);
                side.result(dz, each);
                side.result(db, Bound.of(2 * (m + 6), columns));
                Buffer both = side.real(dy);
                kernels.linearBackward(both, db, both, yb, act, m, n);
                side.result(both, each);
                side.result(db, Bound.of(2 * (m + 6), columns));
              });
        }
      }
    }
  }
}
