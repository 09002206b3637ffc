// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.Arrays;
import org.apache.commons.math3.special.Erf;
import org.gradus.tensor.Counter;

/// The initial values that papers ask for. Weights are `[…, in, out]`.
public final class Initializers {
  private Initializers() {}

  /// Zero.
  public static Initializer zeros() {
    return constant(0);
  }

  /// The same value everywhere.
  public static Initializer constant(double value) {
    return (values, _, _, _) -> Arrays.fill(values, (float) value);
  }

  /// Uniform in [−bound, bound).
  public static Initializer uniform(double bound) {
    return (values, first, _, key) -> {
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) ((2 * Counter.uniform53(key, first + i) - 1) * bound);
      }
    };
  }

  /// Normal with mean 0 and this standard deviation.
  public static Initializer normal(double deviation) {
    return (values, first, _, key) -> {
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (deviation * normalAt(key, first + i));
      }
    };
  }

  /// Uniform with bound √(6/(in+out)) (Glorot, Bengio 2010), in and out being the last two sizes.
  public static Initializer xavierUniform() {
    return (values, first, fans, key) ->
        uniform(StrictMath.sqrt(6.0 / fans.sum())).fill(values, first, fans, key);
  }

  /// Normal with deviation √(2/(in+out)) (Glorot, Bengio 2010), in and out being the last two sizes.
  public static Initializer xavierNormal() {
    return (values, first, fans, key) ->
        normal(StrictMath.sqrt(2.0 / fans.sum())).fill(values, first, fans, key);
  }

  /// Uniform with bound 1/√n; with n the inputs of the layer, what PyTorch gives to weights and biases.
  public static Initializer uniformOverRoot(long n) {
    return uniform(1 / StrictMath.sqrt((double) n));
  }

  /// The identity of this side, row by row; in a longer parameter again and again.
  public static Initializer identity(int side) {
    return (values, first, _, _) -> {
      for (int i = 0; i < values.length; i++) {
        values[i] = (first + i) % ((long) side * side) % (side + 1) == 0 ? 1 : 0;
      }
    };
  }

  /// What another initialiser says, times a factor.
  public static Initializer scaled(double factor, Initializer other) {
    return (values, first, fans, key) -> {
      other.fill(values, first, fans, key);
      for (int i = 0; i < values.length; i++) {
        values[i] *= (float) factor;
      }
    };
  }

  /// Square blocks with orthogonal rows of length 1, side by side: `[n, blocks · n]`, what recurrent weights begin with
  /// (Saxe, McClelland, Ganguli 2014). Normal numbers, made orthogonal row by row (Gram, Schmidt).
  public static Initializer orthogonalBlocks() {
    return (values, first, fans, key) -> {
      int n = fans.in();
      if (fans.out() % n != 0 || first != 0 || values.length != n * fans.out()) {
        throw new IllegalArgumentException(
            "orthogonalBlocks: a weight ["
                + n
                + ", "
                + fans.out()
                + "]. Expected [n, blocks · n], drawn in one piece.");
      }
      for (int block = 0; block < fans.out() / n; block++) {
        double[][] rows = orthogonal(n, key, (long) block * n * n);
        for (int i = 0; i < n; i++) {
          for (int j = 0; j < n; j++) {
            values[i * fans.out() + block * n + j] = (float) rows[i][j];
          }
        }
      }
    };
  }

  private static double[][] orthogonal(int n, long key, long position) {
    double[][] rows = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        rows[i][j] = normalAt(key, position + (long) i * n + j);
      }
      for (int pass = 0; pass < 2; pass++) { // the second pass takes away what rounding left
        for (int before = 0; before < i; before++) {
          addScaled(rows[i], -dot(rows[i], rows[before]), rows[before]);
        }
      }
      double length = Math.sqrt(dot(rows[i], rows[i]));
      for (int j = 0; j < n; j++) {
        rows[i][j] /= length;
      }
    }
    return rows;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void addScaled(double[] to, double factor, double[] x) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * x[i];
    }
  }

  /// A standard normal number for a position under a key: the normal quantile of a uniform number.
  public static double normalAt(long key, long position) {
    return quantile(Counter.bits(key, position));
  }

  /// The normal quantile of the middle of one of 2⁵³ parts of [0, 1]; the middle of the last part would round to 1, and its
  /// quantile is infinite.
  static double quantile(long bits) {
    double u = Math.min((bits >>> 11) * 0x1p-53 + 0x1p-54, 1 - 0x1p-53);
    return 1.4142135623730951 * Erf.erfInv(2 * u - 1);
  }
}
