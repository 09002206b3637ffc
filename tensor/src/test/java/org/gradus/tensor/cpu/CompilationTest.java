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
import org.gradus.tensor.Buffer;
import org.gradus.tensor.RecurrentKernels.Gru;
import org.gradus.tensor.RecurrentKernels.GruGradients;
import org.gradus.tensor.RecurrentKernels.LstmGradients;
import org.gradus.tensor.RecurrentKernels.Mixing;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.RecurrentKernels.Sequences;
import org.gradus.tensor.RecurrentKernels.Size;
import org.gradus.tensor.host.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Under default flags every inner loop of a matrix product reaches the optimising compiler. A method
/// that C1 gives up on would be interpreted for ever, at a hundredth of the speed. (The loops are too
/// large to be inlined, so that each must show up by its own name.)
class CompilationTest {
  /// A line of -XX:+PrintCompilation at tier 4, not an on-stack replacement.
  private static final Pattern TIER_4 =
      Pattern.compile("^\\s*\\d+\\s+\\d+[\\s!bns]*\\s4\\s+org\\.gradus\\.tensor\\.cpu\\.(\\S+).*");

  /// The loops of recurrent layers, which must not be inlined together either.
  private static final Set<String> RECURRENT =
      Set.of(
          "Sweep$Sigmoid::run",
          "Sweep$Tanh::run",
          "GruSweeps::candidate",
          "GruSweeps::reset",
          "GruSweeps::mix",
          "GruSweeps::mixBackward",
          "GruSweeps::resetAfterBackward",
          "GruSweeps::resetBeforeBackward",
          "GruSweeps::attention",
          "LstmSweeps::next",
          "LstmSweeps::backward");

  /// The loops of an activation unit. They might be inlined, but run four times as often as what calls them, and so are compiled
  /// before it.
  private static final Set<String> ATTENTION =
      Set.of("QueryKeys::facing", "QueryKeys::back", "QueryKeys::weightedSum");

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
    missing.addAll(RECURRENT);
    missing.addAll(ATTENTION);
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

  /// Multiplies in all shapes that choose another inner loop, and takes sequences through recurrent layers, for at most 30 seconds.
  static final class Program {
    private Program() {}

    public static void main(String[] args) {
      float[] a = new float[1 << 16];
      float[] c = new float[1 << 16];
      long end = System.nanoTime() + 30_000_000_000L;
      try (Workers workers = new Workers(1)) {
        Gemm gemm = new Gemm(workers);
        CpuInteraction interaction = new CpuInteraction(new Chunks(workers, Chunks.GRAIN));
        CpuRecurrent recurrent = new CpuRecurrent(new Chunks(workers, Chunks.GRAIN));
        while (System.nanoTime() < end) {
          recurrent(recurrent);
          attention(interaction);
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

    /// A GRU in both forms, and an LSTM, forward and backward.
    private static void recurrent(CpuRecurrent k) {
      Size size = new Size(12, 20, 32);
      Buffer weights = real(4 * 32 * 32);
      Buffer all = real(4 * size.states());
      Buffer state = real(12 * 32);
      Sequences x = new Sequences(all, weights, null, null, size);
      Buffer kept = real(6 * size.states());
      for (Reset reset : Reset.values()) {
        Gru gru = new Gru(reset, Mixing.ATTENTION_UPDATE, null, real(12 * 20));
        k.gru(real(size.states()), kept, x, gru);
        GruGradients to =
            new GruGradients(
                real(3 * size.states()), real(3 * 32 * 32), state, null, real(12 * 20));
        k.gruBackward(to, real(size.states()), real(size.states()), kept, x, gru);
      }
      Buffer y = real(12 * 21 * 32);
      k.lstm(y, kept, x, null);
      LstmGradients to = new LstmGradients(real(4 * size.states()), real(4 * 32 * 32), state, null);
      k.lstmBackward(to, y, y, kept, x);
    }

    /// What an activation unit reads and sums, forward and backward.
    private static void attention(CpuInteraction k) {
      Buffer query = real(4 * 32);
      Buffer keys = real(4 * 20 * 32);
      Buffer z = real(4 * 20 * 128);
      Buffer w = real(4 * 20);
      k.facing(z, query, keys, 4, 20, 32);
      k.facingBackward(query, keys, z, query, keys, 4, 20, 32);
      k.weightedSum(query, w, keys, 4, 20, 32);
      k.weightedSumBackward(w, keys, query, w, keys, 4, 20, 32);
    }

    private static Buffer real(int n) {
      return new Floats(new float[n], n);
    }
  }
}
