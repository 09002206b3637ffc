// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceException;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Table;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a user reads when the driver refuses something, and what is left behind: nothing.
@Tag("simulated")
class GpuFailureTest {
  private static final int OUT_OF_MEMORY = 2;
  private static final int INVALID_VALUE = 1;
  private static final int UNSUPPORTED_PTX_VERSION = 222;
  private static final int ILLEGAL_ADDRESS = 700;
  private static final int LAUNCH_FAILED = 719;
  private static final int UNKNOWN = 999;
  private static final DeviceOptions OPTIONS = new DeviceOptions(1, 1 << 20, false);

  private SimulatedDriver driver;

  @BeforeEach
  void findTheDriver() throws IOException {
    driver = new SimulatedDriver();
    driver.reset();
    nothingIsLeft();
  }

  @AfterEach
  void nothingIsLeftBehind() {
    driver.reset();
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
    try (Device device = new CudaDevice(0, OPTIONS)) {
      driver.fail("cuMemAlloc_v2", 3, OUT_OF_MEMORY);
      device.allocate(Kind.REAL, 1000);
      device.allocate(Kind.REAL, 1000);
      assertThatExceptionOfType(GpuException.class)
          .isThrownBy(() -> device.allocate(Kind.REAL, 1000))
          .withMessageContaining("no memory for 4000 bytes")
          .withMessageContaining("of 1024 MiB are free, in pieces that are too small")
          .withMessageContaining("nvidia-smi");
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
    try (Device device = new CudaDevice(0, OPTIONS)) {
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> device.table(1 << 20, 1 << 10).close())
          .withMessageStartingWith("table [1048576, 1024]: cuda: no memory for 4294967296 bytes; ")
          .withMessageContaining("of 1024 MiB are free. Expected smaller batches or tables");
    }
  }

