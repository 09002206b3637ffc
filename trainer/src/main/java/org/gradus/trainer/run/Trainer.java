// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.data.DataSet;
import org.gradus.data.Examples;
import org.gradus.data.Examples.Pass;
import org.gradus.embeddings.Batch;
import org.gradus.models.Fitted;
import org.gradus.models.Model;
import org.gradus.models.MultiTask;
import org.gradus.trainer.loss.Balancing;
import org.gradus.trainer.loss.Objective;
import org.gradus.trainer.metrics.Metric;
import org.gradus.trainer.optim.Optimizer;
import org.gradus.trainer.store.AtomicFiles;
import org.gradus.trainer.store.StoreException;

/// Trains a model on data and leaves a [RunFolder].
///
/// Everything that decides about the result is a function of the configuration and of what the checkpoints hold: the order
/// of rows of (seed, epoch), dropout of (seed, step). So a run resumed from any checkpoint ends with the same bits.
public final class Trainer {
  private final TrainConfig config;
  private final DataSet data;
  private final Model model;
  private final Params params;
  private final Objective objective;
  private final Examples trained; // what gradients train on
  private boolean started;

  /// A trainer of a model whose parameters have their initial values.
  public Trainer(TrainConfig config, DataSet data, Model model, Params params) {
    this.config = config;
    this.data = data;
    this.model = model;
    this.params = params;
    this.objective = new Objective(config.loss(), data.schema());
    if (config.stopping() != null) {
      Evaluation.checkName(config.stopping().metric(), "valid", objective.labels(), data.schema());
    }
    if (data.train().rows() == 0) {
      throw new IllegalArgumentException(
          "train: " + data.name() + " has no training rows. Expected at least one.");
    }
    this.trained = model instanceof Fitted f ? chosen(f) : data.train();
    trained.stream(pass(0))
        .close(); // rows that cannot be batched so say it before there is a folder
    var _ = balancing(); // so does a balance of tasks that there are not
  }

  private Pass pass(int epoch) {
    TrainConfig.Loop loop = config.loop();
    return new Pass(loop.batchSize(), true, config.seed(), epoch, 0, loop.dropLast());
  }

  private Examples chosen(Fitted fitted) {
    long[] places = fitted.trainedRows(this::eachBatch, config.seed());
    if (places != null && places.length == 0) {
      throw new IllegalArgumentException(
          "train: the model leaves none of the "
              + data.train().rows()
              + " training rows to the optimiser. Expected more rows, or other settings of the"
              + " model.");
    }
    return places == null ? data.train() : data.train().only(places);
  }

  /// Every training row, in stored order: what parts of a model that no gradient reaches are fitted on.
  private void eachBatch(Consumer<Batch> each) {
    try (Examples.Stream stream = data.train().stream(Pass.inOrder(config.measure().batchSize()))) {
      for (Batch batch = stream.next(); batch != null; batch = stream.next()) {
        each.accept(batch);
      }
    }
  }

  /// Gives parameters the values that the run begins with, where these are those of another run. [#run] does it when nobody has;
  /// who wants to know that it can be done before there is a folder calls it first.
  ///
  /// @throws StoreException when the parameters do not fit
  public void start(Listener listener) {
    if (config.initFrom() != null && !started) {
      new Beginning(model, params, data.schema()).from(config.initFrom()).forEach(listener::note);
    }
    started = true;
  }

  /// Trains from the beginning.
  ///
  /// @throws StoreException when another run is at work in the folder
  public RunResult run(RunFolder folder, Listener listener) {
    try (var _ = folder.lock()) {
      folder.writeConfig(config);
      return train(folder, listener, false);
    }
  }

