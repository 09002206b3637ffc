// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
  public Map<String, String> settings() {
    return CudaSettings.KEYS;
  }

  @Override
  public List<String> details() {
    List<String> details = new ArrayList<>();
    if (Gpu.missing().isEmpty()) {
      details.addAll(Gpu.describeAll());
    }
    details.add(CuBlasLibrary.describe(CuBlasLibrary.candidates()));
    return details;
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
