// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
}
