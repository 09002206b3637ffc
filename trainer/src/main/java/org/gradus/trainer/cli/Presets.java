// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Penalty;
import org.gradus.trainer.optim.Rule;
import org.gradus.trainer.optim.Schedule;
import org.gradus.trainer.run.TrainConfig;
import org.jspecify.annotations.Nullable;

/// What a run does when nothing else is asked for.
final class Presets {
  /// The data of a run that names none.
  static final String DATA = "criteo-synthetic";

  private static final String RATINGS = "movielens-synthetic";
  private static final String INTERACTIONS = "interactions-synthetic";

  private Presets() {}

  /// Three passes of Adam. On the generated Criteo rows: batches of 512, a rate that falls from 0.003, and a penalty on the
  /// rows of a batch, chosen on their validation rows. On the generated ratings: six passes at 0.003, a penalty against
  /// learning users by heart, and the best of the passes. On generated interactions: 0.003 and patience, for a product of
  /// three fields has no slope to begin with. Elsewhere: batches of 1024 at 0.001, as Adam's paper proposes.
  static TrainConfig of(@Nullable String model, @Nullable String data) {
    String name = data == null ? DATA : data;
    TrainConfig plain = TrainConfig.of(model == null ? "dlrm" : model, name, "auto");
    if (name.equals(RATINGS)) {
      return plain
          .with(new TrainConfig.Loop(6, 0, 1024, false))
          .with(OptimizerConfig.of(Group.all(Rule.Adam.PAPER, 3e-3).with(Penalty.l2(5e-4))))
          .with(new TrainConfig.Stopping("valid.auc", 2));
    }
    if (name.equals(INTERACTIONS)) {
      return plain
          .with(new TrainConfig.Loop(30, 0, 1024, false))
          .with(OptimizerConfig.of(Group.all(Rule.Adam.PAPER, 3e-3)))
          .with(new TrainConfig.Stopping("valid.auc", 5));
    }
    if (!name.equals(DATA)) {
      return plain.with(new TrainConfig.Loop(3, 0, 1024, false));
    }
    return plain
        .with(new TrainConfig.Loop(3, 0, 512, false))
        .with(
            OptimizerConfig.of(
                Group.all(Rule.Adam.PAPER, 3e-3)
                    .with(new Schedule.Exponential(1000, 0.7))
                    .with(Penalty.l2(1e-4))));
  }
}
