// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.DeviceProvider;

/// Answers to `--device cuda`, the first NVIDIA GPU that is usable, and `cuda:0`, `cuda:1`, ... for that of a number.
public final class CudaProvider implements DeviceProvider {
  /// For `ServiceLoader`.
  public CudaProvider() {}

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public Availability availability() {
    return Gpus.firstUsable();
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
    return open(Gpus.firstUsableNumber(), options);
  }

  @Override
  public Device open(int number, DeviceOptions options) {
    try {
      return new CudaDevice(number, options);
    } catch (GpuException e) {
      throw e.during("opening cuda:" + number);
    }
  }

  @Override
  public int preference() {
    return 20;
  }
}
