// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.resume;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.gradus.tensor.Counter;
import org.gradus.tests.cli.Cli;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Processes of `gradus train` that are killed with SIGKILL: with dropout, batch norm, Adam, early stopping and shuffling,
/// over three epochs. They write a checkpoint after every step, so that much of their time is spent in that.
class KillAndResumeTest {
  private static final int STEPS_PER_EPOCH = 12;
  private static final int EPOCHS = 3;
  private static final int ATTEMPTS = 20;

  /// For the processes that are killed; the others write none but at the end of an epoch.
  private static final List<String> OFTEN = List.of("--checkpoint-every=1");

  private static final List<String> RARELY = List.of("--checkpoint-every=0");

  @TempDir private static Path folder;
  private static Cli cli = new Cli(Path.of(""));
  private static Map<String, String> expected = Map.of();

  @BeforeAll
  static void runToTheEnd() throws IOException {
    cli = new Cli(Files.createDirectory(folder.resolve("cache")));
    Path whole = folder.resolve("whole");
    Result r = cli.run(Cli.join(train(whole), RARELY));
    assertThat(r.code()).as(r.all()).isZero();
    expected = Runs.comparable(whole);
    assertThat(expected).containsKeys("parameters_sha256", "last_parameters_sha256", "test.auc");
    assertThat(expected.get("steps")).isEqualTo("" + EPOCHS * STEPS_PER_EPOCH);
    // early stopping kept another epoch than the last, so that its memory matters
    assertThat(expected.get("parameters_sha256"))
        .isNotEqualTo(expected.get("last_parameters_sha256"));
  }

  private static List<String> train(Path out) {
    return Cli.join(
        List.of(
            "train",
            "--model=deepfm",
            "--set=hidden=8,4",
            "--set=embeddingDim=4",
            "--set=batchNorm=true",
            "--set=dropout=0.2",
            "--set=optimizer=adam",
            "--set=rate=0.02",
            "--set=patience=3",
            "--set=metric=valid.logloss",
            "--epochs=" + EPOCHS,
            "--batch-size=50",
            "--seed=9",
            "--device=cpu",
            "--out=" + out),
        Cli.TINY_DATA);
  }

  /// When to kill.
  private interface Moment {
    boolean reached(Path run) throws IOException;
  }

  /// Starts a run, kills it, and resumes it.
  ///
  /// @param micros to wait between the moment and the kill
  /// @return whether the kill came before the end and left something half-written
  private static boolean killed(String name, Moment moment, long micros)
      throws IOException, InterruptedException {
    Path run = folder.resolve(name);
    Path output = folder.resolve(name + "-output");
    Process child =
        Cli.start(
            cli.command(List.of("-XX:TieredStopAtLevel=1"), Cli.join(train(run), OFTEN)),
            output,
            Map.of());
    while (child.isAlive() && !moment.reached(run)) {
      Thread.sleep(0, 300_000); // the process under test needs the processors
    }
    child.waitFor(micros, TimeUnit.MICROSECONDS);
    child.destroyForcibly();
    Result r = Cli.await(child, output);
    boolean partial = Runs.holdsPartial(run);
    boolean ended = Files.exists(run.resolve("metrics.json"));
    assertThat(r.code()).as(r.all()).isEqualTo(ended && r.code() == 0 ? 0 : 128 + 9);
    System.out.printf(
        "%s: killed after the checkpoint of step %d%s%n",
        name, Runs.latest(run), partial ? ", inside a write" : "");
    Result resumed =
        cli.run(Cli.join(List.of("train", "--resume=" + run, "--no-baselines"), RARELY));
    assertThat(resumed.code()).as(resumed.all()).isZero();
    assertThat(Runs.comparable(run)).as(name).isEqualTo(expected);
    assertThat(Runs.holdsPartial(run)).isFalse();
    return partial && !ended;
  }

  /// A seeded place of the run: after the checkpoint of some step, and some time later.
  private static void killedAtPoint(int point) throws IOException, InterruptedException {
    long steps = EPOCHS * STEPS_PER_EPOCH;
    long step = 1 + Counter.below(6, point, (int) steps - 2);
    killed("point-" + point, run -> Runs.latest(run) >= step, Counter.below(7, point, 20_000));
  }

  @Test
  void killedAtSeededPointsItEndsTheSame() throws IOException, InterruptedException {
    for (int point = 0; point < 3; point++) {
      killedAtPoint(point);
    }
  }

  @Test
  @Tag("slow")
  void killedAtTwentySeededPointsItEndsTheSame() throws IOException, InterruptedException {
    for (int point = 3; point < 20; point++) {
      killedAtPoint(point);
    }
    for (int step : new int[] {1, 12, 13, 24, 36}) {
      killedInsideTheCheckpointOf(step);
    }
  }

  @Test
  void killedInsideACheckpointItEndsTheSame() throws IOException, InterruptedException {
    killedInsideTheCheckpointOf(17);
  }

  /// A write takes a few milliseconds, so a kill may come too late: then again.
  private static void killedInsideTheCheckpointOf(int step)
      throws IOException, InterruptedException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      String name = "inside-" + step + "-" + attempt;
      Path partial = folder.resolve(name).resolve("checkpoints/.step-%06d.partial".formatted(step));
      if (killed(name, _ -> Files.exists(partial), 0)) {
        return;
      }
    }
    throw new AssertionError("no kill of " + ATTEMPTS + " fell into a write");
  }
}
