// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.gradus.tensor.Counter;
import org.gradus.trainer.run.TrainConfig.Execution;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that trains with a checkpoint after every step, so that it spends most of its time writing, is killed with
/// SIGKILL at seeded moments, resumed, killed again, until it ends.
class KillTest {
  private static final int KILLS = 20;

  @TempDir private Path folder;

  private static TrainConfig config() {
    return Toy.config().with(new Execution(1, 1));
  }

  /// The process: begins or resumes the run in the folder given.
  static final class Child {
    private Child() {}

    public static void main(String[] args) {
      Path run = Path.of(args[0]);
      if (Files.exists(run.resolve("config.json"))) {
        Toy.resume(config(), run, Listener.SILENT);
      } else {
        Toy.run(config(), run, Listener.SILENT);
      }
    }
  }

  private Process start() throws IOException {
    List<String> command =
        List.of(
            ProcessHandle.current().info().command().orElse("java"),
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            folder.resolve("killed").toString());
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("output").toFile())
        .start();
  }

  @Test
  @Tag("slow")
  void killedTwentyTimesItEndsTheSame() throws IOException, InterruptedException {
    RunResult whole = Toy.run(config(), folder.resolve("whole"), Listener.SILENT);
    int kills = 0;
    Path checkpoints = folder.resolve("killed/checkpoints");
    for (int attempt = 0; kills < KILLS; attempt++) {
      assertThat(attempt).as("attempts").isLessThan(10 * KILLS);
      Process child = start();
      // a moment after the process began to write, so that each attempt gets a little further
      String before = latest(checkpoints);
      while (child.isAlive() && latest(checkpoints).equals(before)) {
        Thread.sleep(1);
      }
      long wait = Counter.below(20, attempt, 40_000); // microseconds
      boolean ended = child.waitFor(wait, TimeUnit.MICROSECONDS);
      child.destroyForcibly().waitFor();
      if (ended) {
        assertThat(child.exitValue()).as(Files.readString(folder.resolve("output"))).isZero();
        break;
      }
      kills++;
    }
    assertThat(kills).isGreaterThan(5);
    RunResult killed = Toy.resume(config(), folder.resolve("killed"), Listener.SILENT);
    for (String name : List.of("parameters_sha256", "last_parameters_sha256", "test.auc")) {
      assertThat(killed.metrics().get(name)).as(name).isEqualTo(whole.metrics().get(name));
    }
    assertThat(Files.readString(folder.resolve("killed/metrics.jsonl")).lines().count())
        .isEqualTo(Files.readString(folder.resolve("whole/metrics.jsonl")).lines().count());
  }

  private static String latest(Path checkpoints) throws IOException {
    Path file = checkpoints.resolve("latest");
    return Files.exists(file) ? Files.readString(file) : "";
  }
}
