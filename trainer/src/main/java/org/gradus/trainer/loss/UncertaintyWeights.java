// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import java.util.LinkedHashMap;
import java.util.Map;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;

/// L = Σ_t (e^−s_t L_t + s_t/2), over the tasks that the batch holds. The s live on the host, and descend without momentum or decay.
final class UncertaintyWeights implements Balancing {
  private final double rate;
  private final Map<String, Double> s = new LinkedHashMap<>();

  UncertaintyWeights(Balance.Uncertainty balance, Training training) {
    rate = balance.rate();
    training.tasks().forEach(task -> s.put(task, balance.initial()));
  }

  @Override
  public Step step(Tape tape, Objective.Loss loss, Now now) {
    Map<String, Double> weights = new LinkedHashMap<>();
    double halves = 0;
    for (Map.Entry<String, Double> e : s.entrySet()) {
      weights.put(e.getKey(), StrictMath.exp(-e.getValue()));
      halves += loss.of(e.getKey()) == 0 ? 0 : e.getValue() / 2;
    }
    Var total = loss.weighted(weights);
    Step step = new Step(tape.backward(total), total.value().item() + halves, weights);
    s.replaceAll((task, old) -> moved(old, loss.of(task), rate));
    return step;
  }

  /// s − rate · ∂/∂s (e^−s L + s/2); s itself where the batch does not hold the task
  static double moved(double s, double loss, double rate) {
    return loss == 0 ? s : s - rate * (0.5 - StrictMath.exp(-s) * loss);
  }

  @Override
  public Map<String, Double> state() {
    return new LinkedHashMap<>(s);
  }

  @Override
  public void restore(Map<String, Double> state) {
    s.replaceAll(state::getOrDefault);
  }
}