  @Test
  void memoryThatIsMissingSaysForWhat() {
    driver.set("CUDASIM_MEM_MB", "1");
    try (Device device = new CudaDevice(0, OPTIONS);
        Scope scope = new Scope(device)) {
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> scope.real("matmul", Shape.of(1 << 10, 1 << 10)))
          .withMessageStartingWith("matmul [1024, 1024]: cuda: no memory for 4194304 bytes; ")
          .withMessageContaining("of 1 MiB are free");
    }
  }

  /// What was released and is kept for the next request of its size makes room for another size.
  @Test
  void thePoolMakesRoom() {
    driver.set("CUDASIM_MEM_MB", "4");
    try (Device device = new CudaDevice(0, new DeviceOptions(1, 1 << 24, false))) {
      int most = 700_000; // 2.8 MB
      device.release(device.allocate(Kind.REAL, most));
      assertThat(device.memory().pooled()).isEqualTo(4L * most);
      Buffer other = device.allocate(Kind.REAL, most + 1);
      assertThat(device.memory().pooled()).isZero();
      device.kernels().elementwise().fill(other, 3, most + 1);
      float[] values = new float[most + 1];
      device.download(values, other);
      assertThat(values[most]).isEqualTo(3);
    }
  }

  @Test
  void aLaunchIsRefused() {
    try (Device device = new CudaDevice(0, OPTIONS)) {
      Buffer x = device.allocate(Kind.REAL, 1000);
      driver.fail("cuLaunchKernel", 1, INVALID_VALUE);
      assertThatExceptionOfType(GpuException.class)
          .isThrownBy(() -> device.kernels().elementwise().fill(x, 2, 1000))
          .withMessageContaining(
              "kernel elementwise_fill with grid (4, 1, 1) of blocks (256, 1) and numbers 1000: ")
          .withMessageContaining(
              "CUDA_ERROR_INVALID_VALUE. The driver was asked for what it cannot");
    }
  }

  /// What was refused was not done: a download would give what was there before. Codes that do not lose the context are no better,
  /// though the driver goes on; neither is a copy that was refused. Whatever is asked for says what failed first, and giving back
  /// is quiet.
  @ParameterizedTest
  @CsvSource({
    "cuLaunchKernel, 1, launch kernel elementwise_fill, CUDA_ERROR_INVALID_VALUE, false",
    "cuLaunchKernel, 2, launch kernel elementwise_fill, CUDA_ERROR_OUT_OF_MEMORY, false",
    "cuLaunchKernel, 701, launch kernel elementwise_fill, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,"
        + " false",
    "cuLaunchKernel, 1, launch kernel elementwise_fill, CUDA_ERROR_INVALID_VALUE, true",
    "cuMemcpyHtoDAsync_v2, 1, copy 12 bytes to the GPU, CUDA_ERROR_INVALID_VALUE, false",
    "cuStreamSynchronize, 999, wait for the GPU, CUDA_ERROR_UNKNOWN, false"
  })
  void afterAFailureThereAreNoNumbers(
      String function, int code, String what, String named, boolean graphs) {
    DeviceOptions options =
        new DeviceOptions(1, 1 << 20, true)
            .withSettings(Map.of("cuda.graphs", Boolean.toString(graphs)));
    try (Device device = new CudaDevice(0, options);
        Table table = device.table(3, 2)) {
      Buffer x = device.allocate(Kind.REAL, 3);
      device.upload(x, new float[] {1, 2, 3});
      device.kernels().elementwise().fill(x, 4, 3);
      device.download(new float[3], x);
      driver.fail(function, 1, code);
      float[] values = {7, 7, 7};
      assertThatExceptionOfType(GpuException.class)
          .isThrownBy(
              () -> {
                device.upload(x, new float[3]);
                device.kernels().elementwise().fill(x, 5, 3);
                device.download(values, x);
              })
          .withMessageContaining("could not " + what)
          .withMessageContaining(named);
      driver.fail("*", 0, 0);
      List<ThrowingCallable> calls =
          List.of(
              () -> device.download(values, x),
              () -> device.download(new int[3], x),
              () -> table.read(0, new float[6]),
              () -> device.upload(x, values),
              () -> device.kernels().elementwise().fill(x, 5, 3),
              () -> device.allocate(Kind.REAL, 5));
      for (ThrowingCallable call : calls) {
        assertThatExceptionOfType(GpuException.class)
            .isThrownBy(call)
            .withMessageStartingWith(
                "cuda: no more numbers from this device until it is opened anew, since it could"
                    + " not "
                    + what)
            .withMessageContaining(named);
      }
      assertThat(values).containsOnly(7);
      device.release(x);
    }
    nothingIsLeft();
  }

  /// Codes that the driver gives once, and those that it gives for good.
  @ParameterizedTest
  @CsvSource({"701, false", "709, false", "720, false", "702, true", "716, true", "719, true"})
  void whatLosesTheContext(int code, boolean loses) {
    try (CudaDevice device = new CudaDevice(0, OPTIONS)) {
      Buffer x = device.allocate(Kind.REAL, 3);
      driver.fail("cuLaunchKernel", 1, code);
      assertThatThrownBy(() -> device.kernels().elementwise().fill(x, 5, 3))
          .isInstanceOf(GpuException.class);
      int after = JCudaDriver.cuMemGetInfo(new long[1], new long[1]);
      assertThat(after).isEqualTo(loses ? code : CUresult.CUDA_SUCCESS);
      assertThat(GpuException.isLost(code)).isEqualTo(loses);
    }
  }

  /// Nothing was launched yet: then no kernel is said to be at fault.
  @Test
  void beforeTheFirstLaunchNoKernelIsNamed() {
    for (String function : List.of("cuMemcpyHtoDAsync_v2", "cuLaunchKernel")) {
      try (Device device = new CudaDevice(0, OPTIONS)) {
        Buffer x = device.allocate(Kind.REAL, 3);
        driver.fail(function, 1, LAUNCH_FAILED);
        assertThatExceptionOfType(GpuException.class)
            .isThrownBy(
                () -> {
                  device.upload(x, new float[3]);
                  device.kernels().elementwise().fill(x, 5, 3);
                })
            .withMessageContaining(": CUDA_ERROR_LAUNCH_FAILED. The context is lost: ");
      }
    }
  }

  @Test
  void tooFewRegistersAreNoBugOfOurs() {
    try (Device device = new CudaDevice(0, OPTIONS)) {
      Buffer x = device.allocate(Kind.REAL, 3);
      driver.fail("cuLaunchKernel", 1, 701);
      assertThatExceptionOfType(GpuException.class)
          .isThrownBy(() -> device.kernels().elementwise().fill(x, 5, 3))
          .withMessageContaining("too few registers")
          .withMessageContaining("Expected another GPU, or --device cpu.")
          .withMessageNotContaining("bug");
    }
  }

  @Test
  void whatFailsWhileADeviceIsOpenedSaysSo() {
    for (String function : List.of("cuStreamCreate", "cuMemHostAlloc", "cuModuleGetFunction")) {
      driver.fail(function, 1, UNKNOWN);
      assertThatExceptionOfType(DeviceException.class)
          .as(function)
          .isThrownBy(() -> Device.open("cuda", OPTIONS).close())
          .withMessageStartingWith("opening cuda:0: cuda: could not ")
          .withMessageContaining(": CUDA_ERROR_UNKNOWN. ");
      nothingIsLeft();
    }
  }

  /// A kernel that failed shows at a call that did nothing wrong: whichever it is names the kernel launched last, not the one that is
  /// about to be.
  @ParameterizedTest
  @CsvSource({
    "cuMemcpyHtoDAsync_v2, copy 12 bytes to the GPU",
    "cuMemcpyDtoHAsync_v2, copy 12 bytes from the GPU",
    "cuEventSynchronize, wait for a copy",
    "cuEventRecord, record an event",
    "cuMemAlloc_v2, allocate 20 bytes",
    "cuMemsetD8Async, set 20 bytes",
    "cuLaunchKernel, launch kernel elementwise_unary with grid",
    "cuStreamSynchronize, wait for the GPU"
  })
  void whateverFailsLaterNamesTheKernel(String function, String what) {
    DeviceOptions poisoned = new DeviceOptions(1, 1 << 20, true);
    try (Device device = new CudaDevice(0, poisoned)) {
      Buffer x = device.allocate(Kind.REAL, 3);
      device.kernels().elementwise().fill(x, 2, 3);
      driver.fail(function, 1, ILLEGAL_ADDRESS);
      assertThatExceptionOfType(GpuException.class)
          .isThrownBy(
              () -> {
                device.upload(x, new float[3]);
                device.allocate(Kind.REAL, 5);
                device.kernels().elementwise().unary(Unary.NEGATE, x, x, 3, 0, 0);
                device.download(new float[3], x);
              })
          .withMessageContaining("could not " + what)
          .withMessageContaining(": CUDA_ERROR_ILLEGAL_ADDRESS in ")
          .withMessageContaining(
              "at the latest elementwise_"
                  + (function.equals("cuStreamSynchronize")
                          || function.equals("cuMemcpyDtoHAsync_v2")
                      ? "unary with grid (1, 1, 1) of blocks (256, 1) and numbers 0, 3. "
                      : "fill with grid (1, 1, 1) of blocks (256, 1) and numbers 3. "))
          .withMessageContaining("The context is lost: open the device anew.");
    }
  }

  /// No later call gives numbers, each says why, and closing is quiet.
  @Test
  void aKernelLosesTheContext() {
    for (int code : new int[] {ILLEGAL_ADDRESS, LAUNCH_FAILED}) {
      try (Device device = new CudaDevice(0, OPTIONS)) {
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
                    + " is lost: open the device anew");
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
    Device device = new CudaDevice(0, OPTIONS);
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
      try (Device device = new CudaDevice(0, OPTIONS)) {
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
  void theHostsPinnedMemoryIsAnotherMatter() {
    driver.fail("cuMemHostAlloc", 1, OUT_OF_MEMORY);
    assertThatExceptionOfType(GpuException.class)
        .isThrownBy(() -> new CudaDevice(0, OPTIONS).close())
        .withMessageContaining("no memory of the host for 1048576 pinned bytes")
        .withMessageContaining("ulimit -l");
  }

  @Test
  void aContextThatDoesNotOpenSaysWhatToDo() {
    driver.fail("cuDevicePrimaryCtxRetain", 1, OUT_OF_MEMORY);
    assertThatExceptionOfType(GpuException.class)
        .isThrownBy(() -> new CudaDevice(0, OPTIONS).close())
        .withMessageContaining("could not open a context on GPU 0: CUDA_ERROR_OUT_OF_MEMORY. ")
        .withMessageContaining("less of this one in use by others, which nvidia-smi shows.")
        .withMessageNotContaining("batches");
  }

  @Test
  void aDriverThatDoesNotTakeThePtxSaysWhatIsNeeded() {
    driver.fail("cuModuleLoadData", 1, UNSUPPORTED_PTX_VERSION);
    assertThatExceptionOfType(GpuException.class)
        .isThrownBy(() -> new CudaDevice(0, OPTIONS).close())
        .withMessageContaining("does not take the kernels of ")
        .withMessageContaining(
            "CUDA_ERROR_UNSUPPORTED_PTX_VERSION. Expected compute capability 7.5")
        .withMessageContaining("a driver for CUDA 11.8 or later");
  }
}
