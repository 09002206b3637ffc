// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Var;
import org.gradus.layers.DotInteraction.Order;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The dot interaction (DI-1) to (DI-3): an example worked by hand, invariants, and gradients.
class DotInteractionTest {
  private static final DotInteraction UPPER = new DotInteraction(Order.UPPER_ROW_MAJOR, false);

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void workedExampleWithGradients() {
    double[] d = {.1, .2, .3, .4, .5, -.1, 0, .2};
    double[] s = {1, .5, -1, .5, .2, .4, .6, -.8, .3, .3, -.3, .1, -.6, .2, .9, 1};
    Var dense = bench.variable(Shape.of(2, 4), d);
    Var sparse = bench.variable(Shape.of(2, 2, 4), s);
    Var y = UPPER.forward(dense, sparse);
    assertThat(y.shape()).isEqualTo(Shape.of(2, 7));
    assertClose(
        numbers(y),
        new double[] {.1, .2, .3, .4, .1, -.04, -.6, .5, -.1, 0, .2, .14, -.12, -.29},
        SIX_DECIMALS);
    double[] dy = {.1, -.2, .3, .4, 1, -.5, 2, .2, .1, 0, -.1, -1, .5, .25};
    var gradients = bench.tape.backward(y, bench.upload(Shape.of(2, 7), dy));
    assertClose(
        Objects.requireNonNull(gradients.of(dense)).toDoubles(),
        new double[] {1, .1, -1, 1.3, -.4, -.1, .75, .3},
        SIX_DECIMALS);
    assertClose(
        Objects.requireNonNull(gradients.of(sparse)).toDoubles(),
        new double[] {
          .5, 1, 1.5, -1.2, 1.95, .9, -2.15, .8, -.65, .15, .225, .05, .325, .025, -.075, .125
        },
        SIX_DECIMALS);
  }

  /// (DI-2): where the pairs of F = 3 stand in the two orders, with and without the diagonal.
  @ParameterizedTest
  @CsvSource({
    "UPPER_ROW_MAJOR, false, 01 02 03 12 13 23",
    "LOWER_ROW_MAJOR, false, 10 20 21 30 31 32",
    "UPPER_ROW_MAJOR, true, 00 01 02 03 11 12 13 22 23 33",
    "LOWER_ROW_MAJOR, true, 00 10 11 20 21 22 30 31 32 33"
  })
  void pairsStandInTheirOrder(Order order, boolean self, String places) {
    double[] t = normal(1, 4 * 3);
    List<Double> expected = new ArrayList<>();
    for (String pair : places.split(" ", -1)) {
      expected.add(dot(t, pair.charAt(0) - '0', pair.charAt(1) - '0', 3));
    }
    DotInteraction interaction = new DotInteraction(order, self);
    double[] f = numbers(interaction.pairs(bench.variable(Shape.of(1, 4, 3), t)));
    assertClose(f, expected.stream().mapToDouble(v -> v).toArray(), EXACT);
    assertThat(interaction.pairs(4)).isEqualTo(f.length);
  }

  /// 27 vectors, as for Criteo: 351 pairs, 378 with the diagonal.
  @Test
  void numberOfPairsForCriteo() {
    assertThat(UPPER.pairs(27)).isEqualTo(351);
    assertThat(new DotInteraction(Order.UPPER_ROW_MAJOR, true).pairs(27)).isEqualTo(378);
  }

  // Invariants, on F + 1 = 4 vectors of width 3

  private static final int VECTORS = 4;
  private static final int D = 3;
  private static final int PAIRS = 6;

  /// T `[B, F+1, D]`, taken apart.
  private static Var forward(DotInteraction interaction, Var t) {
    return interaction.forward(t.index(1, 0), t.slice(1, 1, t.size(1)));
  }

  private double[] run(double... t) {
    return numbers(forward(UPPER, bench.variable(Shape.of(1, VECTORS, D), t)));
  }

  private double[] pairs(double... t) {
    return Arrays.copyOfRange(run(t), D, D + PAIRS);
  }

