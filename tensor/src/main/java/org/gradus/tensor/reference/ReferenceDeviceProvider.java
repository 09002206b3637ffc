// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.DeviceProvider;

/// Registers `reference`.
public final class ReferenceDeviceProvider implements DeviceProvider {
  @Override
  public String name() {
    return "reference";
  }

  @Override
  public Availability availability() {
    return new Availability(true, "float64 in plain loops, for checking and not for speed");
  }

  @Override
  public Device open(DeviceOptions options) {
    return new ReferenceDevice(options);
  }

  @Override
  public int preference() {
    return Integer.MIN_VALUE; // `auto` takes it only where nothing else works
  }
}
