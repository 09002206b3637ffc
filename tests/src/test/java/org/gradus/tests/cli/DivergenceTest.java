// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A rate far too large: training ends at the first number that is not finite, and the checkpoint before it stays.
class DivergenceTest {
  @TempDir private Path folder;

  @Test
  void theMessageNamesTheStepThePartOfTheLossAndTheTensor() throws IOException {
    Cli cli = new Cli(Files.createDirectory(folder.resolve("cache")));
    Path run = folder.resolve("run");
    List<String> train =
        List.of(
            "train",
            "--model=fm",
            "--epochs=2",
            "--batch-size=50",
            "--set=optimizer=sgd",
            "--set=rate=1e12",
            "--checkpoint-every=1",
            "--device=cpu",
            "--out=" + run);
    Result r = cli.run(Cli.join(train, Cli.TINY_DATA));
    assertThat(r.code()).as(r.all()).isEqualTo(1);
    assertThat(r.err())
        .containsPattern("gradus: step \\d+: ")
        .containsPattern("loss part label is (NaN|Infinity)|not saved")
        .containsPattern("(parameter|gradient of) .+ at place \\d+")
        .contains("smaller rate")
        .doesNotContain("\tat ");
    // what is there was written before, is whole, and leads to the same end
    assertThat(run.resolve("checkpoints/latest")).exists();
    assertThat(run.resolve("metrics.json")).doesNotExist();
    Map<String, String> before = Cli.contents(run);
    assertThat(before.keySet()).noneMatch(name -> name.contains("partial"));
    Result again = cli.run("train", "--resume=" + run, "--no-baselines");
    assertThat(again.code()).isEqualTo(1);
    assertThat(lastLine(again.err())).isEqualTo(lastLine(r.err()));
    assertThat(Cli.contents(run)).isEqualTo(before);
  }

  private static String lastLine(String text) {
    return text.lines().toList().getLast();
  }
}
