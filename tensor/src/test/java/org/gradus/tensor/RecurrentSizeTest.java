// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.gradus.tensor.RecurrentKernels.Size;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecurrentSizeTest {
  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void whatALayerKeepsMustFitInAnArray(String name) {
    try (Device device = Device.open(name)) {
      var kernels = device.kernels().recurrent();
      // 4 or 6 blocks of 2²³ steps of 64 numbers: 2³¹ and more
      Size large = new Size(1 << 13, 1 << 10, 64);
      for (Size size : new Size[] {large, new Size(Integer.MAX_VALUE, Integer.MAX_VALUE, 64)}) {
        assertThatThrownBy(() -> kernels.gruKept(size))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("recurrent: batch " + size.batch())
            .hasMessageContaining("Expected a smaller batch");
        assertThatThrownBy(() -> kernels.lstmKept(size))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("width 64");
      }
      assertThat(kernels.gruKept(new Size(0, 3, 64))).isZero();
      assertThat(kernels.lstmKept(new Size(1 << 12, 0, 64))).isZero();
      assertThat(kernels.gruKept(new Size(1 << 12, 1 << 10, 64))).isPositive();
    }
  }
}
