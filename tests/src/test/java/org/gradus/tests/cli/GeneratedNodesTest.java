// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.gradus.tests.cli.Cli.Result;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Nodes of which few have a label, from the command line: planted importance is found, whichever way heads are split and batches are
/// made.
class GeneratedNodesTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "easing, headSplit=COUPLED, data.batching=MIXED",
    "easing, headSplit=DECOUPLED, data.batching=STRATIFIED",
    "source-attention, attentionLevel=POPULATION, data.transductive=true"
  })
  void plantedImportanceIsFound(String model, String option, String batching) throws IOException {
    Cli cli = new Cli(Files.createDirectories(folder.resolve("cache")));
    Path run = folder.resolve("run");
    Result r =
        cli.run(
            Cli.join(
                List.of(
                    "train",
                    "--data=nodes-synthetic",
                    "--model=" + model,
                    "--device=cpu",
                    "--epochs=5",
                    "--out=" + run),
                List.of(
                    "--set=" + option,
                    "--set=" + batching,
                    "--set=width=8",
                    "--set=data.rows=800",
                    "--set=data.validRows=100",
                    "--set=data.testRows=300",
                    "--set=data.labelled=0.5",
                    "--batch-size=32",
                    "--set=rate=0.005")));
    assertThat(r.code()).as(r.all()).isZero();
    JsonNode m = Cli.metrics(run);
    double rmse = m.path("test.rmse").asDouble();
    // of the mean of all test labels, and of the truth without its noise
    assertThat(rmse).isLessThan(m.path("constant_rmse").asDouble());
    assertThat(rmse).isGreaterThan(0.9 * m.path("bayes_rmse").asDouble());
  }
}
