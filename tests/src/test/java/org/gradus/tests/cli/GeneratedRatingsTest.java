// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The interactions planted in generated ratings can be learned, and only by a model that has interactions of three.
class GeneratedRatingsTest {
  @TempDir private Path folder;

  /// Generated ratings of a user are a minute apart, so that a pause of 59 seconds makes a session of each.
  @Test
  void aModelOfSessionsReadsDividedHistories() throws IOException {
    Cli cli = new Cli(Files.createDirectory(folder.resolve("cache")));
    Path run = folder.resolve("run");
    Result r =
        cli.run(
            "train",
            "--model=dsin",
            "--data=movielens-synthetic",
            "--set=data.users=60",
            "--set=data.items=40",
            "--set=data.ratings=1200",
            "--set=data.history=all",
            "--set=data.sessionPause=59",
            "--set=data.maxSessions=3",
            "--set=hidden=8",
            "--epochs=1",
            "--no-baselines",
            "--out=" + run);
    assertThat(r.code()).as(r.all()).isZero();
    assertThat(r.err()).doesNotContain("no sessions in the data");
    Result explained = cli.run("explain", "--run=" + run, "--row=0");
    assertThat(explained.code()).as(explained.all()).isZero();
    assertThat(explained.out()).contains("activation/interests", "activation/states");
  }

  @Test
  @Tag("slow")
  void deepModelsComeNearTheTrueProbabilitiesAndBaselinesDoNot() throws IOException {
    Cli cli = new Cli(Files.createDirectory(folder.resolve("cache")));
    for (String seed : List.of("0", "1")) {
      Result r =
          cli.run(
              "train",
              "--data=movielens-synthetic",
              "--seed=" + seed,
              "--out=" + folder.resolve("run" + seed));
      assertThat(r.code()).as(r.all()).isZero();
      double bayes = r.testAuc("true probabilities (Bayes)");
      double dlrm = r.testAuc("dlrm");
      double fm = r.testAuc("fm, same loop");
      assertThat(fm).isLessThan(bayes - 0.02);
      assertThat(r.testAuc("lr, same loop")).isLessThan(fm);
      assertThat(dlrm).isBetween(bayes - 0.02, bayes).isGreaterThan(fm + 0.01);
    }
  }
}