  /// Goes on where the latest checkpoint stands. A run that had ended is only reported again.
  ///
  /// @throws IllegalArgumentException when configuration or data differ from those of the run in what decides about results
  /// @throws StoreException when another run is at work in the folder
  public RunResult resume(RunFolder folder, Listener listener) {
    List<String> differences = Configs.differences(config, folder.config(config));
    if (!differences.isEmpty()) {
      throw new IllegalArgumentException(
          "resume: "
              + folder.path()
              + " was begun with other settings: "
              + String.join("; ", differences)
              + ". Expected those it was begun with, and the same kind of device, so that it ends"
              + " with the same bits; only threads, --checkpoint-every, --table-files and --path"
              + " may change. evaluate takes any device, and --init-from begins a new run with its"
              + " parameters.");
    }
    try (var _ = folder.lock()) {
      return train(folder, listener, true);
    }
  }

  private RunResult train(RunFolder folder, Listener listener, boolean resume) {
    config.frozen().forEach(params::freeze);
    boolean fresh = !resume || folder.named(RunFolder.LATEST) == null;
    if (fresh) {
      start(listener);
    }
    try (Optimizer optimizer = new Optimizer(params, config.optimizer())) {
      Frequencies.count(optimizer, trained, config.measure().batchSize());
      Checkpoints checkpoints = new Checkpoints(folder, params, optimizer);
      TrainingState start = TrainingState.start(Fingerprint.of(data.schema()), data.fingerprint());
      TrainingState from = resume ? checkpoints.resume(start) : start;
      if (model instanceof Fitted f && !f.fitted()) {
        listener.note(f.fit(this::eachBatch, config.seed()));
      }
      Loop loop = new Loop(folder, listener, checkpoints, from);
      if (resume) {
        listener.note(
            loop.ended()
                ? "the run had ended after step " + loop.step + ": reported again"
                : "resumed after step " + loop.step);
      }
      if (!loop.toTheEnd()) {
        return new RunResult(folder.path(), true, loop.epoch + 1, loop.step, Map.of());
      }
      return new Finish(config, data, params, checkpoints)
          .run(evaluator(), objective, loop.state());
    }
  }

  private Balancing balancing() {
    List<String> lastShared = model instanceof MultiTask m ? m.lastShared() : List.of();
    return Balancing.of(
        config.loss().balance(),
        new Balancing.Training(objective.tasks(), params, lastShared, config.seed()));
  }

  private Evaluator evaluator() {
    return new Evaluator(model, params.device(), config.measure());
  }

  /// The state of a run, on its way.
  private final class Loop {
    private final RunFolder folder;
    private final Listener listener;
    private final Checkpoints checkpoints;
    private final TrainingState.Checks checks;
    private final Balancing balancing = balancing();
    private long step;
    private int epoch;
    private long consumed;
    private final Map<String, Double> sums;
    private long rows;
    private long totalRows;
    private double seconds;
    private TrainingState.Memory stopping;

    Loop(RunFolder folder, Listener listener, Checkpoints checkpoints, TrainingState s) {
      this.folder = folder;
      this.listener = listener;
      this.checkpoints = checkpoints;
      this.checks = s.checks();
      this.step = s.step();
      this.epoch = s.epoch();
      this.consumed = s.consumed();
      this.sums = new LinkedHashMap<>(s.sums());
      this.rows = s.rows();
      this.totalRows = s.total().rows();
      this.seconds = s.total().seconds();
      this.stopping = s.stopping();
      balancing.restore(s.balance());
    }

    TrainingState state() {
      return new TrainingState(
          step,
          epoch,
          consumed,
          sums,
          rows,
          new TrainingState.Total(totalRows, seconds),
          stopping,
          balancing.state(),
          folder.historyBytes(),
          checks);
    }

    boolean ended() {
      return epoch >= config.loop().epochs() || stopping.ended();
    }

    /// @return whether the end was reached; false when the listener asked to stop
    boolean toTheEnd() {
      while (!ended()) {
        if (!passTrained()) {
          listener.note("stopped; checkpoint " + checkpoints.write(state(), false));
          return false;
        }
        endEpoch();
      }
      return true;
    }

