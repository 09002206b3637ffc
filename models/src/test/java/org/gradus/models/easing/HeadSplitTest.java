// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class HeadSplitTest {
  /// What becomes of `[B, N, D]` elements whose numbers are 100 b + 10 n + c.
  private static int[] of(int b, int n, int d, Function<Var, Var> what) {
    double[] x =
        IntStream.range(0, b * n * d)
            .map(f -> 100 * (f / (n * d)) + 10 * (f / d % n) + f % d)
            .asDoubleStream()
            .toArray();
    try (Device device = Device.open("reference");
        Tape tape = Tape.evaluating(device)) {
      double[] y = what.apply(tape.constant(Shape.of(b, n, d), x)).value().toDoubles();
      return Arrays.stream(y).mapToInt(v -> (int) v).toArray();
    }
  }

  /// The index tables of two heads of two columns, head 0 and then head 1.
  static Stream<Arguments> tables() {
    return Stream.of(
        Arguments.of(HeadSplit.COUPLED, 2, new int[] {0, 1, 2, 3, 10, 11, 12, 13}),
        Arguments.of(HeadSplit.DECOUPLED, 2, new int[] {0, 1, 10, 11, 2, 3, 12, 13}),
        Arguments.of(HeadSplit.COUPLED, 3, new int[] {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23}),
        Arguments.of(
            HeadSplit.DECOUPLED, 3, new int[] {0, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23}),
        Arguments.of(
            HeadSplit.COUPLED,
            4,
            new int[] {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33}),
        Arguments.of(
            HeadSplit.DECOUPLED,
            4,
            new int[] {0, 1, 10, 11, 20, 21, 30, 31, 2, 3, 12, 13, 22, 23, 32, 33}));
  }

  @ParameterizedTest
  @MethodSource("tables")
  void headsHoldWhatTheTableSays(HeadSplit split, int n, int[] expected) {
    assertThat(of(1, n, 4, x -> split.split(x, 2))).isEqualTo(expected);
  }

  /// (EA-4) by its two formulas, for several nodes and numbers of heads that divide N or do not.
  @ParameterizedTest
  @EnumSource(HeadSplit.class)
  void headsHoldWhatTheFormulaSays(HeadSplit split) {
    int nodes = 2;
    int n = 4;
    int d = 6;
    for (int heads : new int[] {1, 2, 3, 6}) {
      int width = d / heads;
      int[] expected = new int[nodes * n * d];
      int at = 0;
      for (int b = 0; b < nodes; b++) {
        for (int h = 0; h < heads; h++) {
          for (int i = 0; i < n; i++) {
            for (int j = 0; j < width; j++) {
              int chunk = h * n + i;
              int element = split == HeadSplit.COUPLED ? chunk / heads : i;
              int column = (split == HeadSplit.COUPLED ? chunk % heads : h) * width + j;
              expected[at++] = 100 * b + 10 * element + column;
            }
          }
        }
      }
      int used = heads;
      assertThat(of(nodes, n, d, x -> split.split(x, used)))
          .as("%d heads", heads)
          .isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @EnumSource(HeadSplit.class)
  void mergeIsTheWayBack(HeadSplit split) {
    for (int heads : new int[] {1, 2, 3}) {
      assertThat(of(2, 5, 6, x -> split.merge(split.split(x, heads))))
          .isEqualTo(of(2, 5, 6, x -> x));
    }
  }

  /// With one head, and with one element, the two are the same numbers; with two and two they are not.
  @Test
  void oneHeadOrOneElementHidesTheDifference() {
    assertThat(of(2, 3, 4, x -> HeadSplit.COUPLED.split(x, 1)))
        .isEqualTo(of(2, 3, 4, x -> HeadSplit.DECOUPLED.split(x, 1)));
    assertThat(of(2, 1, 4, x -> HeadSplit.COUPLED.split(x, 2)))
        .isEqualTo(of(2, 1, 4, x -> HeadSplit.DECOUPLED.split(x, 2)));
    assertThat(of(1, 2, 4, x -> HeadSplit.COUPLED.split(x, 2)))
        .isNotEqualTo(of(1, 2, 4, x -> HeadSplit.DECOUPLED.split(x, 2)));
  }

  /// The other mode's merge scrambles elements and columns, and no shape is wrong.
  @Test
  void theOtherMergeScrambles() {
    assertThat(of(1, 2, 4, x -> HeadSplit.COUPLED.merge(HeadSplit.DECOUPLED.split(x, 2))))
        .containsExactly(0, 1, 10, 11, 2, 3, 12, 13);
  }
}
