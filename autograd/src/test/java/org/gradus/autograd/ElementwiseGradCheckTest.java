// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.gradus.autograd.OpCase.mask;
import static org.gradus.autograd.OpCase.shape;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of operations on one or two numbers at every position.
class ElementwiseGradCheckTest {
  @ParameterizedTest
  @MethodSource({"binary", "extremes", "unary", "positive", "choices"})
  void gradientsAreRightAndMutantsFail(OpCase c) {
    try (Device reference = Device.open("reference")) {
      c.verify(reference);
    }
  }

  static Stream<OpCase> binary() {
    Map<String, BinaryOperator<Var>> ops = new LinkedHashMap<>();
    ops.put("add", Var::add);
    ops.put("subtract", Var::subtract);
    ops.put("multiply", Var::multiply);
    // away from the pole at 0
    ops.put("divide", (a, b) -> a.divide(b.square().add(0.5)));
    return ops.entrySet().stream()
        .flatMap(
            op ->
                Stream.of(
                    OpCase.of(op.getKey(), shape(), shape(), op.getValue()),
                    OpCase.of(op.getKey(), shape(7), shape(7), op.getValue()),
                    OpCase.of(op.getKey(), shape(3, 5), shape(5), op.getValue()),
                    OpCase.of(op.getKey(), shape(5), shape(3, 5), op.getValue()),
                    OpCase.of(op.getKey(), shape(2, 1, 3), shape(5, 1), op.getValue()),
                    OpCase.of(op.getKey(), shape(1, 1), shape(2, 3), op.getValue()),
                    OpCase.of(op.getKey(), shape(2, 3), shape(), op.getValue())));
  }

  /// Of so many pairs each operand is taken in some.
  static Stream<OpCase> extremes() {
    Map<String, BinaryOperator<Var>> ops = new LinkedHashMap<>();
    ops.put("min", Var::min);
    ops.put("max", Var::max);
    return ops.entrySet().stream()
        .flatMap(
            op ->
                Stream.of(
                    OpCase.of(op.getKey(), shape(23), shape(23), op.getValue()),
                    OpCase.of(op.getKey(), shape(6, 5), shape(5), op.getValue()),
                    OpCase.of(op.getKey(), shape(1, 1), shape(5, 5), op.getValue()),
                    OpCase.of(op.getKey(), shape(3, 1, 5), shape(5, 1), op.getValue()),
                    OpCase.of(
                        op.getKey() + " with a tenth of",
                        shape(23),
                        shape(),
                        (a, b) -> op.getValue().apply(a, b.multiply(0.1)))));
  }

  static Stream<OpCase> unary() {
    Map<String, UnaryOperator<Var>> ops = new LinkedHashMap<>();
    ops.put("add 1.5", x -> x.add(1.5));
    ops.put("multiply -3", x -> x.multiply(-3));
    ops.put("negate", Var::negate);
    ops.put("abs", Var::abs);
    ops.put("square", Var::square);
    ops.put("exp", Var::exp);
    ops.put("expm1", Var::expm1);
    ops.put("sigmoid", Var::sigmoid);
    ops.put("tanh", Var::tanh);
    ops.put("relu", Var::relu);
    ops.put("leakyRelu", x -> x.leakyRelu(0.1));
    ops.put("elu", x -> x.elu(0.7));
    ops.put("softplus", Var::softplus);
    ops.put("logSigmoid", Var::logSigmoid);
    ops.put("clip", x -> x.clip(-0.3, 0.5));
    ops.put("square of itself", x -> x.multiply(x));
    ops.put("times its stopped value", x -> x.multiply(x.stopGradient()));
    return ops.entrySet().stream()
        .flatMap(
            op ->
                Stream.of(
                    OpCase.of(op.getKey(), shape(11), op.getValue()),
                    OpCase.of(op.getKey(), shape(2, 1, 5), op.getValue())));
  }

  static Stream<OpCase> positive() {
    Map<String, UnaryOperator<Var>> ops = new LinkedHashMap<>();
    ops.put("sqrt", Var::sqrt);
    ops.put("rsqrt", Var::rsqrt);
    ops.put("reciprocal", Var::reciprocal);
    ops.put("log", Var::log);
    ops.put("log1p", Var::log1p);
    return ops.entrySet().stream()
        .flatMap(
            op ->
                Stream.of(shape(1), shape(13))
                    .map(
                        s ->
                            OpCase.of(
                                op.getKey() + " " + s,
                                GradCheck.of(0).input("x", s, Draw.uniform(0.2, 2)),
                                (_, in) -> op.getValue().apply(in.get("x")))));
  }

  static Stream<OpCase> choices() {
    Shape x = shape(2, 3);
    GradCheck one = GradCheck.of(0).input("x", x);
    GradCheck two = one.input("z", x);
    GradCheck row = one.input("z", shape(3));
    return Stream.of(
        OpCase.of("where", two, (m, in) -> in.get("x").where(mask(m, x, "101001"), in.get("z"))),
        OpCase.of(
            "where, mask and z stretched",
            row,
            (m, in) -> in.get("x").where(mask(m, shape(2, 1), "01"), in.get("z"))),
        OpCase.of(
                "where, all true",
                two,
                (m, in) -> in.get("x").where(mask(m, x, "111111"), in.get("z")))
            .zero("z", "never taken"),
        OpCase.of(
                "where, all false",
                two,
                (m, in) -> in.get("x").where(mask(m, x, "000000"), in.get("z")))
            .zero("x", "never taken"),
        OpCase.of("keepWhere", one, (m, in) -> in.get("x").keepWhere(mask(m, x, "011010"))),
        OpCase.of(
            "keepWhere, x stretched",
            GradCheck.of(0).input("x", shape(2, 1)),
            (m, in) -> in.get("x").keepWhere(mask(m, x, "011000"))),
        OpCase.of(
                "keepWhere, all false", one, (m, in) -> in.get("x").keepWhere(mask(m, x, "000000")))
            .zero("x", "masked"),
        OpCase.of("bandPart", shape(2, 4, 5), v -> v.bandPart(1, 2)),
        OpCase.of("bandPart, lower triangle", shape(3, 3), v -> v.bandPart(-1, 0)),
        OpCase.of(
            "prelu, slope per column",
            GradCheck.of(0).input("x", shape(4, 3)).input("alpha", shape(3)),
            (_, in) -> in.get("x").prelu(in.get("alpha"))),
        OpCase.of(
            "prelu, one slope",
            GradCheck.of(0).input("x", shape(5)).input("alpha", shape(1)),
            (_, in) -> in.get("x").prelu(in.get("alpha"))),
        OpCase.of(
            "dropout",
            GradCheck.of(0).input("x", shape(20)),
            (m, in) -> in.get("x").square().dropout(0.4, m.draw("dropout"))));
  }
}
