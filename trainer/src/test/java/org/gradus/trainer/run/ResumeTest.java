// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.gradus.data.DataSet;
import org.gradus.trainer.run.TrainConfig.Execution;
import org.gradus.trainer.run.TrainConfig.Loop;
import org.gradus.trainer.store.StoreException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A run that was interrupted and resumed ends as the run that was not; what was damaged is named and left alone.
class ResumeTest {
  @TempDir private static Path whole;
  private static Map<String, String> expected = Map.of();

  @TempDir private Path folder;

  /// As abrupt as it gets within one process: nothing after it runs, no checkpoint is written.
  private static final class Killed extends RuntimeException {}

  private static Listener killedAfter(long step) {
    return new Listener() {
      @Override
      public void stepDone(long done, int rows, Map<String, Double> parts) {
        if (done == step) {
          throw new Killed();
        }
      }
    };
  }

  @BeforeAll
  static void runToTheEnd() throws IOException {
    Toy.run(Toy.config(), whole.resolve("run"), Listener.SILENT);
    expected = comparable(whole.resolve("run"));
    assertThat(expected).containsKeys("last_parameters_sha256", "test.auc", "history");
  }

  /// Everything a run leaves but the time it took.
  private static Map<String, String> comparable(Path run) throws IOException {
    Map<String, String> found = new TreeMap<>();
    for (String line : Files.readAllLines(run.resolve("metrics.json"))) {
      if (!line.contains("second") && line.contains(":")) {
        String[] pair = line.strip().split("\" : ", 2);
        found.put(pair[0].substring(1), pair[1]);
      }
    }
    found.put(
        "history",
        Files.readString(run.resolve("metrics.jsonl")).replaceAll(",\"seconds\":[^}]*", ""));
    return found;
  }

  private static void killAt(TrainConfig config, Path run, long step) {
    assertThatThrownBy(() -> Toy.run(config, run, killedAfter(step))).isInstanceOf(Killed.class);
  }

  /// 30 steps, ten an epoch, checkpoints every fourth and at each end.
  @ParameterizedTest
  @ValueSource(longs = {1, 4, 9, 10, 14, 23, 30})
  void killedAtAnyStepItEndsTheSame(long step) throws IOException {
    killAt(Toy.config(), folder.resolve("run"), step);
    Toy.resume(Toy.config(), folder.resolve("run"), Listener.SILENT);
    assertThat(comparable(folder.resolve("run"))).isEqualTo(expected);
  }

  @Test
  void killedAgainAndAgainWithOtherCheckpointsAndThreads() throws IOException {
    Path run = folder.resolve("run");
    killAt(Toy.config(), run, 6);
    for (long step : new long[] {5, 8, 13, 22, 29}) {
      TrainConfig other = Toy.config().with(new Execution(3, 1 + step % 3));
      assertThatThrownBy(() -> Toy.resume(other, run, killedAfter(step)))
          .isInstanceOf(Killed.class);
    }
    Toy.resume(Toy.config(), run, Listener.SILENT);
    assertThat(comparable(run)).isEqualTo(expected);
  }

  /// What a kill leaves at the places where files change.
  @Test
  void halfDoneWritesAreUndone() throws IOException {
    Path run = folder.resolve("run");
    killAt(Toy.config(), run, 13);
    Path checkpoints = run.resolve("checkpoints");
    // inside a checkpoint
    Path partial = Files.createDirectory(checkpoints.resolve(".step-000013.partial"));
    Files.writeString(partial.resolve("model.safetensors"), "half");
    // after a checkpoint got its name and before latest did
    copyFolder(checkpoints.resolve("step-000012"), checkpoints.resolve("step-000016"));
    Files.writeString(checkpoints.resolve(".latest.partial"), "step-0");
    // inside a line of the history, after an epoch that no checkpoint knows
    Files.writeString(
        run.resolve("metrics.jsonl"),
        "{\"epoch\":2,\"step\":20}\n{\"epo",
        StandardCharsets.UTF_8,
        StandardOpenOption.APPEND);
    Toy.resume(Toy.config(), run, Listener.SILENT);
    assertThat(comparable(run)).isEqualTo(expected);
    assertThat(partial).doesNotExist();
  }

  @Test
  void killedBeforeTheFirstCheckpointAndAfterTheEnd() throws IOException {
    Path run = folder.resolve("run");
    TrainConfig config = Toy.config();
    RunFolder.create(run).writeConfig(config);
    Toy.resume(config, run, Listener.SILENT);
    assertThat(comparable(run)).isEqualTo(expected);
    // between the last checkpoint and the files of the end
    Files.delete(run.resolve("model.safetensors"));
    Files.delete(run.resolve("metrics.json"));
    Toy.resume(config, run, killedAfter(1));
    assertThat(comparable(run)).isEqualTo(expected);
  }

