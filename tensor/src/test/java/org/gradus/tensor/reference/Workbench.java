// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.function.UnaryOperator;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Kernels;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Table;

/// A reference device whose memory starts as NaN, and short ways in and out of it.
final class Workbench {
  private final ReferenceDevice device = new ReferenceDevice(DeviceOptions.defaults().withPoison());

  Kernels kernels() {
    return device.kernels();
  }

  Buffer real(double... values) {
    Buffer b = device.allocate(Kind.REAL, values.length);
    device.upload(b, values);
    return b;
  }

  Buffer ints(int... values) {
    Buffer b = device.allocate(Kind.INT, values.length);
    device.upload(b, values);
    return b;
  }

  Buffer mask(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) values[i];
    }
    Buffer b = device.allocate(Kind.MASK, values.length);
    device.upload(b, bytes);
    return b;
  }

  Table table(int width, double... values) {
    Table table = device.table(values.length / width, width);
    table.write(0, values);
    return table;
  }

  /// Memory for n values that nobody wrote yet.
  Buffer blank(Kind kind, int n) {
    return device.allocate(kind, n);
  }

  Buffer blank(int n) {
    return blank(Kind.REAL, n);
  }

  double[] doubles(Buffer b) {
    double[] values = new double[b.length()];
    device.download(values, b);
    return values;
  }

  int[] integers(Buffer b) {
    int[] values = new int[b.length()];
    device.download(values, b);
    return values;
  }

  byte[] flags(Buffer b) {
    byte[] values = new byte[b.length()];
    device.download(values, b);
    return values;
  }

  static double[] numbers(Table table) {
    double[] values = new double[table.rows() * table.width()];
    table.read(0, values);
    return values;
  }

  /// n normal numbers.
  static double[] normal(long seed, int n) {
    Random random = new Random(seed);
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      x[i] = random.nextGaussian();
    }
    return x;
  }

  /// The gradient of Σ dy ⊙ f(x) by central differences with steps 1e-3 and 5e-4, Richardson-extrapolated.
  ///
  /// For functions whose fifth derivative is at most 10⁴ the truncation error is below 10⁴ · (10⁻³)⁴ / 480 ≈ 2·10⁻¹¹;
  /// rounding adds about 2⁻⁵³ · |Σ| / 10⁻³.
  static double[] differences(UnaryOperator<double[]> f, double[] x, double[] dy) {
    double[] gradient = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double coarse = slope(f, x, dy, i, 1e-3);
      double fine = slope(f, x, dy, i, 5e-4);
      gradient[i] = fine + (fine - coarse) / 3;
    }
    return gradient;
  }

  private static double slope(UnaryOperator<double[]> f, double[] x, double[] dy, int i, double h) {
    double[] up = x.clone();
    double[] down = x.clone();
    up[i] += h;
    down[i] -= h;
    double[] above = f.apply(up);
    double[] below = f.apply(down);
    double sum = 0;
    for (int k = 0; k < dy.length; k++) {
      sum += dy[k] * (above[k] - below[k]);
    }
    return sum / (2 * h);
  }

  /// Fails unless every actual number is within `tolerance` of the expected one.
  static void assertClose(double[] actual, double tolerance, double... expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      // Written so that a NaN fails.
      assertThat(Math.abs(actual[i] - expected[i]) <= tolerance)
          .as("place %d: %s. Expected %s within %s", i, actual[i], expected[i], tolerance)
          .isTrue();
    }
  }
}
