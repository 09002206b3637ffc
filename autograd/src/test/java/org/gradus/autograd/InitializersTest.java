// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;

class InitializersTest {
  @Test
  void noBitsMakeAnInfiniteNumber() {
    assertThat(Initializers.quantile(-1L)).isBetween(8.0, 9.0); // Φ(8.2) = 1 − 1.2e-16
    assertThat(Initializers.quantile(0)).isBetween(-9.0, -8.0);
  }

  @Test
  void fansAreTheLastTwoSizes() {
    assertThat(Initializer.Fans.of(Shape.of(7, 2, 3))).isEqualTo(new Initializer.Fans(2, 3));
    assertThat(Initializer.Fans.of(Shape.of(3))).isEqualTo(new Initializer.Fans(1, 3));
    assertThat(Initializer.Fans.of(Shape.scalar())).isEqualTo(new Initializer.Fans(1, 1));
    int most = Integer.MAX_VALUE;
    assertThat(new Initializer.Fans(most, most).sum()).isEqualTo(2L * most);
  }

  /// A square, and squares one behind the other, wherever one begins to fill.
  @Test
  void identitiesStandRowByRow() {
    assertThat(filled(Initializers.identity(2), 0, 4)).containsExactly(1, 0, 0, 1);
    assertThat(filled(Initializers.identity(3), 2, 9))
        .containsExactly(0, 0, 1, 0, 0, 0, 1, 1, 0); // places 2 … 10, the last two of a second one
  }

  @Test
  void scaledIsTheOtherTimesAFactor() {
    Initializer normal = Initializers.normal(1);
    float[] plain = filled(normal, 5, 4);
    float[] half = filled(Initializers.scaled(0.5, normal), 5, 4);
    for (int i = 0; i < 4; i++) {
      assertThat(half[i]).isEqualTo(plain[i] / 2).isNotZero();
    }
  }

  private static float[] filled(Initializer init, long first, int count) {
    float[] values = new float[count];
    init.fill(values, first, Initializer.Fans.of(Shape.of(4, 4)), 7);
    return values;
  }
}
