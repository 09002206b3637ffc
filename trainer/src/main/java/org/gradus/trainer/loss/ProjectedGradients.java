// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Tape;
import org.gradus.tensor.Counter;

/// PCGrad: for each task i, and the others j one after the other,
///
/// ```
/// g_i′ ← g_i′ − (g_i′ · g_j)/‖g_j‖² g_j   where g_i′ · g_j < 0
/// ```
///
/// and what is left is added up. Every g_i′ is a sum of the g_j, so inner products of the g_j are all that is needed, and the result is
/// Σ_j c_j g_j. Parameters of one task alone keep their gradient.
final class ProjectedGradients implements Balancing {
  private final Balance.PcGrad balance;
  private final List<String> tasks;
  private final long seed;

  ProjectedGradients(Balance.PcGrad balance, Training training) {
    this.balance = balance;
    this.tasks = training.tasks();
    this.seed = Counter.key(training.seed(), "pcgrad");
  }

  @Override
  public Step step(Tape tape, Objective.Loss loss, Now now) {
    TaskWalks walks = new TaskWalks(tape, loss);
    List<Parameter> shared = walks.shared();
    int[][] orders = orders(Counter.key(seed, now.step()));
    Map<Parameter, double[]> shares = new HashMap<>();
    double[] mean = new double[tasks.size()];
    if (balance.reach() == Balance.PcGrad.Reach.GLOBAL) {
      mean = shares(walks.products(shared), orders);
      for (Parameter p : shared) {
        shares.put(p, mean);
      }
    } else {
      for (Parameter p : shared) {
        double[] own = shares(walks.products(List.of(p)), orders);
        shares.put(p, own);
        for (int t = 0; t < mean.length; t++) {
          mean[t] += own[t] / shared.size();
        }
      }
    }
    Map<String, Double> weights = new LinkedHashMap<>();
    for (int t = 0; t < mean.length; t++) {
      weights.put(tasks.get(t), mean[t]);
    }
    return new Step(
        walks.sum(
            (t, p) -> {
              double[] own = shares.get(p);
              return own == null ? 1 : own[t];
            }),
        loss.total().value().item(),
        weights);
  }

  private double[] shares(double[][] products, int[][] orders) {
    double[] shares = project(products, orders);
    if (balance.reduction() == Balance.PcGrad.Reduction.MEAN) {
      for (int t = 0; t < shares.length; t++) {
        shares[t] /= shares.length;
      }
    }
    return shares;
  }

  /// c with Σ_i g_i′ = Σ_j c_j g_j.
  ///
  /// @param products ⟨g_i, g_j⟩
  /// @param orders for each i the tasks in the order in which it meets them; itself is passed over
  static double[] project(double[][] products, int[][] orders) {
    double[] c = new double[products.length];
    for (int i = 0; i < products.length; i++) {
      double[] own = new double[products.length]; // g_i′ = Σ_k own_k g_k
      own[i] = 1;
      for (int j : orders[i]) {
        double against = 0;
        for (int k = 0; k < own.length; k++) {
          against += own[k] * products[k][j];
        }
        if (j != i && against < 0 && products[j][j] > 0) {
          own[j] -= against / products[j][j];
        }
      }
      for (int k = 0; k < own.length; k++) {
        c[k] += own[k];
      }
    }
    return c;
  }

  private int[][] orders(long key) {
    int n = tasks.size();
    int[][] orders = new int[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        orders[i][j] = j;
      }
      for (int j = n - 1; j > 0 && balance.order() == Balance.PcGrad.Order.RANDOM; j--) {
        int other = (int) Counter.below(key, (long) i * n + j, j + 1L);
        int held = orders[i][j];
        orders[i][j] = orders[i][other];
        orders[i][other] = held;
      }
    }
    return orders;
  }
}
