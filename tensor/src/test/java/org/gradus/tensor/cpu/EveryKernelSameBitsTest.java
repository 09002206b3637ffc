// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.gradus.tensor.DeviceOptions;
import org.junit.jupiter.api.Test;

/// Every kernel in several virtual machines: under default flags, compiled by C1 alone, with vectors of 256 and of 128
/// bits. All
/// print the same hashes. (The pieces that kernels are made of go through more settings in [SameBitsTest].)
class EveryKernelSameBitsTest {
  @Test
  void hashesDoNotDependOnTheVirtualMachine() throws Exception {
    Map<String, Process> running = new LinkedHashMap<>();
    running.put("default", start());
    running.put("C1 alone", start("-XX:TieredStopAtLevel=1"));
    running.put("256 bits", start("-XX:UseAVX=2"));
    running.put("128 bits", start("-XX:MaxVectorSize=16"));
    Map<String, List<String>> hashes = new LinkedHashMap<>();
    for (Map.Entry<String, Process> process : running.entrySet()) {
      hashes.put(process.getKey(), output(process.getValue()));
    }
    List<String> expected = hashes.get("default");
    assertThat(expected).hasSizeGreaterThan(400);
    assertThat(hashes).allSatisfy((setting, lines) -> assertThat(lines).isEqualTo(expected));
  }

  private static Process start(String... flags) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("-XX:+IgnoreUnrecognizedVMOptions"); // UseAVX exists on x86 only
    command.addAll(List.of(flags));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  private static List<String> output(Process process) throws IOException, InterruptedException {
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(text).isZero();
    return text.lines().toList();
  }

  /// Prints one hash per result.
  static final class Program {
    private Program() {}

    public static void main(String[] args) {
      try (CpuDevice device = new CpuDevice(DeviceOptions.defaults().withThreads(2))) {
        EveryKernel.run(device).forEach((name, values) -> System.out.println(name + hash(values)));
      }
    }

    private static String hash(double[] values) {
      CRC32 crc = new CRC32();
      for (double value : values) {
        long bits = Double.doubleToLongBits(value);
        for (int shift = 0; shift < 64; shift += 8) {
          crc.update((int) (bits >>> shift));
        }
      }
      return " " + Long.toHexString(crc.getValue());
    }
  }
}
