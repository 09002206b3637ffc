// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Under default flags every loop of the device reaches the optimising compiler, by itself or inside a method that does. One that
/// C1 gives up on would be interpreted for ever, at a hundredth of the speed.
///
/// The loops are found in the class files, so that a new kernel is held to it unless it is listed here.
class CompilationTest {
  /// Loops that need not be compiled, since the work is in what they call, or since they run once in the life of a device.
  private static final Set<String> COLD =
      Set.of(
          "Workers::<init>",
          "Workers::close",
          "Workers$Job::await", // waits
          "Workers$Worker::run",
          "Workers$Job::begin", // over threads
          "Workers$Job::hasWork",
          "Workers$Job::work", // hands chunks out
          "Workers$Job::take",
          "Lanes::masks", // once
          "Blocking::firstCache",
          "Chunks::some", // over blocks
          "CpuJagged::bags", // over tables
          "CpuJagged::lambda$bags",
          "CpuRecurrent::lambda$lstm", // over tiles of sequences
          "CpuRecurrent::lambda$lstmBackward",
          "CpuReduce::sum", // over blocks
          "CpuReduce::rowSums", // over fewer than 64 rows
          "CpuReduce::total", // over sums of a thousand
          "CpuReduce::lambda$total",
          "CpuUpdate::lambda$sumOfSquaresAll",
          "CpuSort::lambda$merge",
          "Merge::read", // over digits
          "Merge::lambda$sortParts",
          "Gemm::batched", // over products
          "Gemm::some",
          "MatrixVector::some",
          "Gemm::onlyEpilogue"); // a product over nothing

  /// Loops for vectors of another width.
  private static final Pattern OF_OTHER_VECTORS =
      Pattern.compile(
          Lanes.WIDTH == Lanes.LANES
              ? "RowTiles::rows6by.|Lanes::.*From"
              : "(CopiedRowTiles|RowTiles|StepTiles)::rows12by.|Lanes::(.*OfWide|addBlock|sumInRegister|sumOfLong)"
                    + "|Transposing::.*");

  @Test
  @Timeout(180)
  void everyLoopReachesTheTopTier(@TempDir Path folder) throws Exception {
    Set<String> loops = CompilationLog.loops(classes());
    // Of each family something, or the search found nothing.
    assertThat(plain(loops))
        .contains(
            "CopiedRowTiles::rows12by2",
            "RowTiles::rows12by2",
            "StepTiles::rows4by2",
            "GramTiles::block",
            "TableRows::addScaled",
            "DenseUpdates::adam",
            "Merge::move")
        .containsAll(COLD)
        .hasSizeGreaterThan(250);
    // Methods of one name are told apart.
    assertThat(loops).hasSizeGreaterThan(plain(loops).size());
    Path log = folder.resolve("compilation.log");
    String output = run(log);
    // A class that loads meanwhile puts a compilation off, and it is tried again.
    assertThat(output.lines().filter(line -> line.contains("COMPILE SKIPPED")))
        .allMatch(
            line -> line.contains("concurrent class loading") || !line.contains("org.gradus"));
    Set<String> compiled = CompilationLog.compiled(log);
    assertThat(plain(compiled))
        .as("what was kept from the compiler, and what was not")
        .doesNotContain("CompilationProgram::kept")
        .contains("CompilationProgram::compiled");
    Set<String> missing = new TreeSet<>(loops);
    missing.removeAll(compiled);
    missing.removeIf(
        loop -> {
          String name = CompilationLog.plain(loop);
          return COLD.contains(name) || OF_OTHER_VECTORS.matcher(name).matches();
        });
    assertThat(missing).as("never compiled by C2").isEmpty();
  }

  private static Set<String> plain(Set<String> methods) {
    return methods.stream()
        .map(CompilationLog::plain)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Path classes() throws URISyntaxException {
    Path root =
        Path.of(CpuDevice.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    return root.resolve(CpuDevice.class.getPackageName().replace('.', '/'));
  }

  private static String run(Path log) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "-XX:+PrintCompilation",
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:+LogCompilation",
                "-XX:LogFile=" + log,
                "-XX:CompileCommand=quiet",
                "-XX:CompileCommand=log,org/gradus/tensor/cpu/*.*",
                "-XX:CompileCommand=exclude,org.gradus.tensor.cpu.CompilationProgram::kept",
                "-cp",
                System.getProperty("java.class.path"),
                CompilationProgram.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      return output;
    } finally {
      process.destroyForcibly();
    }
  }
}
