// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.gradus.autograd.OpCase.shape;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of matrix products, the fully connected layer, contractions and convolution.
class MatMulGradCheckTest {
  @ParameterizedTest
  @MethodSource({"products", "layers", "contractions"})
  void gradientsAreRightAndMutantsFail(OpCase c) {
    try (Device reference = Device.open("reference")) {
      c.verify(reference);
    }
  }

  static Stream<OpCase> products() {
    List<OpCase> cases = new ArrayList<>();
    for (boolean ta : new boolean[] {false, true}) {
      for (boolean tb : new boolean[] {false, true}) {
        for (Shape batchA : List.of(shape(), shape(2), shape(2, 1), shape(1))) {
          for (Shape batchB : List.of(shape(), shape(2), shape(1, 2))) {
            Shape a = matrices(batchA, ta ? 3 : 2, ta ? 2 : 3);
            Shape b = matrices(batchB, tb ? 2 : 3, tb ? 3 : 2);
            cases.add(OpCase.of("matmul " + ta + " " + tb, a, b, (x, y) -> x.matmul(y, ta, tb)));
          }
        }
      }
    }
    cases.add(OpCase.of("matmul", shape(1, 1), shape(1, 1), Var::matmul));
    cases.add(OpCase.of("matmul", shape(5, 7), shape(7, 3), Var::matmul));
    return cases.stream();
  }

  private static Shape matrices(Shape batch, int rows, int columns) {
    return batch.insert(batch.rank(), rows).insert(batch.rank() + 1, columns);
  }

  static Stream<OpCase> layers() {
    List<OpCase> cases = new ArrayList<>();
    for (Activation act : Activation.values()) {
      for (Shape x : List.of(shape(1, 1), shape(4, 3), shape(2, 2, 3))) {
        cases.add(
            OpCase.of(
                "linear " + act + " " + x,
                GradCheck.of(0).input("x", x).input("w", shape(x.size(-1), 5)).input("b", shape(5)),
                (_, in) -> in.get("x").linear(in.get("w"), in.get("b"), act)));
      }
    }
    return cases.stream();
  }

  static Stream<OpCase> contractions() {
    return Stream.of(
        OpCase.of(
            "tensordot, one pair",
            shape(2, 3, 4),
            shape(3, 2),
            (a, b) -> a.tensordot(b, new int[] {1}, new int[] {0})),
        OpCase.of(
            "tensordot, two pairs crossed",
            shape(2, 3, 4),
            shape(4, 2, 3),
            (a, b) -> a.tensordot(b, new int[] {0, 2}, new int[] {1, 0})),
        OpCase.of("contract", shape(2, 3, 2), shape(3, 2, 4), Var::contract),
        OpCase.of("conv1d", shape(2, 5, 2), shape(3, 2, 3), (x, f) -> x.conv1d(f, 1, false)),
        OpCase.of("conv1d, same", shape(2, 4, 1), shape(3, 1, 2), (x, f) -> x.conv1d(f, 1, true))
            .blindTo("matmul", "conv1d"),
        OpCase.of(
            "conv1d, stride", shape(1, 7, 2), shape(2, 2, 2), (x, f) -> x.conv1d(f, 2, false)),
        OpCase.of(
            "conv1d, same, stride",
            shape(1, 5, 2),
            shape(2, 2, 2),
            (x, f) -> x.conv1d(f, 2, true)));
  }
}
