// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import java.util.List;
import java.util.Map;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.models.Spelling;

/// A [Balance] at work: turns the losses of a step into the gradients that it takes, and remembers what it learned about the
/// tasks. A task without an observed label in the batch, whose loss is 0, teaches it nothing.
public interface Balancing {
  /// The gradients of a step.
  Step step(Tape tape, Objective.Loss loss, Now now);

  /// Numbers by name that a resumed run needs to go on with the same bits.
  default Map<String, Double> state() {
    return Map.of();
  }

  /// Takes back what [#state] gave.
  default void restore(Map<String, Double> state) {}

  /// When a step happens.
  ///
  /// @param step from 1
  /// @param epoch from 0
  record Now(long step, int epoch) {}

  /// What a step is made of.
  ///
  /// @param gradients of every parameter
  /// @param loss what they are the gradients of, where they are those of one number, else the sum of the losses
  /// @param weights of the tasks in it, before anything was learned from it; empty where they are all 1
  record Step(Gradients gradients, double loss, Map<String, Double> weights) {}

  /// Who trains.
  ///
  /// @param tasks names of the labels that are trained on, in order
  /// @param params of the model
  /// @param lastShared patterns of the weights of the last layer that tasks share; empty where the model names none
  /// @param seed of the run
  record Training(List<String> tasks, Params params, List<String> lastShared, long seed) {
    /// Copies the lists.
    public Training {
      tasks = List.copyOf(tasks);
      lastShared = List.copyOf(lastShared);
    }

    /// Fails for numbers that are meant for no task.
    void checkNames(String what, Map<String, Double> byTask) {
      for (String name : byTask.keySet()) {
        if (!tasks.contains(name)) {
          throw new IllegalArgumentException(
              "balance: "
                  + what
                  + " of "
                  + name
                  + ", which is no task."
                  + Spelling.hint(name, tasks)
                  + " Expected some of: "
                  + String.join(", ", tasks));
        }
      }
    }

    /// The parameters of the last shared layer.
    List<Parameter> layer(String pattern) {
      List<String> patterns = pattern.isEmpty() ? lastShared : List.of(pattern);
      List<Parameter> found =
          patterns.stream().flatMap(each -> params.matching(each).stream()).distinct().toList();
      if (found.isEmpty()) {
        throw new IllegalArgumentException(
            "balance: layer \""
                + pattern
                + "\" matches no parameter. Expected a pattern for the last weights that all tasks"
                + " share, some of: "
                + String.join(", ", params.all().stream().map(Parameter::path).toList()));
      }
      return found;
    }
  }

  /// What a configuration says, ready for the first step.
  static Balancing of(Balance balance, Training training) {
    return switch (balance) {
      case Balance.Fixed b -> new FixedWeights(b, training);
      case Balance.Uncertainty b -> new UncertaintyWeights(b, training);
      case Balance.GradNorm b -> new GradNormWeights(b, training);
      case Balance.PcGrad b -> new ProjectedGradients(b, training);
      case Balance.MinNorm b -> new MinNormGradients(b, training);
    };
  }
}
