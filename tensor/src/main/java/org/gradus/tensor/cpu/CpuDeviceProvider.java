// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.DeviceProvider;

/// Registers `cpu`.
public final class CpuDeviceProvider implements DeviceProvider {
  /// Usable everywhere, and slower than an accelerator where there is one.
  private static final int PREFERENCE = 10;

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public Availability availability() {
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      return new Availability(
          false, "the Vector API is missing; start java with --add-modules jdk.incubator.vector");
    }
    return new Availability(
        true,
        "float32 in vectors of "
            + 32 * Lanes.WIDTH
            + " bits on "
            + Runtime.getRuntime().availableProcessors()
            + " processors");
  }

  @Override
  public Device open(DeviceOptions options) {
    return new CpuDevice(options);
  }

  @Override
  public int preference() {
    return PREFERENCE;
  }
}
