// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceProvider;
import org.gradus.tensor.Devices;
import org.junit.jupiter.api.Test;

class CudaProviderTest {
  @Test
  void isFoundByItsService() {
    assertThat(Devices.providers()).hasAtLeastOneElementOfType(CudaProvider.class);
  }

  @Test
  void failsSayingWhatIsMissingInsteadOfFallingBack() {
    assertThat(new CudaProvider().availability())
        .extracting(DeviceProvider.Availability::usable)
        .isEqualTo(false);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Device.open("cuda"))
        .withMessageContaining("device cuda")
        .withMessageContaining("no CUDA kernels yet. Usable here: auto, cpu, reference.");
  }
}
