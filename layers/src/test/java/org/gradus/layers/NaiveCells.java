// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.Arrays;

/// Recurrent cells of several libraries as plain loops over one row. Nothing here calls an operation of the library.
final class NaiveCells {
  private NaiveCells() {}

  static double sigmoid(double a) {
    return 1 / (1 + Math.exp(-a));
  }

  /// x W + b, W as rows `[in][out]`.
  static double[] product(double[] x, double[][] w, double[] b) {
    double[] y = b.clone();
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < y.length; j++) {
        y[j] += x[i] * w[i][j];
      }
    }
    return y;
  }

  /// W x + b, W as rows `[out][in]`: what PyTorch does.
  static double[] transposed(double[] x, double[][] w, double[] b) {
    double[] y = b.clone();
    for (int j = 0; j < y.length; j++) {
      for (int i = 0; i < x.length; i++) {
        y[j] += w[j][i] * x[i];
      }
    }
    return y;
  }

  static double[] plus(double[] a, double[] b) {
    double[] y = a.clone();
    for (int i = 0; i < y.length; i++) {
      y[i] += b[i];
    }
    return y;
  }

  static double[][] rows(double[] values, int columns) {
    double[][] rows = new double[values.length / columns][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(values, i * columns, (i + 1) * columns));
    return rows;
  }

  static double[][] reversed(double[][] x) {
    double[][] y = new double[x.length][];
    Arrays.setAll(y, t -> x[x.length - 1 - t]);
    return y;
  }

  /// LSTM with blocks i, f, g, o, with peepholes p `[3][H]` and factors of the state in the recurrent product.
  static double[][] lstm(
      double[][] w, double[][] u, double[] b, double[][] p, double[] factors, double[][] x) {
    int width = u.length;
    double[] h = new double[width];
    double[] c = new double[width];
    double[][] states = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] dropped = h.clone();
      for (int j = 0; j < width; j++) {
        dropped[j] *= factors[j];
      }
      double[] a = plus(product(x[t], w, b), product(dropped, u, new double[4 * width]));
      double[] next = new double[width];
      for (int j = 0; j < width; j++) {
        double i = sigmoid(a[j] + c[j] * p[0][j]);
        double f = sigmoid(a[width + j] + c[j] * p[1][j]);
        c[j] = f * c[j] + i * Math.tanh(a[2 * width + j]);
        next[j] = sigmoid(a[3 * width + j] + c[j] * p[2][j]) * Math.tanh(c[j]);
      }
      h = next;
      states[t] = h;
    }
    return states;
  }

  /// The plain LSTM.
  static double[][] lstm(double[][] w, double[][] u, double[] b, double[][] x) {
    double[] ones = new double[u.length];
    Arrays.fill(ones, 1);
    return lstm(w, u, b, new double[3][u.length], ones, x);
  }

  /// PyTorch's `LSTM`: i, f, g, o.
  static double[][] torchLstm(GateWeights.Torch w, double[][] x) {
    int width = w.weightHh()[0].length;
    double[] h = new double[width];
    double[] c = new double[width];
    double[][] states = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] a =
          plus(transposed(x[t], w.weightIh(), w.biasIh()), transposed(h, w.weightHh(), w.biasHh()));
      double[] next = new double[width];
      for (int j = 0; j < width; j++) {
        c[j] = sigmoid(a[width + j]) * c[j] + sigmoid(a[j]) * Math.tanh(a[2 * width + j]);
        next[j] = sigmoid(a[3 * width + j]) * Math.tanh(c[j]);
      }
      h = next;
      states[t] = h;
    }
    return states;
  }

  /// PyTorch's `GRU`: r, z, n.
  static double[][] torchGru(GateWeights.Torch w, double[][] x) {
    int width = w.weightHh()[0].length;
    double[] h = new double[width];
    double[][] states = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] i = transposed(x[t], w.weightIh(), w.biasIh());
      double[] k = transposed(h, w.weightHh(), w.biasHh());
      double[] next = new double[width];
      for (int j = 0; j < width; j++) {
        double r = sigmoid(i[j] + k[j]);
        double z = sigmoid(i[width + j] + k[width + j]);
        double n = Math.tanh(i[2 * width + j] + r * k[2 * width + j]);
        next[j] = (1 - z) * n + z * h[j];
      }
      h = next;
      states[t] = h;
    }
    return states;
  }

  /// Keras' `GRU` with `reset_after`: z, r, h.
  static double[][] kerasGru(
      double[][] kernel, double[][] recurrent, double[][] bias, double[][] x) {
    int width = recurrent.length;
    double[] h = new double[width];
    double[][] states = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] i = product(x[t], kernel, bias[0]);
      double[] k = product(h, recurrent, bias[1]);
      double[] next = new double[width];
      for (int j = 0; j < width; j++) {
        double z = sigmoid(i[j] + k[j]);
        double r = sigmoid(i[width + j] + k[width + j]);
        next[j] = z * h[j] + (1 - z) * Math.tanh(i[2 * width + j] + r * k[2 * width + j]);
      }
      h = next;
      states[t] = h;
    }
    return states;
  }

  /// TensorFlow 1's `LSTMCell`: one kernel over `[x, h]`, blocks i, j (the candidate), f, o.
  static double[][] tensorFlow1Lstm(
      double[][] kernel, double[] bias, double forgetBias, double[][] x) {
    int width = bias.length / 4;
    double[] h = new double[width];
    double[] c = new double[width];
    double[][] states = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] a = product(joined(x[t], h), kernel, bias);
      double[] next = new double[width];
      for (int j = 0; j < width; j++) {
        double f = sigmoid(a[2 * width + j] + forgetBias);
        c[j] = f * c[j] + sigmoid(a[j]) * Math.tanh(a[width + j]);
        next[j] = sigmoid(a[3 * width + j]) * Math.tanh(c[j]);
      }
      h = next;
      states[t] = h;
    }
    return states;
  }

  /// TensorFlow 1's `GRUCell`: gates r, u, then a candidate of `[x, r ∘ h]`.
  static double[][] tensorFlow1Gru(
      double[][] gateKernel,
      double[] gateBias,
      double[][] candidateKernel,
      double[] candidateBias,
      double[][] x) {
    int width = candidateBias.length;
    double[] h = new double[width];
    double[][] states = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] gates = product(joined(x[t], h), gateKernel, gateBias);
      double[] reset = h.clone();
      for (int j = 0; j < width; j++) {
        reset[j] *= sigmoid(gates[j]);
      }
      double[] n = product(joined(x[t], reset), candidateKernel, candidateBias);
      double[] next = new double[width];
      for (int j = 0; j < width; j++) {
        double u = sigmoid(gates[width + j]);
        next[j] = u * h[j] + (1 - u) * Math.tanh(n[j]);
      }
      h = next;
      states[t] = h;
    }
    return states;
  }

  private static double[] joined(double[] a, double[] b) {
    double[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }
}
