// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Table;
import org.junit.jupiter.api.Test;

class ReferenceDeviceTest {
  private final ReferenceDevice device = new ReferenceDevice(DeviceOptions.defaults().withPoison());

  @Test
  void releasedMemoryIsPoisonedAndReused() {
    for (Kind kind : Kind.values()) {
      Buffer first = device.allocate(kind, 2);
      switch (kind) {
        case REAL -> device.upload(first, new double[] {1, 2});
        case INT -> device.upload(first, new int[] {1, 2});
        case MASK -> device.upload(first, new byte[] {1, 0});
      }
      device.release(first);
      Buffer second = device.allocate(kind, 2);
      assertThat(second).isSameAs(first);
      switch (kind) {
        case REAL -> {
          double[] values = new double[2];
          device.download(values, second);
          assertThat(values).containsOnly(Double.NaN);
        }
        case INT -> {
          int[] values = new int[2];
          device.download(values, second);
          assertThat(values).containsOnly(Integer.MIN_VALUE);
        }
        case MASK -> {
          byte[] values = new byte[2];
          device.download(values, second);
          assertThat(values).containsOnly(0xFF);
        }
      }
    }
    assertThat(device.memory().hits()).isEqualTo(3);
  }

  @Test
  void floatsAreRoundedOnlyOnTheWayOut() {
    Buffer b = device.allocate(Kind.REAL, 2);
    device.upload(b, new double[] {0.1, 1 + 0x1p-40});
    double[] wide = new double[2];
    device.download(wide, b);
    assertThat(wide).containsExactly(0.1, 1 + 0x1p-40);
    float[] narrow = new float[2];
    device.download(narrow, b);
    assertThat(narrow).containsExactly(0.1f, 1f);
  }

  @Test
  void aTableStartsAtZeroAndKeepsItsRows() {
    try (Table t = device.table(3, 2)) {
      t.write(1, new double[] {0.1, 2, 3, 4});
      double[] all = new double[6];
      t.read(0, all);
      assertThat(all).containsExactly(0, 0, 0.1, 2, 3, 4);
      float[] last = new float[2];
      t.read(2, last);
      assertThat(last).containsExactly(3, 4);
      t.write(0, new float[] {0.5f, -1});
      t.read(0, last);
      assertThat(last).containsExactly(0.5f, -1);
      assertThatThrownBy(() -> t.write(2, new double[4]))
          .hasMessage(
              "table write: 4 values from row 2 of a table [3, 2]. Expected rows inside the"
                  + " table.");
    }
  }

  @Test
  void aTableThatNoArrayHoldsIsRefused() {
    assertThatThrownBy(() -> device.table(1 << 30, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[1073741824, 4] has 4294967296 elements")
        .hasMessageContaining("device cpu");
  }

  @Test
  void aBufferOfAnotherKindIsAnError() {
    Buffer ids = device.allocate(Kind.INT, 2);
    Buffer y = device.allocate(Kind.REAL, 2);
    assertThatThrownBy(() -> device.kernels().elementwise().unary(Unary.ABS, y, ids, 2, 0, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("buffer: Ints of kind INT and length 2. Expected double[]");
  }
}
