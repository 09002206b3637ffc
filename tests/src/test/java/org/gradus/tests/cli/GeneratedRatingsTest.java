// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
      double bayes = auc(r, "true probabilities (Bayes)");
      double dlrm = auc(r, "dlrm");
      double fm = auc(r, "fm, same loop");
      assertThat(fm).isLessThan(bayes - 0.02);
      assertThat(auc(r, "lr, same loop")).isLessThan(fm);
      assertThat(dlrm).isBetween(bayes - 0.02, bayes).isGreaterThan(fm + 0.01);
    }
  }

  private static double auc(Result r, String line) {
    Matcher m = Pattern.compile("\n +" + Pattern.quote(line) + " +(\\d\\.\\d+) ").matcher(r.out());
    assertThat(m.find()).as(r.out()).isTrue();
    return Double.parseDouble(m.group(1));
  }
}
