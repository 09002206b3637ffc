// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.gradus.autograd.OpCase.mask;
import static org.gradus.autograd.OpCase.shape;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of sums, means and maxima. The input is squared first, so that its own slope matters.
class ReduceGradCheckTest {
  @ParameterizedTest
  @MethodSource("cases")
  void gradientsAreRightAndMutantsFail(OpCase c) {
    try (Device reference = Device.open("reference")) {
      c.verify(reference);
    }
  }

  static Stream<OpCase> cases() {
    List<OpCase> cases = new ArrayList<>();
    for (Shape s : List.of(shape(1), shape(7), shape(3, 5), shape(2, 3, 4))) {
      cases.add(OpCase.of("sum", s, x -> x.square().sum()));
      cases.add(OpCase.of("mean", s, x -> x.square().mean()));
      for (int axis = -1; axis < s.rank(); axis++) {
        int a = axis;
        String of = " of axis " + a;
        cases.add(OpCase.of("sum" + of, s, x -> x.square().sum(a)));
        cases.add(OpCase.of("sum, kept" + of, s, x -> x.square().sum(a, true)));
        cases.add(OpCase.of("mean" + of, s, x -> x.square().mean(a)));
        cases.add(OpCase.of("mean, kept" + of, s, x -> x.square().mean(a, true)));
        cases.add(OpCase.of("max" + of, s, x -> x.multiply(3).max(a)));
        cases.add(OpCase.of("max, kept" + of, s, x -> x.multiply(3).max(a, true)));
      }
    }
    GradCheck two = GradCheck.of(0).input("x", shape(2, 3));
    cases.add(
        OpCase.of(
            "maskedMean",
            two,
            (m, in) -> in.get("x").square().maskedMean(mask(m, shape(2, 3), "110100"))));
    cases.add(
        OpCase.of(
                "maskedMean of one",
                two,
                (m, in) -> in.get("x").square().maskedMean(mask(m, shape(2, 3), "000010")))
            .blindTo("sum"));
    cases.add(
        OpCase.of(
                "maskedMean of none",
                two,
                (m, in) -> in.get("x").square().maskedMean(mask(m, shape(2, 3), "000000")))
            .zero("x", "masked")
            .blindTo("divide", "multiply", "sum"));
    return cases.stream();
  }
}
