// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.Optimizer;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Rule;

/// A recurrent layer forward and backward, to its weights and to its input: `[B, 50, 32]` in, the last state out. The loss is the
/// mean of the squares of the last states. Its few thousand weights take a step of gradient descent, so that losses tell whether
/// gradients are right.
public final class RecurrentStep implements Workload.Step {
  /// T
  public static final int TIME = 50;

  /// Numbers in a step of the input, and in a state.
  public static final int WIDTH = 32;

  /// Learning rate.
  public static final double RATE = 1;

  /// The most sequences of which a step keeps its four blocks in one array, some rows more than there are.
  private static final int MOST = Integer.MAX_VALUE / (TIME * 4 * WIDTH) - 64;

  private final Params params;
  private final UnaryOperator<Var> layer; // [B, T, D] → [B, H]
  private final Optimizer optimizer;
  private final Scope inputs;
  private final List<Tensor> batches = new ArrayList<>(); // [B, T, D] each
  private final Stopwatch watch;
  private long step;
  private int operations;

  /// @param builder makes a layer that says the last states of its input
  RecurrentStep(
      Function<Params, UnaryOperator<Var>> builder, int batch, Device device, Stopwatch watch) {
    this.watch = watch;
    params = Params.create(device, ModelStep.SEED);
    layer = builder.apply(params);
    optimizer = new Optimizer(params, OptimizerConfig.of(Group.all(Rule.Sgd.PLAIN, RATE)));
    inputs = new Scope(device);
    for (int i = 0; i < ModelStep.BATCHES; i++) {
      float[] x = new float[batch * TIME * WIDTH];
      for (int j = 0; j < x.length; j++) {
        x[j] = 2 * Counter.uniform(i, j) - 1;
      }
      batches.add(inputs.upload(Shape.of(batch, TIME, WIDTH), x));
    }
  }

  /// Checks the range of a batch.
  static void check(String name, int batch) {
    if (batch < 1 || batch > MOST) {
      throw new IllegalArgumentException(
          name
              + ": batch "
              + batch
              + ". Expected 1 … "
              + MOST
              + ", sequences of "
              + TIME
              + " steps.");
    }
  }

  /// The weights as they stand.
  public Params params() {
    return params;
  }

  /// The inputs that come in turn.
  public List<Tensor> batches() {
    return List.copyOf(batches);
  }

  @Override
  public int operations() {
    return operations;
  }

  @Override
  public double run() {
    watch.begin();
    Tensor batch = batches.get((int) (step++ % batches.size()));
    watch.lap(Phase.DATA_WAIT);
    double found;
    try (Tape tape = Tape.recording(params.device())) {
      Var x = tape.variable(tape.scope().share(batch));
      Var loss = layer.apply(x).square().mean();
      found = loss.value().item();
      operations = tape.operations();
      watch.lap(Phase.FORWARD);
      Gradients gradients = tape.backward(loss);
      watch.lap(Phase.BACKWARD);
      optimizer.step(gradients, step);
      watch.lap(Phase.OPTIMISER);
    }
    watch.lap(Phase.RELEASE);
    return found;
  }

  @Override
  public void close() {
    inputs.close();
    optimizer.close();
    params.close();
  }
}
