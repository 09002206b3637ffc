// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.DeviceProvider;

/// Answers to `--device cuda`. It has no kernels yet, says so, and is never usable.
public final class CudaProvider implements DeviceProvider {
  private static final String MISSING = "this version of Gradus has no CUDA kernels yet";

  /// For `ServiceLoader`.
  public CudaProvider() {}

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public Availability availability() {
    return new Availability(false, MISSING);
  }

  @Override
  public Device open(DeviceOptions options) {
    throw new IllegalArgumentException("device cuda: " + MISSING);
  }

  @Override
  public int preference() {
    return 20;
  }
}
