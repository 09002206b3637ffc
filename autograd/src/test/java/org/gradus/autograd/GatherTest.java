// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GatherTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void placesOfAnAxis() {
    Var x = bench.var(1, 6, 7, 8);
    Var y = x.gather(1, bench.ints(1, 3));
    assertThat(y.shape()).isEqualTo(Shape.of(6, 2, 8));
    assertThat(Bench.values(y.index(1, 0))).containsExactly(Bench.values(x.index(1, 1)));
    assertThat(Bench.values(y.index(1, 1))).containsExactly(Bench.values(x.index(1, 3)));
    Var all = x.gather(-2, bench.ints(0, 1, 2, 3, 4, 5, 6));
    assertThat(Bench.values(all)).containsExactly(Bench.values(x));
  }

  @Test
  void idsOfTwoAxesAndDuplicatesThatAdd() {
    Var x = bench.var(Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
    Tensor ids = bench.tape.scope().upload(Shape.of(2, 2), 2, 0, 2, 2);
    Var y = x.gather(0, ids);
    assertThat(y.shape()).isEqualTo(Shape.of(2, 2, 2));
    assertThat(Bench.values(y)).containsExactly(5, 6, 1, 2, 5, 6, 5, 6);
    assertThat(bench.gradient(x, y, 1, 2, 3, 4, 5, 6, 7, 8)).containsExactly(3, 4, 0, 0, 13, 16);
  }

  @Test
  void oneColumnOfEachRow() {
    Var x = bench.var(Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
    Var y = x.pick(bench.ints(1, 0, 1));
    assertThat(Bench.values(y)).containsExactly(2, 3, 6);
    assertThat(bench.gradient(x, y, 7, 8, 9)).containsExactly(0, 7, 8, 0, 0, 9);
  }

  @Test
  void idsAreChecked() {
    Var x = bench.var(1, 3, 2);
    assertThatThrownBy(() -> x.gather(0, bench.ints(0, 3)))
        .hasMessage("gather: id 3 at position 1 for [3, 2]. Expected ids from 0 to 2.");
    assertThatThrownBy(() -> x.pick(bench.ints(0, -1, 0)))
        .hasMessage("pick: id -1 at position 1 for [3, 2]. Expected ids from 0 to 1.");
    assertThatThrownBy(() -> x.pick(bench.ints(0)))
        .hasMessage("pick: ids [1] for [3, 2]. Expected [rows] for [rows, n].");
    assertThatThrownBy(() -> x.gather(0, x.value()))
        .hasMessage("gather: ids of kind REAL. Expected kind INT.");
  }
}
