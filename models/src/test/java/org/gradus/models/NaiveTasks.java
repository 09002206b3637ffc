// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.Map;
import org.gradus.tensor.MatMulKernels.Activation;

/// The parts of multi-task models as plain loops over raw parameters.
public final class NaiveTasks {
  private NaiveTasks() {}

  /// act
  public static double act(Activation activation, double x) {
    return switch (activation) {
      case IDENTITY -> x;
      case RELU -> Math.max(x, 0);
      case SIGMOID -> ModelBench.sigmoid(x);
      case TANH -> Math.tanh(x);
    };
  }

  /// The layers `prefix0`, `prefix1`, …, with batch norm by moving statistics where there is one.
  public static double[] mlp(
      Map<String, double[]> params, String prefix, double[] x, Activation activation) {
    double[] h = x;
    for (int l = 0; params.containsKey(prefix + l + "/weight"); l++) {
      String p = prefix + l + "/";
      h = Naive.linear(h, Naive.get(params, p + "weight"), Naive.get(params, p + "bias"));
      for (int i = 0; i < h.length; i++) {
        if (params.containsKey(p + "norm/scale")) {
          double centred = h[i] - Naive.get(params, p + "norm/mean")[i];
          double deviation = Math.sqrt(Naive.get(params, p + "norm/variance")[i] + 1e-5);
          h[i] =
              Naive.get(params, p + "norm/scale")[i] * centred / deviation
                  + Naive.get(params, p + "norm/shift")[i];
        }
        h[i] = act(activation, h[i]);
      }
    }
    return h;
  }

  /// A tower's number.
  public static double tower(
      Map<String, double[]> params, String prefix, double[] h, Activation activation) {
    double[] last = mlp(params, prefix, h, activation);
    double[] w = Naive.get(params, prefix + "out/weight");
    return Naive.dot(last, w) + Naive.get(params, prefix + "out/bias")[0];
  }

  /// What the experts `prefix0/`, `prefix1/`, … say.
  public static double[][] experts(
      Map<String, double[]> params, String prefix, int count, double[] x, Activation activation) {
    double[][] e = new double[count][];
    for (int k = 0; k < count; k++) {
      e[k] = mlp(params, prefix + k + "/", x, activation);
    }
    return e;
  }

  /// The shares of a gate; 1 of one expert.
  ///
  /// @param topK how many count, 0 for all
  public static double[] shares(
      Map<String, double[]> params, String prefix, double[] x, int experts, int topK) {
    if (experts == 1) {
      return new double[] {1};
    }
    double[] h = mlp(params, prefix, x, Activation.RELU);
    double[] bias = params.getOrDefault(prefix + "bias", new double[experts]);
    double[] a = Naive.linear(h, Naive.get(params, prefix + "weight"), bias);
    double[] g = new double[experts];
    double sum = 0;
    for (int k = 0; k < experts; k++) {
      int louder = 0; // of equal ones the first counts
      for (int i = 0; i < experts; i++) {
        louder += a[i] > a[k] || (a[i] == a[k] && i < k) ? 1 : 0;
      }
      g[k] = topK == 0 || louder < topK ? Math.exp(a[k]) : 0;
      sum += g[k];
    }
    for (int k = 0; k < experts; k++) {
      g[k] /= sum;
    }
    return g;
  }

  /// Σ_k g_k e_k
  public static double[] mix(double[] g, double[][] e) {
    double[] h = new double[e[0].length];
    for (int k = 0; k < g.length; k++) {
      for (int i = 0; i < h.length; i++) {
        h[i] += g[k] * e[k][i];
      }
    }
    return h;
  }
}
