// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import org.gradus.trainer.run.TrainConfig;
import org.jspecify.annotations.Nullable;

/// What a run does when nothing else is asked for.
final class Presets {
  private Presets() {}

  /// Three passes of Adam at 10⁻³ over batches of 1024, for DLRM and generated data unless named.
  static TrainConfig of(@Nullable String model, @Nullable String data) {
    return TrainConfig.of(
            model == null ? "dlrm" : model, data == null ? "criteo-synthetic" : data, "auto")
        .with(new TrainConfig.Loop(3, 0, 1024, false));
  }
}
