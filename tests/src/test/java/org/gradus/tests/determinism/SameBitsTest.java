// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.determinism;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.tests.cli.Cli;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Thirty steps of training end with the same bits in every state of just-in-time compilation, at every vector width that
/// this processor has, and with any number of threads.
class SameBitsTest {
  private static final List<String> COMMON =
      List.of(
          "train",
          "--data=criteo-synthetic",
          "--set=data.validRows=40",
          "--set=data.testRows=40",
          "--device=cpu",
          "--epochs=1",
          "--steps-per-epoch=30",
          "--no-baselines");

  /// One or two pieces of work per kernel at most: for processes that interpret every instruction.
  private static final List<String> TINY =
      List.of(
          "--model=deepfm",
          "--set=embeddingDim=2",
          "--set=hidden=5",
          "--set=batchNorm=true",
          "--set=dropout=0.2",
          "--set=clipNorm=1",
          "--set=data.rows=600",
          "--set=data.hash=7", // rows of each table: Adam moves them all
          "--batch-size=20");

  /// Batches and layers large enough to be cut among threads, with sizes that no vector divides.
  private static final List<String> WIDE =
      List.of(
          "--model=dlrm",
          "--set=embeddingDim=19",
          "--set=bottom=67,19",
          "--set=top=129,33",
          "--set=optimizer=row-wise-adagrad",
          "--set=rate=0.05",
          "--set=clipNorm=1",
          "--set=data.rows=16000",
          "--batch-size=530");

  @TempDir private static Path folder;
  private static Cli cli = new Cli(Path.of(""));

  @BeforeAll
  static void open() throws IOException {
    cli = new Cli(Files.createDirectory(folder.resolve("cache")));
  }

  /// Hashes of the parameters after the last step, and of everything that was measured.
  private static Map<String, String> outcome(Result r, Path run) throws IOException {
    assertThat(r.code()).as(r.all()).isZero();
    Map<String, String> found = new TreeMap<>();
    JsonNode metrics = Cli.metrics(run);
    assertThat(metrics.path("steps").asInt()).isEqualTo(30);
    for (String name : List.of("last_parameters_sha256", "valid.auc", "test.logloss")) {
      found.put(name, metrics.path(name).toString());
    }
    return found;
  }

  private static Map<String, String> here(List<String> model, String name, int threads)
      throws IOException {
    Path run = folder.resolve(name + "-" + threads);
    List<String> how = List.of("--threads=" + threads, "--out=" + run);
    return outcome(cli.run(Cli.join(COMMON, model, how)), run);
  }

  private static Map<String, String> forked(List<String> model, String name, String... flags)
      throws IOException, InterruptedException {
    Path run = folder.resolve(name);
    List<String> how = List.of("--threads=2", "--out=" + run);
    long begun = System.nanoTime();
    Map<String, String> found =
        outcome(cli.fork(List.of(flags), Cli.join(COMMON, model, how), Map.of()), run);
    System.out.printf("%s: %.1f s%n", name, (System.nanoTime() - begun) * 1e-9);
    return found;
  }

  @Test
  void inEveryStateOfCompilation() throws IOException, InterruptedException {
    Map<String, String> expected = here(TINY, "tiny", 1);
    assertThat(forked(TINY, "default")).isEqualTo(expected);
    assertThat(forked(TINY, "interpreted", "-Xint")).isEqualTo(expected);
    assertThat(forked(TINY, "first-compiler", "-XX:TieredStopAtLevel=1")).isEqualTo(expected);
    // processors that are no x86 do not know the flag
    assertThat(forked(TINY, "avx2", "-XX:+IgnoreUnrecognizedVMOptions", "-XX:UseAVX=2"))
        .isEqualTo(expected);
  }

  @Test
  void withAnyNumberOfThreads() throws IOException {
    Map<String, String> expected = here(WIDE, "wide", 1);
    for (int threads : new int[] {2, 3, 5}) {
      assertThat(here(WIDE, "wide", threads)).as("%d threads", threads).isEqualTo(expected);
    }
    assertThat(here(TINY, "tiny", 5)).isEqualTo(here(TINY, "tiny", 3));
  }

  /// Long enough for the second compiler, and wide enough for threads, in every process.
  @Test
  @Tag("slow")
  void ofAWideModelInEveryStateOfCompilation() throws IOException, InterruptedException {
    Map<String, String> expected = here(WIDE, "again", 3);
    assertThat(forked(WIDE, "wide-default")).isEqualTo(expected);
    assertThat(forked(WIDE, "wide-eager", "-Xcomp", "-XX:-TieredCompilation")).isEqualTo(expected);
    assertThat(forked(WIDE, "wide-first", "-XX:TieredStopAtLevel=1")).isEqualTo(expected);
    assertThat(forked(WIDE, "wide-avx2", "-XX:+IgnoreUnrecognizedVMOptions", "-XX:UseAVX=2"))
        .isEqualTo(expected);
    // vectors of 128 bits
    assertThat(forked(WIDE, "wide-narrow", "-XX:MaxVectorSize=16")).isEqualTo(expected);
  }
}
