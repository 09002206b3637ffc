// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Scope;

/// One walk backward per task, and one for the losses that belong to none.
final class TaskWalks {
  private final List<Gradients> walks = new ArrayList<>(); // of the tasks, in order, then the rest
  private final int tasks;
  private final Scope scope;

  TaskWalks(Tape tape, Objective.Loss loss) {
    scope = tape.scope();
    tasks = loss.tasks().size();
    for (Var task : loss.tasks().values()) {
      walks.add(tape.backward(task));
    }
    if (!loss.others().isEmpty()) {
      walks.add(tape.backward(loss.others().stream().reduce(Var::add).orElseThrow()));
    }
  }

  /// How much the gradient of each task counts.
  @FunctionalInterface
  interface Shares {
    double of(int task, Parameter parameter);
  }

  /// The parameters that at least two tasks depend on, by path, so that every sum over them has one order.
  List<Parameter> shared() {
    Map<Parameter, Integer> readers = new HashMap<>();
    for (Gradients walk : walks.subList(0, tasks)) {
      walk.parameters().forEach(p -> readers.merge(p, 1, Integer::sum));
    }
    return readers.entrySet().stream()
        .filter(e -> e.getValue() > 1)
        .map(Map.Entry::getKey)
        .sorted(Comparator.comparing(Parameter::path))
        .toList();
  }

  /// ⟨g_i, g_j⟩ of all pairs of tasks over some parameters.
  double[][] products(Collection<Parameter> over) {
    double[][] products = new double[tasks][tasks];
    for (Parameter p : over) {
      for (int i = 0; i < tasks; i++) {
        for (int j = 0; j <= i; j++) {
          products[i][j] += walks.get(i).dot(walks.get(j), p, scope);
          products[j][i] = products[i][j];
        }
      }
    }
    return products;
  }

  /// ‖g_t‖ over some parameters.
  double[] norms(Collection<Parameter> over) {
    double[] norms = new double[tasks];
    for (int t = 0; t < tasks; t++) {
      for (Parameter p : over) {
        norms[t] += walks.get(t).dot(walks.get(t), p, scope);
      }
      norms[t] = Math.sqrt(norms[t]);
    }
    return norms;
  }

  /// Σ_t share · g_t, and the gradient of the other losses as it is.
  Gradients sum(Shares shares) {
    return Gradients.sum(walks, (w, p) -> w < tasks ? shares.of(w, p) : 1, scope);
  }
}
