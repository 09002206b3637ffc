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
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/// One small program in several virtual machines: interpreted, compiled by C1 or C2 alone, with vectors of
/// 256 and 128 bits, and with other numbers of threads. All print the same hashes.
class SameBitsTest {
  @Test
  void doNotDependOnTheVirtualMachineOrTheThreads() throws Exception {
    Map<String, List<String>> settings = new LinkedHashMap<>();
    settings.put("default", List.of());
    // Waits for each compilation, so that C2 has replaced the loops well before the last round.
    settings.put("C2", List.of("-XX:-TieredCompilation", "-Xbatch", "-XX:CompileThreshold=200"));
    settings.put("interpreted", List.of("-Xint"));
    settings.put("C1 alone", List.of("-XX:TieredStopAtLevel=1"));
    settings.put("256 bits", List.of("-XX:UseAVX=2"));
    settings.put("128 bits", List.of("-XX:MaxVectorSize=16"));
    int threads = 1;
    Map<String, Process> running = new LinkedHashMap<>();
    for (Map.Entry<String, List<String>> setting : settings.entrySet()) {
      running.put(setting.getKey(), start(setting.getValue(), threads++));
    }
    Map<String, String> hashes = new LinkedHashMap<>();
    for (Map.Entry<String, Process> process : running.entrySet()) {
      hashes.put(process.getKey(), output(process.getValue()));
    }
    String expected = hashes.get("default");
    assertThat(expected).contains("gemm ").contains("softplus ");
    assertThat(hashes).allSatisfy((setting, hash) -> assertThat(hash).isEqualTo(expected));
  }

  private static Process start(List<String> flags, int threads) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("-Xshare:auto");
    command.add("-XX:+IgnoreUnrecognizedVMOptions"); // UseAVX exists on x86 only
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
    command.add(Integer.toString(threads));
    command.add(flags.contains("-Xint") ? "1" : "10");
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  private static String output(Process process) throws IOException, InterruptedException {
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(text).isZero();
    return text;
  }

  /// Prints one hash per function, of the last of several rounds.
  static final class Program {
    private final Random random = new Random(1);
    private final StringBuilder hashes = new StringBuilder();
    private final Workers workers;

    private Program(int threads) {
      workers = new Workers(threads);
    }

    public static void main(String[] args) {
      int rounds = Integer.parseInt(args[1]);
      for (int round = 1; round <= rounds; round++) {
        StringBuilder hashes = new Program(Integer.parseInt(args[0])).run();
        if (round == rounds) {
          System.out.print(hashes);
        }
      }
    }

    private StringBuilder run() {
      hash("exp", Polynomials::exp);
      hash("expm1", Polynomials::expm1);
      hash("log", x -> Polynomials.log(x.abs()));
      hash("log1p", x -> Polynomials.log1p(x.abs()));
      hash("tanh", Polynomials::tanh);
      hash("sigmoid", Polynomials::sigmoid);
      hash("softplus", Polynomials::softplus);
      hash("logSigmoid", Polynomials::logSigmoid);
      float[] x = randoms(300);
      float[] y = randoms(300);
      float[] reduced = new float[4 * 40];
      for (int n = 0; n < 40; n++) {
        reduced[4 * n] = Lanes.sum(x, n, 7 * n % 200);
        reduced[4 * n + 1] = Lanes.dot(x, n, y, 1, 7 * n % 200);
        reduced[4 * n + 2] = Lanes.max(x, n, 1 + 7 * n % 200);
        reduced[4 * n + 3] = Lanes.sumOfSquaresAround(0.1f, x, n, 7 * n % 200);
      }
      print("lanes", reduced);
      float[] sums = new float[33];
      new ColumnSum(workers).sum(Matrix.of(randoms(150 * 33), 33), 150, 33, sums, 0, false);
      print("columns", sums);
      for (int[] size : new int[][] {{13, 35, 270}, {30, 3, 40}, {1, 40, 30}, {40, 1, 30}}) {
        for (int transposed = 0; transposed < 4; transposed++) {
          gemm(size[0], size[1], size[2], (transposed & 1) != 0, (transposed & 2) != 0);
        }
      }
      workers.close();
      return hashes;
    }

    private void gemm(int m, int n, int k, boolean transposeA, boolean transposeB) {
      float[] c = new float[m * n];
      Matrix a = Matrix.of(randoms(m * k), transposeA ? m : k);
      Matrix b = Matrix.of(randoms(k * n), transposeB ? k : n);
      new Gemm(workers)
          .multiply(
              Product.of(
                  m,
                  n,
                  k,
                  transposeA ? a.transpose() : a,
                  transposeB ? b.transpose() : b,
                  Matrix.of(c, n),
                  Epilogue.biasRelu(randoms(n), 0)));
      print("gemm " + m + " " + n + " " + k + transposeA + transposeB, c);
    }

    private void hash(String name, UnaryOperator<FloatVector> function) {
      float[] x = randoms(2048);
      for (int i = 0; i < x.length; i++) {
        x[i] *= i < 1024 ? 3 : 40;
      }
      for (int i = 0; i < x.length; i += Lanes.WIDTH) {
        function.apply(FloatVector.fromArray(Lanes.SPECIES, x, i)).intoArray(x, i);
      }
      print(name, x);
    }

    private void print(String name, float[] values) {
      CRC32 crc = new CRC32();
      for (float value : values) {
        int bits = Float.floatToIntBits(value);
        for (int shift = 0; shift < 32; shift += 8) {
          crc.update(bits >>> shift);
        }
      }
      hashes.append(name).append(' ').append(Long.toHexString(crc.getValue())).append('\n');
    }

    private float[] randoms(int size) {
      float[] values = new float[size];
      for (int i = 0; i < size; i++) {
        values[i] = (float) random.nextGaussian();
      }
      return values;
    }
  }
}
