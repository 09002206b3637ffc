// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/// How a parameter w follows its gradient g at rate η.
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "name")
public sealed interface Rule {
  /// What it does to absent rows of tables unless told otherwise.
  default AbsentRows absentRows() {
    return AbsentRows.LAZY;
  }

  /// Names of the numbers that it keeps beside each weight, in order.
  List<String> state();

  /// Whether a gradient of zero changes a weight that had gradients before.
  default boolean movesWithoutGradient() {
    return false;
  }

  /// v = momentum · v + g;  w −= η · v, or η · (g + momentum · v) in Nesterov's form. Without momentum w −= η · g.
  record Sgd(double momentum, boolean nesterov) implements Rule {
    /// Plain stochastic gradient descent.
    public static final Sgd PLAIN = new Sgd(0, false);

    /// Checks the range.
    public Sgd {
      check("momentum", momentum, momentum >= 0 && momentum < 1, "in [0, 1)");
      if (nesterov && momentum == 0) {
        throw new IllegalArgumentException("sgd: Nesterov's form needs a momentum above 0.");
      }
    }

    @Override
    public List<String> state() {
      return momentum == 0 ? List.of() : List.of("velocity");
    }

    @Override
    public boolean movesWithoutGradient() {
      return momentum != 0;
    }
  }

  /// s += g²;  w −= η · g / (√s + ε)  — Duchi, Hazan, Singer. JMLR 2011.
  ///
  /// @param epsilon ε
  /// @param initial s at the start
  record Adagrad(double epsilon, double initial) implements Rule {
    /// ε = 10⁻⁸ and s = 0, as DLRM is trained.
    public static final Adagrad DLRM = new Adagrad(1e-8, 0);

    /// Checks the ranges.
    public Adagrad {
      check("epsilon", epsilon, epsilon > 0, "above 0");
      check("initial", initial, initial >= 0, "at least 0");
    }

    @Override
    public List<String> state() {
      return List.of("squares");
    }
  }

  /// Adagrad with one accumulator per row of a table: s += mean of g² over the row. Dense parameters, which have no rows,
  /// get [Adagrad].
  ///
  /// @param epsilon ε
  /// @param initial s at the start
  record RowWiseAdagrad(double epsilon, double initial) implements Rule {
    /// ε = 10⁻⁸ and s = 0, as DLRM is trained.
    public static final RowWiseAdagrad DLRM = new RowWiseAdagrad(1e-8, 0);

    /// Checks the ranges.
    public RowWiseAdagrad {
      check("epsilon", epsilon, epsilon > 0, "above 0");
      check("initial", initial, initial >= 0, "at least 0");
    }

    @Override
    public List<String> state() {
      return List.of("squares");
    }
  }

  /// m = β₁m + (1−β₁)g;  v = β₂v + (1−β₂)g²;  w −= η · m̂ / (√v̂ + ε), with m̂ = m/(1−β₁ᵗ) and v̂ = v/(1−β₂ᵗ)
  /// — Kingma, Ba. ICLR 2015, algorithm 1.
  record Adam(double beta1, double beta2, double epsilon) implements Rule {
    /// The paper's "good default settings": β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    public static final Adam PAPER = new Adam(0.9, 0.999, 1e-8);

    /// Checks the ranges.
    public Adam {
      check("beta1", beta1, beta1 >= 0 && beta1 < 1, "in [0, 1)");
      check("beta2", beta2, beta2 >= 0 && beta2 < 1, "in [0, 1)");
      check("epsilon", epsilon, epsilon > 0, "above 0");
    }

    @Override
    public AbsentRows absentRows() {
      return AbsentRows.DENSE_EQUIVALENT;
    }

    @Override
    public List<String> state() {
      return List.of("mean", "variance");
    }

    @Override
    public boolean movesWithoutGradient() {
      return true;
    }
  }

  /// FTRL-proximal with the rate per coordinate — McMahan et al. KDD 2013, algorithm 1; α is the group's rate.
  ///
  /// The algorithm starts at w = 0. Where a weight starts elsewhere, z starts where it gives that weight back, so that
  /// the first gradient moves it and does not erase it.
  ///
  /// @param beta β
  /// @param l1 λ₁: weights whose |z| stays below it are exactly 0
  /// @param l2 λ₂
  record Ftrl(double beta, double l1, double l2) implements Rule {
    /// β = 1, which the paper calls good enough, without penalties.
    public static final Ftrl PAPER = new Ftrl(1, 0, 0);

    /// Checks the ranges.
    public Ftrl {
      check("beta", beta, beta >= 0, "at least 0");
      check("l1", l1, l1 >= 0, "at least 0");
      check("l2", l2, l2 >= 0, "at least 0");
      if (beta == 0 && l2 == 0) {
        throw new IllegalArgumentException(
            "ftrl: beta and l2 are both 0. Expected one above 0, or the first step divides by 0.");
      }
    }

    @Override
    public List<String> state() {
      return List.of("z", "squares");
    }
  }

  /// w −= η · g, then proximal to 0: every weight by η λ₁, then every row as a whole by η λ₂₁, both not beyond 0. This descends on the
  /// loss plus λ₁‖w‖₁ + λ₂₁‖w‖₂,₁, which has no slope at 0, and leaves exact zeros, whole rows among them — Gai et al. 2017 pose the problem,
  /// Duchi, Singer. JMLR 2009 this step.
  ///
  /// Rows are those of tables, and of the last axis of dense weights; biases and the like are not drawn to 0. Every row of a table
  /// moves in every step, present or not, unless [AbsentRows#LAZY] is asked for.
  ///
  /// @param l1 λ₁, switches weights off
  /// @param l21 λ₂₁, switches rows off
  record Proximal(double l1, double l21) implements Rule {
    /// Checks the ranges.
    public Proximal {
      check("l1", l1, l1 >= 0, "at least 0");
      check("l21", l21, l21 >= 0, "at least 0");
    }

    @Override
    public AbsentRows absentRows() {
      return AbsentRows.DENSE_EQUIVALENT;
    }

    @Override
    public List<String> state() {
      return List.of();
    }

    @Override
    public boolean movesWithoutGradient() {
      return l1 > 0 || l21 > 0;
    }
  }

  private static void check(String what, double given, boolean good, String expected) {
    if (!good) {
      throw new IllegalArgumentException(
          "optimiser: " + what + " " + given + ". Expected a number " + expected + ".");
    }
  }
}
