// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.data.DataSet;
import org.gradus.data.Examples;
import org.gradus.data.movielens.MovieLensSyntheticSource;
import org.gradus.models.infnet.Int8;
import org.gradus.trainer.experiment.Experiment;
import org.gradus.trainer.experiment.Prepared;
import org.gradus.trainer.metrics.Auc;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Penalty;
import org.gradus.trainer.optim.Rule;
import org.gradus.trainer.run.BuiltModel;
import org.gradus.trainer.run.Evaluator;
import org.gradus.trainer.run.Listener;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.run.TrainConfig.DataChoice;
import org.gradus.trainer.run.TrainConfig.Loop;
import org.gradus.trainer.run.TrainConfig.ModelChoice;
import org.gradus.trainer.run.TrainConfig.Stopping;

/// What eight bits cost in accuracy: a model is trained, and its test rows are scored as they are and once more with rounded tables and
/// attention in whole numbers.
final class InfnetEightBits {
  private InfnetEightBits() {}

  /// Of one label.
  ///
  /// @param auc of real numbers
  /// @param rounded of eight bits
  /// @param largest difference of two probabilities
  /// @param mean difference
  record Loss(String label, double auc, double rounded, double largest, double mean) {}

  /// Generated ratings, two labels, 20 earlier ratings.
  private static TrainConfig config() {
    String data = "movielens-synthetic";
    Map<String, String> settings = Map.of("labels", "two", "history", "all", "historyLength", "20");
    Group adam = Group.all(Rule.Adam.PAPER, 0.003).with(Penalty.l2(1e-5));
    return TrainConfig.of("infnet", data, "cpu")
        .with(new ModelChoice("infnet", Map.of("embeddingDim", "16")))
        .with(new DataChoice(data, null, settings))
        .with(new Loop(6, 0, 1024, false))
        .with(OptimizerConfig.of(adam))
        .with(new Stopping("valid.auc_macro", 2));
  }

  /// Trains, and scores twice.
  ///
  /// @param folder of its data and its run
  static List<Loss> measure(Path folder) throws IOException {
    Experiment experiment = new Experiment(config(), List.of());
    Path run = Files.createTempDirectory(folder, "run").resolve("infnet");
    Path cache = Files.createDirectories(folder.resolve("cache"));
    try (DataSet data =
        experiment.load(new MovieLensSyntheticSource(), cache, System.out::println).data()) {
      Prepared rows = experiment.prepare(data);
      RunFolder kept = RunFolder.create(run);
      Examples test = rows.data().test();
      Map<String, double[]> real;
      try (BuiltModel trained = experiment.train(rows, () -> kept, Listener.SILENT)) {
        real = probabilities(trained, experiment.config(), test);
      }
      TrainConfig config = experiment.config();
      Map<String, String> settings = new HashMap<>(config.model().settings());
      settings.put("quantise", "INT8");
      TrainConfig eight = config.with(new ModelChoice("infnet", settings));
      try (BuiltModel rounded = new BuiltModel(eight, rows.data().schema(), "cpu")) {
        kept.loadModel(rounded.params());
        Int8.round(rounded.params());
        Map<String, double[]> found = probabilities(rounded, eight, test);
        Map<String, float[]> labels = labels(test, rows.tasks());
        List<Loss> losses = new ArrayList<>();
        real.forEach(
            (label, p) ->
                losses.add(
                    loss(
                        label,
                        p,
                        Objects.requireNonNull(found.get(label)),
                        Objects.requireNonNull(labels.get(label)))));
        return losses;
      }
    }
  }

  private static Loss loss(String label, double[] real, double[] rounded, float[] labels) {
    double largest = 0;
    double sum = 0;
    for (int i = 0; i < real.length; i++) {
      double difference = Math.abs(real[i] - rounded[i]);
      largest = Math.max(largest, difference);
      sum += difference;
    }
    return new Loss(
        label,
        Auc.of(real, labels).value(),
        Auc.of(rounded, labels).value(),
        largest,
        sum / real.length);
  }

  private static Map<String, double[]> probabilities(
      BuiltModel model, TrainConfig config, Examples rows) {
    Map<String, List<Double>> found = new LinkedHashMap<>();
    new Evaluator(model.model(), model.device(), config.measure())
        .predict(
            rows,
            (batch, predictions) ->
                predictions.forEach(
                    (label, p) -> {
                      List<Double> all = found.computeIfAbsent(label, _ -> new ArrayList<>());
                      for (int b = 0; b < batch.size(); b++) {
                        all.add(p.shown(b));
                      }
                    }));
    Map<String, double[]> all = new LinkedHashMap<>();
    found.forEach((label, p) -> all.put(label, p.stream().mapToDouble(x -> x).toArray()));
    return all;
  }

  private static Map<String, float[]> labels(Examples rows, List<String> names) {
    Map<String, List<Float>> found = new LinkedHashMap<>();
    try (Examples.Stream stream = rows.stream(Examples.Pass.inOrder(4096))) {
      for (var batch = stream.next(); batch != null; batch = stream.next()) {
        for (String name : names) {
          List<Float> all = found.computeIfAbsent(name, _ -> new ArrayList<>());
          float[] labels = batch.label(name);
          for (float label : labels) {
            all.add(label);
          }
        }
      }
    }
    Map<String, float[]> all = new LinkedHashMap<>();
    found.forEach(
        (name, values) -> {
          float[] copy = new float[values.size()];
          for (int i = 0; i < copy.length; i++) {
            copy[i] = values.get(i);
          }
          all.put(name, copy);
        });
    return all;
  }
}
