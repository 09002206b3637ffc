// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Tape;

/// MGDA: shared parameters get Σ_t α_t g_t with the α that make it shortest, those of one task alone their gradient. A task whose gradient
/// is zero takes no part: with α = 1 it would stop all others.
final class MinNormGradients implements Balancing {
  private static final int ROUNDS = 10_000;
  private static final double GAP = 1e-14; // relative: a few roundings of an inner product

  private final List<String> tasks;
  private final double[] least;

  MinNormGradients(Balance.MinNorm balance, Training training) {
    training.checkNames("least", balance.least());
    tasks = training.tasks();
    least = tasks.stream().mapToDouble(t -> balance.least().getOrDefault(t, 0.0)).toArray();
  }

  @Override
  public Step step(Tape tape, Objective.Loss loss, Now now) {
    TaskWalks walks = new TaskWalks(tape, loss);
    Set<Parameter> shared = new HashSet<>(walks.shared());
    double[] alpha = weights(walks.products(walks.shared()), least);
    Map<String, Double> weights = new LinkedHashMap<>();
    for (int t = 0; t < alpha.length; t++) {
      weights.put(tasks.get(t), alpha[t]);
    }
    return new Step(
        walks.sum((t, p) -> shared.contains(p) ? alpha[t] : 1),
        loss.total().value().item(),
        weights);
  }

  /// α of the tasks with a gradient, 0 for the others; equal ones where none has.
  static double[] weights(double[][] products, double[] least) {
    int[] present = IntStream.range(0, least.length).filter(t -> products[t][t] > 0).toArray();
    double[] alpha = new double[least.length];
    if (present.length == 0) {
      Arrays.fill(alpha, 1.0 / alpha.length);
      return alpha;
    }
    double[][] among = new double[present.length][present.length];
    double[] bounds = new double[present.length];
    for (int i = 0; i < present.length; i++) {
      bounds[i] = least[present[i]];
      for (int j = 0; j < present.length; j++) {
        among[i][j] = products[present[i]][present[j]];
      }
    }
    double[] found = shortest(among, bounds);
    for (int i = 0; i < present.length; i++) {
      alpha[present[i]] = found[i];
    }
    return alpha;
  }

  /// argmin αᵀMα with Σ α = 1 and α ≥ `least`: weight moves from the task with the steepest slope to that with the least, as far as it
  /// helps, until no slope is left between them. With two tasks the first move is the closed form.
  ///
  /// @param m inner products
  static double[] shortest(double[][] m, double[] least) {
    int n = m.length;
    double free = 1 - Arrays.stream(least).sum();
    double[] alpha = Arrays.stream(least).map(c -> c + free / n).toArray();
    double size = 0;
    for (int t = 0; t < n; t++) {
      size = Math.max(size, m[t][t]);
    }
    for (int round = 0; round < ROUNDS; round++) {
      double[] slope = new double[n];
      int to = 0;
      int from = -1;
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          slope[i] += m[i][j] * alpha[j];
        }
      }
      for (int i = 0; i < n; i++) {
        to = slope[i] < slope[to] ? i : to;
        boolean gives = alpha[i] > least[i];
        from = gives && (from < 0 || slope[i] > slope[from]) ? i : from;
      }
      if (from < 0 || slope[from] - slope[to] <= GAP * size) {
        break;
      }
      double curve = m[from][from] + m[to][to] - 2 * m[from][to];
      double most = alpha[from] - least[from];
      double move = curve > 0 ? Math.min(most, (slope[from] - slope[to]) / curve) : most;
      alpha[to] += move;
      alpha[from] = move == most ? least[from] : alpha[from] - move;
    }
    return alpha;
  }
}
