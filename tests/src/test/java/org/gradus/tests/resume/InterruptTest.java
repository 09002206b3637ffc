// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.resume;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.gradus.tests.cli.Cli;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Ctrl-C, and the request to end that a machine sends when it shuts down: a checkpoint, a word on how to go on, and an
/// exit code that says that the run did not end.
class InterruptTest {
  private static final int EPOCHS = 25;
  private static final int ATTEMPTS = 5;

  @TempDir private Path folder;

  private static List<String> train(Path out) {
    return Cli.join(
        List.of(
            "train",
            "--model=deepfm",
            "--set=hidden=8",
            "--set=embeddingDim=2",
            "--set=dropout=0.2",
            "--epochs=" + EPOCHS,
            "--batch-size=60",
            "--device=cpu",
            "--out=" + out),
        Cli.TINY_DATA);
  }

  @ParameterizedTest
  @CsvSource({"INT,2", "TERM,15"})
  void aRequestToEndLeavesACheckpoint(String signal, int number)
      throws IOException, InterruptedException {
    Cli cli = new Cli(Files.createDirectory(folder.resolve("cache")));
    Path whole = folder.resolve("whole");
    assertThat(cli.run(train(whole)).code()).isZero();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Path run = folder.resolve("run-" + attempt);
      Path output = folder.resolve("output-" + attempt);
      Process child =
          Cli.start(cli.command(List.of("-XX:TieredStopAtLevel=1"), train(run)), output, Map.of());
      while (child.isAlive() && Runs.latest(run) == 0) {
        Thread.sleep(1);
      }
      long before = Runs.latest(run);
      if (ignores(child.pid(), number)) {
        child.destroyForcibly().waitFor(); // or it would still write while the folder is deleted
        Assumptions.abort("whoever started this process ignores SIG" + signal);
      }
      new ProcessBuilder("kill", "-" + signal, "" + child.pid()).start().waitFor();
      Result r = Cli.await(child, output);
      if (r.code() == 0) {
        continue; // it had ended before the signal came
      }
      assertThat(r.code()).isEqualTo(128 + number);
      assertThat(r.err())
          .contains("stopped; checkpoint step-", "go on with: ./gradus train --resume " + run)
          .doesNotContain("\tat ");
      assertThat(Runs.latest(run)).isGreaterThan(before).isLessThanOrEqualTo(10L * EPOCHS);
      assertThat(run.resolve("metrics.json")).doesNotExist();
      assertThat(Runs.holdsPartial(run)).isFalse();
      Result resumed = cli.run("train", "--resume=" + run, "--no-baselines");
      assertThat(resumed.code()).as(resumed.all()).isZero();
      assertThat(Runs.comparable(run)).isEqualTo(Runs.comparable(whole));
      return;
    }
    throw new AssertionError("no signal of " + ATTEMPTS + " came before the end of the run");
  }

  /// Where there is no such file the signal is taken to arrive.
  private static boolean ignores(long pid, int number) throws IOException {
    Path status = Path.of("/proc", "" + pid, "status");
    if (!Files.exists(status)) {
      return false;
    }
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("SigIgn:")) {
        return (Long.parseUnsignedLong(line.substring(7).strip(), 16) >>> (number - 1) & 1) == 1;
      }
    }
    return false;
  }

  @Test
  void aSignalBeforeTrainingEndsAtOnce() throws IOException, InterruptedException {
    Cli cli = new Cli(Files.createDirectory(folder.resolve("cache")));
    Path run = folder.resolve("run");
    Path output = folder.resolve("output");
    List<String> large = List.of("train", "--model=lr", "--set=data.rows=30000000", "--out=" + run);
    Process child = Cli.start(cli.command(List.of(), large), output, Map.of());
    Path said = folder.resolve("output.err");
    while (child.isAlive() && !Files.readString(said).contains("generating")) {
      Thread.sleep(1);
    }
    child.destroy(); // SIGTERM
    Result r = Cli.await(child, output);
    assertThat(r.code()).as(r.all()).isEqualTo(128 + 15);
    assertThat(run).doesNotExist();
    try (Stream<Path> left = Files.list(cli.cache())) {
      assertThat(left).allMatch(p -> p.getFileName().toString().startsWith(".")); // nothing whole
    }
  }
}
