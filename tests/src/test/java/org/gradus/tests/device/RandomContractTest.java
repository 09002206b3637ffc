// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Kind;

/// Random numbers are those of [Counter], bit for bit.
class RandomContractTest {
  private static final long[] KEYS = {0, 1, -1, Long.MIN_VALUE, 0x123456789ABCDEFL};

  /// More numbers than 16 bits count.
  private static final int BEYOND_16_BITS = (1 << 16) + 4465;

  private interface Draw {
    void into(Buffer y, Device device);
  }

  private static float[] draw(Device device, int n, Draw draw) {
    Buffer y = device.allocate(Kind.REAL, n);
    draw.into(y, device);
    float[] found = new float[n];
    device.download(found, y);
    device.release(y);
    return found;
  }

  private static int[] sizes() {
    return IntStream.concat(IntStream.of(Samples.sizes()), IntStream.of(BEYOND_16_BITS)).toArray();
  }

  private static Device open(DeviceUnderTest device) {
    return Device.open(device.name(), new DeviceOptions(device.threads(), 1 << 20, true));
  }

  @OnEveryDevice
  void uniform(DeviceUnderTest under) {
    try (Device device = open(under)) {
      for (int n : sizes()) {
        for (long key : KEYS) {
          float[] found = draw(device, n, (y, d) -> d.kernels().random().uniform(y, key, n));
          for (int i = 0; i < n; i++) {
            if (found[i] != Counter.uniform(key, i)) {
              assertThat(found[i])
                  .as("key %d, place %d", key, i)
                  .isEqualTo(Counter.uniform(key, i));
            }
          }
        }
      }
    }
  }

  /// One of the probabilities is a number that is drawn: it is dropped, since only what is less is kept.
  @OnEveryDevice
  void dropout(DeviceUnderTest under) {
    try (Device device = open(under)) {
      for (int n : sizes()) {
        for (double keep : new double[] {1, 0.75, 0.5, 0.1, Counter.uniform(7, 2)}) {
          float[] found = draw(device, n, (y, d) -> d.kernels().random().dropout(y, 7, keep, n));
          for (int i = 0; i < n; i++) {
            float factor = Counter.uniform(7, i) < keep ? (float) (1 / keep) : 0;
            if (found[i] != factor) {
              assertThat(found[i]).as("keep %s, place %d", keep, i).isEqualTo(factor);
            }
          }
        }
      }
    }
  }
}