  private static int place(int i, int j) {
    int at = 0;
    for (int a = 0; a < VECTORS; a++) {
      for (int b = a + 1; b < VECTORS; b++) {
        if (a == Math.min(i, j) && b == Math.max(i, j)) {
          return at;
        }
        at++;
      }
    }
    throw new AssertionError(i + ", " + j);
  }

  /// (a) and (b)
  @Test
  void dStaysInFrontAndPermutingTheOthersPermutesThePairs() {
    double[] t = normal(1, VECTORS * D);
    assertThat(Arrays.copyOf(run(t), D)).isEqualTo(Arrays.copyOf(t, D));
    int[] to = {0, 3, 1, 2};
    double[] moved = new double[t.length];
    for (int i = 0; i < VECTORS; i++) {
      System.arraycopy(t, i * D, moved, to[i] * D, D);
    }
    double[] before = pairs(t);
    double[] after = pairs(moved);
    for (int i = 0; i < VECTORS; i++) {
      for (int j = i + 1; j < VECTORS; j++) {
        assertThat(after[place(to[i], to[j])]).isEqualTo(before[place(i, j)]);
      }
    }
  }

  /// (c), with a reflection at a random plane
  @Test
  void rotatingEveryVectorChangesNoPair() {
    double[] t = normal(1, VECTORS * D);
    double[] n = normal(2, D);
    double square = dot(n, 0, 0, D);
    double[] turned = t.clone();
    for (int i = 0; i < VECTORS; i++) {
      double along = 0;
      for (int k = 0; k < D; k++) {
        along += t[i * D + k] * n[k];
      }
      for (int k = 0; k < D; k++) {
        turned[i * D + k] -= 2 * along * n[k] / square;
      }
    }
    assertClose(pairs(turned), pairs(t), EXACT);
  }

  /// (d) and (e)
  @ParameterizedTest
  @CsvSource({"2, 3", "1, -0.5", "3, 0"})
  void scalingAVectorScalesItsPairs(int vector, double c) {
    double[] t = normal(1, VECTORS * D);
    double[] scaled = t.clone();
    for (int k = 0; k < D; k++) {
      scaled[vector * D + k] *= c;
    }
    double[] before = pairs(t);
    double[] after = pairs(scaled);
    for (int i = 0; i < VECTORS; i++) {
      for (int j = i + 1; j < VECTORS; j++) {
        double factor = i == vector || j == vector ? c : 1;
        int at = place(i, j);
        assertThat(Math.abs(after[at] - factor * before[at])).isLessThanOrEqualTo(EXACT);
      }
    }
  }

  /// (f)
  @Test
  void theSumOfThePairsIsTheIdentityOfFactorizationMachines() {
    double[] t = normal(1, VECTORS * D);
    double squareOfSum = 0;
    double sumOfSquares = 0;
    for (int k = 0; k < D; k++) {
      double sum = 0;
      for (int i = 0; i < VECTORS; i++) {
        sum += t[i * D + k];
        sumOfSquares += t[i * D + k] * t[i * D + k];
      }
      squareOfSum += sum * sum;
    }
    double expected = (squareOfSum - sumOfSquares) / 2;
    assertClose(new double[] {Arrays.stream(pairs(t)).sum()}, new double[] {expected}, EXACT);
  }

  private static double dot(double[] t, int i, int j, int width) {
    double sum = 0;
    for (int k = 0; k < width; k++) {
      sum += t[i * width + k] * t[j * width + k];
    }
    return sum;
  }

  @ParameterizedTest
  @CsvSource({
    "UPPER_ROW_MAJOR, false",
    "LOWER_ROW_MAJOR, false",
    "UPPER_ROW_MAJOR, true",
    "LOWER_ROW_MAJOR, true"
  })
  void gradientsAreRightAndMutantsFail(Order order, boolean self) {
    DotInteraction interaction = new DotInteraction(order, self);
    Bench.verify(
        GradCheck.of(0).input("t", Shape.of(3, 4, 2)),
        _ -> (_, in) -> Map.of("y", forward(interaction, in.get("t"))));
  }
}
