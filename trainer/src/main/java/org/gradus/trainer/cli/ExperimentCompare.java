// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataSet;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.trainer.experiment.Study;
import org.gradus.trainer.experiment.StudyTable;
import org.gradus.trainer.experiment.Trials;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.store.AtomicFiles;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `gradus experiment compare`.
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Trains several models, or models of single tasks and scenarios, on the same rows with"
          + " several seeds, and prints the AUC of every task in every scenario as Markdown.",
      "Of an entry with candidates, the best on validation rows with seed 0 is taken."
    })
final class ExperimentCompare implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      index = "0",
      paramLabel = "FILE",
      description = "what is compared, in YAML or JSON: docs/examples/multi-task/planted.yaml")
  private Path file = Path.of("");

  @Option(
      names = "--only",
      paramLabel = "A,B",
      split = ",",
      description = "names of entries; the others are left out")
  private List<String> only = new ArrayList<>();

  @Option(
      names = "--seeds",
      paramLabel = "N",
      converter = Whole.Positive.class,
      description = "trains with the seeds 0 to N-1 (default: what the file says)")
  private @Nullable Integer seeds;

  @Mixin private Protocol protocol = new Protocol();

  @Option(names = "--out", paramLabel = "FILE", description = "gets the tables too")
  private @Nullable Path out;

  @Override
  public void run() {
    PrintWriter err = spec.commandLine().getErr();
    PrintWriter to = spec.commandLine().getOut();
    Study study = asked(Study.read(file), err);
    Runs.checkFile("--out", out);
    try (DataSet data = Session.open(study.common(), err).data()) {
      Trials trials =
          new Trials(
              study,
              data,
              (config, rows) -> TemporaryRun.train(config, rows).metrics(),
              line -> {
                err.println("compare: " + line);
                err.flush();
              });
      List<Trials.Outcome> outcomes = new ArrayList<>();
      for (Study.Entry entry : study.entries()) {
        outcomes.add(trials.of(entry));
      }
      String text = text(study, new StudyTable(trials.cells(), outcomes, data.facts()));
      to.println();
      to.print(text);
      to.flush();
      if (out != null) {
        AtomicFiles.write(out, text);
      }
    }
  }

  private static String text(Study study, StudyTable table) {
    String scores = table.scores();
    return study.beside().isEmpty() ? scores : scores + "\n" + table.gains(study.beside());
  }

  /// The study with what the command line says over it.
  private Study asked(Study read, PrintWriter err) {
    Map<String, String> given = protocol.settings();
    for (String key : given.keySet()) {
      if (!key.startsWith("data.") && !Overrides.isTraining(key) && !Overrides.isOfDevice(key)) {
        throw new IllegalArgumentException(
            "--set "
                + key
                + ": no option of training or data. Expected those; options of models stand in "
                + file
                + ".");
      }
    }
    ModelSpec nobody = Models.get(read.common().model().name());
    TrainConfig c = protocol.over(read.common(), nobody, given);
    c = c.on(Runs.device(protocol.device(), c, err));
    protocol.checkSettings(c.device());
    Study study = read.with(c).only(only);
    return seeds == null ? study : study.withSeeds(seeds);
  }
}
