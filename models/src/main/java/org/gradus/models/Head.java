// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.List;
import org.gradus.autograd.Var;

/// One prediction per example, and the scale that it is on. Every part is `[B]`, but quantiles come side by side.
public sealed interface Head {
  /// What ranks the examples: rises with the predicted probability or value.
  Var score();

  /// z, where the probability is σ(z). The sigmoid is applied once, in the loss.
  record Logit(Var z) implements Head {
    /// Checks the shape.
    public Logit {
      check("logit", z);
    }

    @Override
    public Var score() {
      return z;
    }
  }

  /// ln p and ln(1 − p), for models whose probability is no sigmoid of a sum (LS-PLM, ESMM).
  record LogProbability(Var logP, Var logNotP) implements Head {
    /// Checks the shapes.
    public LogProbability {
      check("log probability", logP);
      check("log probability", logNotP);
    }

    /// The logit ln p − ln(1 − p).
    @Override
    public Var score() {
      return logP.subtract(logNotP);
    }
  }

  /// A real number, for regression.
  record Value(Var value) implements Head {
    /// Checks the shape.
    public Value {
      check("value", value);
    }

    @Override
    public Var score() {
      return value;
    }
  }

  /// Quantiles of a real number: with probability `levels[q]` the label is at most column q. Nothing keeps them from crossing.
  ///
  /// @param values `[B, Q]`
  /// @param levels Q numbers in (0, 1), rising
  record Quantiles(Var values, List<Double> levels) implements Head {
    /// Checks the shape and copies the levels.
    public Quantiles {
      levels = List.copyOf(levels);
      if (values.shape().rank() != 2 || values.size(1) != levels.size()) {
        throw new IllegalArgumentException(
            "quantiles: shape "
                + values.shape()
                + " for "
                + levels.size()
                + " levels. Expected [B, "
                + levels.size()
                + "].");
      }
    }

    /// The quantile whose level is nearest to ½, the median if it is among them.
    @Override
    public Var score() {
      return values.index(1, middle(levels));
    }

    /// Which of rising levels is nearest to ½.
    public static int middle(List<Double> levels) {
      int best = 0;
      for (int q = 1; q < levels.size(); q++) {
        if (Math.abs(levels.get(q) - 0.5) < Math.abs(levels.get(best) - 0.5)) {
          best = q;
        }
      }
      return best;
    }
  }

  /// A real number and how sure the model is of it: the label is normal with this mean and variance e^ν.
  ///
  /// @param mean μ
  /// @param logVariance ν
  record Normal(Var mean, Var logVariance) implements Head {
    /// Checks the shapes.
    public Normal {
      check("mean", mean);
      check("log variance", logVariance);
    }

    @Override
    public Var score() {
      return mean;
    }
  }

  private static void check(String what, Var v) {
    if (v.shape().rank() != 1) {
      throw new IllegalArgumentException(
          what
              + ": shape "
              + v.shape()
              + ". Expected [B]; squeeze(1) drops a last axis of size 1.");
    }
  }
}
