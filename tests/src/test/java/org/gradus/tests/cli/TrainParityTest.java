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
class TrainParityTest {
  @TempDir private Path folder;

  /// With the default optimiser of the model, and evaluation. The bounds: a float32 logit of a model this small is off by less than
  /// 2⁻¹² after 12 steps, by [org.gradus.tests.parity.ModelParityTest] with room to spare, and |d logloss/d logit| ≤ 1; the AUC of 200
  /// rows changes where two scores that close change places, 1 in 2,000 pairs at the most when scores spread over 1.
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
          .isCloseTo(exact.path(split + ".auc").asDouble(), within(0x1p-11));
    }
  }

  private JsonNode metrics(String model, String device) throws IOException {
    Path run = folder.resolve(model + "-" + device);
    Cli.Result r =
        new Cli(folder.resolve("cache"))
            .run(
                Cli.join(
                    List.of(
                        "train",
                        "--model=" + model,
                        "--device=" + device,
                        "--epochs=2",
                        "--batch-size=100",
                        "--out=" + run),
                    Cli.TINY_DATA));
    assertThat(r.code()).as(r.all()).isZero();
    return Cli.metrics(run);
  }
}
