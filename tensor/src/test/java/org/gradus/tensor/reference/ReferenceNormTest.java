// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.gradus.tensor.reference.Workbench.assertClose;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.NormKernels;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ReferenceNormTest {
  private final Workbench bench = new Workbench();
  private final NormKernels kernels = bench.kernels().norm();

  private record Columns(double[] mean, double[] variance, double[] y) {}

  private Columns columns(double[] x, @Nullable Buffer rowMask, int rows, int n, double epsilon) {
    Buffer mean = bench.blank(n);
    Buffer variance = bench.blank(n);
    Buffer y = bench.blank(rows * n);
    kernels.columnMoments(mean, variance, bench.real(x), rowMask, rows, n);
    kernels.normalizeColumns(y, bench.real(x), mean, variance, rowMask, rows, n, epsilon);
    return new Columns(bench.doubles(mean), bench.doubles(variance), bench.doubles(y));
  }

  /// The worked example of batch normalisation: γ = (1.5, 1), β = (0.1, 0), ε = 1e-5; numbers to six decimals.
  @Test
  void batchNormOfTheWorkedExample() {
    Columns c = columns(new double[] {-0.2, -0.2, 0.1, 0.3, 0.4, -0.1}, null, 3, 2, 1e-5);
    assertClose(c.mean(), 5e-7, 0.1, 0);
    assertClose(c.variance(), 5e-7, 0.06, 0.046667);
    double[] y = c.y();
    double[] output = new double[6];
    for (int i = 0; i < 6; i++) {
      output[i] = i % 2 == 0 ? 1.5 * y[i] + 0.1 : y[i];
    }
    assertClose(output, 5e-7, -1.736964, -0.925721, 0.1, 1.388581, 1.936964, -0.462860);
  }

  /// Its evaluation with running mean (0.01, 0) and running variance (0.909, 0.907).
  @Test
  void batchNormWithRunningStatistics() {
    Buffer y = bench.blank(2);
    kernels.normalizeColumns(
        y, bench.real(-0.2, -0.2), bench.real(0.01, 0), bench.real(0.909, 0.907), null, 1, 2, 1e-5);
    double[] v = bench.doubles(y);
    assertClose(new double[] {1.5 * v[0] + 0.1, v[1]}, 5e-7, -0.230389, -0.210002);
  }

  @Test
  void maskedRowsAreLeftOutWhateverTheyHold() {
    double[] x = {-0.2, -0.2, 99, Double.NaN, 0.1, 0.3, 0.4, -0.1};
    Columns masked = columns(x, bench.mask(1, 0, 1, 1), 4, 2, 1e-5);
    Columns alone = columns(new double[] {-0.2, -0.2, 0.1, 0.3, 0.4, -0.1}, null, 3, 2, 1e-5);
    assertClose(masked.mean(), 0, alone.mean());
    assertClose(masked.variance(), 0, alone.variance());
    double[] y = alone.y();
    assertClose(masked.y(), 0, y[0], y[1], 0, 0, y[2], y[3], y[4], y[5]);
  }

  @Test
  void withoutARowLeftEverythingIsZero() {
    Columns c = columns(new double[] {1, 2, 3, 4}, bench.mask(0, 0), 2, 2, 1e-5);
    assertClose(c.mean(), 0, 0, 0);
    assertClose(c.variance(), 0, 0, 0);
    assertClose(c.y(), 0, 0, 0, 0, 0);
    Buffer dx = bench.blank(4);
    Buffer zeros = bench.real(0, 0, 0, 0);
    kernels.normalizeColumnsBackward(
        dx, bench.real(1, 2, 3, 4), zeros, bench.real(0, 0), bench.mask(0, 0), 2, 2, 1e-5);
    assertClose(bench.doubles(dx), 0, 0, 0, 0, 0);
  }

  @Test
  void theBackwardOfBatchNormGivesTheSlopesThroughItsStatistics() {
    double[] x = Workbench.normal(1, 15);
    double[] dy = Workbench.normal(2, 15);
    for (Buffer rowMask : new @Nullable Buffer[] {null, bench.mask(1, 1, 0, 1, 1)}) {
      Columns c = columns(x, rowMask, 5, 3, 1e-3);
      Buffer dx = bench.blank(15);
      kernels.normalizeColumnsBackward(
          dx, bench.real(dy), bench.real(c.y()), bench.real(c.variance()), rowMask, 5, 3, 1e-3);
      double[] slopes = Workbench.differences(v -> columns(v, rowMask, 5, 3, 1e-3).y(), x, dy);
      assertClose(bench.doubles(dx), 1e-8, slopes);
    }
  }

  private double[] rows(double[] x, Buffer invStd, int rows, int n, double epsilon) {
    Buffer y = bench.blank(rows * n);
    kernels.normalizeRows(y, invStd, bench.real(x), rows, n, epsilon);
    return bench.doubles(y);
  }

  @Test
  void layerNormOfNumbersWorkedByHand() {
    Buffer invStd = bench.blank(2);
    // Row (1, 3, 5, 7): mean 4, squares 9 + 1 + 1 + 9, biased variance 5; with ε = 4 the deviation
    // is 3.
    // Row (2, 2, 2, 2): variance 0, deviation 2.
    double[] y = rows(new double[] {1, 3, 5, 7, 2, 2, 2, 2}, invStd, 2, 4, 4);
    assertClose(y, 1e-15, -1, -1 / 3.0, 1 / 3.0, 1, 0, 0, 0, 0);
    assertClose(bench.doubles(invStd), 1e-15, 1 / 3.0, 0.5);
  }

  @Test
  void theBackwardOfLayerNormGivesItsSlopes() {
    double[] x = Workbench.normal(3, 15);
    double[] dy = Workbench.normal(4, 15);
    Buffer invStd = bench.blank(3);
    double[] slopes = Workbench.differences(v -> rows(v, bench.blank(3), 3, 5, 1e-3), x, dy);
    Buffer dx = bench.blank(15);
    Buffer y = bench.real(rows(x, invStd, 3, 5, 1e-3));
    kernels.normalizeRowsBackward(dx, bench.real(dy), y, invStd, 3, 5);
    assertClose(bench.doubles(dx), 1e-8, slopes);
  }
}
