// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assumptions.assumeThat;

import org.gradus.tensor.Device;
import org.gradus.tensor.Devices;
import org.junit.jupiter.api.Test;

class CudaProviderTest {
  @Test
  void isFoundByItsService() {
    assertThat(Devices.providers()).hasAtLeastOneElementOfType(CudaProvider.class);
  }

  @Test
  void failsSayingWhatIsMissingInsteadOfFallingBack() {
    var availability = new CudaProvider().availability();
    assumeThat(availability.usable()).as("a GPU is here: %s", availability.explanation()).isFalse();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Device.open("cuda"))
        .withMessageContaining("device cuda: " + availability.explanation())
        .withMessageContaining("driver")
        .withMessageContaining("Usable here: auto, cpu, reference.");
  }
}
