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
