// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ElementwiseTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  record Function(UnaryOperator<Var> op, DoubleUnaryOperator y, DoubleUnaryOperator dy) {}

  static Stream<Arguments> functions() {
    return Stream.of(
        of("add", x -> x.add(3), x -> x + 3, x -> 1),
        of("multiply", x -> x.multiply(-2), x -> -2 * x, x -> -2),
        of("negate", Var::negate, x -> -x, x -> -1),
        of("abs", Var::abs, Math::abs, Math::signum),
        of("square", Var::square, x -> x * x, x -> 2 * x),
        of("sqrt", x -> x.add(2).sqrt(), x -> Math.sqrt(x + 2), x -> 0.5 / Math.sqrt(x + 2)),
        of(
            "rsqrt",
            x -> x.add(2).rsqrt(),
            x -> 1 / Math.sqrt(x + 2),
            x -> -0.5 * Math.pow(x + 2, -1.5)),
        of(
            "reciprocal",
            x -> x.add(2).reciprocal(),
            x -> 1 / (x + 2),
            x -> -1 / ((x + 2) * (x + 2))),
        of("exp", Var::exp, Math::exp, Math::exp),
        of("expm1", Var::expm1, Math::expm1, Math::exp),
        of("log", x -> x.add(2).log(), x -> Math.log(x + 2), x -> 1 / (x + 2)),
        of("log1p", x -> x.multiply(0.5).log1p(), x -> Math.log1p(x / 2), x -> 0.5 / (1 + x / 2)),
        of("sigmoid", Var::sigmoid, ElementwiseTest::sigma, x -> sigma(x) * sigma(-x)),
        of("tanh", Var::tanh, Math::tanh, x -> 1 - Math.tanh(x) * Math.tanh(x)),
        of("relu", Var::relu, x -> Math.max(x, 0), x -> x > 0 ? 1 : 0),
        of("leakyRelu", x -> x.leakyRelu(0.2), x -> x > 0 ? x : 0.2 * x, x -> x > 0 ? 1 : 0.2),
        of(
            "elu",
            x -> x.elu(1.5),
            x -> x > 0 ? x : 1.5 * Math.expm1(x),
            x -> x > 0 ? 1 : 1.5 * Math.exp(x)),
        of("softplus", Var::softplus, x -> Math.log1p(Math.exp(x)), ElementwiseTest::sigma),
        of("logSigmoid", Var::logSigmoid, x -> -Math.log1p(Math.exp(-x)), x -> sigma(-x)),
        of(
            "clip",
            x -> x.clip(-0.3, 0.4),
            x -> Math.min(Math.max(x, -0.3), 0.4),
            x -> x >= -0.3 && x <= 0.4 ? 1 : 0));
  }

  private static Arguments of(
      String name, UnaryOperator<Var> op, DoubleUnaryOperator y, DoubleUnaryOperator dy) {
    return Arguments.of(name, new Function(op, y, dy));
  }

  private static double sigma(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("functions")
  void unaryFunctionsAndTheirDerivatives(@SuppressWarnings("unused") String name, Function f) {
    double[] points = {-0.9, -0.3, -0.1, 0, 0.1, 0.4, 0.95};
    double[] seed = Bench.numbers(1, points.length);
    Var x = bench.var(Shape.of(7), points);
    Var y = f.op.apply(x);
    double[] gradient = bench.gradient(x, y, seed);
    for (int i = 0; i < points.length; i++) {
      // Both sides are a handful of roundings of numbers below 10.
      assertThat(Bench.values(y)[i]).isCloseTo(f.y.applyAsDouble(points[i]), within(1e-14));
      assertThat(gradient[i]).isCloseTo(seed[i] * f.dy.applyAsDouble(points[i]), within(1e-14));
    }
  }

  record Pair(
      BinaryOperator<Var> op,
      DoubleBinaryOperator y,
      DoubleBinaryOperator da,
      DoubleBinaryOperator db) {}

  static Stream<Arguments> pairs() {
    return Stream.of(
        Arguments.of("add", new Pair(Var::add, (a, b) -> a + b, (a, b) -> 1, (a, b) -> 1)),
        Arguments.of(
            "subtract", new Pair(Var::subtract, (a, b) -> a - b, (a, b) -> 1, (a, b) -> -1)),
        Arguments.of(
            "multiply", new Pair(Var::multiply, (a, b) -> a * b, (a, b) -> b, (a, b) -> a)),
        Arguments.of(
            "divide",
            new Pair(
                (a, b) -> a.divide(b.add(3)),
                (a, b) -> a / (b + 3),
                (a, b) -> 1 / (b + 3),
                (a, b) -> -a / ((b + 3) * (b + 3)))),
        Arguments.of(
            "min",
            new Pair(Var::min, Math::min, (a, b) -> a <= b ? 1 : 0, (a, b) -> a <= b ? 0 : 1)),
        Arguments.of(
            "max",
            new Pair(Var::max, Math::max, (a, b) -> a >= b ? 1 : 0, (a, b) -> a >= b ? 0 : 1)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("pairs")
  void binaryFunctionsBroadcastAndSumTheirGradients(String name, Pair f) {
    int[][][] shapes = {
      {{2, 3}, {2, 3}},
      {{2, 3}, {3}},
      {{3}, {2, 3}},
      {{2, 1, 4}, {3, 1}},
      {{}, {2, 2}},
      {{2, 3}, {1, 1}},
      {{5}, {}},
      {{1, 2, 3}, {2, 3}},
      {{0, 3}, {3}}
    };
    for (int[][] s : shapes) {
      Var a = bench.var(3, s[0]);
      Var b = bench.var(4, s[1]);
      Var y = f.op.apply(a, b);
      Shape to = Shape.broadcast(name, a.shape(), b.shape());
      assertThat(y.shape()).isEqualTo(to);
      double[] seed = Bench.numbers(5, to.elements());
      Gradients g = bench.walk(y, seed);
      double[] da = new double[a.shape().elements()];
      double[] db = new double[b.shape().elements()];
      int[] strideA = a.shape().stridesAs(to);
      int[] strideB = b.shape().stridesAs(to);
      for (int i = 0; i < to.elements(); i++) {
        int rest = i;
        int atA = 0;
        int atB = 0;
        for (int axis = to.rank() - 1; axis >= 0; axis--) {
          atA += rest % to.size(axis) * strideA[axis];
          atB += rest % to.size(axis) * strideB[axis];
          rest /= to.size(axis);
        }
        double u = Bench.values(a)[atA];
        double v = Bench.values(b)[atB];
        assertThat(Bench.values(y)[i]).isCloseTo(f.y.applyAsDouble(u, v), within(1e-15));
        da[atA] += seed[i] * f.da.applyAsDouble(u, v);
        db[atB] += seed[i] * f.db.applyAsDouble(u, v);
      }
      // At most 12 terms of size 1.
      assertThat(gradientOf(g, a)).containsExactly(da, within(1e-13));
      assertThat(gradientOf(g, b)).containsExactly(db, within(1e-13));
    }
  }

  private static double[] gradientOf(Gradients g, Var x) {
    Tensor t = g.of(x);
    return t == null ? new double[0] : t.toDoubles();
  }

  @Test
  void aTieOfMinOrMaxGoesToTheFirst() {
    Var a = bench.var(Shape.of(2), 1, 2);
    Var b = bench.var(Shape.of(2), 1, 2);
    assertThat(bench.gradient(a, a.min(b), 3, 4)).containsExactly(3, 4);
    assertThat(bench.gradient(b, a.min(b), 3, 4)).containsExactly(0, 0);
    assertThat(bench.gradient(a, a.max(b), 3, 4)).containsExactly(3, 4);
    assertThat(bench.gradient(b, a.max(b), 3, 4)).containsExactly(0, 0);
  }

  @Test
  void oneOperandTwiceGetsBothGradients() {
    Var x = bench.var(Shape.of(2), 3, -2);
    assertThat(bench.gradient(x, x.add(x), 1, 10)).containsExactly(2, 20);
    assertThat(bench.gradient(x, x.multiply(x), 1, 10)).containsExactly(6, -40);
    assertThat(bench.gradient(x, x.subtract(x), 1, 10)).containsExactly(0, 0);
    assertThat(bench.gradient(x, x.divide(x), 1, 10)).containsExactly(0, 0);
  }

  @Test
  void whereSendsTheGradientToTheSideTaken() {
    Tensor mask = bench.mask(Shape.of(3), 1, 0, 1);
    Var a = bench.var(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
    Var b = bench.var(Shape.of(2, 1), 10, 20);
    Var y = a.where(mask, b);
    assertThat(Bench.values(y)).containsExactly(1, 10, 3, 4, 20, 6);
    assertThat(bench.gradient(a, y, 1, 2, 3, 4, 5, 6)).containsExactly(1, 0, 3, 4, 0, 6);
    assertThat(bench.gradient(b, y, 1, 2, 3, 4, 5, 6)).containsExactly(2, 5);
  }

  @Test
  void keepWhereDropsValuesAndGradients() {
    Tensor mask = bench.mask(Shape.of(2, 1), 0, 1);
    Var x = bench.var(Shape.of(2, 2), Double.NaN, 2, 3, 4);
    Var y = x.keepWhere(mask);
    assertThat(Bench.values(y)).containsExactly(0, 0, 3, 4);
    assertThat(bench.gradient(x, y, 1, 2, 3, 4)).containsExactly(0, 0, 3, 4);
    assertThatThrownBy(() -> x.keepWhere(x.value()))
        .hasMessage("keepWhere: a mask of kind REAL. Expected kind MASK, true for real elements.");
  }

  @Test
  void preluHasASlopePerColumn() {
    Var x = bench.var(Shape.of(2, 3), 1, -2, 0, -4, 5, -6);
    Var alpha = bench.var(Shape.of(3), 0.5, 0.25, 0.1);
    Var y = x.prelu(alpha);
    assertThat(Bench.values(y)).containsExactly(1, -0.5, 0, -2, 5, -6 * 0.1);
    assertThat(bench.gradient(x, y, 1, 1, 1, 1, 1, 1)).containsExactly(1, 0.25, 0.1, 0.5, 1, 0.1);
    assertThat(bench.gradient(alpha, y, 1, 10, 100, 2, 20, 200)).containsExactly(-8, -20, -1200);
    assertThatThrownBy(() -> alpha.prelu(x))
        .hasMessage(
            "prelu: slopes [2, 3] for values [3]. Expected slopes that broadcast to the values,"
                + " such as one per column.");
  }

  @Test
  void nothingPassesAStoppedGradient() {
    Var x = bench.var(Shape.of(2), 3, 4);
    Var y = x.multiply(x.stopGradient());
    assertThat(Bench.values(y)).containsExactly(9, 16);
    assertThat(bench.gradient(x, y, 1, 1)).containsExactly(3, 4);
  }

  @Test
  void dropoutScalesWhatItKeepsForwardAndBack() {
    Var x = bench.var(Shape.of(1000), Bench.ones(1000));
    Var y = x.dropout(0.2, 7);
    double[] values = Bench.values(y);
    int kept = 0;
    for (double v : values) {
      assertThat(v).isIn(0.0, 1.25);
      kept += v == 0 ? 0 : 1;
    }
    assertThat(kept).isBetween(737, 863); // 800 ± 5 standard deviations of 12.6
    assertThat(bench.gradient(x, y, Bench.ones(1000))).containsExactly(values);
    assertThat(Bench.values(x.dropout(0.2, 7))).containsExactly(values);
    assertThat(Bench.values(x.dropout(0.2, 8))).isNotEqualTo(values);
    assertThat(x.dropout(0, 7)).isSameAs(x);
    assertThatThrownBy(() -> x.dropout(1, 7))
        .hasMessage("dropout: rate 1.0. Expected a rate from 0 up to, not including, 1.");
  }

  @Test
  void errorsNameTheOperation() {
    Var a = bench.var(1, 2, 3);
    Var b = bench.var(1, 4, 3);
    assertThatThrownBy(() -> a.divide(b))
        .hasMessage(
            "divide: shapes [2, 3] and [4, 3] do not broadcast: axis -2 is 2 against 4. Expected"
                + " equal sizes, or 1.");
    assertThatThrownBy(() -> a.clip(2, 1))
        .hasMessage("clip: interval [2.0, 1.0]. Expected its lower end first.");
  }
}
