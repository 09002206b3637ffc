// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TableRowsTest {
  /// Three tables, and no vector for any of the 1,024 rows, each of which would be 32 bytes or more.
  private static final long MOST_BYTES = 16 << 10;

  /// The compiler looks at what kind of memory a call saw before. Where it saw two kinds it makes code for both, and at the end of
  /// its budget leaves calls standing, and vectors that cross them are allocated: 6 MB a step where this was seen.
  @ParameterizedTest
  @ValueSource(ints = {4, 30, 64, 256})
  @Timeout(60)
  void vectorsAreNotAllocatedWhateverTheVirtualMachineDidBefore(int width) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "-XX:CompileThresholdScaling=0.2",
                "-cp",
                System.getProperty("java.class.path"),
                TableRowsProgram.class.getName(),
                Integer.toString(width))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      assertThat(Long.parseLong(output.strip())).isBetween(1L, MOST_BYTES);
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void memoryOnTheHeapIsNoTable() {
    MemorySegment heap = MemorySegment.ofArray(new byte[256]);
    assertThatThrownBy(() -> TableRows.copy(new float[16], 0, heap, 0, 16))
        .isInstanceOf(ClassCastException.class);
  }
}
