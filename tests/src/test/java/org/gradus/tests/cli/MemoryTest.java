// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.gradus.data.criteo.CriteoGenerator;
import org.gradus.data.criteo.CriteoText;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// The heap does not grow with a file, nor with the tables: both lie outside of it.
class MemoryTest {
  @TempDir private Path folder;

  /// Generates a file, trains on it in a process with a small heap, and prints how much memory that process held.
  private JsonNode trained(CriteoGenerator.Spec spec, int rows, String heap, List<String> model)
      throws IOException, InterruptedException {
    Path file = folder.resolve("rows.tsv");
    assertThat(CriteoText.write(file, new CriteoGenerator(spec, 0, rows))).isEqualTo(rows);
    Cli cli = new Cli(Files.createDirectory(folder.resolve("cache")));
    Path run = folder.resolve("run");
    Path output = folder.resolve("output");
    List<String> train =
        List.of(
            "train",
            "--data=criteo",
            "--path=" + file,
            "--set=data.validPercent=2",
            "--set=data.testPercent=2",
            "--set=optimizer=row-wise-adagrad",
            "--set=rate=0.02",
            "--epochs=1",
            "--device=cpu",
            "--no-baselines",
            "--out=" + run);
    Process child =
        Cli.start(cli.command(List.of("-Xmx" + heap), Cli.join(train, model)), output, Map.of());
    String peak = "";
    while (child.isAlive()) {
      String now = peak(child.pid());
      peak = now.isEmpty() ? peak : now;
      Thread.sleep(50);
    }
    Result r = Cli.await(child, output);
    assertThat(r.code()).as(r.all()).isZero();
    JsonNode metrics = Cli.metrics(run);
    System.out.printf(
        "%,d rows, %,d bytes of text, %,d parameters, -Xmx%s: %s resident at most, %,.0f"
            + " samples/s%n",
        rows,
        Files.size(file),
        metrics.path("parameters").asLong(),
        heap,
        peak.isEmpty() ? "unknown" : peak,
        metrics.path("samples_per_second").asDouble());
    return metrics;
  }

  /// The most physical memory that a process has held so far, where the system says so.
  private static String peak(long pid) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc", "" + pid, "status"))) {
        if (line.startsWith("VmHWM:")) {
          return line.substring(6).strip();
        }
      }
    } catch (IOException e) {
      // no such file here, or the process is gone: what was seen before counts
    }
    return "";
  }

  /// The parameters alone are larger than the heap. Only what a batch needs lies there.
  @Test
  void tablesLargerThanTheHeap() throws IOException, InterruptedException {
    Path config =
        Files.writeString(folder.resolve("small.yaml"), "measure: {batchSize: 64}", UTF_8);
    JsonNode m =
        trained(
            new CriteoGenerator.Spec(60, 1.1, 1, 3),
            30_000,
            "64m",
            List.of(
                "--config=" + config,
                "--model=fm",
                "--set=embeddingDim=320",
                "--steps-per-epoch=100",
                "--batch-size=64"));
    assertThat(m.path("parameters").asLong() * Float.BYTES).isGreaterThan(64L << 20);
  }

  /// Where the tables lie changes nothing but the memory they take.
  @Test
  void tablesInFiles() throws IOException {
    Cli cli = new Cli(folder.resolve("cache"));
    Path files = folder.resolve("files");
    Path memory = folder.resolve("memory");
    Path mapped = folder.resolve("mapped");
    List<String> train =
        Cli.join(
            List.of("train", "--model=fm", "--device=cpu", "--seed=3"),
            List.of("--set=optimizer=row-wise-adagrad"),
            Cli.TINY_DATA);
    Result r = cli.run(Cli.join(train, List.of("--out=" + memory)));
    assertThat(r.code()).as(r.all()).isZero();
    r = cli.run(Cli.join(train, List.of("--out=" + mapped, "--table-files=" + files)));
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(Cli.metrics(mapped).path("parameters_sha256"))
        .isEqualTo(Cli.metrics(memory).path("parameters_sha256"));
    assertThat(files).isEmptyDirectory();
    Path elsewhere = Files.createFile(folder.resolve("file"));
    r = cli.run(Cli.join(train, List.of("--out=" + folder, "--table-files=" + elsewhere)));
    assertThat(r.code()).isNotZero();
    assertThat(r.err())
        .contains("--table-files " + elsewhere + ": " + elsewhere + " is no folder. Expected");
  }

  @Test
  @Tag("slow")
  void aMillionRowsInTwoGigabytes() throws IOException, InterruptedException {
    JsonNode m =
        trained(
            new CriteoGenerator.Spec(3000, 0.6, 1, 3),
            1_000_000,
            "2g",
            List.of(
                "--model=dlrm",
                "--set=embeddingDim=16",
                "--set=bottom=64,16",
                "--set=top=64,32",
                "--batch-size=2048"));
    // 16 numbers for each id; the towers hold far fewer than the margin
    assertThat(m.path("parameters").asLong()).isGreaterThan(16 * 1_500_000L + 100_000);
  }
}
