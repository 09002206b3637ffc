// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Under default flags every inner loop of a matrix product reaches the optimising compiler. A method
/// that C1 gives up on would be interpreted for ever, at a hundredth of the speed. (The loops are too
/// large to be inlined, so that each must show up by its own name.)
class CompilationTest {
  /// A line of -XX:+PrintCompilation at tier 4, not an on-stack replacement.
  private static final Pattern TIER_4 =
      Pattern.compile("^\\s*\\d+\\s+\\d+[\\s!bns]*\\s4\\s+org\\.gradus\\.tensor\\.cpu\\.(\\S+).*");

  @Test
  @Timeout(60)
  void reachesTierFour() throws IOException {
    Set<String> missing = new TreeSet<>();
    int rows = GemmPart.ROWS;
    for (int vectors = 1; vectors <= 2; vectors++) {
      missing.add("RowTiles::rows" + rows + "by" + vectors);
      for (int tail : Set.of(rows, 6, 4)) {
        missing.add("PackedTiles::rows" + tail + "by" + vectors);
      }
    }
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "-XX:+PrintCompilation",
                "-cp",
                System.getProperty("java.class.path"),
                Program.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      // The program ends by itself after a while: then what is still missing never came.
      for (String line = lines.readLine();
          line != null && !missing.isEmpty();
          line = lines.readLine()) {
        // A class that loads meanwhile puts a compilation off, and it is tried again.
        if (line.contains("org.gradus.") && !line.contains("concurrent class loading")) {
          assertThat(line).doesNotContain("COMPILE SKIPPED");
        }
        Matcher compiled = TIER_4.matcher(line);
        if (compiled.matches()) {
          missing.remove(compiled.group(1));
        }
      }
    } finally {
      process.destroyForcibly();
    }
    assertThat(missing).as("never compiled by C2").isEmpty();
  }

  /// Multiplies in all shapes that choose another inner loop, for at most 30 seconds.
  static final class Program {
    private Program() {}

    public static void main(String[] args) {
      float[] a = new float[1 << 16];
      float[] c = new float[1 << 16];
      long end = System.nanoTime() + 30_000_000_000L;
      try (Workers workers = new Workers(1)) {
        Gemm gemm = new Gemm(workers);
        while (System.nanoTime() < end) {
          for (int m : List.of(GemmPart.ROWS, 6, 4)) {
            for (int n : List.of(GemmPart.COLUMNS, Lanes.WIDTH)) {
              Matrix rows = Matrix.of(a, 64);
              Matrix columns = Matrix.of(a, 64).transpose();
              Matrix target = Matrix.of(c, 64);
              Product.Size size = new Product.Size(m, n, 60);
              gemm.multiply(new Product(size, rows, rows, target, Epilogue.STORE));
              gemm.multiply(new Product(size, columns, columns, target, Epilogue.STORE));
            }
          }
        }
      }
    }
  }
}
