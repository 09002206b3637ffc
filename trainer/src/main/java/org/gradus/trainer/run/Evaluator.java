// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Tape;
import org.gradus.data.Examples;
import org.gradus.data.Examples.Pass;
import org.gradus.embeddings.Batch;
import org.gradus.models.Head;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Rated;
import org.gradus.tensor.Device;
import org.gradus.trainer.loss.Objective;
import org.gradus.trainer.metrics.LogLoss;
import org.gradus.trainer.metrics.Metric;
import org.gradus.trainer.metrics.Scorecard;
import org.jspecify.annotations.Nullable;

/// Scores rows with a model, in evaluation mode and in their stored order.
///
/// @param model what predicts
/// @param device where its parameters are
/// @param measure how many rows at once, and how groups count
public record Evaluator(Model model, Device device, TrainConfig.Measure measure) {
  /// What a head says about the examples of one batch, on the host.
  ///
  /// @param scale what the numbers are
  /// @param score a logit, ln p − ln(1 − p), or a value
  /// @param logP ln p; empty unless the head gives it
  /// @param logNotP ln(1 − p); empty unless the head gives it
  public record Prediction(Scorecard.Scale scale, double[] score, double[] logP, double[] logNotP) {
    /// What a head says.
    public static Prediction of(Head head) {
      double[] none = {};
      return switch (head) {
        case Head.Logit(var z) ->
            new Prediction(Scorecard.Scale.LOGIT, z.value().toDoubles(), none, none);
        case Head.Value(var v) ->
            new Prediction(Scorecard.Scale.VALUE, v.value().toDoubles(), none, none);
        case Head.Quantiles h ->
            new Prediction(Scorecard.Scale.VALUE, h.score().value().toDoubles(), none, none);
        case Head.Normal(var mean, _) ->
            new Prediction(Scorecard.Scale.VALUE, mean.value().toDoubles(), none, none);
        case Head.LogProbability(var logP, var logNotP) ->
            new Prediction(
                Scorecard.Scale.LOG_PROBABILITY,
                head.score().value().toDoubles(),
                logP.value().toDoubles(),
                logNotP.value().toDoubles());
      };
    }

    /// What a user wants to see of example i: the probability, or the value.
    public double shown(int i) {
      return switch (scale) {
        case LOGIT -> LogLoss.sigmoid(score[i]);
        case LOG_PROBABILITY -> StrictMath.exp(logP[i]);
        case VALUE -> score[i];
      };
    }
  }

  /// Takes the predictions of one batch after the other.
  @FunctionalInterface
  public interface Sink {
    /// Predictions by label.
    void accept(Batch batch, Map<String, Prediction> predictions);
  }

  /// Scores every row. Labels are not read.
  public void predict(Examples rows, Sink sink) {
    predict(rows, sink, null);
  }

  private void predict(Examples rows, Sink sink, @Nullable Collected watcher) {
    try (Examples.Stream stream = rows.stream(Pass.inOrder(measure.batchSize()))) {
      for (Batch batch = stream.next(); batch != null; batch = stream.next()) {
        Map<String, Prediction> predictions = new LinkedHashMap<>();
        try (Tape tape = Tape.evaluating(device)) {
          Mode mode = Mode.evaluation(tape);
          if (watcher != null) {
            watcher.begin(batch);
            mode = mode.watching(watcher);
          }
          Outputs outputs = model.forward(batch, mode);
          outputs.heads().forEach((label, head) -> predictions.put(label, Prediction.of(head)));
        }
        sink.accept(batch, predictions);
      }
    }
  }

  /// Measures what an objective is about: predictions against its labels, or, where it has none, the losses that the model
  /// computes in evaluation.
  ///
  /// @param split prefix of the metrics' names: `valid`, `test`
  public Evaluation evaluate(String split, Examples rows, Objective objective) {
    return objective.labels().isEmpty()
        ? losses(split, rows, objective)
        : evaluate(split, rows, objective.labels());
  }

  /// A mean over many batches.
  private static final class Mean {
    private double sum;
    private double weight;

    void add(double mean, double more) {
      if (more > 0) { // the loss of nothing is no number to count on
        sum += mean * more;
        weight += more;
      }
    }

    Metric metric() {
      return weight == 0
          ? Metric.undefined("the rows hold nothing that the loss is a mean over")
          : Metric.of(sum / weight);
    }
  }

  /// Each loss is the mean over what it is about, rows or something else, whatever the batches are.
  private Evaluation losses(String split, Examples rows, Objective objective) {
    Map<String, Mean> means = new LinkedHashMap<>();
    Map<String, Rated.Rate> rates = new LinkedHashMap<>();
    long n = 0;
    try (Examples.Stream stream = rows.stream(Pass.inOrder(measure.batchSize()))) {
      for (Batch batch = stream.next(); batch != null; batch = stream.next()) {
        int size = batch.size();
        try (Tape tape = Tape.evaluating(device)) {
          Outputs outputs = model.forward(batch, Mode.evaluation(tape));
          objective
              .of(outputs, batch)
              .parts()
              .forEach(
                  (name, part) ->
                      means
                          .computeIfAbsent(name, _ -> new Mean())
                          .add(part.value().item(), outputs.weight(name, size)));
        }
        if (model instanceof Rated rated) {
          rated.rates(batch, device).forEach((name, r) -> rates.merge(name, r, Rated.Rate::plus));
        }
        n += size;
      }
    }
    Map<String, Metric> parts = new LinkedHashMap<>();
    means.forEach((name, mean) -> parts.put(name, mean.metric()));
    return Evaluation.ofLosses(split, objective::total, parts, n).with(split, rates);
  }

  /// Measures predictions against labels. Rows whose label is masked do not count for it.
  ///
  /// @param split prefix of the metrics' names: `valid`, `test`
  /// @param labels what to measure, in order
  public Evaluation evaluate(String split, Examples rows, List<String> labels) {
    return evaluate(split, rows, labels, labels.size() > 1);
  }

  /// As above, of some of the labels of a model.
  ///
  /// @param named whether metrics carry the name of their label, as they do where the model has several
  public Evaluation evaluate(String split, Examples rows, List<String> labels, boolean named) {
    Collected collected = new Collected(labels, named);
    predict(
        rows,
        (batch, predictions) -> {
          model.checkLabels(batch);
          collected.add(batch, predictions);
        },
        collected);
    return collected.measured(split, measure.gauc());
  }
}
