// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class MatMulTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  /// Sums of at most 24 products of numbers below 1 in absolute value, in whatever order.
  private static final double ROUNDING = 1e-14;

  @ParameterizedTest
  @CsvSource({"false,false", "true,false", "false,true", "true,true"})
  void productsBroadcastOverTheirBatchAxes(boolean tA, boolean tB) {
    int[][][] batches = {
      {{}, {}},
      {{3}, {}},
      {{}, {3}},
      {{3}, {3}},
      {{2, 3}, {3}},
      {{2, 1}, {1, 3}},
      {{1}, {2, 2}},
      {{1}, {}},
      {{1, 1}, {1}},
      {{0}, {}}
    };
    for (int[][] s : batches) {
      Shape batch = Shape.broadcast("test", Shape.of(s[0]), Shape.of(s[1]));
      Var a = bench.var(1, with(s[0], tA ? 4 : 2, tA ? 2 : 4));
      Var b = bench.var(2, with(s[1], tB ? 5 : 4, tB ? 4 : 5));
      Var c = a.matmul(b, tA, tB);
      assertThat(c.shape()).isEqualTo(Shape.of(with(batch.toArray(), 2, 5)));
      double[] seed = Bench.numbers(3, c.shape().elements());
      double[] expected = new double[seed.length];
      double[] da = new double[a.shape().elements()];
      double[] db = new double[b.shape().elements()];
      int[] strideA = Shape.of(s[0]).stridesAs(batch);
      int[] strideB = Shape.of(s[1]).stridesAs(batch);
      for (int z = 0; z < batch.elements(); z++) {
        int atA = 8 * offset(z, batch, strideA);
        int atB = 20 * offset(z, batch, strideB);
        for (int i = 0; i < 2; i++) {
          for (int j = 0; j < 5; j++) {
            int at = (z * 2 + i) * 5 + j;
            for (int k = 0; k < 4; k++) {
              int u = atA + (tA ? k * 2 + i : i * 4 + k);
              int v = atB + (tB ? j * 4 + k : k * 5 + j);
              expected[at] += Bench.values(a)[u] * Bench.values(b)[v];
              da[u] += seed[at] * Bench.values(b)[v];
              db[v] += seed[at] * Bench.values(a)[u];
            }
          }
        }
      }
      assertThat(Bench.values(c)).containsExactly(expected, within(ROUNDING));
      assertThat(bench.gradient(a, c, seed)).containsExactly(da, within(ROUNDING));
      assertThat(bench.gradient(b, c, seed)).containsExactly(db, within(ROUNDING));
    }
  }

  private static int[] with(int[] batch, int rows, int columns) {
    return Shape.of(batch).insert(batch.length, rows).insert(batch.length + 1, columns).toArray();
  }

  private static int offset(int index, Shape batch, int[] strides) {
    int at = 0;
    for (int axis = batch.rank() - 1; axis >= 0; axis--) {
      at += index % batch.size(axis) * strides[axis];
      index /= batch.size(axis);
    }
    return at;
  }

  @Test
  void anErrorSaysWhatWouldFit() {
    Var a = bench.var(1, 8, 3, 5);
    assertThatThrownBy(() -> a.matmul(bench.var(1, 15, 4)))
        .hasMessage(
            "matmul: [8, 3, 5] × [15, 4]. Expected […, m, k] × […, k, n]; flatten(1) would make the"
                + " left operand [8, 15].");
    assertThatThrownBy(() -> a.matmul(bench.var(1, 5)))
        .hasMessage("matmul: [8, 3, 5] × [5]. Expected […, m, k] × […, k, n].");
    assertThatThrownBy(() -> a.matmul(bench.var(1, 2, 5, 1)))
        .hasMessageContaining("matmul: shapes [8] and [2] do not broadcast");
  }

  @ParameterizedTest
  @EnumSource(Activation.class)
  void aLayerIsItsComposition(Activation act) {
    for (int[] leading : new int[][] {{}, {3}, {2, 3}}) {
      Var x = bench.var(1, Shape.of(leading).insert(leading.length, 4).toArray());
      Var w = bench.var(2, 4, 5);
      Var b = bench.var(3, 5);
      Var z = x.reshape(-1, 4).matmul(w).add(b).reshape(x.shape().with(-1, 5).toArray());
      Var composed =
          switch (act) {
            case IDENTITY -> z;
            case RELU -> z.relu();
            case SIGMOID -> z.sigmoid();
            case TANH -> z.tanh();
          };
      Var fused = x.linear(w, b, act);
      assertThat(fused.shape()).isEqualTo(composed.shape());
      assertThat(Bench.values(fused)).containsExactly(Bench.values(composed), within(ROUNDING));
      double[] seed = Bench.numbers(4, fused.shape().elements());
      for (Var of : new Var[] {x, w, b}) {
        assertThat(bench.gradient(of, fused, seed))
            .containsExactly(bench.gradient(of, composed, seed), within(ROUNDING));
      }
    }
    Var x = bench.var(1, 2, 3);
    assertThatThrownBy(() -> x.linear(bench.var(1, 3, 4), bench.var(1, 3), act))
        .hasMessage(
            "linear: x [2, 3], weight [3, 4], bias [3]. Expected x […, in], weight [in, out], bias"
                + " [out].");
  }

  @Test
  void tensordotOverTwoAxes() {
    Var a = bench.var(1, 5, 3, 3);
    Var b = bench.var(2, 3, 3, 10);
    Var c = a.tensordot(b, new int[] {1, 2}, new int[] {0, 1});
    Var crossed = a.tensordot(b, new int[] {1, 2}, new int[] {1, 0});
    assertThat(c.shape()).isEqualTo(Shape.of(5, 10));
    double[] expected = new double[50];
    double[] swapped = new double[50];
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 10; j++) {
        for (int k = 0; k < 3; k++) {
          for (int l = 0; l < 3; l++) {
            double u = Bench.values(a)[(i * 3 + k) * 3 + l];
            expected[i * 10 + j] += u * Bench.values(b)[(k * 3 + l) * 10 + j];
            swapped[i * 10 + j] += u * Bench.values(b)[(l * 3 + k) * 10 + j];
          }
        }
      }
    }
    assertThat(Bench.values(c)).containsExactly(expected, within(ROUNDING));
    assertThat(Bench.values(crossed)).containsExactly(swapped, within(ROUNDING));
    assertThat(Bench.values(a.contract(b))).containsExactly(expected, within(ROUNDING));
    assertThatThrownBy(() -> a.tensordot(b, new int[] {0}, new int[] {0}))
        .hasMessageStartingWith("tensordot: axes [0] of [5, 3, 3] with [0] of [3, 3, 10].");
    assertThatThrownBy(() -> b.contract(a))
        .hasMessage("contract: [3, 3, 10] with [5, 3, 3]. Expected [B, p, q] with [p, q, u].");
  }

  @Test
  void tensordotOrdersTheAxesThatAreLeft() {
    Var a = bench.var(1, 2, 3, 4);
    Var b = bench.var(2, 5, 3);
    Var c = a.tensordot(b, new int[] {1}, new int[] {-1});
    assertThat(c.shape()).isEqualTo(Shape.of(2, 4, 5));
    Bench.differentiates(
        in -> in.get(0).tensordot(in.get(1), new int[] {1}, new int[] {1}),
        Shape.of(2, 3, 4),
        Shape.of(5, 3));
    Bench.differentiates(in -> in.get(0).contract(in.get(1)), Shape.of(2, 3, 4), Shape.of(3, 4, 2));
  }

  @Test
  void aProductWithoutColumnsHasZeroGradients() {
    Var a = bench.var(1, 2, 3);
    Var y = a.matmul(bench.var(2, 3, 0));
    assertThat(y.shape()).isEqualTo(Shape.of(2, 0));
    assertThat(bench.gradient(a, y)).containsOnly(0).hasSize(6);
  }
}
