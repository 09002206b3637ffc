// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Writes that fail: a disk without room, folders that cannot be written to, files where folders should be.
///
/// A process whose files may not grow beyond a limit (`ulimit -f`) stands for a full disk: the write that goes beyond it
/// fails in the middle, as on a disk that is full.
class DiskTest {
  @TempDir private static Path shared;
  private static Cli cli = new Cli(Path.of(""));
  private static Path run = Path.of("");

  @TempDir private Path folder;

  @BeforeAll
  static void train() throws IOException {
    cli = new Cli(Files.createDirectory(shared.resolve("cache")));
    run = shared.resolve("run");
    Result r = cli.run(Cli.join(fm(), List.of("--out=" + run)));
    assertThat(r.code()).as(r.all()).isZero();
    // the limits below stand between the files of JSON and those of tensors
    assertThat(Files.size(run.resolve("metrics.jsonl"))).isLessThan(8 << 10);
    assertThat(Files.size(run.resolve("model.safetensors"))).isGreaterThan(32 << 10);
  }

  private static List<String> fm() {
    return Cli.join(
        List.of("train", "--model=fm", "--epochs=2", "--batch-size=200", "--device=cpu"),
        Cli.TINY_DATA);
  }

  /// Runs a command in a process whose files end at so many KiB.
  private Result withRoomFor(int kib, Path cache, List<String> args)
      throws IOException, InterruptedException {
    List<String> java =
        new Cli(cache).command(List.of("-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"), args);
    List<String> limited =
        Cli.join(List.of("bash", "-c", "ulimit -f " + kib + "; exec \"$@\"", "limited"), java);
    Path output = folder.resolve("limited");
    return Cli.await(Cli.start(limited, output, Map.of()), output);
  }

  private static void failedClearly(Result r, String... said) {
    assertThat(r.code()).as(r.all()).isEqualTo(1);
    assertThat(r.err()).contains(said).doesNotContain("\tat ");
  }

  @Test
  void aFullDiskLeavesTheModelThatWasThere() throws IOException, InterruptedException {
    Map<String, String> before = Cli.contents(run);
    Result r = withRoomFor(32, cli.cache(), List.of("train", "--resume=" + run, "--no-baselines"));
    failedClearly(r, "cannot write " + run.resolve("model.safetensors"), "unchanged");
    assertThat(Cli.contents(run)).isEqualTo(before);
  }

  @Test
  void aFullDiskInACheckpointLeavesNoHalfOfIt() throws IOException, InterruptedException {
    Path out = folder.resolve("new");
    Result r = withRoomFor(32, cli.cache(), Cli.join(fm(), List.of("--out=" + out)));
    failedClearly(r, "cannot write", "model.safetensors");
    assertThat(Cli.contents(out).keySet())
        .contains("config.json")
        .noneMatch(name -> name.contains("partial") || name.endsWith(".safetensors"));
    // with room again it goes on, and ends as if nothing had been
    Result resumed = cli.run("train", "--resume=" + out, "--no-baselines");
    assertThat(resumed.code()).as(resumed.all()).isZero();
    assertThat(Cli.metrics(out).path("last_parameters_sha256"))
        .isEqualTo(Cli.metrics(run).path("last_parameters_sha256"));
  }

  @Test
  void aFullDiskInPreparationLeavesNoHalfPreparedData() throws IOException, InterruptedException {
    Path cache = Files.createDirectory(folder.resolve("cache"));
    Path out = folder.resolve("new");
    Result r = withRoomFor(32, cache, Cli.join(fm(), List.of("--out=" + out)));
    failedClearly(r, "failed: File too large");
    assertThat(out).doesNotExist();
    assertThat(cache).isEmptyDirectory();
  }

  @Test
  void aFileInPlaceOfAFolderIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "precious");
    Map<String, String> before = Cli.contents(folder);
    failedClearly(cli.run(Cli.join(fm(), List.of("--out=" + file))), "cannot write " + file);
    failedClearly(
        cli.run(Cli.join(fm(), List.of("--out=" + file.resolve("run")))),
        "cannot write " + file.resolve("run"));
    failedClearly(
        new Cli(file).run(Cli.join(fm(), List.of("--out=" + folder.resolve("run")))),
        file.toString());
    failedClearly(
        cli.run(
            "predict",
            "--run=" + run,
            "--in=" + CriteoText.draw(5, 1).write(shared.resolve("rows.tsv")),
            "--out=" + file.resolve("scores.csv")),
        "cannot write " + file.resolve("scores.csv"));
    assertThat(Cli.contents(folder)).isEqualTo(before);
  }

  /// Folders without the right to write: one for a new run, one for prepared data, one for scores, and a run's own.
  @Test
  void aReadOnlyFolderIsNamedAndStaysAsItWas() throws IOException, InterruptedException {
    Path closed = Files.createDirectory(folder.resolve("closed"));
    Files.writeString(closed.resolve("scores.csv"), "those of yesterday\n");
    Path finished = folder.resolve("finished");
    Result copy = cli.run(Cli.join(fm(), List.of("--out=" + finished)));
    assertThat(copy.code()).as(copy.all()).isZero();
    Path rows = CriteoText.draw(20, 1).write(folder.resolve("rows.tsv"));
    Path criteo = folder.resolve("criteo");
    Result onFile =
        cli.run("train", "--model=lr", "--data=criteo", "--path=" + rows, "--out=" + criteo);
    assertThat(onFile.code()).as(onFile.all()).isZero();
    Map<String, String> before = Cli.contents(closed);
    Map<String, String> run = Cli.contents(finished);
    List<Path> locked = new ArrayList<>(List.of(closed));
    try (Stream<Path> all = Files.walk(finished)) {
      all.filter(Files::isDirectory).forEach(locked::add);
    }
    String out = "--out=" + folder.resolve("new");
    try {
      permit(locked, "r-xr-xr-x");
      List<String> bound = Bound.by(closed);
      refused(
          as(bound, cli.cache(), Cli.join(fm(), List.of("--out=" + closed.resolve("run")))),
          closed);
      refused(as(bound, closed, Cli.join(fm(), List.of(out))), closed);
      refused(as(bound, cli.cache(), List.of("train", "--resume=" + finished)), finished);
      List<String> predict =
          List.of(
              "predict",
              "--run=" + criteo,
              "--in=" + rows,
              "--out=" + closed.resolve("scores.csv"));
      refused(as(bound, cli.cache(), predict), closed);
    } finally {
      permit(locked, "rwxr-xr-x");
    }
    assertThat(Cli.contents(closed)).isEqualTo(before);
    assertThat(Cli.contents(finished)).isEqualTo(run);
    assertThat(folder.resolve("new")).doesNotExist();
    // with the right to write, the same command works: the right is what was missing
    Result again = cli.run("train", "--resume=" + finished, "--no-baselines");
    assertThat(again.code()).as(again.all()).isZero();
  }

  private static void permit(List<Path> folders, String permissions) throws IOException {
    for (Path p : folders) {
      Files.setPosixFilePermissions(p, PosixFilePermissions.fromString(permissions));
    }
  }

  private static void refused(Result r, Path named) {
    failedClearly(r, "permission denied", named.toString());
  }

  /// Runs a command behind another one that takes rights away.
  private Result as(List<String> bound, Path cache, List<String> args)
      throws IOException, InterruptedException {
    List<String> java =
        new Cli(cache).command(List.of("-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"), args);
    Path output = folder.resolve("bound");
    return Cli.await(Cli.start(Cli.join(bound, java), output, Map.of()), output);
  }
}
