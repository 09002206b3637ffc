// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.ElementwiseKernels;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Launches in CUDA graphs, on the simulated driver: that they are those without graphs, and how often one is made.
@Tag("simulated")
class KernelGraphsTest {
  private static final int INVALID_VALUE = 1;
  private static final int OUT_OF_MEMORY = 2;
  private static final DeviceOptions OPTIONS =
      new DeviceOptions(1, 1 << 20, false).withSettings(Map.of("cuda.graphs", "true"));

  private SimulatedDriver driver;

  @BeforeEach
  void findTheDriver() throws IOException {
    driver = new SimulatedDriver();
    driver.fail("*", 0, 0);
  }

  @AfterEach
  void nothingIsLeftBehind() {
    driver.fail("*", 0, 0);
    for (String what :
        List.of("contexts", "live", "streams", "events", "pinned", "graphs", "leaked", "errors")) {
      assertThat(driver.count(what)).as(what).isZero();
    }
  }

  private static KernelGraphs graphs(CudaDevice device) {
    return Objects.requireNonNull(device.graphs());
  }

  /// x = start, then −x, n times.
  private static void negate(Device device, Buffer x, double start, int n) {
    ElementwiseKernels kernels = device.kernels().elementwise();
    kernels.fill(x, start, x.length());
    for (int i = 0; i < n; i++) {
      kernels.unary(Unary.NEGATE, x, x, x.length(), 0, 0);
    }
  }

  private static float[] download(Device device, Buffer x) {
    float[] values = new float[x.length()];
    device.download(values, x);
    return values;
  }

  @Test
  void aStepThatRepeatsIsMadeOnce() {
    try (CudaDevice device = new CudaDevice(0, OPTIONS)) {
      Buffer x = device.allocate(Kind.REAL, 1000);
      for (int step = 0; step < 5; step++) {
        negate(device, x, 3, 7);
        assertThat(download(device, x)).containsOnly(-3);
      }
      assertThat(graphs(device).runs()).isEqualTo(5);
      assertThat(graphs(device).made()).isEqualTo(1);
      assertThat(graphs(device).set()).isZero();
    }
  }

  @Test
  void whatDiffersIsSet() {
    try (CudaDevice device = new CudaDevice(0, OPTIONS)) {
      Buffer x = device.allocate(Kind.REAL, 1000);
      for (int step = 0; step < 5; step++) {
        negate(device, x, step, 8);
        assertThat(download(device, x)).containsOnly(step);
      }
      assertThat(graphs(device).made()).isEqualTo(1);
      assertThat(graphs(device).set()).isEqualTo(4); // the fill, in all steps but the first
    }
  }

  /// Buffers, numbers and grids of every node change.
  @Test
  void otherSizesAreOtherArguments() {
    try (CudaDevice device = new CudaDevice(0, OPTIONS)) {
      for (int n = 1; n < 3000; n += 271) {
        Buffer x = device.allocate(Kind.REAL, n);
        Buffer guard = device.allocate(Kind.REAL, n);
        device.kernels().elementwise().fill(guard, 9, n);
        negate(device, x, n, 5);
        assertThat(download(device, x)).hasSize(n).containsOnly(-n);
        assertThat(download(device, guard)).containsOnly(9);
      }
      assertThat(graphs(device).made()).isLessThanOrEqualTo(4);
      assertThat(graphs(device).set()).isPositive();
    }
  }

  /// Two runs of the same kernels in turn keep a graph each.
  @Test
  void runsThatAlternateHaveGraphsOfTheirOwn() {
    try (CudaDevice device = new CudaDevice(0, OPTIONS)) {
      Buffer x = device.allocate(Kind.REAL, 100);
      Buffer y = device.allocate(Kind.REAL, 100);
      for (int step = 0; step < 4; step++) {
        negate(device, x, 1, 4);
        assertThat(download(device, x)).containsOnly(1);
        negate(device, y, 2, 4);
        assertThat(download(device, y)).containsOnly(2);
      }
      assertThat(graphs(device).made()).isEqualTo(2);
      assertThat(graphs(device).set()).isZero();
    }
  }

  /// A copy to the GPU waits for what was launched before it, and what comes after it for the copy.
  @Test
  void copiesKeepTheirPlace() {
    try (CudaDevice device = new CudaDevice(0, OPTIONS)) {
      Buffer x = device.allocate(Kind.REAL, 2);
      negate(device, x, 1, 3);
      device.upload(x, new float[] {5, 6});
      device.kernels().elementwise().unary(Unary.NEGATE, x, x, 2, 0, 0);
      assertThat(download(device, x)).containsExactly(-5, -6);
      device.upload(x, new float[] {7, 8});
      assertThat(download(device, x)).containsExactly(7, 8);
    }
  }

  /// Memory is freed only when nothing that waits needs it.
  @Test
  void memoryIsNotFreedUnderALaunch() {
    DeviceOptions noPool = new DeviceOptions(1, 0, true).withSettings(OPTIONS.settings());
    try (CudaDevice device = new CudaDevice(0, noPool)) {
      Buffer y = device.allocate(Kind.REAL, 100);
      Buffer x = device.allocate(Kind.REAL, 100);
      negate(device, x, 4, 4);
      device.kernels().elementwise().unary(Unary.NEGATE, y, x, 100, 0, 0);
      device.release(x);
      assertThat(download(device, y)).containsOnly(-4);
    }
  }

