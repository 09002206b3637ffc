// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.tensor.reference.Workbench.assertClose;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;
import org.gradus.tensor.ReduceKernels;
import org.junit.jupiter.api.Test;

class ReferenceReduceTest {
  private final Workbench bench = new Workbench();
  private final ReduceKernels kernels = bench.kernels().reduce();

  @Test
  void sumsOverTheMiddleAxis() {
    // [2, 3, 2]
    Buffer x = bench.real(1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60);
    Buffer y = bench.blank(4);
    kernels.sum(y, x, 2, 3, 2, 1);
    assertThat(bench.doubles(y)).containsExactly(6, 60, 15, 150);
    kernels.sum(y, x, 2, 3, 2, 1.0 / 3);
    assertClose(bench.doubles(y), 1e-14, 2, 20, 5, 50);
    Buffer all = bench.blank(1);
    kernels.sum(all, x, 1, 12, 1, 1);
    assertThat(bench.doubles(all)).containsExactly(231);
  }

  @Test
  void anEmptySumIsZero() {
    Buffer y = bench.blank(2);
    kernels.sum(y, bench.real(), 2, 0, 1, 1);
    assertThat(bench.doubles(y)).containsExactly(0, 0);
  }

  @Test
  void theFirstOfEqualMaximaWins() {
    // [1, 4, 2]
    Buffer x = bench.real(-3, 1, 5, 0, 5, 1, 4, 1);
    Buffer y = bench.blank(2);
    Buffer argmax = bench.blank(Kind.INT, 2);
    kernels.max(y, argmax, x, 1, 4, 2);
    assertThat(bench.doubles(y)).containsExactly(5, 1);
    assertThat(bench.integers(argmax)).containsExactly(1, 0);
    Buffer dx = bench.blank(8);
    kernels.maxBackward(dx, bench.real(0.5, -2), argmax, 1, 4, 2);
    assertThat(bench.doubles(dx)).containsExactly(0, -2, 0.5, 0, 0, 0, 0, 0);
  }

  @Test
  void theDerivativeOfTheMaximumIsItsSlope() {
    double[] x = Workbench.normal(5, 24); // [2, 4, 3]
    double[] dy = Workbench.normal(6, 6);
    Buffer argmax = bench.blank(Kind.INT, 6);
    double[] expected = Workbench.differences(v -> max(argmax, v), x, dy);
    assertThat(max(argmax, x)).hasSize(6); // argmax is that of x again
    Buffer dx = bench.blank(24);
    kernels.maxBackward(dx, bench.real(dy), argmax, 2, 4, 3);
    assertClose(bench.doubles(dx), 1e-10, expected);
  }

  private double[] max(Buffer argmax, double[] x) {
    Buffer y = bench.blank(6);
    kernels.max(y, argmax, bench.real(x), 2, 4, 3);
    return bench.doubles(y);
  }

  @Test
  void normsAreNumbersOnTheHost() {
    Buffer x = bench.real(3, -4, 100);
    assertThat(kernels.sumOfSquares(x, 2)).isEqualTo(25);
    assertThat(kernels.sumOfMagnitudes(x, 2)).isEqualTo(7);
    assertThat(kernels.sumOfSquares(x, 0)).isZero();
  }

  @Test
  void findsTheFirstValueThatIsNotFinite() {
    assertThat(kernels.firstNonFinite(bench.real(1, 2, 3), 3)).isEqualTo(-1);
    assertThat(kernels.firstNonFinite(bench.real(1, Double.NaN, Double.POSITIVE_INFINITY), 3))
        .isEqualTo(1);
    assertThat(kernels.firstNonFinite(bench.real(Double.NEGATIVE_INFINITY), 1)).isZero();
    assertThat(kernels.firstNonFinite(bench.real(1, Double.NaN), 1)).isEqualTo(-1);
  }
}
