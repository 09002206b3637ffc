// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Tape;

/// L = Σ_t w_t L_t, with w descending along
///
/// ```
/// n_t = ‖∇L_t‖ over the last shared layer,  G_t = w_t n_t,  Ḡ = mean G
/// r_t = (L_t / L_t(0)) / mean (L / L(0))
/// ∂/∂w_t Σ |G_t − Ḡ r_t^α| = sign(G_t − Ḡ r_t^α) n_t
/// ```
///
/// with the target Ḡ r_t^α held, and w scaled back to a sum of T after each step. Means are over the tasks that the batch holds.
final class GradNormWeights implements Balancing {
  private static final double LEAST = 1e-4; // of a weight: a task that lost all could not come back

  private final Balance.GradNorm balance;
  private final List<String> tasks;
  private final List<Parameter> layer;
  private final double[] weights;
  private final double[] initial; // L_t(0), 0 before it is known

  GradNormWeights(Balance.GradNorm balance, Training training) {
    this.balance = balance;
    tasks = training.tasks();
    layer = training.layer(balance.layer());
    weights = new double[tasks.size()];
    initial = new double[tasks.size()];
    Arrays.fill(weights, 1);
    Arrays.fill(initial, balance.initialLoss());
  }

  @Override
  public Step step(Tape tape, Objective.Loss loss, Now now) {
    TaskWalks walks = new TaskWalks(tape, loss);
    Map<String, Double> used = byTask(weights);
    double[] losses = new double[tasks.size()];
    double total = loss.ofOthers();
    for (int t = 0; t < losses.length; t++) {
      losses[t] = loss.of(tasks.get(t));
      initial[t] = initial[t] == 0 ? losses[t] : initial[t];
      total += weights[t] * losses[t];
    }
    double[] before = weights.clone();
    Step step = new Step(walks.sum((t, _) -> before[t]), total, used);
    double[] slopes = slopes(weights, walks.norms(layer), losses, initial, balance.alpha());
    descend(weights, slopes, balance.rate());
    return step;
  }

  private Map<String, Double> byTask(double[] values) {
    Map<String, Double> named = new LinkedHashMap<>();
    for (int t = 0; t < values.length; t++) {
      named.put(tasks.get(t), values[t]);
    }
    return named;
  }

  /// ∂/∂w_t; 0 for a task that the batch does not hold, or that pulls on nothing there.
  static double[] slopes(
      double[] w, double[] norms, double[] losses, double[] initial, double alpha) {
    double sumG = 0;
    double sumRatio = 0;
    int present = 0;
    for (int t = 0; t < w.length; t++) {
      if (losses[t] != 0 && norms[t] != 0) {
        sumG += w[t] * norms[t];
        sumRatio += losses[t] / initial[t];
        present++;
      }
    }
    double[] slopes = new double[w.length];
    for (int t = 0; t < w.length; t++) {
      if (losses[t] != 0 && norms[t] != 0) {
        double r = losses[t] / initial[t] / (sumRatio / present);
        double target = sumG / present * StrictMath.pow(r, alpha);
        slopes[t] = Math.signum(w[t] * norms[t] - target) * norms[t];
      }
    }
    return slopes;
  }

  /// One step of w, none below [#LEAST], their sum T again.
  static void descend(double[] w, double[] slopes, double rate) {
    double sum = 0;
    for (int t = 0; t < w.length; t++) {
      w[t] = Math.max(LEAST, w[t] - rate * slopes[t]);
      sum += w[t];
    }
    for (int t = 0; t < w.length; t++) {
      w[t] *= w.length / sum;
    }
  }

  @Override
  public Map<String, Double> state() {
    Map<String, Double> state = new LinkedHashMap<>();
    for (int t = 0; t < weights.length; t++) {
      state.put("weight." + tasks.get(t), weights[t]);
      state.put("initial." + tasks.get(t), initial[t]);
    }
    return state;
  }

  @Override
  public void restore(Map<String, Double> state) {
    for (int t = 0; t < weights.length; t++) {
      weights[t] = state.getOrDefault("weight." + tasks.get(t), weights[t]);
      initial[t] = state.getOrDefault("initial." + tasks.get(t), initial[t]);
    }
  }
}
