// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.DeviceProvider;

/// Answers to `--device cuda`, the first NVIDIA GPU, and `cuda:1`, `cuda:2`, ... for others.
public final class CudaProvider implements DeviceProvider {
  /// For `ServiceLoader`.
  public CudaProvider() {}

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public Availability availability() {
    return availability(0);
  }

  @Override
  public boolean numbered() {
    return true;
  }

  @Override
  public Availability availability(int number) {
    return Gpus.availability(number);
  }

  @Override
  public Map<String, String> settings() {
    return CudaSettings.KEYS;
  }

  @Override
  public List<String> details() {
    List<String> details = new ArrayList<>(Gpus.describeAll());
    details.add(CuBlasLibrary.describe(CuBlasLibrary.candidates()));
    return details;
  }

  @Override
  public Device open(DeviceOptions options) {
    return open(0, options);
  }

  @Override
  public Device open(int number, DeviceOptions options) {
    return new CudaDevice(number, options);
  }

  @Override
  public int preference() {
    return 20;
  }
}
