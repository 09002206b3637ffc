// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import java.util.LinkedHashMap;
import java.util.Map;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;

/// L = Σ_t γ_t^τ L_t
final class FixedWeights implements Balancing {
  private final Balance.Fixed balance;

  FixedWeights(Balance.Fixed balance, Training training) {
    training.checkNames("decay", balance.decay());
    this.balance = balance;
  }

  @Override
  public Step step(Tape tape, Objective.Loss loss, Now now) {
    if (balance.decay().isEmpty()) {
      return new Step(tape.backward(loss.total()), loss.total().value().item(), Map.of());
    }
    double tau = balance.clock() == Balance.Clock.STEP ? now.step() - 1 : now.epoch();
    Map<String, Double> weights = new LinkedHashMap<>();
    for (String task : loss.tasks().keySet()) {
      double gamma = balance.decay().getOrDefault(task, 1.0);
      weights.put(task, StrictMath.pow(gamma, tau));
    }
    Var total = loss.weighted(weights);
    return new Step(tape.backward(total), total.value().item(), weights);
  }
}
