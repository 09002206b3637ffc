// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.DeviceProvider.Availability;
import org.gradus.tensor.Devices;
import org.gradus.tensor.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which GPU is chosen, and why one is not, on simulated machines.
@Tag("simulated")
class GpusTest {
  private static final int NO_DEVICE = 100;
  private static final DeviceOptions OPTIONS = new DeviceOptions(1, 1 << 20, false);

  private SimulatedDriver driver;

  @BeforeEach
  void findTheDriver() throws IOException {
    driver = new SimulatedDriver();
    driver.reset();
  }

  @AfterEach
  void nothingIsLeftBehind() {
    driver.reset();
    for (String what :
        List.of("contexts", "live", "streams", "events", "pinned", "graphs", "leaked", "errors")) {
      assertThat(driver.count(what)).as(what).isZero();
    }
  }

  private static Availability availability() {
    return new CudaProvider().availability();
  }

  private static float[] filled(Device device, double value) {
    Buffer x = device.allocate(Kind.REAL, 3);
    device.kernels().elementwise().fill(x, value, 3);
    float[] values = new float[3];
    device.download(values, x);
    device.release(x);
    return values;
  }

  @Test
  void describesWhatTheDriverSays() {
    assertThat(availability())
        .isEqualTo(
            new Availability(
                true,
                "simulated driver, no GPU, compute capability 7.5, 1024 MiB, driver for CUDA"
                    + " 12.6"));
  }

  @ParameterizedTest
  @CsvSource({"cuda,0", "cuda:0,0", "cuda:1,1", "cuda:2,2"})
  void theNumberIsThatOfTheGpu(String name, int number) {
    driver.set("CUDASIM_DEVICES", "3");
    try (Device device = Device.open(name, OPTIONS)) {
      assertThat(device.name()).isEqualTo("cuda:" + number);
      assertThat(device.description()).startsWith("cuda:" + number + ", ");
      for (int i = 0; i < 3; i++) {
        assertThat(driver.count("contexts." + i)).isEqualTo(i == number ? 1 : 0);
      }
      assertThat(filled(device, 4)).containsOnly(4);
    }
  }

