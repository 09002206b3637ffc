// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tensor.DeviceException;
import org.gradus.trainer.run.BarProgress;
import org.gradus.trainer.run.Configs;
import org.gradus.trainer.run.Listener;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.RunResult;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.run.Trainer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `gradus train`.
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Trains a model and leaves a folder with the model, its metrics, curves and a report.",
      "Without arguments: DLRM on generated data in the shape of Criteo's, some fifteen seconds on"
          + " two cores."
    })
final class TrainCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--model", paramLabel = "M", description = "see: gradus models (default dlrm)")
  private @Nullable String model;

  @Mixin private Protocol protocol = new Protocol();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "configuration in YAML or JSON, such as config.json of a run; options go before it")
  private @Nullable Path config;

  @Option(
      names = "--steps-per-epoch",
      paramLabel = "N",
      converter = Whole.Steps.class,
      description = "ends each pass after so many batches")
  private @Nullable Long stepsPerEpoch;

  @Option(names = "--seed", paramLabel = "N", description = "of initial values, order and dropout")
  private @Nullable Long seed;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "N",
      converter = Whole.Steps.class,
      description = "steps between checkpoints (default: one per epoch; also on Ctrl-C)")
  private @Nullable Long checkpointEvery;

  @Option(
      names = "--table-files",
      paramLabel = "DIR",
      description =
          "folder for files that embedding tables lie in while they are used, so that they may be"
              + " larger than free memory (cpu only; default: in memory)")
  private @Nullable Path tableFiles;

  @Option(names = "--out", paramLabel = "DIR", description = "new folder for the run")
  private @Nullable Path out;

  @Option(names = "--resume", paramLabel = "DIR", description = "goes on with a run")
  private @Nullable Path resume;

  @Option(
      names = "--init-from",
      paramLabel = "DIR",
      description =
          "starts from the parameters of another run; neural-cf also from two, with a comma between"
              + " them")
  private @Nullable Path initFrom;

  @Option(
      names = "--no-baselines",
      description = "do not train LR and FM beside the model on generated data")
  private boolean noBaselines;

  @Override
  public void run() {
    PrintWriter err = spec.commandLine().getErr();
    if (resume != null) {
      RunFolder.open(resume).checkFree();
    }
    TrainConfig asked = resume == null ? configured() : resumed(RunFolder.open(resume));
    TrainConfig c = asked.on(Runs.open(asked.device(), asked.deviceSettings(), err));
    protocol.checkSettings(c.device());
    String files = c.execution().tableFiles();
    if (files != null) {
      Runs.checkFolder("--table-files", Path.of(files));
    }
    if (out != null && Files.exists(out)) {
      RunFolder.create(out); // refuses the folder of another run before data are read
    }
    DataSource.Opened opened = Session.open(c, err);
    try (DataSet set = opened.data();
        Session session = new Session(c, set.schema(), c.device())) {
      Runs.sayWhatIsEmpty(set, err);
      Runs.sayWhatIsMissed(c, set.schema(), err);
      RunResult result = train(c, opened, session, err);
      String memory = PeakMemory.describe(session.device().memory());
      report(c, set, result, err);
      ForecastTable.print(c, set, session, result.folder(), spec.commandLine().getOut());
      spec.commandLine().getOut().println(memory);
    }
  }

  private RunResult train(
      TrainConfig c, DataSource.Opened opened, Session session, PrintWriter err) {
    RunFolder folder = null; // that may be resumed, once it is there
    try (Interrupt interrupt = new Interrupt()) {
      Trainer trainer = new Trainer(c, opened.data(), session.model(), session.params());
      Listener listener = interrupt.watch(BarProgress.forConsole(err));
      if (resume == null) {
        trainer.start(listener); // what cannot start leaves no folder
        folder = RunFolder.create(out == null ? next(c) : out);
        Runs.keepEncoder(opened.encoder(), folder.path());
      } else {
        folder = RunFolder.open(resume);
      }
      String goOn = "./gradus train --resume " + folder.path();
      interrupt.leaves("it goes on from its latest checkpoint with: " + goOn);
      RunResult result =
          resume == null ? trainer.run(folder, listener) : trainer.resume(folder, listener);
      if (result.interrupted()) {
        // Said here: after Ctrl-C the process ends as soon as the interrupt is closed.
        err.println("go on with: " + goOn);
        err.flush();
      }
      return result;
    } catch (DeviceException e) {
      throw folder == null ? e : e.advising("Go on with: ./gradus train --resume " + folder.path());
    }
  }

  private TrainConfig configured() {
    TrainConfig preset = Presets.of(model, protocol.data());
    TrainConfig c = config == null ? preset : Configs.read(config, preset);
    ModelSpec m = Models.get(model == null ? c.model().name() : model);
    return also(protocol.over(c, m, protocol.settings()))
        .on(chosenDevice(c.device()))
        .withInitFrom(initFrom == null ? c.initFrom() : initFrom.toString());
  }

  /// The configuration of a run, with what was asked for over it; the trainer refuses what may not change.
  private TrainConfig resumed(RunFolder folder) {
    if (model != null
        || protocol.choosesDataOrSettings()
        || config != null
        || out != null
        || initFrom != null) {
      throw new IllegalArgumentException(
          "--resume: model, data, settings and folder are those of the run. Expected only"
              + " --threads, --checkpoint-every, --table-files, --path, or the same --seed,"
              + " --batch-size and --epochs.");
    }
    TrainConfig c = folder.config(Presets.of(null, null));
    String device = protocol.device();
    return also(c.with(protocol.loop(c.loop())).with(protocol.execution(c.execution())))
        .with(protocol.moved(c.data()))
        .on(device == null ? c.device() : device);
  }

  /// With the options that only this command has.
  private TrainConfig also(TrainConfig c) {
    TrainConfig.Loop l = c.loop();
    TrainConfig.Execution e = c.execution();
    return c.withSeed(seed == null ? c.seed() : seed)
        .with(
            new TrainConfig.Loop(
                l.epochs(),
                stepsPerEpoch == null ? l.stepsPerEpoch() : stepsPerEpoch,
                l.batchSize(),
                l.dropLast()))
        .with(
            new TrainConfig.Execution(
                e.threads(),
                checkpointEvery == null ? e.checkpointEvery() : checkpointEvery,
                tableFiles == null ? e.tableFiles() : tableFiles.toString(),
                e.baselines() && !noBaselines));
  }

  private String chosenDevice(String configured) {
    String asked = protocol.device();
    if (asked != null) {
      return asked;
    }
    String preset = Runs.presetDevice();
    return preset != null && configured.equals("auto") ? preset : configured;
  }

  /// The first free folder `runs/<model>-<data>-<n>`.
  static Path next(TrainConfig c) {
    for (int n = 1; ; n++) {
      Path p =
          Path.of(
              "runs",
              String.format(Locale.ROOT, "%s-%s-%03d", c.model().name(), c.data().name(), n));
      if (!Files.exists(p)) {
        try {
          Files.createDirectories(Path.of("runs"));
        } catch (IOException e) {
          throw new UncheckedIOException("cannot make the folder runs: " + e.getMessage(), e);
        }
        return p;
      }
    }
  }

  private void report(TrainConfig c, DataSet set, RunResult result, PrintWriter err) {
    PrintWriter to = spec.commandLine().getOut();
    if (result.interrupted()) {
      throw new CommandFailed("train: stopped after step " + result.steps());
    }
    to.println();
    to.println(c.model().name() + " on " + set.name() + " (" + c.device() + ")");
    Metrics.print(result.metrics(), to);
    if (set.facts().containsKey("bayes_auc") && c.execution().baselines()) {
      new Baselines(c, set).print(result, to, err);
    }
    to.println("run: " + result.folder());
  }
}
