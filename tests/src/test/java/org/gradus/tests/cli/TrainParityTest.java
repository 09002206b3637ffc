// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.gradus.tests.device.DeviceUnderTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// A run of the command line on the cpu device, or on the one that is asked for, beside the same run on `reference`.
@Tag("device")
@Tag("training")
class TrainParityTest {
  @TempDir private Path folder;

  /// With the default optimiser of the model, evaluation and all. The losses of ten plain steps differ by less than 5·10⁻⁶, see
  /// [org.gradus.tests.parity.ModelParityTest]; an optimiser that divides by small numbers may make fifty times as much of that, and
  /// d logloss/d logit is at most 1: 2⁻¹². The AUC of 100 rows, 10 or more of either label, counts 900 pairs or more; one may change its
  /// order.
  @ParameterizedTest
  @ValueSource(strings = {"fm", "dlrm"})
  void metricsAgree(String model) throws IOException {
    JsonNode exact = metrics(model, "reference");
    JsonNode found = metrics(model, DeviceUnderTest.one());
    assertThat(found.path("device").asString()).startsWith(DeviceUnderTest.one());
    for (String split : List.of("valid", "test")) {
      assertThat(found.path(split + ".logloss").asDouble())
          .as("%s %s logloss", model, split)
          .isCloseTo(exact.path(split + ".logloss").asDouble(), within(0x1p-12));
      assertThat(found.path(split + ".auc").asDouble())
          .as("%s %s auc", model, split)
          .isCloseTo(exact.path(split + ".auc").asDouble(), within(1.01 / 900));
    }
  }

  private JsonNode metrics(String model, String device) throws IOException {
    Path run = folder.resolve(model + "-" + device);
    Cli.Result r =
        new Cli(folder.resolve("cache"))
            .run(
                "train",
                "--model=" + model,
                "--device=" + device,
                "--epochs=1",
                "--batch-size=60",
                "--data=criteo-synthetic",
                "--set=data.rows=600",
                "--set=data.validRows=100",
                "--set=data.testRows=100",
                "--no-baselines",
                "--out=" + run);
    assertThat(r.code()).as(r.all()).isZero();
    return Cli.metrics(run);
  }
}
