// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.gradus.autograd.OpCase.mask;
import static org.gradus.autograd.OpCase.shape;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of normalised exponentials, under masks that leave all, some, one or none.
class SoftmaxGradCheckTest {
  @ParameterizedTest
  @MethodSource({"plain", "masked"})
  void gradientsAreRightAndMutantsFail(OpCase c) {
    try (Device reference = Device.open("reference")) {
      c.verify(reference);
    }
  }

  static Stream<OpCase> plain() {
    Map<String, UnaryOperator<Var>> ops = new LinkedHashMap<>();
    ops.put("softmax", Var::softmax);
    ops.put("logSoftmax", Var::logSoftmax);
    ops.put("logSumExp", Var::logSumExp);
    return ops.entrySet().stream()
        .flatMap(
            op ->
                Stream.of(shape(5), shape(3, 2), shape(2, 2, 7), shape(2, 1))
                    .map(
                        s -> {
                          OpCase c = OpCase.of(op.getKey(), s, op.getValue());
                          boolean constant = s.size(-1) == 1 && !op.getKey().equals("logSumExp");
                          return constant ? c.zero("x", "of one entry it is constant") : c;
                        }));
  }

  static Stream<OpCase> masked() {
    Map<String, BiFunction<Var, Tensor, Var>> ops = new LinkedHashMap<>();
    ops.put("softmax", Var::softmax);
    ops.put("logSoftmax", Var::logSoftmax);
    ops.put("logSumExp", Var::logSumExp);
    Shape x = shape(4, 3);
    GradCheck check = GradCheck.of(0).input("x", x);
    return ops.entrySet().stream()
        .flatMap(
            op ->
                Stream.of(
                    OpCase.of(
                        op.getKey() + ", rows of 3, 2, 1 and 0",
                        check,
                        (m, in) -> op.getValue().apply(in.get("x"), mask(m, x, "111101010000"))),
                    OpCase.of(
                        op.getKey() + ", one mask for all rows",
                        check,
                        (m, in) -> op.getValue().apply(in.get("x"), mask(m, shape(3), "011"))),
                    OpCase.of(
                            op.getKey() + ", nothing left",
                            check,
                            (m, in) -> op.getValue().apply(in.get("x"), mask(m, x, "000000000000")))
                        .zero("x", "masked")));
  }
}
