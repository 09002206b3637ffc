// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
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
      "Without arguments: DLRM on generated data in the shape of Criteo's, about a minute."
    })
final class TrainCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--model", paramLabel = "M", description = "see: gradus models (default dlrm)")
  private @Nullable String model;

  @Option(
      names = "--data",
      paramLabel = "D",
      description = "see: gradus data list (default criteo-synthetic)")
  private @Nullable String data;

  @Option(names = "--path", paramLabel = "P", description = "file or folder of the data")
  private @Nullable Path path;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "reference, cpu, cuda or auto (default: $$GRADUS_DEVICE, else auto)")
  private @Nullable String device;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "configuration in YAML or JSON, such as config.json of a run; options go before it")
  private @Nullable Path config;

  @Option(
      names = "--set",
      paramLabel = "key=value",
      converter = Assignment.Converter.class,
      description = "an option of the model, of the training, or of the data (data.…)")
  private List<Assignment> set = new ArrayList<>();

  @Mixin private OnBadRow onBadRow = new OnBadRow();

  @Option(names = "--epochs", paramLabel = "N", description = "passes over the training rows")
  private @Nullable Integer epochs;

  @Option(
      names = "--steps-per-epoch",
      paramLabel = "N",
      description = "ends each pass after so many batches")
  private @Nullable Long stepsPerEpoch;

  @Option(names = "--batch-size", paramLabel = "N", description = "rows of a batch")
  private @Nullable Integer batchSize;

  @Option(names = "--seed", paramLabel = "N", description = "of initial values, order and dropout")
  private @Nullable Long seed;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "of the cpu device; results do not depend on it")
  private @Nullable Integer threads;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "N",
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
    TrainConfig asked = resume == null ? configured() : resumed(RunFolder.open(resume));
    TrainConfig c = withDevice(asked, Runs.device(asked.device(), err));
    if (out != null && Files.exists(out)) {
      RunFolder.create(out); // refuses the folder of another run before data are read
    }
    DataSource.Opened opened = Session.open(c, err);
    try (DataSet set = opened.data();
        Session session = new Session(c, set.schema(), c.device())) {
      RunResult result = train(c, opened, session, err);
      String memory = PeakMemory.describe(session.device().memory());
      report(c, set, result, err);
      spec.commandLine().getOut().println(memory);
    }
  }

  private RunResult train(
      TrainConfig c, DataSource.Opened opened, Session session, PrintWriter err) {
    try (Interrupt interrupt = new Interrupt()) {
      Trainer trainer = new Trainer(c, opened.data(), session.model(), session.params());
      Listener listener = interrupt.watch(BarProgress.forConsole(err));
      RunResult result;
      if (resume == null) {
        RunFolder folder = RunFolder.create(out == null ? next(c) : out);
        Runs.keepEncoder(opened.encoder(), folder.path());
        result = trainer.run(folder, listener);
      } else {
        result = trainer.resume(RunFolder.open(resume), listener);
      }
      if (result.interrupted()) {
        // Said here: after Ctrl-C the process ends as soon as the interrupt is closed.
        err.println("go on with: ./gradus train --resume " + result.folder());
        err.flush();
      }
      return result;
    }
  }

  private TrainConfig configured() {
    TrainConfig preset = Presets.of(model, data);
    TrainConfig c = config == null ? preset : Configs.read(config, preset);
    ModelSpec m = Models.get(model == null ? c.model().name() : model);
    DataSource source = Sources.get(data == null ? c.data().name() : data);
    Overrides overrides = new Overrides(Assignment.map(set, ""), m, source);
    Map<String, String> options =
        new LinkedHashMap<>(m.name().equals(c.model().name()) ? c.model().settings() : Map.of());
    options.putAll(overrides.model());
    Map<String, String> dataSettings =
        new LinkedHashMap<>(source.name().equals(c.data().name()) ? c.data().settings() : Map.of());
    dataSettings.putAll(onBadRow.over(source, overrides.data()));
    TrainConfig.Loop loop = c.loop();
    String at = path == null ? c.data().path() : path.toString();
    TrainConfig all =
        new TrainConfig(
            new TrainConfig.ModelChoice(m.name(), m.settings(options).toMap()),
            new TrainConfig.DataChoice(source.name(), at, dataSettings),
            chosenDevice(c.device()),
            seed == null ? c.seed() : seed,
            new TrainConfig.Loop(
                epochs == null ? loop.epochs() : epochs,
                stepsPerEpoch == null ? loop.stepsPerEpoch() : stepsPerEpoch,
                batchSize == null ? loop.batchSize() : batchSize,
                loop.dropLast()),
            c.optimizer(),
            c.loss(),
            c.stopping(),
            c.frozen(),
            initFrom == null ? c.initFrom() : initFrom.toString(),
            c.measure(),
            execution(c.execution()));
    return overrides.apply(all);
  }

  /// The configuration of a run, with what was asked for over it; the trainer refuses what may not change.
  private TrainConfig resumed(RunFolder folder) {
    TrainConfig c = folder.config(Presets.of(null, null));
    if (model != null
        || data != null
        || config != null
        || out != null
        || !set.isEmpty()
        || onBadRow.given()
        || initFrom != null) {
      throw new IllegalArgumentException(
          "--resume: model, data, settings and folder are those of the run. Expected only"
              + " --threads, --checkpoint-every, --table-files, --path, or the same --seed,"
              + " --batch-size and --epochs.");
    }
    TrainConfig.Loop l = c.loop();
    TrainConfig.Loop loop =
        new TrainConfig.Loop(
            epochs == null ? l.epochs() : epochs,
            stepsPerEpoch == null ? l.stepsPerEpoch() : stepsPerEpoch,
            batchSize == null ? l.batchSize() : batchSize,
            l.dropLast());
    TrainConfig again =
        c.withSeed(seed == null ? c.seed() : seed).with(loop).with(execution(c.execution()));
    TrainConfig.DataChoice at =
        path == null
            ? c.data()
            : new TrainConfig.DataChoice(c.data().name(), path.toString(), c.data().settings());
    return with(again, at, device == null ? c.device() : device);
  }

  private TrainConfig.Execution execution(TrainConfig.Execution e) {
    return new TrainConfig.Execution(
        threads == null ? e.threads() : threads,
        checkpointEvery == null ? e.checkpointEvery() : checkpointEvery,
        tableFiles == null ? e.tableFiles() : tableFiles.toString());
  }

  private String chosenDevice(String configured) {
    if (device != null) {
      return device;
    }
    String preset = System.getenv("GRADUS_DEVICE");
    return preset != null && configured.equals("auto") ? preset : configured;
  }

  /// The same on another device.
  static TrainConfig withDevice(TrainConfig c, String name) {
    return with(c, c.data(), name);
  }

  private static TrainConfig with(TrainConfig c, TrainConfig.DataChoice data, String device) {
    return new TrainConfig(
        c.model(),
        data,
        device,
        c.seed(),
        c.loop(),
        c.optimizer(),
        c.loss(),
        c.stopping(),
        c.frozen(),
        c.initFrom(),
        c.measure(),
        c.execution());
  }

  /// The first free folder `runs/<model>-<data>-<n>`.
  private static Path next(TrainConfig c) {
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
    if (set.facts().containsKey("bayes_auc") && !noBaselines) {
      new Baselines(c, set).print(result, to, err);
    }
    to.println("run: " + result.folder());
  }
}
