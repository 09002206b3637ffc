// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LayoutTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  private static double[] count(int n) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = i;
    }
    return values;
  }

  private Var counting(int... sizes) {
    Shape s = Shape.of(sizes);
    return bench.var(s, count(s.elements()));
  }

  @Test
  void aReshapeIsTheSameMemory() {
    Var x = counting(2, 3, 4);
    assertThat(x.reshape(6, -1).shape()).isEqualTo(Shape.of(6, 4));
    assertThat(x.reshape(-1).value().buffer()).isSameAs(x.value().buffer());
    assertThat(x.flatten(1).shape()).isEqualTo(Shape.of(2, 12));
    assertThat(x.flatten(0).shape()).isEqualTo(Shape.of(24));
    assertThat(x.unsqueeze(1).shape()).isEqualTo(Shape.of(2, 1, 3, 4));
    assertThat(x.unsqueeze(-1).shape()).isEqualTo(Shape.of(2, 3, 4, 1));
    double[] seed = Bench.numbers(1, 24);
    assertThat(bench.gradient(x, x.flatten(1).reshape(4, 6), seed)).containsExactly(seed);
    assertThatThrownBy(() -> x.reshape(5, -1))
        .hasMessage(
            "reshape: [2, 3, 4] to [5, -1]. Expected other sizes whose product divides 24, and one"
                + " −1 at most.");
    assertThatThrownBy(() -> x.reshape(-1, 4, -1)).hasMessageContaining("one −1 at most");
    assertThatThrownBy(() -> x.reshape(5, 5))
        .hasMessage(
            "reshape: [2, 3, 4] has 24 elements and [5, 5] has 25. Expected the same number.");
  }

  @Test
  void onlyAnAxisOfSizeOneIsSqueezed() {
    Var x = counting(2, 1, 3);
    assertThat(x.squeeze(1).shape()).isEqualTo(Shape.of(2, 3));
    assertThat(x.squeeze(-2).shape()).isEqualTo(Shape.of(2, 3));
    assertThatThrownBy(() -> x.squeeze(0))
        .hasMessage(
            "squeeze: axis 0 of [2, 1, 3] has size 2. Expected 1; sum, index or slice makes it"
                + " so.");
  }

  @Test
  void permuteMovesEachElementAndItsGradient() {
    Var x = counting(2, 3, 4);
    Var y = x.permute(2, 0, 1);
    assertThat(y.shape()).isEqualTo(Shape.of(4, 2, 3));
    double[] seed = Bench.numbers(2, 24);
    double[] gradient = bench.gradient(x, y, seed);
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 3; j++) {
        for (int k = 0; k < 4; k++) {
          int from = (i * 3 + j) * 4 + k;
          int to = (k * 2 + i) * 3 + j;
          assertThat(Bench.values(y)[to]).isEqualTo(from);
          assertThat(gradient[from]).isEqualTo(seed[to]);
        }
      }
    }
    assertThat(Bench.values(x.transpose())).containsExactly(Bench.values(x.permute(0, 2, 1)));
    assertThat(Bench.values(counting(2, 2).transpose())).containsExactly(0, 2, 1, 3);
    assertThatThrownBy(() -> x.permute(0, 1, 1))
        .hasMessage("permute: axes [0, 1, 1] of [2, 3, 4]. Expected each axis from 0 to 2 once.");
    assertThatThrownBy(() -> counting(2).transpose())
        .hasMessage("transpose: [2]. Expected at least two axes.");
  }

  @Test
  void anIndexDropsTheAxisAndASliceOfOneKeepsIt() {
    Var x = counting(12, 3, 4);
    assertThat(x.index(1, 2).shape()).isEqualTo(Shape.of(12, 4));
    assertThat(x.slice(1, 2, 3).shape()).isEqualTo(Shape.of(12, 1, 4));
    assertThat(Bench.values(x.index(1, -1))).containsExactly(Bench.values(x.slice(1, 2, 3)));
    assertThat(Bench.values(counting(2, 3).slice(1, 1, 3))).containsExactly(1, 2, 4, 5);
    assertThat(Bench.values(counting(3, 2).index(0, 1))).containsExactly(2, 3);
    assertThatThrownBy(() -> x.slice(1, 2, 4))
        .hasMessage("slice: from 2 to 4 on axis 1 of [12, 3, 4]. Expected 0 ≤ from ≤ to ≤ 3.");
    assertThatThrownBy(() -> x.index(-1, 4))
        .hasMessage("index: 4 on axis -1 of [12, 3, 4]. Expected an index from -4 to 3.");
  }

  @Test
  void overlappingSlicesAddTheirGradients() {
    Var x = counting(2, 4);
    Var y = x.slice(1, 0, 3).add(x.slice(1, 1, 4)).add(x.index(1, 0).unsqueeze(1));
    assertThat(bench.gradient(x, y, 1, 2, 3, 10, 20, 30))
        .containsExactly(1 + 6, 3, 5, 3, 10 + 60, 30, 50, 30);
  }

  @Test
  void aSliceOfWhatIsUsedWholeToo() {
    Var x = counting(4);
    Var y = x.index(0, 1).add(x.square().sum()).add(x.reshape(2, 2).index(1, 0).sum());
    assertThat(bench.gradient(x, y, 1)).containsExactly(0 + 1, 1 + 2, 4 + 1, 6);
  }

  @Test
  void concatUndoesSplitOnEveryAxis() {
    for (int axis = 0; axis < 3; axis++) {
      Var x = counting(3, 4, 5);
      int n = x.size(axis);
      List<Var> parts = x.split(axis, 1, n - 2, 0, 1);
      assertThat(parts.get(1).shape()).isEqualTo(x.shape().with(axis, n - 2));
      Var y = Var.concat(axis, parts);
      assertThat(Bench.values(y)).containsExactly(Bench.values(x));
      double[] seed = Bench.numbers(3, 60);
      assertThat(bench.gradient(x, y, seed)).containsExactly(seed);
    }
  }

  @Test
  void concatOrdersPartsAlongTheAxis() {
    Var a = bench.var(Shape.of(2, 1), 1, 2);
    Var b = bench.var(Shape.of(2, 2), 3, 4, 5, 6);
    Var y = Var.concat(1, List.of(a, b, a));
    assertThat(y.shape()).isEqualTo(Shape.of(2, 4));
    assertThat(Bench.values(y)).containsExactly(1, 3, 4, 1, 2, 5, 6, 2);
    assertThat(bench.gradient(a, y, 1, 0, 0, 10, 2, 0, 0, 20)).containsExactly(11, 22);
    assertThatThrownBy(() -> Var.concat(0, List.of(a, b)))
        .hasMessage(
            "concat: part 1 is [2, 2] and part 0 is [2, 1]. Expected equal sizes on every axis but"
                + " 0.");
    assertThatThrownBy(() -> Var.concat(0, List.of()))
        .hasMessage("concat: an empty list. Expected at least one part.");
    assertThatThrownBy(() -> b.split(1, 1, 2))
        .hasMessage("split: sizes [1, 2] of axis 1 of [2, 2]. Expected sizes that add up to 2.");
  }

  @Test
  void stackMakesAnAxis() {
    Var a = bench.var(Shape.of(2), 1, 2);
    Var b = bench.var(Shape.of(2), 3, 4);
    assertThat(Bench.values(Var.stack(0, List.of(a, b)))).containsExactly(1, 2, 3, 4);
    Var y = Var.stack(-1, List.of(a, b, b));
    assertThat(y.shape()).isEqualTo(Shape.of(2, 3));
    assertThat(Bench.values(y)).containsExactly(1, 3, 3, 2, 4, 4);
    assertThat(bench.gradient(b, y, 1, 2, 3, 4, 5, 6)).containsExactly(5, 11);
    Var scalars = Var.stack(0, List.of(a.sum(), b.sum()));
    assertThat(Bench.values(scalars)).containsExactly(3, 7);
    assertThatThrownBy(() -> Var.stack(0, List.of(a, y)))
        .hasMessage("stack: shapes [2] and [2, 3]. Expected equal shapes.");
  }

  @Test
  void tileRepeatsTheWholeAndSumsItsCopies() {
    Var x = counting(3, 2, 2);
    Var y = x.tile(2, 3, 2);
    assertThat(y.shape()).isEqualTo(Shape.of(6, 6, 4));
    for (int i = 0; i < 6; i++) {
      for (int j = 0; j < 6; j++) {
        for (int k = 0; k < 4; k++) {
          assertThat(Bench.values(y)[(i * 6 + j) * 4 + k])
              .isEqualTo((i % 3 * 2 + j % 2) * 2 + k % 2);
        }
      }
    }
    double[] expected = Bench.ones(12);
    java.util.Arrays.fill(expected, 2 * 3 * 2);
    assertThat(bench.gradient(x, y, Bench.ones(144))).containsExactly(expected);
    assertThatThrownBy(() -> x.tile(2, 3))
        .hasMessage("tile: multiples [2, 3] for [3, 2, 2]. Expected one per axis.");
  }

  @Test
  void expandSumsOverStretchedAxes() {
    Var x = bench.var(Shape.of(2, 1), 1, 2);
    Var y = x.expand(Shape.of(2, 2, 3));
    assertThat(Bench.values(y)).containsExactly(1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2);
    assertThat(bench.gradient(x, y, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)).containsExactly(30, 48);
    assertThatThrownBy(() -> x.expand(Shape.of(2)))
        .hasMessage("expand: [2, 1] to [2]. Expected a shape that it broadcasts to.");
  }

  @Test
  void bandPartKeepsDiagonals() {
    Var ones = bench.var(Shape.of(4, 5), Bench.ones(20));
    double[] band = {1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1};
    assertThat(Bench.values(ones.bandPart(2, 1))).containsExactly(band);
    assertThat(bench.gradient(ones, ones.bandPart(2, 1), Bench.ones(20))).containsExactly(band);
    Var square = bench.var(Shape.of(3, 3), Bench.ones(9));
    assertThat(Bench.values(square.bandPart(-1, 0))).containsExactly(1, 0, 0, 1, 1, 0, 1, 1, 1);
    assertThat(Bench.values(ones.bandPart(-1, -1))).containsExactly(Bench.ones(20));
    Var batch = counting(2, 2, 2);
    assertThat(Bench.values(batch.bandPart(0, 0))).containsExactly(0, 0, 0, 3, 4, 0, 0, 7);
  }
}
