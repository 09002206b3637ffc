// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.gradus.autograd.OpCase.shape;

import java.util.List;
import java.util.stream.Stream;
import org.gradus.tensor.Device;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of operations that move numbers.
class LayoutGradCheckTest {
  @ParameterizedTest
  @MethodSource({"one", "several"})
  void gradientsAreRightAndMutantsFail(OpCase c) {
    try (Device reference = Device.open("reference")) {
      c.verify(reference);
    }
  }

  static Stream<OpCase> one() {
    return Stream.of(
        OpCase.of("reshape", shape(2, 6), x -> x.reshape(3, -1)),
        OpCase.of("reshape of a product", shape(4), x -> x.square().reshape(2, 2)),
        OpCase.of("flatten", shape(2, 3, 2), x -> x.flatten(1)),
        OpCase.of("squeeze", shape(3, 1, 2), x -> x.squeeze(1)),
        OpCase.of("unsqueeze", shape(3, 2), x -> x.unsqueeze(0)),
        OpCase.of("transpose", shape(2, 3), Var::transpose),
        OpCase.of("transpose of matrices", shape(2, 3, 5), Var::transpose),
        OpCase.of("permute", shape(2, 3, 5), x -> x.permute(2, 0, 1)),
        OpCase.of("permute, four axes", shape(2, 1, 3, 2), x -> x.permute(3, 1, 0, 2)),
        OpCase.of("slice, first axis", shape(5, 2), x -> x.slice(0, 1, 4)),
        OpCase.of("slice, last axis", shape(3, 5), x -> x.slice(-1, 4, 5)),
        OpCase.of("slice, middle axis", shape(2, 4, 3), x -> x.slice(1, 0, 2)),
        OpCase.of("index", shape(2, 4, 3), x -> x.index(1, -1)),
        OpCase.of("index, first axis", shape(3), x -> x.index(0, 1)),
        OpCase.of("expand", shape(3, 1), x -> x.expand(shape(2, 3, 4))),
        OpCase.of("expand a scalar", shape(), x -> x.expand(shape(2, 2))),
        OpCase.of("tile", shape(2, 3), x -> x.tile(3, 2)),
        OpCase.of("tile once", shape(5), x -> x.tile(1)),
        OpCase.of(
            "split",
            shape(2, 7),
            x -> {
              List<Var> parts = x.split(1, 2, 2, 3);
              return parts.get(0).multiply(parts.get(1)).sum(1, true).add(parts.get(2));
            }),
        OpCase.of(
            "parts that overlap",
            shape(4, 2),
            x -> x.slice(0, 0, 3).multiply(x.slice(0, 1, 4)).add(x.index(0, 2))));
  }

  static Stream<OpCase> several() {
    return Stream.of(
        OpCase.of("concat", shape(2, 3), shape(2, 1), (a, b) -> Var.concat(1, List.of(a, b))),
        OpCase.of(
            "concat, first axis", shape(2, 3), shape(1, 3), (a, b) -> Var.concat(0, List.of(a, b))),
        OpCase.of(
            "concat with itself",
            shape(2, 2),
            shape(2, 1),
            (a, b) -> Var.concat(-1, List.of(a, b, a))),
        OpCase.of("stack", shape(2, 3), shape(2, 3), (a, b) -> Var.stack(1, List.of(a, b))),
        OpCase.of("stack behind", shape(3), shape(3), (a, b) -> Var.stack(-1, List.of(a, b))));
  }
}
