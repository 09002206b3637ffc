// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.util.List;
import java.util.Map;
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
  private static final String NODES = "nodes-synthetic";
  private static final String TRANSLATION = "translation-synthetic";

  /// What is enough for sentences of eight words.
  private static final int WIDTH = 64;

  private static final TrainConfig.ModelChoice TRANSFORMER =
      new TrainConfig.ModelChoice(
          "transformer",
          Map.of("width", "" + WIDTH, "heads", "4", "hidden", "256", "dropout", "0.05"));

  private static final List<String> FORECASTS = List.of("power-synthetic", "series");

  /// The loss is a sum over the steps of the horizon, so that a norm of 1 of their mean is one of so many steps.
  private static final double HORIZON = 24;

  private Presets() {}

  /// Three passes of Adam. On the generated Criteo rows: batches of 512, a rate that falls from 0.003, and a penalty on the
  /// rows of a batch, chosen on their validation rows. On the generated ratings: six passes at 0.003, a penalty against
  /// learning users by heart, and the best of the passes. On generated interactions: 0.003 and patience, for a product of
  /// three fields has no slope to begin with. On generated sentences: a small Transformer, with the optimiser and the schedule of its
  /// paper. On series: batches of 64 windows at 0.001, gradients clipped, and the best of twelve passes. On
  /// generated nodes: batches of 128, since few have a label, and the best of forty passes. Elsewhere: batches of 1024
  /// at 0.001, as Adam's paper proposes.
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
    if (name.equals(TRANSLATION) && (model == null || model.equals(TRANSFORMER.name()))) {
      return plain
          .with(TRANSFORMER)
          .with(new TrainConfig.Loop(12, 0, 64, false))
          .with(
              OptimizerConfig.of(
                  Group.all(new Rule.Adam(0.9, 0.98, 1e-9), 0.5)
                      .with(new Schedule.Noam(WIDTH, 500))));
    }
    if (FORECASTS.contains(name)) {
      return plain
          .with(new TrainConfig.ModelChoice(model == null ? "lstm-forecast" : model, Map.of()))
          .with(new TrainConfig.Loop(12, 0, 64, false))
          .with(
              new OptimizerConfig(
                  List.of(Group.all(Rule.Adam.PAPER, 1e-3)),
                  HORIZON,
                  OptimizerConfig.MAX_DENSE_ROWS))
          .with(new TrainConfig.Stopping("valid.mae", 3));
    }
    if (name.equals(NODES)) {
      return plain
          .with(new TrainConfig.ModelChoice(model == null ? "easing" : model, Map.of()))
          .with(new TrainConfig.Loop(40, 0, 128, false))
          .with(OptimizerConfig.of(Group.all(Rule.Adam.PAPER, 1e-3)))
          .with(new TrainConfig.Stopping("valid.rmse", 5));
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
