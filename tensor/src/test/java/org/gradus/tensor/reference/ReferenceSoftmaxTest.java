// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.tensor.reference.Workbench.assertClose;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.SoftmaxKernels;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ReferenceSoftmaxTest {
  private static final double LN2 = 0.6931471805599453;
  private static final double LN3 = 1.0986122886681098;
  private static final int ROWS = 4;
  private static final int N = 3;

  private final Workbench bench = new Workbench();
  private final SoftmaxKernels kernels = bench.kernels().softmax();
  // Row 2 has no entry left, row 3 one.
  private final Buffer mask = bench.mask(1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 0);
  private final double[] x = Workbench.normal(8, ROWS * N);
  private final double[] dy = Workbench.normal(9, ROWS * N);

  private double[] softmax(@Nullable Buffer mask, double... values) {
    Buffer y = bench.blank(values.length);
    kernels.softmax(y, bench.real(values), mask, values.length / N, N);
    return bench.doubles(y);
  }

  private double[] logSoftmax(@Nullable Buffer mask, double... values) {
    Buffer y = bench.blank(values.length);
    kernels.logSoftmax(y, bench.real(values), mask, values.length / N, N);
    return bench.doubles(y);
  }

  private double[] logSumExp(@Nullable Buffer mask, double... values) {
    Buffer y = bench.blank(values.length / N);
    kernels.logSumExp(y, bench.real(values), mask, values.length / N, N);
    return bench.doubles(y);
  }

  @Test
  void knownDistributions() {
    // e^x = 1, 2, 3
    assertClose(softmax(null, 0, LN2, LN3), 1e-15, 1 / 6.0, 2 / 6.0, 3 / 6.0);
    assertClose(logSumExp(null, 0, LN2, LN3), 1e-15, LN2 + LN3);
    assertClose(logSoftmax(null, 0, LN2, LN3), 1e-15, -LN2 - LN3, -LN3, -LN2);
    // Shifted by a thousand it is the same distribution, though e^1000 overflows.
    assertClose(softmax(null, 1000, 1000 + LN2, 1000 + LN3), 1e-13, 1 / 6.0, 2 / 6.0, 3 / 6.0);
    assertClose(logSumExp(null, -1000, -1000 + LN2, -1000 + LN3), 1e-12, -1000 + LN2 + LN3);
  }

  @Test
  void masksLeaveEntriesOutWhateverTheyHold() {
    Buffer middleOut = bench.mask(1, 0, 1);
    assertClose(softmax(middleOut, 0, 500, LN3), 1e-15, 0.25, 0, 0.75);
    assertClose(softmax(middleOut, 0, Double.NaN, LN3), 1e-15, 0.25, 0, 0.75);
    assertClose(logSumExp(middleOut, 0, 500, LN3), 1e-15, 2 * LN2);
    assertClose(logSoftmax(middleOut, 0, 500, LN3), 1e-15, -2 * LN2, 0, LN3 - 2 * LN2);
  }

  @Test
  void aRowWithNoEntryLeftGivesZeros() {
    Buffer none = bench.mask(0, 0, 0);
    assertThat(softmax(none, 1, 2, 3)).containsExactly(0, 0, 0);
    assertThat(logSoftmax(none, 1, 2, 3)).containsExactly(0, 0, 0);
    assertThat(logSumExp(none, 1, 2, 3)).containsExactly(0);
  }

  @Test
  void theBackwardOfSoftmaxGivesItsSlopes() {
    Buffer dx = bench.blank(ROWS * N);
    kernels.softmaxBackward(dx, bench.real(dy), bench.real(softmax(mask, x)), ROWS, N);
    assertClose(bench.doubles(dx), 1e-9, Workbench.differences(v -> softmax(mask, v), x, dy));
    assertThat(bench.doubles(dx)[6]).isZero();
  }

  @Test
  void theBackwardOfLogSoftmaxGivesItsSlopes() {
    for (Buffer m : new @Nullable Buffer[] {null, mask}) {
      Buffer dx = bench.blank(ROWS * N);
      kernels.logSoftmaxBackward(dx, bench.real(dy), bench.real(logSoftmax(m, x)), m, ROWS, N);
      assertClose(bench.doubles(dx), 1e-9, Workbench.differences(v -> logSoftmax(m, v), x, dy));
    }
  }

  @Test
  void theBackwardOfLogSumExpGivesItsSlopes() {
    double[] perRow = {1, -2, 3, 0.5};
    for (Buffer m : new @Nullable Buffer[] {null, mask}) {
      Buffer dx = bench.blank(ROWS * N);
      Buffer y = bench.real(logSumExp(m, x));
      kernels.logSumExpBackward(dx, bench.real(perRow), bench.real(x), y, m, ROWS, N);
      assertClose(bench.doubles(dx), 1e-9, Workbench.differences(v -> logSumExp(m, v), x, perRow));
    }
  }
}
