// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.Assumptions;
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

  @Test
  void aReadOnlyFolderIsNamed() throws IOException {
    Path closed = Files.createDirectory(folder.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));
    Assumptions.assumeFalse(
        Files.isWritable(closed), "permissions do not bind this user (root): nothing to see here");
    failedClearly(
        cli.run(Cli.join(fm(), List.of("--out=" + closed.resolve("run")))), "permission denied");
    failedClearly(
        new Cli(closed).run(Cli.join(fm(), List.of("--out=" + folder.resolve("run")))),
        "permission denied");
    assertThat(closed).isEmptyDirectory();
  }
}
