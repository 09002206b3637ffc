// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.models.Model;
import org.gradus.tensor.Device;
import org.gradus.trainer.loss.LossConfig;
import org.gradus.trainer.loss.Objective;
import org.gradus.trainer.optim.Optimizer;

/// A model on a device that is trained step by step: forward, loss, backward, update.
public final class ModelStep implements Workload.Step {
  /// Batches that come in turn: enough that none is still in a cache when it comes again.
  public static final int BATCHES = 8;

  /// Where initial weights come from.
  static final long SEED = 1;

  private final Params params;
  private final Model model;
  private final Objective objective;
  private final Optimizer optimizer;
  private final List<Batch> batches = new ArrayList<>();
  private final Stopwatch watch;
  private long step;
  private int operations;

  ModelStep(TrainedModel workload, Device device, Stopwatch watch) {
    this.watch = watch;
    params = Params.create(device, SEED);
    try {
      model = workload.spec().createExample(workload.settings(), workload.schema(), params);
      objective = new Objective(LossConfig.ALL, workload.schema());
      optimizer = new Optimizer(params, workload.rules().of(params));
    } catch (RuntimeException e) {
      params.close();
      throw e;
    }
    for (int i = 0; i < BATCHES; i++) {
      batches.add(GeneratedBatches.draw(workload.schema(), workload.batch(), i));
    }
  }

  /// The parameters as they stand.
  public Params params() {
    return params;
  }

  /// The batches that come in turn.
  public List<Batch> batches() {
    return List.copyOf(batches);
  }

  @Override
  public int operations() {
    return operations;
  }

  @Override
  public double run() {
    watch.begin();
    return train(batches.get((int) (step % BATCHES)));
  }

  /// Runs the next step on a batch from elsewhere. The watch was begun before the batch was asked for.
  double train(Batch batch) {
    step++;
    watch.lap(Phase.DATA_WAIT);
    double loss;
    try (Tape tape = Tape.recording(params.device())) {
      Objective.Loss found =
          objective.of(model.forward(batch, Mode.training(tape, SEED, step)), batch);
      loss = found.total().value().item();
      watch.lap(Phase.FORWARD);
      Gradients gradients = tape.backward(found.total());
      operations = tape.operations();
      watch.lap(Phase.BACKWARD);
      optimizer.step(gradients, step);
      watch.lap(Phase.OPTIMISER);
    }
    watch.lap(Phase.RELEASE);
    return loss;
  }

  @Override
  public void close() {
    optimizer.close();
    params.close();
  }
}
