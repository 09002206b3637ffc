// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.experiment;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.gradus.data.DataSet;
import org.gradus.embeddings.Field;
import org.gradus.trainer.run.TrainConfig;
import org.jspecify.annotations.Nullable;

/// Trains the entries of a [Study]. Of an entry with several candidates all are trained with seed 0, and the one whose AUC on validation rows,
/// in the mean over [Cell]s, is the largest is trained with the other seeds too. Test rows choose nothing.
public final class Trials {
  private final Study study;
  private final Prepared rows;
  private final List<Cell> cells;
  private final Training training;
  private final Consumer<String> progress;
  private final Map<Part, Prepared> parts = new HashMap<>();

  /// Trains one model.
  @FunctionalInterface
  public interface Training {
    /// The metrics of a run, named as in `metrics.json`.
    Map<String, @Nullable Object> metrics(TrainConfig config, DataSet rows);
  }

  /// What is measured: a task in a scenario.
  ///
  /// @param scenario or null, where the rows have none
  public record Cell(String task, @Nullable Integer scenario) {
    /// Where its AUC stands.
    ///
    /// @param alone whether the task is the only one
    private String metric(String split, boolean alone) {
      return split
          + (scenario == null ? "" : ".domain." + scenario)
          + (alone ? "" : "." + task)
          + ".auc";
    }

    /// Where its AUC by the true probabilities stands among the facts of data, if they know it.
    String fact() {
      return "bayes_auc_" + task + (scenario == null ? "" : "_" + scenario);
    }
  }

  /// What has a model of its own.
  ///
  /// @param scenario or null, for all rows
  private record Part(List<String> tasks, @Nullable Integer scenario) {
    boolean holds(Cell cell) {
      return tasks.contains(cell.task) && (scenario == null || scenario.equals(cell.scenario));
    }
  }

  /// What a candidate reached with one seed.
  ///
  /// @param valid AUC of each cell on validation rows
  /// @param test on test rows
  /// @param parameters of all its models
  private record Scores(double[] valid, double[] test, long parameters) {}

  /// What an entry reached.
  ///
  /// @param entry which one
  /// @param chosen its candidate
  /// @param valid mean over cells of the AUC on validation rows with seed 0, of every candidate
  /// @param test AUC on test rows, a list per seed of a number per cell
  /// @param parameters of all its models
  public record Outcome(
      Study.Entry entry,
      Map<String, String> chosen,
      List<Double> valid,
      List<List<Double>> test,
      long parameters) {}

  /// Nothing is trained yet.
  ///
  /// @param data with all labels and scenarios
  /// @param progress told what goes on, line by line
  public Trials(Study study, DataSet data, Training training, Consumer<String> progress) {
    this.study = study;
    this.training = training;
    this.progress = progress;
    rows = Prepared.of(data, List.of());
    cells = new ArrayList<>();
    for (String task : rows.tasks()) {
      scenarios().forEach(p -> cells.add(new Cell(task, p)));
      if (scenarios().isEmpty()) {
        cells.add(new Cell(task, null));
      }
    }
  }

  private List<Integer> scenarios() {
    List<Integer> all = new ArrayList<>();
    int n = rows.data().schema().one(Field.Domain.class).map(Field.Domain::domains).orElse(0);
    for (int p = 0; p < n; p++) {
      all.add(p);
    }
    return all;
  }

  /// What is measured, task by task.
  public List<Cell> cells() {
    return List.copyOf(cells);
  }

  /// Trains an entry with every seed.
  public Outcome of(Study.Entry entry) {
    Scores best = null;
    Map<String, String> chosen = Map.of();
    List<Double> valid = new ArrayList<>();
    for (Map<String, String> candidate : entry.candidates()) {
      Scores scores = train(entry, candidate, 0);
      valid.add(mean(scores.valid));
      if (best == null || mean(scores.valid) > mean(best.valid)) {
        best = scores;
        chosen = candidate;
      }
    }
    List<List<Double>> test = new ArrayList<>();
    long parameters = best == null ? 0 : best.parameters;
    for (int seed = 0; seed < study.seeds(); seed++) {
      Scores scores = seed == 0 && best != null ? best : train(entry, chosen, seed);
      test.add(boxed(scores.test));
    }
    return new Outcome(entry, chosen, valid, test, parameters);
  }

  private Scores train(Study.Entry entry, Map<String, String> candidate, long seed) {
    double[] valid = new double[cells.size()];
    double[] test = new double[cells.size()];
    long parameters = 0;
    for (Part part : parts(entry.apart())) {
      Prepared own = parts.computeIfAbsent(part, this::cut);
      TrainConfig config =
          Experiment.fitting(
              study.common().with(entry.choice(candidate)).withSeed(seed), own.tasks());
      Map<String, @Nullable Object> metrics = training.metrics(config, own.data());
      parameters += metrics.get("parameters") instanceof Number n ? n.longValue() : 0;
      for (int c = 0; c < valid.length; c++) {
        Cell cell = cells.get(c);
        if (part.holds(cell)) {
          boolean alone = part.tasks.size() == 1;
          valid[c] = number(metrics.get(cell.metric("valid", alone)));
          test[c] = number(metrics.get(cell.metric("test", alone)));
        }
      }
    }
    progress.accept(
        entry.name()
            + (candidate.isEmpty() ? "" : " " + candidate)
            + ", seed "
            + seed
            + ": validation AUC "
            + mean(valid));
    return new Scores(valid, test, parameters);
  }

  private List<Part> parts(Study.Apart apart) {
    List<Part> found = new ArrayList<>();
    List<List<String>> tasks =
        apart.tasks() ? rows.tasks().stream().map(List::of).toList() : List.of(rows.tasks());
    for (List<String> each : tasks) {
      if (apart.scenarios()) {
        scenarios().forEach(p -> found.add(new Part(each, p)));
      } else {
        found.add(new Part(each, null));
      }
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "study: apart "
              + apart
              + " of "
              + rows.data().name()
              + ", whose schema has no domain. Expected scenarios, or another word.");
    }
    return found;
  }

  private Prepared cut(Part part) {
    Prepared own = Prepared.of(rows.data(), part.tasks);
    if (part.scenario == null) {
      return own;
    }
    Prepared cut = own.scenario(part.scenario);
    check(part.scenario, "training", cut.data().train().rows());
    check(part.scenario, "validation", cut.data().valid().rows());
    return cut;
  }

  /// Refuses a scenario without rows before whoever trains wonders whose rows are missing.
  private void check(int scenario, String split, long count) {
    if (count == 0) {
      throw new IllegalArgumentException(
          "study: scenario "
              + scenario
              + " of "
              + rows.data().name()
              + " has no "
              + split
              + " rows. Expected some for a model of its own: more rows, fewer scenarios, or"
              + " another word for apart.");
    }
  }

  /// NaN for what is undefined.
  private static double number(@Nullable Object metric) {
    return metric instanceof Number n ? n.doubleValue() : Double.NaN;
  }

  /// The mean over what is defined.
  private static double mean(double[] values) {
    double sum = 0;
    int n = 0;
    for (double v : values) {
      if (!Double.isNaN(v)) {
        sum += v;
        n++;
      }
    }
    return sum / n;
  }

  private static List<Double> boxed(double[] values) {
    List<Double> all = new ArrayList<>();
    for (double v : values) {
      all.add(v);
    }
    return all;
  }
}
