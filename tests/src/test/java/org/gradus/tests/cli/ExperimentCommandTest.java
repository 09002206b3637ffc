// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.gradus.tests.cli.Cli.Result;
import org.gradus.trainer.experiment.Study;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Experiments from the command line, on a few rows.
class ExperimentCommandTest {
  private static final List<String> FEW =
      List.of(
          "--device=cpu",
          "--set=data.rows=2000",
          "--set=data.validRows=300",
          "--set=data.testRows=500",
          "--epochs=1");

  @TempDir private Path folder;
  private Cli cli = new Cli(Path.of(""));

  @BeforeEach
  void cache() throws IOException {
    cli = new Cli(Files.createDirectories(folder.resolve("cache")));
  }

  private Result run(String... more) {
    Result r =
        cli.run(Cli.join(List.of("experiment", "run"), List.of(more), FEW).toArray(String[]::new));
    assertThat(r.code()).as(r.all()).isZero();
    return r;
  }

  @Test
  void registeredExperimentsRun() throws IOException {
    Result listed = cli.run("experiment", "list");
    assertThat(listed.out()).contains("mmoe", "ple", "shared-bottom", "esmm");
    Path out = folder.resolve("mmoe");
    Result r = run("mmoe", "--set=data.scenarios=2", "--out=" + out);
    assertThat(r.out())
        .contains("mmoe on tasks-synthetic, seed 0, GAUC weighted UNIFORM")
        .contains("|   auc_first |   auc_macro |   auc_second |")
        .contains("| scenario |")
        .contains("run: " + out);
    assertThat(r.out()).contains(Files.readString(out.resolve("experiment.txt")));
    assertThat(out.resolve("report.html")).content().contains("<h2>Gates</h2>", "gate/first");
    assertThat(out.resolve("metrics.json")).content().contains("valid.share.gate/second.3");
  }

  /// Another model on the same data, with one task.
  @Test
  void modelsAndTasksMayBeOthers() {
    Result r =
        run("mmoe", "--model=shared-bottom", "--tasks=second", "--out=" + folder.resolve("one"));
    assertThat(r.out())
        .contains("shared-bottom on")
        .contains("|    auc |   gauc |   valid_users |");
  }

  /// Every registered experiment, on few of its rows.
  @ParameterizedTest
  @MethodSource("org.gradus.trainer.experiment.Experiment#names")
  void everyRegisteredExperimentTrains(String name) {
    Result r =
        cli.run(
            "experiment",
            "run",
            name,
            "--device=cpu",
            "--set=data.rows=300",
            "--set=data.validRows=100",
            "--set=data.testRows=100",
            "--epochs=1",
            "--out=" + folder.resolve(name));
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out()).contains(name + " on tasks-synthetic, seed 0");
  }

  /// Every entry of the comparison that is shipped can be built, and two of them train: four models of a task in a scenario, and one of all.
  @Test
  void modelsAreComparedBesideModelsThatAreTrainedApart() throws IOException {
    Path file =
        Path.of(
            System.getProperty("gradus.root"), "docs", "examples", "multi-task", "planted.yaml");
    Study shipped = Study.read(file);
    assertThat(shipped.entries().stream().map(Study.Entry::model).distinct())
        .contains("shared-bottom", "mmoe", "ple", "hmoe", "star", "pepnet");
    Path out = folder.resolve("table.md");
    Result r =
        cli.run(
            "experiment",
            "compare",
            file.toString(),
            "--only=per task,PEPNet",
            "--device=cpu",
            "--set=data.rows=300",
            "--set=data.validRows=100",
            "--set=data.testRows=100",
            "--epochs=1",
            "--seeds=1",
            "--out=" + out);
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out())
        .contains("| model | first · 0 | first · 1 | first · 2 | second · 0 |")
        .containsPattern("\\| the true probabilities \\|( 0\\.\\d{4} \\|){7}")
        .containsPattern("\\| PEPNet \\|( 0\\.\\d{4} \\|){7} [0-9,]+ \\| `towerUnits=")
        .containsPattern("gain over per task [\\s\\S]*\\| PEPNet \\|( [-+]0\\.\\d{4} \\|){7}");
    assertThat(r.out()).endsWith(Files.readString(out));
    Path nowhere = folder.resolve("nowhere").resolve("table.md");
    assertThat(cli.run("experiment", "compare", file.toString(), "--out=" + nowhere).err())
        .contains("--out: cannot write " + nowhere + ": its folder is not there.")
        .doesNotContain("generating");
    assertThat(cli.run("experiment", "compare", file.toString(), "--set=towerUnits=3").err())
        .contains("--set towerUnits: no option of training or data");
  }

  /// A rate that is trained on clicked rows alone has a column of its own, in which ESMM is measured too.
  @Test
  void ratesOfClickedRowsAreCompared() {
    Path file =
        Path.of(
            System.getProperty("gradus.root"),
            "docs",
            "examples",
            "multi-task",
            "planted-clicked.yaml");
    Result r =
        cli.run(
            "experiment",
            "compare",
            file.toString(),
            "--only=per task,ESMM",
            "--device=cpu",
            "--set=data.rows=600",
            "--set=data.validRows=300",
            "--set=data.testRows=300",
            "--epochs=1",
            "--seeds=1");
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.out())
        .contains("| model | first | second | second_of_first | mean |")
        .containsPattern("\\| ESMM \\|( 0\\.\\d{4} \\|){4}");
  }
}
