// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.experiment;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.models.Spelling;
import org.gradus.trainer.run.BuiltModel;
import org.gradus.trainer.run.Configs;
import org.gradus.trainer.run.Evaluator;
import org.gradus.trainer.run.Listener;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.RunResult;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.run.Trainer;
import org.gradus.trainer.store.StoreException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One configuration, from data to metrics: the keys of a run's `config.json`, and which labels are tasks.
///
/// ```
/// tasks: [liked, loved]     # none for every label of the data
/// model: {name: mmoe, settings: {numExperts: "4"}}
/// data: {name: ml-100k, path: DIR, settings: {labels: two, domain: age}}
/// ```
///
/// @param config of the run
/// @param tasks labels to train on and to measure; the others are left out of the rows. Empty for all
public record Experiment(TrainConfig config, List<String> tasks) {
  private static final String TASKS = "tasks";
  private static final String MACRO = "_macro";

  /// Copies the list.
  public Experiment {
    tasks = List.copyOf(tasks);
  }

  /// The experiment of a JSON (`.json`) or YAML file. What it leaves out is as in [TrainConfig#of].
  public static Experiment read(Path file) {
    try {
      return of(Files.readString(file), file.toString());
    } catch (IOException e) {
      throw StoreException.reading(file, e);
    }
  }

  /// The experiment that is registered for a model.
  public static Experiment named(String model) {
    String text = text(model);
    if (text == null) {
      throw new IllegalArgumentException(
          "experiment "
              + model
              + ": none of this name."
              + Spelling.hint(model, names())
              + " Expected one of: "
              + String.join(", ", names())
              + ", or a file.");
    }
    return of(text, model + ".yaml");
  }

  /// The models that an experiment is registered for.
  public static List<String> names() {
    return Models.all().stream().map(ModelSpec::name).filter(name -> text(name) != null).toList();
  }

  /// `experiment/MODEL.yaml` among the resources, or null.
  private static @Nullable String text(String model) {
    try (InputStream in = Experiment.class.getResourceAsStream(model + ".yaml")) {
      return in == null ? null : new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("experiment " + model + ": " + e.getMessage(), e);
    }
  }

  private static Experiment of(String text, String origin) {
    JsonNode tree = Configs.tree(text, origin);
    List<String> tasks = new ArrayList<>();
    if (tree instanceof ObjectNode object && object.has(TASKS)) {
      JsonNode given = object.remove(TASKS);
      if (!given.isArray()) {
        throw new IllegalArgumentException(
            origin + ": tasks " + given + ". Expected a list of labels, such as [click, like].");
      }
      for (JsonNode task : given) {
        if (!task.isValueNode() || task.isNull()) {
          throw new IllegalArgumentException(
              origin
                  + ": "
                  + task
                  + " among tasks. Expected names of labels, such as [click, like].");
        }
        tasks.add(task.asString());
      }
    }
    return new Experiment(Configs.merge(tree, presets(), origin), tasks);
  }

  /// What a file leaves out.
  static TrainConfig presets() {
    return TrainConfig.of("mmoe", "tasks-synthetic", "auto");
  }

  /// The same with another configuration.
  public Experiment with(TrainConfig other) {
    return new Experiment(other, tasks);
  }

  /// The same with other tasks: one of them for training it alone.
  public Experiment withTasks(List<String> others) {
    return new Experiment(config, others);
  }

  /// Loads the data: reads or generates, fits vocabularies and statistics on training rows, splits.
  ///
  /// @param source of the name that the configuration says
  /// @param cache folder for prepared files
  /// @param progress told what goes on, line by line
  public DataSource.Opened load(DataSource source, Path cache, Consumer<String> progress) {
    TrainConfig.DataChoice data = config.data();
    if (!source.name().equals(data.name())) {
      throw new IllegalArgumentException(
          "experiment: source " + source.name() + ". Expected " + data.name() + ".");
    }
    String path = data.path();
    return source.open(
        new DataSource.Request(
            path == null ? null : Path.of(path), cache, 0, data.settings(), progress));
  }

  /// Prepares the features: the fields of the data, and the labels that are tasks.
  public Prepared prepare(DataSet data) {
    return Prepared.of(data, tasks);
  }

  /// Trains the model, and leaves it with the parameters that the run kept.
  ///
  /// @param folder makes that of the run, once it is known that the run can begin
  /// @throws IllegalStateException when the listener asked to stop
  public BuiltModel train(Prepared rows, Supplier<RunFolder> folder, Listener listener) {
    TrainConfig c = fitting(config, rows.tasks());
    BuiltModel built = new BuiltModel(c, rows.data().schema(), c.device());
    try {
      Trainer trainer = new Trainer(c, rows.data(), built.model(), built.params());
      RunResult result = trainer.run(folder.get(), listener);
      if (result.interrupted()) {
        throw new IllegalStateException("experiment: stopped after step " + result.steps());
      }
      return built;
    } catch (RuntimeException | Error e) {
      built.closeAfter(e);
      throw e;
    }
  }

  /// A mean over tasks is not there where there is one: then it is that task that stops the run.
  static TrainConfig fitting(TrainConfig config, List<String> tasks) {
    TrainConfig.Stopping s = config.stopping();
    if (s == null || tasks.size() > 1 || !s.metric().endsWith(MACRO)) {
      return config;
    }
    String own = s.metric().substring(0, s.metric().length() - MACRO.length());
    return config.with(new TrainConfig.Stopping(own, s.patience(), s.minDelta()));
  }

  /// Measures a model on the test rows, task by task and scenario by scenario.
  public Results evaluate(BuiltModel built, Prepared rows) {
    Evaluator evaluator = new Evaluator(built.model(), built.device(), config.measure());
    return Results.of(evaluator.evaluate("test", rows.data().test(), rows.tasks()), rows.tasks());
  }
}
