// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Kind;
import org.gradus.tensor.MemoryUse;
import org.gradus.tensor.Table;
import org.junit.jupiter.api.Test;

/// Memory, exchange with the host, tables.
class DeviceContractTest {
  private static Device open(DeviceUnderTest device) {
    return Device.open(device.name(), new DeviceOptions(device.threads(), 1 << 20, true));
  }

  @Test
  void theCpuDeviceIsAmongTheDevicesUnderTest() {
    assertThat(DeviceUnderTest.all()).contains(new DeviceUnderTest("cpu", 3));
  }

  @OnEveryDevice
  void hostValuesComeBack(DeviceUnderTest under) {
    try (Device device = open(under)) {
      for (int n : Samples.sizes()) {
        float[] x = Samples.normal(1, n);
        Buffer real = device.allocate(Kind.REAL, n);
        device.upload(real, x);
        float[] back = new float[n];
        device.download(back, real);
        assertThat(Arrays.equals(back, x)).isTrue();
        double[] wide = new double[n];
        device.download(wide, real);
        double[] finer = new double[n];
        float[] rounded = new float[n];
        for (int i = 0; i < n; i++) {
          finer[i] = wide[i] * (1 + 0x1p-30);
          rounded[i] = (float) finer[i];
          assertThat(wide[i] == x[i]).isTrue();
        }
        device.upload(real, finer);
        device.download(back, real);
        assertThat(Arrays.equals(back, rounded)).isTrue();
        int[] ids = Samples.ids(2, n, Integer.MAX_VALUE);
        Buffer ints = device.allocate(Kind.INT, n);
        device.upload(ints, ids);
        int[] idsBack = new int[n];
        device.download(idsBack, ints);
        assertThat(Arrays.equals(idsBack, ids)).isTrue();
        byte[] flags = Samples.mask(3, n);
        Buffer mask = device.allocate(Kind.MASK, n);
        device.upload(mask, flags);
        byte[] flagsBack = new byte[n];
        device.download(flagsBack, mask);
        assertThat(Arrays.equals(flagsBack, flags)).isTrue();
        assertThat(List.of(real.kind(), ints.kind(), mask.kind())).containsExactly(Kind.values());
        assertThat(List.of(real.length(), ints.length(), mask.length())).containsOnly(n);
        List.of(real, ints, mask).forEach(device::release);
      }
    }
  }

  @OnEveryDevice
  void releasedMemoryIsPoisonedAndUsedAgain(DeviceUnderTest under) {
    try (Device device = open(under)) {
      Buffer first = device.allocate(Kind.REAL, 33);
      device.upload(first, new float[33]);
      assertThat(device.memory()).isEqualTo(new MemoryUse(132, 132, 0, 1, 0));
      device.release(first);
      assertThat(device.memory()).isEqualTo(new MemoryUse(0, 132, 132, 1, 0));
      Buffer second = device.allocate(Kind.REAL, 33);
      assertThat(device.memory()).isEqualTo(new MemoryUse(132, 132, 0, 2, 1));
      float[] values = new float[33];
      device.download(values, second);
      for (float value : values) {
        assertThat(value).isNaN();
      }
    }
  }

  @OnEveryDevice
  void tablesKeepTheirRows(DeviceUnderTest under) {
    try (Device device = open(under)) {
      for (int width : new int[] {1, 7, 16, 33}) {
        try (Table table = device.table(9, width)) {
          assertThat(List.of(table.rows(), table.width())).containsExactly(9, width);
          assertThat(table.elements()).isEqualTo(9L * width);
          float[] all = new float[9 * width];
          table.read(0, all);
          assertThat(all).containsOnly(0);
          float[] rows = Samples.normal(width, 4 * width);
          table.write(3, rows);
          float[] back = new float[4 * width];
          table.read(3, back);
          assertThat(back).containsExactly(rows);
          double[] wide = new double[width];
          Arrays.fill(wide, 0.1);
          table.write(8, wide);
          table.read(8, wide);
          assertThat(wide).containsOnly(0.1f);
          table.read(0, all);
          assertThat(Arrays.copyOf(all, 3 * width)).containsOnly(0);
          assertThat(Arrays.copyOfRange(all, 7 * width, 8 * width)).containsOnly(0);
          assertThatThrownBy(() -> table.write(8, new float[2 * width]))
              .isInstanceOf(RuntimeException.class);
          assertThatThrownBy(() -> table.read(-1, new float[width]))
              .isInstanceOf(RuntimeException.class);
        }
      }
    }
  }

  /// The poison of what lies beyond a buffer's length must never show.
  @OnEveryDevice
  void memoryIsReusedStepAfterStep(DeviceUnderTest under) {
    try (Device device = open(under)) {
      for (int step = 0; step < 20; step++) {
        Buffer x = device.allocate(Kind.REAL, 17);
        Buffer y = device.allocate(Kind.REAL, 17);
        device.upload(x, Samples.normal(step, 17));
        device.kernels().elementwise().unary(Unary.ABS, y, x, 17, 0, 0);
        float[] magnitudes = new float[17];
        device.download(magnitudes, y);
        for (int i = 0; i < 17; i++) {
          assertThat(magnitudes[i]).isEqualTo(Math.abs(Samples.normal(step, 17)[i]));
        }
        device.release(x);
        device.release(y);
      }
      assertThat(device.memory().hitRate()).isEqualTo(38 / 40.0);
    }
  }

  @OnEveryDevice
  void devicesAreIndependent(DeviceUnderTest under) {
    try (Device device = open(under)) {
      Buffer y = device.allocate(Kind.REAL, 3);
      try (Device other = open(under)) {
        Buffer x = other.allocate(Kind.REAL, 3);
        other.upload(x, new float[] {1, 2, 3});
        device.upload(y, new float[] {4, 5, 6});
      }
      device.kernels().elementwise().unary(Unary.SQUARE, y, y, 3, 0, 0);
      float[] values = new float[3];
      device.download(values, y);
      assertThat(values).containsExactly(16, 25, 36);
      assertThat(device.name()).startsWith(under.name());
      assertThat(device.float64()).isFalse();
    }
  }
}
