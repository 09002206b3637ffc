// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Runs an objective at the point that its targets hold: forward alone, or forward and back.
///
/// Each pass has a tape and a mode of its own, with the same seed and step, so that dropout drops the same.
final class Passes {
  private final Device device;
  private final long seed;
  private final boolean training;
  private final Objective objective;
  private final List<Target.Input> inputs;
  private final Map<String, double[]> weights = new HashMap<>();

  Passes(
      Device device, long seed, boolean training, Objective objective, List<Target.Input> inputs) {
    this.device = device;
    this.seed = seed;
    this.training = training;
    this.objective = objective;
    this.inputs = inputs;
  }

  /// One output of the objective.
  ///
  /// @param name as the objective calls it
  /// @param shape sizes of its axes
  /// @param values its numbers
  /// @param weights R, with which they enter the sum: N(0, 1) rounded to float32, or 1 for a loss
  record Output(String name, Shape shape, double[] values, double[] weights) {}

  /// What a pass forward and back found.
  ///
  /// @param outputs in the order of their names
  /// @param gradients of Σ R ⊙ outputs, one per target
  record Found(List<Output> outputs, List<double[]> gradients) {}

  /// Forward alone, nothing recorded.
  List<Output> forward(Probe probe) {
    try (Tape tape = Tape.probed(device, false, probe)) {
      List<Output> outputs = new ArrayList<>();
      run(tape, new LinkedHashMap<>()).forEach((name, y) -> outputs.add(output(name, y.value())));
      return outputs;
    }
  }

  /// Forward and back.
  Found walk(Probe probe, Runnable beforeBackward, List<Target> targets) {
    try (Tape tape = Tape.probed(device, true, probe)) {
      Map<String, Var> variables = new LinkedHashMap<>();
      Map<String, Var> named = run(tape, variables);
      List<Output> outputs = new ArrayList<>();
      named.forEach((name, y) -> outputs.add(output(name, y.value())));
      beforeBackward.run();
      Var sum =
          tape.record(
              CheckProbe.OBJECTIVE,
              tape.scope().upload(Shape.scalar(), new double[] {total(outputs)}),
              (_, dx) -> {
                for (int i = 0; i < outputs.size(); i++) {
                  if (dx.wants(i)) {
                    Output y = outputs.get(i);
                    dx.give(i, tape.scope().upload(y.shape, y.weights));
                  }
                }
              },
              named.values().toArray(new Var[0]));
      Gradients gradients = tape.backward(sum);
      List<double[]> found = new ArrayList<>();
      for (Target target : targets) {
        try {
          found.add(target.gradient(gradients, variables));
        } catch (IllegalStateException e) {
          throw new GradCheck.Failure(target.path() + ": " + e.getMessage(), e);
        }
      }
      return new Found(outputs, found);
    }
  }

  private Map<String, Var> run(Tape tape, Map<String, Var> variables) {
    for (Target.Input input : inputs) {
      variables.put(input.path(), input.on(tape));
    }
    Mode mode =
        training ? Mode.training(tape, seed, 0).withoutSideEffects() : Mode.evaluation(tape);
    Map<String, Var> named = new TreeMap<>(objective.evaluate(mode, new Inputs(variables)));
    if (named.isEmpty()) {
      throw new IllegalArgumentException(
          "gradcheck: the objective has no outputs. Expected at least one.");
    }
    return named;
  }

  private Output output(String name, Tensor value) {
    double[] r = weights.computeIfAbsent(name, n -> weights(n, value.shape()));
    if (r.length != value.elements()) {
      throw new IllegalArgumentException(
          "gradcheck: output "
              + name
              + " had "
              + r.length
              + " elements and now has shape "
              + value.shape()
              + ". Expected the same sizes at every point.");
    }
    return new Output(name, value.shape(), value.toDoubles(), r);
  }

  private double[] weights(String name, Shape shape) {
    double[] r = new double[shape.elements()];
    long key = Counter.key(Counter.key(seed, "weight of output"), name);
    for (int i = 0; i < r.length; i++) {
      r[i] = shape.rank() == 0 ? 1 : (float) Initializers.normalAt(key, i);
    }
    return r;
  }

  private static double total(List<Output> outputs) {
    double sum = 0;
    for (Output y : outputs) {
      for (int i = 0; i < y.values.length; i++) {
        sum += y.weights[i] * y.values[i];
      }
    }
    return sum;
  }
}