  /// Longer runs are cut, shorter ones than three are launched as ever.
  @Test
  void runsOfAnyLength() {
    try (CudaDevice device = new CudaDevice(0, OPTIONS)) {
      Buffer x = device.allocate(Kind.REAL, 10);
      for (int n : new int[] {0, 1, 2, 62, 63, 64, 65, 127, 128, 200}) {
        negate(device, x, 2, n);
        assertThat(download(device, x)).as("%s", n).containsOnly(n % 2 == 0 ? 2 : -2);
      }
      // with the fill: 1, 2, 3, 63, 64, 64 + 1, 64 + 2, 2 · 64, 2 · 64 + 1, 3 · 64 + 9 launches
      assertThat(graphs(device).runs()).isEqualTo(0 + 0 + 1 + 1 + 1 + 1 + 1 + 2 + 2 + 4);
    }
  }

  /// More graphs than are kept: the one that was used longest ago goes.
  @Test
  void graphsThatAreNotUsedGo() {
    try (CudaDevice device = new CudaDevice(0, OPTIONS)) {
      Buffer x = device.allocate(Kind.REAL, 4);
      for (int run = 0; run < 600; run++) {
        // fills and negations by the binary digits of the run: ten kernels of two kinds
        for (int bit = 0; bit < 10; bit++) {
          if ((run >> bit & 1) == 0) {
            device.kernels().elementwise().fill(x, run, 4);
          } else {
            device.kernels().elementwise().unary(Unary.NEGATE, x, x, 4, 0, 0);
          }
        }
        device.kernels().elementwise().fill(x, run, 4);
        assertThat(download(device, x)).containsOnly(run);
      }
      assertThat(graphs(device).made()).isEqualTo(600);
      assertThat(driver.count("graphs")).isEqualTo(2 * 256);
    }
  }

  /// Whatever fails while a graph is made, set or launched: from then on every call says so, and no numbers come.
  @Test
  void aFailureIsNotForgotten() {
    for (String function :
        List.of(
            "cuGraphCreate",
            "cuGraphAddKernelNode",
            "cuGraphInstantiateWithFlags",
            "cuGraphExecKernelNodeSetParams",
            "cuGraphLaunch")) {
      try (CudaDevice device = new CudaDevice(0, OPTIONS)) {
        Buffer x = device.allocate(Kind.REAL, 4);
        boolean setting = function.contains("Set");
        if (setting) {
          negate(device, x, 1, 3);
          download(device, x);
        }
        driver.fail(function, 1, setting ? INVALID_VALUE : OUT_OF_MEMORY);
        negate(device, x, 2, 3);
        float[] untouched = {7, 7, 7, 7};
        for (int again = 0; again < 2; again++) {
          assertThatExceptionOfType(GpuException.class)
              .as(function)
              .isThrownBy(() -> device.download(untouched, x))
              .withMessageContaining("graph")
              .withMessageContaining(
                  setting ? "CUDA_ERROR_INVALID_VALUE" : "CUDA_ERROR_OUT_OF_MEMORY");
        }
        assertThatExceptionOfType(GpuException.class)
            .as(function)
            .isThrownBy(() -> negate(device, x, 2, 2 * KernelGraphs.MOST))
            .withMessageContaining("no more numbers from this device");
        assertThat(untouched).containsOnly(7);
      }
    }
  }

  /// The kernel that failed may be of an earlier graph: its last kernel is named, with the numbers it was launched with.
  @Test
  void aGraphThatFailsNamesWhatWasLaunchedBefore() {
    for (int launches : new int[] {1, 4, 100}) {
      try (CudaDevice device = new CudaDevice(0, OPTIONS)) {
        Buffer x = device.allocate(Kind.REAL, 77);
        negate(device, x, 1, launches - 1);
        download(device, x);
        negate(device, x, 2, 3);
        driver.fail("cuGraphLaunch", 1, 700);
        assertThatExceptionOfType(GpuException.class)
            .isThrownBy(() -> device.download(new float[77], x))
            .withMessageContaining(
                "could not launch a graph of 4 kernels, from elementwise_fill to elementwise_unary:"
                    + " CUDA_ERROR_ILLEGAL_ADDRESS in it or in a kernel before it, at the latest "
                    + (launches == 1 ? "elementwise_fill" : "elementwise_unary"))
            .withMessageContaining(launches == 1 ? " and numbers 77. " : ", 77. ");
      }
    }
  }

  @Test
  void theDescriptionSaysIt() {
    try (CudaDevice device = new CudaDevice(0, OPTIONS)) {
      assertThat(device.description()).endsWith(", launches in CUDA graphs");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CudaSettings.of(Map.of("cuda.graphs", "yes")))
        .withMessage("cuda.graphs=yes. Expected true or false.");
  }
}
