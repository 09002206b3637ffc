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

/// Interactions of a planted order are learned by a model that can express it, and by no other.
class GeneratedInteractionsTest {
  @TempDir private Path folder;

  private Result train(int order, String model, String... options) throws IOException {
    Cli cli = new Cli(Files.createDirectories(folder.resolve("cache")));
    List<String> common =
        List.of(
            "train",
            "--data=interactions-synthetic",
            "--set=data.order=" + order,
            "--model=" + model,
            "--epochs=15",
            "--out=" + folder.resolve(model));
    Result r = cli.run(Cli.join(common, List.of(options)));
    assertThat(r.code()).as(r.all()).isZero();
    return r;
  }

  @Test
  @Tag("slow")
  void aFactorizationMachineLearnsPairsAndLogisticRegressionDoesNot() throws IOException {
    Result r = train(2, "fm", "--set=embeddingDim=16");
    double bayes = r.testAuc("true probabilities (Bayes)");
    assertThat(r.testAuc("fm")).isBetween(bayes - 0.01, bayes + 0.001);
    assertThat(r.testAuc("lr, same loop")).isBetween(0.48, 0.52);
  }

  @Test
  @Tag("slow")
  void deepAndCrossLearnsTriplesAndAFactorizationMachineDoesNot() throws IOException {
    Result r =
        train(
            3,
            "dcn",
            "--set=width=FIXED",
            "--set=layers=3",
            "--set=hidden=64,32",
            "--set=batchNorm=false");
    double bayes = r.testAuc("true probabilities (Bayes)");
    assertThat(r.testAuc("dcn")).isBetween(bayes - 0.01, bayes + 0.001);
    assertThat(r.testAuc("fm, same loop")).isBetween(0.48, 0.52);
    assertThat(r.testAuc("lr, same loop")).isBetween(0.48, 0.52);
  }
}
