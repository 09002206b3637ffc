// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradus.data.DataSet;
import org.gradus.models.Models;
import org.gradus.trainer.run.RunResult;
import org.gradus.trainer.run.TrainConfig;
import org.jspecify.annotations.Nullable;

/// Shows a result beside what is known about generated data: the AUC of the true probabilities, and what LR and FM reach
/// with the same loop.
final class Baselines {
  private final TrainConfig config;
  private final DataSet data;

  Baselines(TrainConfig config, DataSet data) {
    this.config = config;
    this.data = data;
  }

  /// Trains the baselines, and prints the table.
  void print(RunResult result, PrintWriter out, PrintWriter err) {
    double bayes = data.facts().getOrDefault("bayes_auc", Double.NaN);
    out.println();
    out.printf(Locale.ROOT, "  %-28s  %9s  %9s%n", "test AUC", "", "to Bayes");
    line(out, "true probabilities (Bayes)", bayes, bayes);
    line(out, config.model().name(), auc(result), bayes);
    for (String name : List.of("fm", "lr")) {
      if (!name.equals(config.model().name())) {
        err.println("baseline: training " + name);
        err.flush();
        line(out, name + ", same loop", train(name), bayes);
      }
    }
    line(out, "constant", 0.5, bayes);
    out.println();
  }

  private static void line(PrintWriter out, String name, double auc, double bayes) {
    out.printf(Locale.ROOT, "  %-28s  %9.4f  %+9.4f%n", name, auc, auc - bayes);
    out.flush();
  }

  private static double auc(RunResult result) {
    Map<String, @Nullable Object> m = result.metrics();
    return m.get("test.auc") instanceof Double d ? d : Double.NaN;
  }

  private double train(String name) {
    TrainConfig c =
        new TrainConfig(
            new TrainConfig.ModelChoice(name, Models.get(name).settings(Map.of()).toMap()),
            config.data(),
            config.device(),
            config.deviceSettings(),
            config.seed(),
            config.loop(),
            Presets.of(name, config.data().name()).optimizer(),
            config.loss(),
            config.stopping(),
            List.of(),
            null,
            config.measure(),
            config.execution());
    return auc(TemporaryRun.train(c, data));
  }
}
