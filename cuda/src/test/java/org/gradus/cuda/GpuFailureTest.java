// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What a user reads when the driver refuses something, and what is left behind: nothing.
@Tag("simulated")
class GpuFailureTest {
  private static final int OUT_OF_MEMORY = 2;
  private static final int INVALID_VALUE = 1;
  private static final int ILLEGAL_ADDRESS = 700;
  private static final int LAUNCH_FAILED = 719;
  private static final DeviceOptions OPTIONS = new DeviceOptions(1, 1 << 20, false);

  private SimulatedDriver driver;

  @BeforeEach
  void findTheDriver() throws IOException {
    driver = new SimulatedDriver();
    driver.fail("*", 0, 0);
    nothingIsLeft();
  }

  @AfterEach
  void nothingIsLeftBehind() {
    driver.fail("*", 0, 0);
    nothingIsLeft();
  }

  private void nothingIsLeft() {
    for (String what :
        List.of("contexts", "live", "streams", "events", "pinned", "handles", "graphs", "leaked")) {
      assertThat(driver.count(what)).as(what).isZero();
    }
  }

  @Test
  void theThirdAllocationFails() {
    try (Device device = new CudaDevice(OPTIONS)) {
      driver.fail("cuMemAlloc_v2", 3, OUT_OF_MEMORY);
      device.allocate(Kind.REAL, 1000);
      device.allocate(Kind.REAL, 1000);
      assertThatExceptionOfType(GpuException.class)
          .isThrownBy(() -> device.allocate(Kind.REAL, 1000))
          .withMessageContaining("no memory for 4000 bytes")
          .withMessageContaining("of 1024 MiB are free");
      // and the device is as good as before
      Buffer x = device.allocate(Kind.REAL, 3);
      device.kernels().elementwise().fill(x, 2, 3);
      float[] values = new float[3];
      device.download(values, x);
      assertThat(values).containsOnly(2);
    }
  }

  @Test
  void moreMemoryThanThereIs() {
    try (Device device = new CudaDevice(OPTIONS)) {
      assertThatExceptionOfType(GpuException.class)
          .isThrownBy(() -> device.table(1 << 20, 1 << 10).close())
          .withMessageContaining("no memory for 4294967296 bytes")
          .withMessageContaining("smaller batches or tables");
    }
  }

  @Test
  void aLaunchIsRefused() {
    try (Device device = new CudaDevice(OPTIONS)) {
      Buffer x = device.allocate(Kind.REAL, 1000);
      driver.fail("cuLaunchKernel", 1, INVALID_VALUE);
      assertThatExceptionOfType(GpuException.class)
          .isThrownBy(() -> device.kernels().elementwise().fill(x, 2, 1000))
          .withMessageContaining(
              "kernel elementwise_fill with grid (4, 1, 1) of blocks (256, 1) and numbers 1000: ")
          .withMessageContaining("CUDA_ERROR_INVALID_VALUE");
    }
  }

  /// No later call gives numbers, each says why, and closing is quiet.
  @Test
  void aKernelLosesTheContext() {
    for (int code : new int[] {ILLEGAL_ADDRESS, LAUNCH_FAILED}) {
      try (Device device = new CudaDevice(OPTIONS)) {
        Buffer x = device.allocate(Kind.REAL, 3);
        device.kernels().elementwise().fill(x, 2, 3);
        driver.fail("cuStreamSynchronize", 1, code);
        assertThatExceptionOfType(GpuException.class)
            .isThrownBy(() -> device.download(new float[3], x))
            .withMessageContaining(
                code == ILLEGAL_ADDRESS
                    ? "CUDA_ERROR_ILLEGAL_ADDRESS in a kernel"
                    : "CUDA_ERROR_LAUNCH_FAILED in a kernel")
            .withMessageContaining(
                "elementwise_fill with grid (1, 1, 1) of blocks (256, 1) and numbers 3. The context"
                    + " is lost");
        float[] untouched = {7, 7, 7};
        assertThatThrownBy(() -> device.download(untouched, x)).isInstanceOf(GpuException.class);
        assertThat(untouched).containsOnly(7);
        assertThatThrownBy(() -> device.upload(x, untouched)).isInstanceOf(GpuException.class);
        assertThatThrownBy(() -> device.kernels().elementwise().fill(x, 1, 3))
            .isInstanceOf(GpuException.class);
        assertThatThrownBy(() -> device.allocate(Kind.REAL, 5)).isInstanceOf(GpuException.class);
      }
      nothingIsLeft();
    }
  }

  /// A lost context that shows only when the device closes is reported there.
  @Test
  void aLossIsNotSwallowedByClosing() {
    Device device = new CudaDevice(OPTIONS);
    driver.fail("cuStreamSynchronize", 1, ILLEGAL_ADDRESS);
    assertThatExceptionOfType(GpuException.class)
        .isThrownBy(device::close)
        .withMessageContaining("The context is lost");
  }

  /// Every call of opening fails once.
  @Test
  void openingFailsAtAnyCall() {
    int failures = 0;
    boolean opened = false;
    for (int call = 1; !opened; call++) {
      driver.fail("*", call, OUT_OF_MEMORY);
      try (Device device = new CudaDevice(OPTIONS)) {
        opened = true;
        driver.fail("*", 0, 0);
        assertThat(device.name()).isEqualTo("cuda:0");
      } catch (GpuException e) {
        failures++;
        assertThat(e).hasMessageContaining("cuda: ");
      }
      nothingIsLeft();
    }
    // a context, a stream, four slots, fourteen modules and their kernels
    assertThat(failures).isGreaterThan(50);
  }

  @Test
  void describesWhatTheDriverSays() {
    assertThat(new CudaProvider().availability().explanation())
        .isEqualTo(
            "simulated driver, no GPU, compute capability 7.5, 1024 MiB, driver for CUDA 12.6");
    assertThat(Gpu.missing()).isEmpty();
  }

  @Test
  void aDriverWithoutAGpu() {
    driver.fail("cuDeviceGetCount", 1, 100);
    assertThat(Gpu.missing()).isEqualTo("the NVIDIA driver finds no GPU");
  }
}
