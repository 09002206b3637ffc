// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FieldPairsTest {
  @Test
  void theFirstFieldIsInTheFirstPairs() {
    FieldPairs pairs = FieldPairs.of(4);
    assertThat(pairs.left()).containsExactly(0, 0, 0, 1, 1, 2);
    assertThat(pairs.right()).containsExactly(1, 2, 3, 2, 3, 3);
    assertThat(pairs.count()).isEqualTo(6);
  }

  @Test
  void oneFieldHasNone() {
    assertThat(FieldPairs.of(1).count()).isZero();
  }
}
