// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.tensor.reference.Workbench.assertClose;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.ElementwiseKernels;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.ElementwiseKernels.Broadcast;
import org.gradus.tensor.ElementwiseKernels.Compare;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ReferenceElementwiseTest {
  private final Workbench bench = new Workbench();
  private final ElementwiseKernels kernels = bench.kernels().elementwise();

  private double[] apply(Unary op, double p, double q, double... x) {
    Buffer y = bench.blank(x.length);
    kernels.unary(op, y, bench.real(x), x.length, p, q);
    return bench.doubles(y);
  }

  /// op′(x) with upstream gradient dy.
  private double[] backward(Unary op, double p, double q, double[] dy, double... x) {
    Buffer dx = bench.blank(x.length);
    Buffer y = bench.real(apply(op, p, q, x));
    kernels.unaryBackward(op, dx, bench.real(dy), bench.real(x), y, x.length, p, q);
    return bench.doubles(dx);
  }

  /// Constants to 15 digits, worked out by hand from ln 2, ln 3, e and √2.
  @ParameterizedTest
  @CsvSource({
    "NEGATE, 1.5, 0, 0, -1.5",
    "ABS, -1.5, 0, 0, 1.5",
    "SQUARE, -3, 0, 0, 9",
    "SQRT, 2, 0, 0, 1.414213562373095",
    "RSQRT, 4, 0, 0, 0.5",
    "RECIPROCAL, -8, 0, 0, -0.125",
    "EXP, 1, 0, 0, 2.718281828459045",
    "EXP, 710, 0, 0, Infinity",
    "EXPM1, 1e-10, 0, 0, 1.00000000005e-10",
    "LOG, 2, 0, 0, 0.693147180559945",
    "LOG, 0, 0, 0, -Infinity",
    "LOG1P, 1e-10, 0, 0, 9.9999999995e-11",
    "SIGMOID, 0, 0, 0, 0.5",
    "SIGMOID, 1.09861228866811, 0, 0, 0.75",
    "SIGMOID, -1.09861228866811, 0, 0, 0.25",
    "SIGMOID, 1000, 0, 0, 1",
    "SIGMOID, -1000, 0, 0, 0",
    "TANH, 0.549306144334055, 0, 0, 0.5",
    "TANH, -1000, 0, 0, -1",
    "RELU, 2.5, 0, 0, 2.5",
    "RELU, -2.5, 0, 0, 0",
    "SOFTPLUS, 0, 0, 0, 0.693147180559945",
    "SOFTPLUS, 1000, 0, 0, 1000",
    "SOFTPLUS, -1000, 0, 0, 0",
    "LOG_SIGMOID, 1.09861228866811, 0, 0, -0.287682072451781",
    "LOG_SIGMOID, -1000, 0, 0, -1000",
    "AFFINE, 3, 2, -1, 5",
    "LEAKY_RELU, 2, 0.1, 0, 2",
    "LEAKY_RELU, -2, 0.1, 0, -0.2",
    "ELU, 2, 0.5, 0, 2",
    "ELU, -0.693147180559945, 0.5, 0, -0.25",
    "CLIP, 5, -1, 2, 2",
    "CLIP, -5, -1, 2, -1",
    "CLIP, 0.5, -1, 2, 0.5",
  })
  void unaryFunctionsHaveTheirKnownValues(Unary op, double x, double p, double q, double y) {
    double actual = apply(op, p, q, x)[0];
    if (Double.isInfinite(y)) {
      assertThat(actual).isEqualTo(y);
    } else {
      // 15 digits given, and both sides rounded: a few units of 2⁻⁵³, relative.
      assertThat(Math.abs(actual - y)).isLessThanOrEqualTo(2e-15 * Math.abs(y));
    }
  }

  @ParameterizedTest
  @EnumSource(Unary.class)
  void unaryDerivativesAreTheSlopes(Unary op) {
    boolean positive =
        op == Unary.SQRT || op == Unary.RSQRT || op == Unary.RECIPROCAL || op == Unary.LOG;
    double[] x =
        positive ? new double[] {0.4, 1, 2.5} : new double[] {-0.9, -0.6, -0.2, 0.3, 1.4, 2.5};
    double[] dy = Workbench.normal(3, x.length);
    double p = op == Unary.CLIP ? -0.7 : 0.6;
    double q = 1.9;
    assertClose(
        backward(op, p, q, dy, x), 1e-8, Workbench.differences(v -> apply(op, p, q, v), x, dy));
  }

  @ParameterizedTest
  @CsvSource({
    "ABS, 0, 0, 0, 0",
    "RELU, 0, 0, 0, 0",
    "LEAKY_RELU, 0, 0.1, 0, 0.1",
    "ELU, 0, 0.5, 0, 0.5",
    "CLIP, -1, -1, 2, 1",
    "CLIP, 2, -1, 2, 1",
    "CLIP, 2.1, -1, 2, 0",
    "SIGMOID, 1000, 0, 0, 0",
    "SOFTPLUS, -1000, 0, 0, 0",
    "LOG_SIGMOID, -1000, 0, 0, 1",
  })
  void derivativesAtKinksAndFarOutAreAsDocumented(
      Unary op, double x, double p, double q, double slope) {
    assertThat(backward(op, p, q, new double[] {3}, x)[0]).isEqualTo(3 * slope);
  }

  @Test
  void nanStaysNan() {
    for (Unary op : Unary.values()) {
      assertThat(apply(op, 0.5, 2, Double.NaN)[0]).as("%s", op).isNaN();
    }
  }

  @Test
  void binaryFunctionsHaveTheirKnownValues() {
    double[] a = {6, -1, 3};
    double[] b = {4, -2, 3};
    assertThat(apply(Binary.ADD, a, b)).containsExactly(10, -3, 6);
    assertThat(apply(Binary.SUBTRACT, a, b)).containsExactly(2, 1, 0);
    assertThat(apply(Binary.MULTIPLY, a, b)).containsExactly(24, 2, 9);
    assertThat(apply(Binary.DIVIDE, a, b)).containsExactly(1.5, 0.5, 1);
    assertThat(apply(Binary.MIN, a, b)).containsExactly(4, -2, 3);
    assertThat(apply(Binary.MAX, a, b)).containsExactly(6, -1, 3);
  }

  private double[] apply(Binary op, double[] a, double[] b) {
    Buffer y = bench.blank(a.length);
    kernels.binary(op, y, bench.real(a), bench.real(b), a.length);
    return bench.doubles(y);
  }

  @Test
  void broadcastsReadStretchedAxesAgain() {
    Shape result = Shape.of(2, 3);
    Buffer y = bench.blank(6);
    Buffer column = bench.real(10, 20);
    Buffer row = bench.real(1, 2, 3);
    kernels.binary(
        Binary.SUBTRACT, y, column, row, Broadcast.of(result, Shape.of(2, 1), Shape.of(3)));
    assertThat(bench.doubles(y)).containsExactly(9, 8, 7, 19, 18, 17);
    kernels.binary(
        Binary.SUBTRACT, y, row, column, Broadcast.of(result, Shape.of(3), Shape.of(2, 1)));
    assertThat(bench.doubles(y)).containsExactly(-9, -8, -7, -19, -18, -17);
  }

  @Test
  void theMiddleAxisCanStretch() {
    // a [2, 1, 2] · b [3, 1]: y[i, j, k] = a[i, k] · b[j]
    Buffer y = bench.blank(12);
    kernels.binary(
        Binary.MULTIPLY,
        y,
        bench.real(1, 2, 3, 4),
        bench.real(1, 10, 100),
        Broadcast.of(Shape.of(2, 3, 2), Shape.of(2, 1, 2), Shape.of(3, 1)));
    assertThat(bench.doubles(y)).containsExactly(1, 2, 10, 20, 100, 200, 3, 4, 30, 40, 300, 400);
  }

  @Test
  void comparisonsGiveOnesAndZeros() {
    Broadcast against2 = Broadcast.of(Shape.of(4), Shape.of(4), Shape.scalar());
    Buffer x = bench.real(1, 2, 3, Double.NaN);
    Buffer two = bench.real(2);
    Buffer mask = bench.blank(Kind.MASK, 4);
    kernels.compare(Compare.LESS, mask, x, two, against2);
    assertThat(bench.flags(mask)).containsExactly(1, 0, 0, 0);
    kernels.compare(Compare.LESS_EQUAL, mask, x, two, against2);
    assertThat(bench.flags(mask)).containsExactly(1, 1, 0, 0);
    kernels.compare(Compare.EQUAL, mask, x, two, against2);
    assertThat(bench.flags(mask)).containsExactly(0, 1, 0, 0);
  }

  @Test
  void masksSelect() {
    Buffer mask = bench.mask(1, 0, 1);
    Buffer a = bench.real(1, Double.NaN, 3);
    Buffer y = bench.blank(3);
    kernels.where(y, mask, a, bench.real(7, 8, 9), 3);
    assertThat(bench.doubles(y)).containsExactly(1, 8, 3);
    kernels.keepWhere(y, mask, a, 3);
    assertThat(bench.doubles(y)).containsExactly(1, 0, 3);
    kernels.toReal(y, mask, 3);
    assertThat(bench.doubles(y)).containsExactly(1, 0, 1);
  }

  @Test
  void masksCombine() {
    Buffer a = bench.mask(0, 0, 1, 1);
    Buffer y = bench.blank(Kind.MASK, 4);
    kernels.and(y, a, bench.mask(0, 1, 0, 1), 4);
    assertThat(bench.flags(y)).containsExactly(0, 0, 0, 1);
    kernels.not(y, a, 4);
    assertThat(bench.flags(y)).containsExactly(1, 1, 0, 0);
  }

  @Test
  void accumulatesAndFills() {
    Buffer y = bench.real(1, 2);
    kernels.addScaled(y, bench.real(10, 10), -0.5, 2);
    assertThat(bench.doubles(y)).containsExactly(-4, -3);
    kernels.fill(y, 9, 2);
    assertThat(bench.doubles(y)).containsExactly(9, 9);
  }

  @Test
  void anOutputMayBeItsInput() {
    Buffer x = bench.real(1, 2, 3);
    kernels.unary(Unary.SQUARE, x, x, 3, 0, 0);
    kernels.binary(Binary.ADD, x, x, x, 3);
    assertThat(bench.doubles(x)).containsExactly(2, 8, 18);
  }
}
