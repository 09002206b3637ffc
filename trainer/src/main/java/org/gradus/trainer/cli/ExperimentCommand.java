// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Models;
import org.gradus.trainer.experiment.Experiment;
import org.gradus.trainer.experiment.MetricsTable;
import org.gradus.trainer.experiment.Prepared;
import org.gradus.trainer.experiment.Results;
import org.gradus.trainer.run.BarProgress;
import org.gradus.trainer.run.BuiltModel;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.store.AtomicFiles;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `gradus experiment`.
@Command(
    name = "experiment",
    mixinStandardHelpOptions = true,
    description = "From one configuration to a table of metrics per task and scenario.",
    subcommands = {
      ExperimentCommand.Run.class,
      ExperimentCompare.class,
      ExperimentCommand.ListAll.class
    })
final class ExperimentCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /// `gradus experiment list`.
  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "The experiments that are registered, each under the name of its model.")
  static final class ListAll implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
      PrintWriter out = spec.commandLine().getOut();
      for (String name : Experiment.names()) {
        TrainConfig c = Experiment.named(name).config();
        out.println(name + "  on " + c.data().name() + " " + c.data().settings());
      }
      out.flush();
    }
  }

  /// `gradus experiment run`.
  @Command(
      name = "run",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = {
        "Loads data, prepares features, trains, evaluates, and prints AUC, GAUC and valid users of"
            + " every task, their means over tasks, and the same for every scenario.",
        "The folder of the run holds the tables too, in experiment.txt."
      })
  static final class Run implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(
        index = "0",
        paramLabel = "FILE|NAME",
        description = "a configuration in YAML or JSON, or a name of gradus experiment list")
    private String what = "";

    @Option(
        names = "--model",
        paramLabel = "M",
        description = "another model, on the same data and trained in the same way")
    private @Nullable String model;

    @Option(
        names = "--tasks",
        paramLabel = "A,B",
        split = ",",
        description = "labels to train on; the others are left out (default: those of the file)")
    private List<String> tasks = new ArrayList<>();

    @Mixin private Protocol protocol = new Protocol();

    @Option(names = "--seed", paramLabel = "N", description = "of initial values, order, dropout")
    private @Nullable Long seed;

    @Option(names = "--out", paramLabel = "DIR", description = "new folder for the run")
    private @Nullable Path out;

    @Override
    public void run() {
      PrintWriter err = spec.commandLine().getErr();
      PrintWriter to = spec.commandLine().getOut();
      Path file = Path.of(what);
      Experiment base = Files.exists(file) ? Experiment.read(file) : Experiment.named(what);
      Experiment experiment = asked(base, err);
      TrainConfig c = experiment.config();
      if (out != null && Files.exists(out)) {
        RunFolder.create(out); // refuses the folder of another run before data are read
      }
      DataSource.Opened opened =
          experiment.load(
              Sources.get(c.data().name()),
              Sources.cache(),
              line -> {
                err.println("data: " + line);
                err.flush();
              });
      try (DataSet data = opened.data();
          Interrupt interrupt = new Interrupt()) {
        Prepared rows = experiment.prepare(data);
        Runs.sayWhatIsMissed(c, rows.data().schema(), err);
        Path path = out == null ? TrainCommand.next(c) : out;
        Supplier<RunFolder> folder =
            () -> {
              RunFolder made = RunFolder.create(path);
              interrupt.leaves("its latest checkpoint is in " + path);
              Runs.keepEncoder(opened.encoder(), path);
              return made;
            };
        try (BuiltModel built =
            experiment.train(rows, folder, interrupt.watch(BarProgress.forConsole(err)))) {
          String report = report(c, rows.data(), experiment.evaluate(built, rows));
          AtomicFiles.write(path.resolve("experiment.txt"), report);
          to.println();
          to.print(report);
          to.println("run: " + path);
          to.flush();
        }
      }
    }

    /// The experiment with what the command line says over it.
    private Experiment asked(Experiment base, PrintWriter err) {
      String name = model == null ? base.config().model().name() : model;
      TrainConfig c = protocol.over(base.config(), Models.get(name), protocol.settings());
      c = seed == null ? c : c.withSeed(seed);
      c = c.on(Runs.device(protocol.device(), c, err));
      protocol.checkSettings(c.device());
      return base.with(c).withTasks(tasks.isEmpty() ? base.tasks() : tasks);
    }

    private static String report(TrainConfig c, DataSet data, Results results) {
      StringBuilder s = new StringBuilder();
      s.append(c.model().name()).append(" on ").append(data.name());
      s.append(", seed ").append(c.seed()).append(", GAUC weighted ");
      s.append(c.measure().gauc()).append('\n').append(MetricsTable.of(results.all()));
      if (!results.scenarios().isEmpty()) {
        Map<String, Map<String, Number>> rows = new LinkedHashMap<>();
        results.scenarios().forEach((d, metrics) -> rows.put(Integer.toString(d), metrics));
        s.append('\n').append(MetricsTable.of(scenario(data.schema()), rows));
      }
      return s.toString();
    }

    private static String scenario(Schema schema) {
      return schema.one(Field.Domain.class).map(Field::name).orElse("scenario");
    }
  }
}
