// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// How the losses of several tasks become one step. A task is a label whose factor is above 0; L_t is its loss with that factor.
/// Losses that a model computes itself are added as they are.
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "name")
public sealed interface Balance {
  /// Σ L_t, weights that stay.
  Balance SUM = new Fixed(Map.of(), Clock.STEP);

  /// What a decay counts.
  enum Clock {
    /// training steps
    STEP,
    /// passes over the training rows
    EPOCH
  }

  /// Σ_t γ_t^τ L_t  — the schedule of PLE, Tang et al. RecSys 2020.
  ///
  /// @param decay γ by task; 1 for those that are not listed
  /// @param clock what τ counts, from 0
  record Fixed(Map<String, Double> decay, Clock clock) implements Balance {
    /// Checks the range.
    public Fixed {
      decay = copy(decay);
      decay.forEach((task, g) -> check("fixed: decay of " + task, g, g > 0 && g <= 1, "in (0, 1]"));
    }
  }

  /// Σ_t (e^−s_t L_t + s_t/2), and s_t descends along its own slope  — Kendall, Gal, Cipolla. CVPR 2018.
  ///
  /// The ½ that the paper has before a squared error is in our L_t already.
  ///
  /// @param rate of the plain descent of s
  /// @param initial s at the start, ln σ²
  record Uncertainty(double rate, double initial) implements Balance {
    /// s = 0 at the start; the rate is a starting point of ours.
    public static final Uncertainty PRESET = new Uncertainty(0.01, 0);

    /// Checks the ranges.
    public Uncertainty {
      check("uncertainty: rate", rate, rate >= 0, "at least 0");
      check("uncertainty: initial", initial, Double.isFinite(initial), "a finite number");
    }
  }

  /// Σ_t w_t L_t, and w_t descends so that tasks that learn more slowly than others pull harder on what all share  — Chen,
  /// Badrinarayanan, Lee, Rabinovich. ICML 2018.
  ///
  /// @param alpha α: how much harder
  /// @param rate of the plain descent of w
  /// @param layer pattern of the parameters whose gradients are compared; empty for those that the model names
  /// @param initialLoss what L_t(0) is; 0 for the loss of the first step that saw the task
  record GradNorm(double alpha, double rate, String layer, double initialLoss) implements Balance {
    /// The paper's α for tasks that differ; the rate is a starting point of ours.
    public static final GradNorm PRESET = new GradNorm(1.5, 0.01, "", 0);

    /// Checks the ranges.
    public GradNorm {
      check("gradnorm: alpha", alpha, alpha >= 0, "at least 0");
      check("gradnorm: rate", rate, rate >= 0, "at least 0");
      check("gradnorm: initialLoss", initialLoss, initialLoss >= 0, "at least 0");
    }
  }

  /// Gradients of shared parameters lose the part that points against another task's  — Yu et al. NeurIPS 2020.
  ///
  /// @param reach over what gradients are compared
  /// @param order in which a gradient meets the others
  /// @param reduction of what is left
  record PcGrad(Reach reach, Order order, Reduction reduction) implements Balance {
    /// As the paper has it.
    public static final PcGrad PAPER = new PcGrad(Reach.GLOBAL, Order.RANDOM, Reduction.SUM);

    /// Over what gradients are compared.
    public enum Reach {
      /// all shared parameters together
      GLOBAL,
      /// each on its own
      PER_TENSOR
    }

    /// In which order a gradient meets the others.
    public enum Order {
      /// drawn from seed and step
      RANDOM,
      /// that of the labels
      FIXED
    }

    /// How gradients of tasks are put together.
    public enum Reduction {
      /// Σ
      SUM,
      /// Σ over the number of tasks
      MEAN
    }
  }

  /// Shared parameters follow the shortest vector Σ_t α_t g_t with Σ α_t = 1: no task gets worse along it  — Désidéri. Comptes Rendus
  /// 2012; Sener, Koltun. NeurIPS 2018.
  ///
  /// @param least the smallest α_t allowed, by task (Lin et al. RecSys 2019); 0 for those that are not listed
  record MinNorm(Map<String, Double> least) implements Balance {
    /// Checks the ranges.
    public MinNorm {
      least = copy(least);
      double sum = 0;
      for (Map.Entry<String, Double> e : least.entrySet()) {
        double c = e.getValue();
        check("min-norm: least of " + e.getKey(), c, c >= 0, "at least 0");
        sum += c;
      }
      check("min-norm: sum of least", sum, sum <= 1, "at most 1");
    }
  }

  private static Map<String, Double> copy(Map<String, Double> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }

  private static void check(String what, double value, boolean good, String expected) {
    if (!good) {
      throw new IllegalArgumentException(
          "balance: " + what + " " + value + ". Expected " + expected + ".");
    }
  }
}
