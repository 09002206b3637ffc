// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.gradus.tensor.ElementwiseKernels.Broadcast;
import org.junit.jupiter.api.Test;

class ShapeTest {
  private final Shape cube = Shape.of(2, 3, 4);

  @Test
  void countsElementsAndAxes() {
    assertThat(cube.rank()).isEqualTo(3);
    assertThat(cube.elements()).isEqualTo(24);
    assertThat(cube.size(-1)).isEqualTo(4);
    assertThat(cube.strides()).containsExactly(12, 4, 1);
    assertThat(cube.product(0, 2)).isEqualTo(6);
    assertThat(cube.product(1, 1)).isEqualTo(1);
    assertThat(cube).hasToString("[2, 3, 4]");
    assertThat(Shape.scalar().elements()).isEqualTo(1);
    assertThat(Shape.of(3, 0).elements()).isZero();
  }

  @Test
  void isAValue() {
    int[] sizes = {2, 3};
    Shape shape = Shape.of(sizes);
    sizes[0] = 7;
    shape.toArray()[1] = 9;
    assertThat(shape).isEqualTo(Shape.of(2, 3)).isNotEqualTo(Shape.of(3, 2)).isNotEqualTo(cube);
    assertThat(shape).hasSameHashCodeAs(Shape.of(2, 3));
  }

  @Test
  void changesOneAxis() {
    assertThat(cube.with(-1, 9)).isEqualTo(Shape.of(2, 3, 9));
    assertThat(cube.without(1)).isEqualTo(Shape.of(2, 4));
    assertThat(cube.insert(0, 5)).isEqualTo(Shape.of(5, 2, 3, 4));
    assertThat(cube.insert(3, 5)).isEqualTo(Shape.of(2, 3, 4, 5));
    assertThat(cube.insert(-1, 5)).isEqualTo(Shape.of(2, 3, 4, 5));
  }

  @Test
  void broadcastsFromTheEnd() {
    assertThat(Shape.broadcast("add", cube, Shape.of(3, 1))).isEqualTo(cube);
    assertThat(Shape.broadcast("add", Shape.of(2, 1), Shape.of(3))).isEqualTo(Shape.of(2, 3));
    assertThat(Shape.broadcast("add", Shape.scalar(), cube)).isEqualTo(cube);
    assertThat(Shape.broadcast("add", Shape.of(1, 3), Shape.of(0, 3))).isEqualTo(Shape.of(0, 3));
    assertThat(Shape.of(3, 1).stridesAs(cube)).containsExactly(0, 1, 0);
  }

  @Test
  void aBroadcastMergesAxesThatBothOperandsWalkAlike() {
    var same = Broadcast.of(cube, cube, cube);
    assertThat(same.sizes()).containsExactly(24);
    assertThat(same.a()).containsExactly(1);
    var rowVector = Broadcast.of(cube, cube, Shape.of(4));
    assertThat(rowVector.sizes()).containsExactly(6, 4);
    assertThat(rowVector.a()).containsExactly(4, 1);
    assertThat(rowVector.b()).containsExactly(0, 1);
    var outer = Broadcast.of(Shape.of(2, 3), Shape.of(2, 1), Shape.of(1, 3));
    assertThat(outer.sizes()).containsExactly(2, 3);
    assertThat(outer.a()).containsExactly(1, 0);
    assertThat(outer.b()).containsExactly(0, 1);
    assertThat(Broadcast.of(Shape.scalar(), Shape.scalar(), Shape.scalar()).elements())
        .isEqualTo(1);
  }

  @Test
  void errorsSayWhatWasGivenAndExpected() {
    assertThatThrownBy(() -> Shape.broadcast("add", Shape.of(2, 3), Shape.of(4, 3)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "add: shapes [2, 3] and [4, 3] do not broadcast: axis -2 is 2 against 4. Expected equal"
                + " sizes, or 1.");
    assertThatThrownBy(() -> cube.size(3)).hasMessageContaining("axis 3 of [2, 3, 4]");
    assertThatThrownBy(() -> cube.insert(5, 1)).hasMessageContaining("at 5 into [2, 3, 4]");
    assertThatThrownBy(() -> Shape.of(2, -1)).hasMessageContaining("size -1 in [2, -1]");
    assertThatThrownBy(() -> Shape.of(1 << 16, 1 << 16)).hasMessageContaining("use a Table");
  }
}
