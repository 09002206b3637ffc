// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Kind;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.Table;
import org.gradus.tensor.host.Doubles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpuDeviceTest {
  /// Cuts work of a hundred numbers, so that small inputs go through many chunks.
  private static final int SMALL_GRAIN = 64;

  private static final Set<String> IN_PARTS =
      Set.of("sum", "mean", "variance", "normalizeColumns", "normalizeColumnsBackward");

  private static Map<String, double[]> run(int threads, int grain) {
    DeviceOptions options = DeviceOptions.defaults().withThreads(threads).withPoison();
    try (CpuDevice device = new CpuDevice(options, grain)) {
      return EveryKernel.run(device);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5})
  void everyKernelGivesTheSameBitsWithMoreThreads(int threads) {
    Map<String, double[]> one = run(1, SMALL_GRAIN);
    Map<String, double[]> more = run(threads, SMALL_GRAIN);
    assertThat(one).hasSizeGreaterThan(400);
    one.forEach(
        (kernel, values) ->
            assertThat(more.get(kernel)).as("%s, %s threads", kernel, threads).isEqualTo(values));
  }

  /// Where work is cut does not show either, but in sums down columns and what is made of them: those are added part by part, and the
  /// parts of a grain are fixed.
  @Test
  void everyKernelGivesTheSameBitsInOtherCuts() {
    Map<String, double[]> small = run(2, SMALL_GRAIN);
    Map<String, double[]> large = run(2, Chunks.GRAIN);
    Set<String> addedInParts = new TreeSet<>();
    large.forEach(
        (kernel, values) -> {
          String family = kernel.split(" ", 2)[0];
          if (IN_PARTS.contains(family)) {
            addedInParts.add(family);
          } else {
            assertThat(small.get(kernel)).as(kernel).isEqualTo(values);
          }
        });
    assertThat(addedInParts).isEqualTo(IN_PARTS);
  }

  @Test
  void isChosenBeforeReferenceAndOpensByName() {
    try (Device device = Device.open("cpu")) {
      assertThat(device.name()).isEqualTo("cpu");
      assertThat(device.float64()).isFalse();
    }
    assertThat(new CpuDeviceProvider().availability().explanation())
        .contains(32 * Lanes.WIDTH + " bits");
  }

  @Test
  void reusesReleasedMemoryAndSpoilsIt() {
    try (CpuDevice device = new CpuDevice(DeviceOptions.defaults().withPoison())) {
      Buffer first = device.allocate(Kind.REAL, 5);
      device.upload(first, new float[] {1, 2, 3, 4, 5});
      device.release(first);
      Buffer second = device.allocate(Kind.REAL, 5);
      assertThat(second).isSameAs(first);
      float[] values = new float[5];
      device.download(values, second);
      assertThat(values).containsOnly(Float.NaN);
      assertThat(device.memory().hits()).isEqualTo(1);
    }
  }

  @Test
  @Timeout(60)
  void whatThePoolHoldsMakesRoomWhereTheHeapIsFull() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "--add-modules=jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                FullHeapProgram.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      assertThat(output.strip()).isEqualTo("36 0 0");
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void refusesABufferOfAnotherDevice() {
    try (CpuDevice device = new CpuDevice(DeviceOptions.defaults())) {
      Buffer own = device.allocate(Kind.REAL, 1);
      Buffer other = new Doubles(new double[1], 1);
      assertThatThrownBy(() -> device.kernels().elementwise().fill(other, 0, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("Expected float[]");
      assertThat(own.length()).isEqualTo(1);
    }
  }

  @Test
  void rowsOfNoNumbersHaveNothingToUpdate() {
    int count = 100;
    try (CpuDevice device = new CpuDevice(DeviceOptions.defaults());
        Table weights = device.table(count, 0);
        Table speeds = device.table(count, 0)) {
      Buffer rows = device.allocate(Kind.INT, count);
      device.upload(rows, IntStream.range(0, count).toArray());
      RowGradient none = new RowGradient.Summed(rows, device.allocate(Kind.REAL, 0), count);
      assertThatCode(
              () -> device.kernels().update().momentumRows(weights, speeds, none, 0.1, 0.9, false))
          .doesNotThrowAnyException();
    }
  }

  /// Loops that work in whole blocks write into the padding of their own buffers only, and slices of a row leave its
  /// neighbours alone; NaN in the padding of inputs must not come through.
  @Test
  void paddingIsNeverSeen() {
    Map<String, double[]> poisoned = run(1, SMALL_GRAIN);
    DeviceOptions clean = DeviceOptions.defaults().withThreads(1);
    try (CpuDevice device = new CpuDevice(clean, SMALL_GRAIN)) {
      Map<String, double[]> zeros = EveryKernel.run(device);
      zeros.forEach(
          (kernel, values) -> assertThat(poisoned.get(kernel)).as(kernel).isEqualTo(values));
    }
  }
}
