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
}