    private boolean passTrained() {
      TrainConfig.Loop settings = config.loop();
      Pass pass = pass(epoch);
      long steps = trained.batches(pass);
      if (settings.stepsPerEpoch() > 0) {
        steps = Math.min(steps, settings.stepsPerEpoch());
      }
      if (steps == 0) {
        throw new IllegalArgumentException(
            "train: "
                + trained.rows()
                + " rows make no batch of "
                + settings.batchSize()
                + ". Expected a smaller batchSize, or dropLast=false.");
      }
      listener.epochStarted(epoch + 1, settings.epochs(), steps, consumed);
      if (consumed == steps) {
        return true; // stopped between the last step and the end of the epoch
      }
      long every = config.execution().checkpointEvery();
      long point = (steps + History.POINTS - 1) / History.POINTS;
      try (Examples.Stream stream = trained.stream(pass.skipping(consumed))) {
        while (consumed < steps) {
          Batch batch = stream.next();
          if (batch == null) {
            throw new IllegalStateException(
                "train: the pass ended after " + consumed + " batches of " + steps + ".");
          }
          trainOn(batch);
          if (consumed % point == 0 && consumed < steps) {
            AtomicFiles.append(
                folder.path().resolve(RunFolder.HISTORY), History.line(epoch + 1, step, means()));
          }
          if (listener.stopRequested()) {
            return false;
          }
          if (every > 0 && step % every == 0 && consumed < steps) {
            checkpoints.write(state(), false);
          }
        }
      }
      return true;
    }

    private void trainOn(Batch batch) {
      long begun = System.nanoTime();
      Map<String, Double> parts = new LinkedHashMap<>();
      try (Tape tape = Tape.recording(params.device())) {
        Mode mode = Mode.training(tape, config.seed(), step + 1);
        model.checkLabels(batch);
        Objective.Loss loss = objective.of(model.forward(batch, mode), batch);
        DivergenceException.check(step + 1, loss, tape, params);
        loss.parts().forEach((name, part) -> parts.put(name, part.value().item()));
        Balancing.Step balanced = balancing.step(tape, loss, new Balancing.Now(step + 1, epoch));
        balanced.weights().forEach((task, w) -> parts.put("weight." + task, w));
        Optimizer.Step done = move(balanced.gradients());
        parts.put("penalty", done.penalty());
        parts.put("loss", balanced.loss() + done.penalty());
      }
      step++;
      consumed++;
      rows += batch.size();
      totalRows += batch.size();
      parts.forEach((name, value) -> sums.merge(name, value * batch.size(), Double::sum));
      seconds += (System.nanoTime() - begun) * 1e-9;
      listener.stepDone(step, batch.size(), parts);
    }

    private Optimizer.Step move(Gradients gradients) {
      try {
        return checkpoints.optimizer().step(gradients, step + 1);
      } catch (ArithmeticException e) {
        throw new DivergenceException("step " + (step + 1) + ": " + e.getMessage());
      }
    }

    private Map<String, Double> means() {
      Map<String, Double> losses = new LinkedHashMap<>();
      sums.forEach((name, sum) -> losses.put(name, sum / rows));
      return losses;
    }

    private void endEpoch() {
      Map<String, Double> losses = means();
      Evaluation valid = evaluator().evaluate("valid", data.valid(), objective);
      boolean best = remember(valid);
      Listener.EpochReport report =
          new Listener.EpochReport(epoch + 1, step, losses, valid, best, seconds);
      epoch++;
      consumed = 0;
      rows = 0;
      sums.clear();
      AtomicFiles.append(folder.path().resolve(RunFolder.HISTORY), History.line(report));
      checkpoints.write(state(), best);
      listener.epochDone(report);
    }

    /// @return whether this is the best epoch so far
    private boolean remember(Evaluation valid) {
      TrainConfig.Stopping rule = config.stopping();
      if (rule == null) {
        return false;
      }
      Metric metric = valid.metric(rule.metric());
      if (metric == null || !metric.defined()) {
        throw new IllegalArgumentException(
            "stopping: "
                + rule.metric()
                + (metric == null ? " is no metric" : " is undefined: " + metric.undefined())
                + ". Expected one of: "
                + String.join(", ", valid.metrics().keySet()));
      }
      stopping = stopping.after(rule, epoch + 1, metric.value());
      return stopping.since() == 0;
    }
  }
}
