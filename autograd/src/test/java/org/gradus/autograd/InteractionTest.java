// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InteractionTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void theSumOverPairsAgainstADoubleLoop() {
    Var e = bench.var(1, 3, 4, 5);
    double[] expected = new double[3];
    for (int b = 0; b < 3; b++) {
      for (int i = 0; i < 4; i++) {
        for (int j = i + 1; j < 4; j++) {
          expected[b] += product(e, b, i, j);
        }
      }
    }
    assertThat(Bench.values(e.pairwise())).containsExactly(expected, within(1e-14));
    Bench.differentiates(in -> in.get(0).pairwise(), Shape.of(3, 4, 5));
    assertThatThrownBy(() -> e.flatten(1).pairwise())
        .hasMessage("pairwise: [3, 20]. Expected [B, F, D].");
  }

  @ParameterizedTest(name = "lower {0}, self {1}")
  @CsvSource({"false,false", "true,false", "false,true", "true,true"})
  void theProductsOfAllPairsInOrder(boolean lower, boolean self) {
    Var e = bench.var(2, 2, 4, 3);
    double[] expected = new double[2 * (self ? 10 : 6)];
    int at = 0;
    for (int b = 0; b < 2; b++) {
      for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
          if (lower ? j < i : j > i) {
            expected[at++] = product(e, b, i, j);
          } else if (self && i == j) {
            expected[at++] = product(e, b, i, j);
          }
        }
      }
    }
    Var y = e.dots(lower, self);
    assertThat(y.shape()).isEqualTo(Shape.of(2, self ? 10 : 6));
    assertThat(Bench.values(y)).containsExactly(expected, within(1e-15));
    Bench.differentiates(in -> in.get(0).dots(lower, self), Shape.of(2, 4, 3));
  }

  private static double product(Var e, int b, int i, int j) {
    double sum = 0;
    for (int d = 0; d < e.size(2); d++) {
      sum +=
          Bench.values(e)[(b * e.size(1) + i) * e.size(2) + d]
              * Bench.values(e)[(b * e.size(1) + j) * e.size(2) + d];
    }
    return sum;
  }

  /// The worked example of DLRM's dot interaction: a dense vector and two sparse ones, D = 4.
  @Test
  void theDotInteractionOfDlrm() {
    Var dense = bench.var(Shape.of(2, 4), 0.1, 0.2, 0.3, 0.4, 0.5, -0.1, 0, 0.2);
    Var sparse =
        bench.var(
            Shape.of(2, 2, 4),
            1,
            0.5,
            -1,
            0.5,
            0.2,
            0.4,
            0.6,
            -0.8,
            0.3,
            0.3,
            -0.3,
            0.1,
            -0.6,
            0.2,
            0.9,
            1);
    Var all = Var.concat(1, List.of(dense.unsqueeze(1), sparse));
    Var y = Var.concat(1, List.of(dense, all.dots(false, false)));
    assertThat(Bench.values(y))
        .containsExactly(
            new double[] {
              0.1, 0.2, 0.3, 0.4, 0.1, -0.04, -0.6, 0.5, -0.1, 0, 0.2, 0.14, -0.12, -0.29
            },
            within(1e-15));
    double[] seed = {0.1, -0.2, 0.3, 0.4, 1, -0.5, 2, 0.2, 0.1, 0, -0.1, -1, 0.5, 0.25};
    assertThat(bench.gradient(dense, y, seed))
        .containsExactly(new double[] {1, 0.1, -1, 1.3, -0.4, -0.1, 0.75, 0.3}, within(1e-15));
    assertThat(bench.gradient(sparse, y, seed))
        .containsExactly(
            new double[] {
              0.5, 1, 1.5, -1.2, 1.95, 0.9, -2.15, 0.8, -0.65, 0.15, 0.225, 0.05, 0.325, 0.025,
              -0.075, 0.125
            },
            within(1e-15));
  }

  private static Var composedFacing(Var k, Var q) {
    Var repeated = q.unsqueeze(1).expand(k.shape());
    return Var.concat(2, List.of(repeated, k, repeated.subtract(k), repeated.multiply(k)));
  }

  private static Var composedSum(Var w, Var x) {
    return w.unsqueeze(2).multiply(x).sum(1);
  }

  /// Values are the same; gradients add the same terms, at most 2 + 3T of size one, in another order.
  @ParameterizedTest
  @CsvSource({"2,3,4", "1,1,1", "3,7,5"})
  void facingAndWeightedSumAreTheirCompositions(int batch, int steps, int width) {
    Var k = bench.var(1, batch, steps, width);
    Var q = bench.var(2, batch, width);
    double[] dz = Bench.numbers(3, batch * steps * 4 * width);
    assertSame(k.facing(q), composedFacing(k, q), dz, k, q);
    Var w = bench.var(4, batch, steps);
    double[] dy = Bench.numbers(5, batch * width);
    assertSame(w.weightedSum(k), composedSum(w, k), dy, w, k);
  }

  @ParameterizedTest
  @CsvSource({"2,3", "1,1", "5,17"})
  void crossIsItsComposition(int batch, int width) {
    Var x0 = bench.var(1, batch, width);
    Var x = bench.var(2, batch, width);
    double[] dy = Bench.numbers(3, batch * width);
    Var z = bench.var(4, batch, width);
    assertSame(x0.cross(z, x), x0.multiply(z).add(x), dy, x0, z, x);
    assertSame(x0.cross(x0, x0), x0.multiply(x0).add(x0), dy, x0);
    Var perRow = bench.var(5, batch, 1);
    assertSame(x0.cross(perRow, x), x0.multiply(perRow).add(x), dy, x0, perRow, x);
  }

  @Test
  void crossByHand() {
    Var x0 = bench.var(Shape.of(2, 2), 1, 2, 3, -4);
    Var z = bench.var(Shape.of(2, 1), 10, 0.5);
    Var x = bench.var(Shape.of(2, 2), 7, 8, 9, 10);
    assertThat(Bench.values(x0.cross(z, x))).containsExactly(17, 28, 10.5, 8);
    assertThat(Bench.values(x0.cross(x0, x))).containsExactly(8, 12, 18, 26);
    assertThatThrownBy(() -> x0.cross(x, z))
        .hasMessage(
            "cross: [2, 2] times [2, 2] plus [2, 1]. Expected [B, N], [B, N] or [B, 1], and [B,"
                + " N].");
  }

  private void assertSame(Var fused, Var composed, double[] seed, Var... inputs) {
    assertThat(fused.shape()).isEqualTo(composed.shape());
    assertThat(Bench.values(fused)).containsExactly(Bench.values(composed), within(1e-14));
    for (Var x : inputs) {
      assertThat(bench.gradient(x, fused, seed))
          .containsExactly(bench.gradient(x, composed, seed), within(1e-13));
    }
  }

  @Test
  void facingByHand() {
    Var k = bench.var(Shape.of(1, 2, 2), 0.5, 0.1, -0.4, 0.3);
    Var q = bench.var(Shape.of(1, 2), 0.6, -0.2);
    assertThat(Bench.values(k.facing(q)))
        .containsExactly(
            new double[] {
              0.6, -0.2, 0.5, 0.1, 0.1, -0.3, 0.3, -0.02, //
              0.6, -0.2, -0.4, 0.3, 1, -0.5, -0.24, -0.06
            },
            within(1e-15));
    Var w = bench.var(Shape.of(1, 2), 2, -1);
    assertThat(Bench.values(w.weightedSum(k)))
        .containsExactly(new double[] {1.4, -0.1}, within(1e-15));
    assertThatThrownBy(() -> k.facing(k))
        .hasMessage("facing: keys [1, 2, 2], query [1, 2, 2]. Expected [B, T, D], [B, D].");
    assertThatThrownBy(() -> q.weightedSum(q))
        .hasMessage("weightedSum: weights [1, 2], vectors [1, 2]. Expected [B, T], [B, T, D].");
  }
}
