// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.gradus.tensor.Counter;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files that were cut or changed after they were written, that belong to something else, or that are missing: each is
/// named, and everything stays as it is.
class DamagedFilesTest {
  @TempDir private static Path shared;
  private static Path cache = Path.of("");

  @TempDir private Path folder;

  @BeforeAll
  static void train() throws IOException {
    cache = Files.createDirectory(shared.resolve("cache"));
    CriteoText.draw(80, 4).write(shared.resolve("rows.tsv"));
    for (String model : List.of("lr", "fm")) {
      Result r = new Cli(cache).run(train(model, shared.resolve(model)));
      assertThat(r.code()).as(r.all()).isZero();
    }
  }

  private static List<String> train(String model, Path out) {
    return List.of(
        "train",
        "--model=" + model,
        "--data=criteo",
        "--path=" + shared.resolve("rows.tsv"),
        "--batch-size=16",
        "--epochs=2",
        "--set=patience=2",
        "--device=cpu",
        "--out=" + out);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path p : all.toList()) {
        Files.copy(p, to.resolve(from.relativize(p).toString()));
      }
    }
  }

  /// A copy of a run.
  private Path copied(String model) throws IOException {
    Path run = folder.resolve(model);
    copy(shared.resolve(model), run);
    return run;
  }

  private static Path latest(Path run) throws IOException {
    String name = Files.readString(run.resolve("checkpoints/latest")).strip();
    return run.resolve("checkpoints").resolve(name);
  }

  /// Cut to nothing, cut somewhere, and with one bit changed at seeded places.
  private static List<byte[]> damaged(byte[] good, long seed) {
    List<byte[]> found = new ArrayList<>();
    found.add(new byte[0]);
    found.add(Arrays.copyOf(good, (int) Counter.below(seed, 0, good.length - 1)));
    found.add(
        Arrays.copyOf(good, good.length - 2)); // of JSON, the last brace and the end of its line
    for (int i = 1; i <= 6; i++) {
      byte[] flipped = good.clone();
      flipped[(int) Counter.below(seed, i, good.length)] ^=
          (byte) (1 << Counter.below(seed, -i, 8));
      found.add(flipped);
    }
    return found;
  }

  private void eachDamageIsNamed(Path file, Path kept, List<String> command) throws IOException {
    byte[] good = Files.readAllBytes(file);
    Cli cli = new Cli(folder.resolve("cache"));
    long seed = Counter.key(1, file.getFileName().toString());
    for (byte[] bad : damaged(good, seed)) {
      Files.write(file, bad);
      Map<String, String> before = Cli.contents(kept);
      Result r = cli.run(command);
      int place = Arrays.mismatch(good, bad);
      assertThat(r.code()).as("byte %d of %s%n%s", place, file, r.all()).isEqualTo(1);
      assertThat(r.err())
          .as("byte %d", place)
          .contains(file.getFileName().toString())
          .doesNotContain("\tat ")
          .doesNotContain("--verbose shows where");
      assertThat(Cli.contents(kept)).isEqualTo(before);
    }
    Files.write(file, good);
    Result r = cli.run(command);
    assertThat(r.code()).as(r.all()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"train.rows", "valid.rows", "test.rows", "facts", "encoder"})
  void preparedFilesAreVerified(String name) throws IOException {
    Path own = folder.resolve("cache");
    copy(cache, own);
    try (Stream<Path> folders = Files.list(own)) {
      Path prepared = folders.toList().getFirst();
      eachDamageIsNamed(
          prepared.resolve(name),
          own,
          List.of("evaluate", "--run=" + shared.resolve("lr"), "--device=cpu"));
    }
  }

  @Test
  void theModelIsVerified() throws IOException {
    copy(cache, folder.resolve("cache"));
    Path run = copied("lr");
    eachDamageIsNamed(
        run.resolve("model.safetensors"), run, List.of("evaluate", "--run=" + run, "--device=cpu"));
  }

  @Test
  void theEncoderOfARunIsVerified() throws IOException {
    Files.createDirectory(folder.resolve("cache"));
    Path run = copied("lr");
    eachDamageIsNamed(
        run.resolve("encoder/encoder"),
        run,
        List.of(
            "predict",
            "--run=" + run,
            "--in=" + shared.resolve("rows.tsv"),
            "--out=" + folder.resolve("scores.csv"),
            "--device=cpu"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "optimizer.safetensors", "state.json"})
  void checkpointsAreVerified(String name) throws IOException {
    copy(cache, folder.resolve("cache"));
    Path run = copied("fm");
    eachDamageIsNamed(latest(run).resolve(name), run, List.of("train", "--resume=" + run));
  }

  @Test
  void aPointerToNothingAndAHistoryCutShortAreNamed() throws IOException {
    Cli cli = new Cli(cache);
    Path run = copied("lr");
    Path history = run.resolve("metrics.jsonl");
    byte[] good = Files.readAllBytes(history);
    Files.write(history, Arrays.copyOf(good, good.length / 2));
    unchanged(cli, run, List.of("train", "--resume=" + run), "metrics.jsonl", "expected at least");
    Files.write(history, good);
    Files.writeString(run.resolve("checkpoints/latest"), "step-999999\n");
    unchanged(
        cli,
        run,
        List.of("train", "--resume=" + run),
        "step-999999",
        Objects.requireNonNull(latest(shared.resolve("lr")).getFileName()).toString());
    Files.delete(run.resolve("model.safetensors"));
    unchanged(cli, run, List.of("evaluate", "--run=" + run), "model.safetensors", "did not end");
  }

  @Test
  void anotherModelsTensorsAreRefusedWithTheWholeList() throws IOException {
    Cli cli = new Cli(cache);
    Path run = copied("fm");
    Files.delete(run.resolve("model.safetensors"));
    Files.copy(shared.resolve("lr/model.safetensors"), run.resolve("model.safetensors"));
    unchanged(
        cli,
        run,
        List.of("evaluate", "--run=" + run),
        "does not fit the model",
        "Missing: v/cat_0",
        "v/cat_25",
        "Unknown: none");
    replace(latest(shared.resolve("lr")), latest(run));
    unchanged(cli, run, List.of("train", "--resume=" + run), "does not fit the model", "v/cat_25");
  }

  private static void replace(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.list(from)) {
      for (Path p : files.toList()) {
        Files.write(to.resolve(p.getFileName().toString()), Files.readAllBytes(p));
      }
    }
  }

  @Test
  void configurationsWithUnknownOrBrokenPartsAreNamed() throws IOException {
    Cli cli = new Cli(cache);
    Path run = copied("lr");
    Path config = run.resolve("config.json");
    String good = Files.readString(config);
    Files.writeString(config, good.replace("\"seed\"", "\"sead\""));
    unchanged(cli, run, List.of("evaluate", "--run=" + run), "config.json", "sead");
    Files.writeString(config, good.substring(0, good.length() / 2));
    unchanged(cli, run, List.of("train", "--resume=" + run), "config.json");
    Files.writeString(config, good.replace("\"lr\"", "\"lrx\""));
    unchanged(cli, run, List.of("train", "--resume=" + run), "model lrx: no such model");
  }

  /// Data that changed since are another data set.
  @Test
  void otherDataAreRefused() throws IOException {
    Cli cli = new Cli(Files.createDirectory(folder.resolve("cache")));
    Path run = copied("lr");
    Path other = CriteoText.draw(80, 4).with(5, 1, "77").write(folder.resolve("rows.tsv"));
    unchanged(
        cli, run, List.of("train", "--resume=" + run, "--path=" + other), "the data has hash");
    // the same rows elsewhere are the same data
    Path same = CriteoText.draw(80, 4).write(folder.resolve("same.tsv"));
    Result r = cli.run("train", "--resume=" + run, "--path=" + same);
    assertThat(r.code()).as(r.all()).isZero();
  }

  private static void unchanged(Cli cli, Path run, List<String> command, String... said)
      throws IOException {
    Map<String, String> before = Cli.contents(run);
    Result r = cli.run(command);
    assertThat(r.code()).as(r.all()).isEqualTo(1);
    assertThat(r.err()).contains(said).doesNotContain("\tat ");
    assertThat(Cli.contents(run)).isEqualTo(before);
  }
}
