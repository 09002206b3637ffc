// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.series.WindowExamples;
import org.gradus.embeddings.Batch;
import org.gradus.trainer.loss.Objective;
import org.gradus.trainer.run.Evaluator;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.TrainConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `gradus evaluate`: metrics of a run's model, on any device and on other files.
@Command(
    name = "evaluate",
    mixinStandardHelpOptions = true,
    description = {
      "Measures the model of a run on its validation and test rows,",
      "or, with --path, on every row of another file of the same layout."
    })
final class EvaluateCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--run", paramLabel = "DIR", required = true, description = "folder of the run")
  private Path run = Path.of("");

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "any device (default: $$GRADUS_DEVICE, else that of the run)")
  private @Nullable String device;

  @Option(
      names = "--data",
      paramLabel = "D",
      description = "layout of --path; that of the run, and only there to say so")
  private @Nullable String data;

  @Option(names = "--path", paramLabel = "P", description = "a file of the run's layout")
  private @Nullable Path path;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    RunFolder folder = RunFolder.open(run);
    TrainConfig config = folder.config(Presets.of(null, null));
    if (data != null && !data.equals(config.data().name())) {
      throw new IllegalArgumentException(
          "evaluate: --data "
              + data
              + ", but the run was trained on "
              + config.data().name()
              + ". Expected the same layout, whose vocabularies the model knows.");
    }
    String name = Runs.device(device, config, err);
    if (path == null) {
      try (DataSet set = Session.open(config, err).data();
          Session session = new Session(config, set.schema(), name)) {
        folder.loadModel(session.params());
        out.println(config.model().name() + " on " + set.name() + " (" + name + ")");
        Map<String, @Nullable Object> both =
            new LinkedHashMap<>(measured(session, config, "valid", set.valid()));
        both.putAll(measured(session, config, "test", set.test()));
        Metrics.print(both, out);
      }
    } else {
      DataSource.Encoder encoder =
          Sources.get(config.data().name()).encoder(run.resolve(Runs.ENCODER));
      Examples rows = encoder.encode(path);
      try (Session session = new Session(config, rows.schema(), name)) {
        folder.loadModel(session.params());
        out.println(config.model().name() + " on " + path + " (" + name + ")");
        Metrics.print(measured(session, config, "test", rows), out);
        List<String> missing = new ArrayList<>(labels(config, rows));
        missing.removeAll(known(rows, missing));
        if (!missing.isEmpty()) {
          out.println("not measured, for the rows lack them: " + String.join(", ", missing));
        }
        if (rows instanceof WindowExamples windows) {
          Evaluator e = new Evaluator(session.model(), session.device(), config.measure());
          ForecastTable.print(config.model().name(), windows, e, out);
        }
      } finally {
        Runs.close(rows);
      }
    }
  }

  private static Map<String, @Nullable Object> measured(
      Session session, TrainConfig config, String split, Examples rows) {
    Evaluator e = new Evaluator(session.model(), session.device(), config.measure());
    List<String> labels = labels(config, rows);
    return labels.isEmpty()
        ? e.evaluate(split, rows, new Objective(config.loss(), rows.schema())).asMap()
        : e.evaluate(split, rows, known(rows, labels), labels.size() > 1).asMap();
  }

  private static List<String> labels(TrainConfig config, Examples rows) {
    return new Objective(config.loss(), rows.schema()).labels();
  }

  /// The labels that rows have. Fails where a file without any would be measured: predict takes one.
  private static List<String> known(Examples rows, List<String> labels) {
    if (labels.isEmpty()) {
      return labels;
    }
    try (Examples.Stream stream = rows.stream(Examples.Pass.inOrder(1))) {
      Batch first = stream.next();
      List<String> known =
          first == null
              ? labels
              : labels.stream().filter(label -> !Float.isNaN(first.label(label)[0])).toList();
      if (known.isEmpty()) {
        throw new IllegalArgumentException(
            "evaluate: the rows have no label "
                + String.join(", ", labels)
                + ". Expected a column for it; predict scores rows without labels.");
      }
      return known;
    }
  }
}