  @Test
  void aGpuThatIsNotThereSaysHowManyThereAre() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Device.open("cuda:1", OPTIONS))
        .withMessage(
            "device cuda:1: the NVIDIA driver finds one GPU, cuda:0. Usable here: auto, cuda, cpu,"
                + " reference.");
    driver.set("CUDASIM_DEVICES", "2");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Device.open("cuda:7", OPTIONS))
        .withMessageContaining("the NVIDIA driver finds 2 GPUs, cuda:0 to cuda:1.");
    Device.open("cuda:1", OPTIONS).close();
  }

  /// Each has a context of its own, and a thread that works with both changes between them; so do two threads.
  @Test
  void twoGpusAtOnce() throws InterruptedException {
    driver.set("CUDASIM_DEVICES", "2");
    try (Device first = Device.open("cuda:0", OPTIONS);
        Device second = Device.open("cuda:1", OPTIONS)) {
      Buffer x = first.allocate(Kind.REAL, 3);
      Buffer y = second.allocate(Kind.REAL, 3);
      first.kernels().elementwise().fill(x, 1, 3);
      second.kernels().elementwise().fill(y, 2, 3);
      Thread other = new Thread(() -> second.kernels().elementwise().fill(y, 3, 3));
      first.kernels().elementwise().fill(x, 4, 3);
      other.start();
      other.join();
      float[] values = new float[3];
      first.download(values, x);
      assertThat(values).containsOnly(4);
      second.download(values, y);
      assertThat(values).containsOnly(3);
    }
  }

  @Test
  void oneGpuGoesWithoutTheOther() {
    driver.set("CUDASIM_DEVICES", "2");
    try (Device first = Device.open("cuda:0", OPTIONS)) {
      try (Device second = Device.open("cuda:1", OPTIONS)) {
        assertThat(filled(second, 5)).containsOnly(5);
      }
      assertThat(driver.count("contexts.1")).isZero();
      assertThat(filled(first, 6)).containsOnly(6);
    }
  }

  /// CUDA 11.8 is the first whose drivers read PTX 7.8, and the PTX is for compute capability 7.5.
  @ParameterizedTest
  @CsvSource({
    "11.7, 7.5, false",
    "11.8, 7.5, true",
    "13.0, 12.0, true",
    "12.6, 7.2, false",
    "10.2, 6.1, false"
  })
  void aDriverOrAGpuThatIsTooOldIsNotChosen(String version, String capability, boolean usable) {
    driver.set("CUDASIM_DRIVER", version);
    driver.set("CUDASIM_CAPABILITY", capability);
    String found =
        "simulated driver, no GPU, compute capability "
            + capability
            + ", 1024 MiB, driver for CUDA "
            + version;
    String missing =
        found
            + ". Expected compute capability 7.5 or later, and a driver for CUDA 11.8 or later (520"
            + " or later)";
    assertThat(availability()).isEqualTo(new Availability(usable, usable ? found : missing));
    Devices.Choice auto = Devices.choose("auto");
    assertThat(auto.name()).isEqualTo(usable ? "cuda" : "cpu");
    if (!usable) {
      assertThat(auto.reason()).endsWith("Not cuda: " + missing);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Device.open("cuda", OPTIONS))
          .withMessage("device cuda: " + missing + ". Usable here: auto, cpu, reference.");
    }
    assertThat(new CudaProvider().details().getFirst())
        .isEqualTo("cuda:0: " + found + (usable ? "" : " (not usable)"));
  }

  @Test
  void anOldGpuBesideANewOne() {
    driver.set("CUDASIM_DEVICES", "2");
    driver.set("CUDASIM_CAPABILITY", "6.1,9.0");
    assertThat(new CudaProvider().availability(0).usable()).isFalse();
    assertThat(availability())
        .isEqualTo(
            new Availability(
                true,
                "cuda:1, simulated driver, no GPU, compute capability 9.0, 1024 MiB, driver for"
                    + " CUDA 12.6. Not cuda:0: simulated driver, no GPU, compute capability 6.1,"
                    + " 1024 MiB, driver for CUDA 12.6. Expected compute capability 7.5 or later,"
                    + " and a driver for CUDA 11.8 or later (520 or later)"));
    Devices.Choice auto = Devices.choose("auto");
    assertThat(auto.name()).isEqualTo("cuda");
    assertThat(auto.reason()).startsWith("cuda:1, ").contains(". Not cuda:0: ");
    for (String name : List.of("cuda", "auto", "cuda:1")) {
      try (Device device = Device.open(name, OPTIONS)) {
        assertThat(device.name()).as(name).isEqualTo("cuda:1");
        assertThat(filled(device, 4)).containsOnly(4);
      }
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Device.open("cuda:0", OPTIONS))
        .withMessageContaining("compute capability 6.1")
        .withMessageEndingWith("Usable here: auto, cuda, cpu, reference.");
    assertThat(new CudaProvider().details())
        .anyMatch(line -> line.startsWith("cuda:0: ") && line.endsWith(" (not usable)"))
        .anyMatch(line -> line.startsWith("cuda:1: ") && line.contains("compute capability 9.0"));
  }

  @Test
  void severalOldGpusAreNoneThatIsUsable() {
    driver.set("CUDASIM_DEVICES", "3");
    driver.set("CUDASIM_CAPABILITY", "6.1,7.0,5.2");
    assertThat(availability()).isEqualTo(new CudaProvider().availability(0));
    assertThat(availability().usable()).isFalse();
    assertThat(Devices.choose("auto").name()).isEqualTo("cpu");
  }

  /// Whatever question the driver does not answer, the answer is its error by name, and no exception.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "cuInit",
        "cuDeviceGetCount",
        "cuDeviceGet",
        "cuDeviceGetName",
        "cuDeviceTotalMem_v2",
        "cuDeviceGetAttribute",
        "cuDriverGetVersion"
      })
  void aDriverThatDoesNotAnswer(String function) {
    driver.fail(function, 1, NO_DEVICE);
    assertThat(availability().usable()).isFalse();
    driver.fail(function, 1, NO_DEVICE);
    assertThat(availability().explanation())
        .startsWith("could not ")
        .contains(": CUDA_ERROR_NO_DEVICE. Expected a GPU that nvidia-smi shows")
        .doesNotEndWith(".");
    driver.fail(function, 1, NO_DEVICE); // once: asked again it would answer
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Device.open("cuda", OPTIONS))
        .withMessageContaining("CUDA_ERROR_NO_DEVICE")
        .withMessageEndingWith(". Usable here: auto, cpu, reference.");
    driver.fail(function, -1, NO_DEVICE);
    assertThat(new CudaProvider().details()).noneMatch(line -> line.startsWith("cuda:"));
    assertThat(Devices.choose("auto").name()).isEqualTo("cpu");
  }

  @Test
  void aMachineWithoutAGpu() {
    driver.set("CUDASIM_DEVICES", "0");
    assertThat(availability().explanation())
        .startsWith("could not start the NVIDIA driver: CUDA_ERROR_NO_DEVICE");
  }
}
