// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.Arrays;
import org.gradus.autograd.DenseParameter;
import org.jspecify.annotations.Nullable;

/// The weights of an [Lstm] or [Gru] on the host, in blocks of H columns, a block for each gate: the form in which they come
/// from other libraries and go there.
///
/// | From | Blocks there | Other differences |
/// | --- | --- | --- |
/// | PyTorch LSTM | i, f, g, o | transposed, two biases: [#ofTorchLstm] |
/// | PyTorch GRU, [Gru.Form#PYTORCH] | r, z, n | transposed, two biases: [#ofTorchGru] |
/// | Keras LSTM | i, f, g, o | none: `new GateWeights(kernel, recurrentKernel, bias, new double[4H])` |
/// | Keras GRU with `reset_after`, [Gru.Form#PYTORCH] | z, r, h | none: the two rows of its bias are the two biases here |
/// | TensorFlow 1 `LSTMCell` | i, g, f, o | one kernel `[D + H, 4H]`, and a forget bias added as it runs: [#ofTensorFlow1Lstm] |
/// | TensorFlow 1 `GRUCell`, [Gru.Form#CHO] | r, u; candidate apart | kernels `[D + H, …]`: [#ofTensorFlow1Gru] |
///
/// A GRU in a form that keeps with u (`KEEP`) becomes one that updates with u, and back, by [#negated] of block 0.
///
/// @param input W `[D][kH]`
/// @param recurrent U `[H][kH]`
/// @param bias `[kH]`, added to x W
/// @param recurrentBias `[kH]`, added to h U; zeros where there is one bias
public record GateWeights(
    double[][] input, double[][] recurrent, double[] bias, double[] recurrentBias) {
  /// Checks the sizes.
  public GateWeights {
    int columns = bias.length;
    int width = recurrent.length;
    boolean fits = width > 0 && columns % width == 0 && recurrentBias.length == columns;
    for (double[] row : input) {
      fits &= row.length == columns;
    }
    for (double[] row : recurrent) {
      fits &= row.length == columns;
    }
    if (!fits || input.length == 0) {
      throw new IllegalArgumentException(
          "gate weights: input "
              + size(input)
              + ", recurrent "
              + size(recurrent)
              + ", biases "
              + columns
              + " and "
              + recurrentBias.length
              + ". Expected [D][kH], [H][kH], kH and kH; PyTorch's weights are transposed.");
    }
  }

  /// Weights as PyTorch holds them.
  ///
  /// @param weightIh `weight_ih_l0` `[kH][D]`
  /// @param weightHh `weight_hh_l0` `[kH][H]`
  /// @param biasIh `bias_ih_l0` `[kH]`
  /// @param biasHh `bias_hh_l0` `[kH]`
  public record Torch(double[][] weightIh, double[][] weightHh, double[] biasIh, double[] biasHh) {}

  /// H
  public int width() {
    return recurrent.length;
  }

  /// Of a PyTorch `LSTM`.
  public static GateWeights ofTorchLstm(Torch w) {
    return new GateWeights(
        transpose(w.weightIh), transpose(w.weightHh), w.biasIh.clone(), w.biasHh.clone());
  }

  /// For a PyTorch `LSTM`.
  public Torch toTorchLstm() {
    return new Torch(transpose(input), transpose(recurrent), bias.clone(), recurrentBias.clone());
  }

  /// Of a PyTorch `GRU`.
  public static GateWeights ofTorchGru(Torch w) {
    return ofTorchLstm(w).ordered(1, 0, 2); // r, z, n to u = z, r, n
  }

  /// For a PyTorch `GRU`.
  public Torch toTorchGru() {
    return ordered(1, 0, 2).toTorchLstm();
  }

  /// Of a TensorFlow 1 `LSTMCell` or `BasicLSTMCell`.
  ///
  /// @param kernel `[D + H][4H]`, blocks i, g, f, o
  /// @param bias `[4H]`
  /// @param forgetBias added to the forget gate as the cell runs, and never stored: 1 unless said otherwise
  public static GateWeights ofTensorFlow1Lstm(double[][] kernel, double[] bias, double forgetBias) {
    int width = bias.length / 4;
    double[] stored = bias.clone();
    for (int j = 2 * width; j < 3 * width; j++) {
      stored[j] += forgetBias;
    }
    return split(kernel, width, stored).ordered(0, 2, 1, 3);
  }

  /// Of a TensorFlow 1 `GRUCell`.
  ///
  /// @param gateKernel `[D + H][2H]`, blocks r, u
  /// @param gateBias `[2H]`
  /// @param candidateKernel `[D + H][H]`
  /// @param candidateBias `[H]`
  public static GateWeights ofTensorFlow1Gru(
      double[][] gateKernel,
      double[] gateBias,
      double[][] candidateKernel,
      double[] candidateBias) {
    int width = candidateBias.length;
    double[][] kernel = new double[gateKernel.length][];
    for (int i = 0; i < kernel.length; i++) {
      kernel[i] = concat(gateKernel[i], candidateKernel[i]);
    }
    return split(kernel, width, concat(gateBias, candidateBias)).ordered(1, 0, 2);
  }

  private static GateWeights split(double[][] kernel, int width, double[] bias) {
    int in = kernel.length - width;
    return new GateWeights(
        copy(Arrays.copyOfRange(kernel, 0, in)),
        copy(Arrays.copyOfRange(kernel, in, kernel.length)),
        bias,
        new double[bias.length]);
  }

  /// These weights with block i taken from block `from[i]`.
  public GateWeights ordered(int... from) {
    double[][] w = copy(input);
    double[][] u = copy(recurrent);
    double[] b = bias.clone();
    double[] c = recurrentBias.clone();
    int h = width();
    for (int i = 0; i < from.length; i++) {
      for (int d = 0; d < w.length; d++) {
        System.arraycopy(input[d], from[i] * h, w[d], i * h, h);
      }
      for (int d = 0; d < h; d++) {
        System.arraycopy(recurrent[d], from[i] * h, u[d], i * h, h);
      }
      System.arraycopy(bias, from[i] * h, b, i * h, h);
      System.arraycopy(recurrentBias, from[i] * h, c, i * h, h);
    }
    return new GateWeights(w, u, b, c);
  }

  /// These weights with a block negated: since 1 − σ(a) = σ(−a), the gate becomes its complement.
  public GateWeights negated(int block) {
    double[][] w = copy(input);
    double[][] u = copy(recurrent);
    double[] b = bias.clone();
    double[] c = recurrentBias.clone();
    for (int j = block * width(); j < (block + 1) * width(); j++) {
      for (double[] row : w) {
        row[j] = -row[j];
      }
      for (double[] row : u) {
        row[j] = -row[j];
      }
      b[j] = -b[j];
      c[j] = -c[j];
    }
    return new GateWeights(w, u, b, c);
  }

  /// The two biases added, `[kH]`.
  double[] biases() {
    double[] sum = bias.clone();
    for (int j = 0; j < sum.length; j++) {
      sum[j] += recurrentBias[j];
    }
    return sum;
  }

  /// The parameters of a layer.
  ///
  /// @param candidateBias of the last block alone; null for zeros
  static GateWeights of(
      DenseParameter weight,
      DenseParameter recurrent,
      DenseParameter bias,
      @Nullable DenseParameter candidateBias) {
    double[] b = bias.value().toDoubles();
    double[] c = new double[b.length];
    if (candidateBias != null) {
      double[] last = candidateBias.value().toDoubles();
      System.arraycopy(last, 0, c, c.length - last.length, last.length);
    }
    return new GateWeights(rows(weight), rows(recurrent), b, c);
  }

  /// Writes W and U into the parameters of a layer.
  void writeTo(DenseParameter weight, DenseParameter recurrentWeight) {
    if (input.length != weight.shape().size(0)
        || width() != recurrentWeight.shape().size(0)
        || bias.length != weight.shape().size(1)) {
      throw new IllegalArgumentException(
          weight.path()
              + ": gate weights "
              + size(input)
              + " and "
              + size(recurrent)
              + ". Expected "
              + weight.shape()
              + " and "
              + recurrentWeight.shape()
              + ".");
    }
    weight.write(flat(input));
    recurrentWeight.write(flat(recurrent));
  }

  private static String size(double[][] a) {
    return "[" + a.length + ", " + (a.length == 0 ? 0 : a[0].length) + "]";
  }

  private static double[][] rows(DenseParameter parameter) {
    double[] values = parameter.value().toDoubles();
    int columns = parameter.shape().size(1);
    double[][] rows = new double[parameter.shape().size(0)][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(values, i * columns, (i + 1) * columns));
    return rows;
  }

  private static double[] flat(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  private static double[][] copy(double[][] rows) {
    return Arrays.stream(rows).map(double[]::clone).toArray(double[][]::new);
  }

  private static double[][] transpose(double[][] a) {
    double[][] t = new double[a.length == 0 ? 0 : a[0].length][a.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < t.length; j++) {
        t[j][i] = a[i][j];
      }
    }
    return t;
  }

  private static double[] concat(double[] a, double[] b) {
    double[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }
}