  @Test
  void stoppedOnRequestItWritesACheckpointAndGoesOnLater() throws IOException {
    Path run = folder.resolve("run");
    long[] steps = {0};
    RunResult stopped =
        Toy.run(
            Toy.config(),
            run,
            new Listener() {
              @Override
              public void stepDone(long step, int rows, Map<String, Double> parts) {
                steps[0] = step;
              }

              @Override
              public boolean stopRequested() {
                return steps[0] == 10; // the last step of an epoch, before it is measured
              }
            });
    assertThat(stopped.interrupted()).isTrue();
    assertThat(run.resolve("checkpoints/latest")).hasContent("step-000010\n");
    assertThat(run.resolve("metrics.json")).doesNotExist();
    Toy.resume(Toy.config(), run, Listener.SILENT);
    assertThat(comparable(run)).isEqualTo(expected);
  }

  @Test
  void twoAtOnceInOneFolderAreRefused() throws IOException {
    Path run = folder.resolve("run");
    killAt(Toy.config(), run, 13);
    List<Throwable> refused = new ArrayList<>();
    Listener second =
        new Listener() {
          @Override
          public void stepDone(long step, int rows, Map<String, Double> parts) {
            refused.add(catchThrowable(() -> Toy.resume(Toy.config(), run, Listener.SILENT)));
          }
        };
    Toy.resume(Toy.config(), run, second);
    assertThat(refused)
        .isNotEmpty()
        .allSatisfy(
            e ->
                assertThat(e)
                    .isInstanceOf(StoreException.class)
                    .hasMessageStartingWith(run + " is in use: another process trains there."));
    assertThat(comparable(run)).isEqualTo(expected);
    assertThat(run.resolve(".lock")).doesNotExist();
  }

  @Test
  void anotherSeedBatchSizeOrDataIsRefused() throws IOException {
    Path run = folder.resolve("run");
    killAt(Toy.config(), run, 5);
    Map<String, String> before = contents(run);
    TrainConfig config = Toy.config();
    Loop l = config.loop();
    assertThatThrownBy(
            () ->
                Toy.resume(
                    config.withSeed(6).with(new Loop(l.epochs(), 0, 8, false)),
                    run,
                    Listener.SILENT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("loop.batchSize: 8, expected 16")
        .hasMessageContaining("seed: 6, expected 5");
    DataSet data = Toy.data();
    DataSet other =
        new DataSet(
            "toy", data.schema(), data.train(), data.valid(), data.test(), Map.of(), "toy-2");
    assertThatThrownBy(
            () -> Toy.with(config, other, t -> t.resume(RunFolder.open(run), Listener.SILENT)))
        .hasMessageContaining("the data has hash toy-2, that of the run toy-1");
    assertThatThrownBy(() -> Toy.run(config, run, Listener.SILENT))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("holds a run already");
    assertThatThrownBy(() -> Toy.resume(config, folder.resolve("none"), Listener.SILENT))
        .hasMessageContaining("is no run: it has no config.json");
    assertThat(contents(run)).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "optimizer.safetensors", "state.json"})
  void damagedCheckpointsAreNamedAndLeftAlone(String name) throws IOException {
    Path run = folder.resolve("run");
    killAt(Toy.config(), run, 5);
    Path file = run.resolve("checkpoints/step-000004").resolve(name);
    byte[] good = Files.readAllBytes(file);
    byte[] cut = java.util.Arrays.copyOf(good, good.length / 2);
    byte[] flipped = good.clone();
    flipped[good.length * 2 / 3] ^= 4;
    for (byte[] bad : List.of(cut, flipped, new byte[0])) {
      Files.write(file, bad);
      Map<String, String> before = contents(run);
      assertThatThrownBy(() -> Toy.resume(Toy.config(), run, Listener.SILENT))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining(name)
          .hasMessageContaining("damaged");
      assertThat(contents(run)).isEqualTo(before);
    }
    Files.write(file, good);
    Toy.resume(Toy.config(), run, Listener.SILENT);
    assertThat(comparable(run)).isEqualTo(expected);
  }

  @Test
  void aCheckpointOfAnotherModelIsRefusedWithTheWholeList() throws IOException {
    Path run = folder.resolve("run");
    killAt(Toy.config(), run, 5);
    // the folder says FM, its checkpoint is DeepFM's
    TrainConfig fm = Toy.of("fm", Map.of());
    new RunFolder(run).writeConfig(fm);
    Map<String, String> before = contents(run);
    assertThatThrownBy(() -> Toy.resume(fm, run, Listener.SILENT))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("does not fit the model")
        .hasMessageContaining("Missing: ")
        .hasMessageContaining("Unknown: ");
    assertThat(contents(run)).isEqualTo(before);
  }

  private static void copyFolder(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path f : files.toList()) {
        Files.copy(f, to.resolve(Objects.requireNonNull(f.getFileName())));
      }
    }
  }

  private static Map<String, String> contents(Path run) throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> files = Files.walk(run)) {
      for (Path f : files.filter(Files::isRegularFile).toList()) {
        found.put(f.toString(), java.util.Arrays.toString(Files.readAllBytes(f)));
      }
    }
    return found;
  }
}
