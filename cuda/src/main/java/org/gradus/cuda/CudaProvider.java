// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.DeviceProvider;

/// Answers to `--device cuda`: the first NVIDIA GPU.
public final class CudaProvider implements DeviceProvider {
  /// For `ServiceLoader`.
  public CudaProvider() {}

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public Availability availability() {
    String missing = Gpu.missing();
    return missing.isEmpty()
        ? new Availability(true, Gpu.describe())
        : new Availability(false, missing);
  }

  @Override
  public Device open(DeviceOptions options) {
    return new CudaDevice(options);
  }

  @Override
  public int preference() {
    return 20;
  }
}
