// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import com.fasterxml.jackson.annotation.JsonTypeInfo;

/// The rate of each step, from 1.
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "name")
public sealed interface Schedule {
  /// The rate of a step.
  ///
  /// @param rate η₀, what the schedule multiplies
  /// @param step s, from 1
  default double at(double rate, long step) {
    if (step < 1) {
      throw new IllegalArgumentException(
          "schedule: step " + step + ". Expected at least 1: steps are counted from 1.");
    }
    return of(rate, step);
  }

  /// As [#at], for a step that was checked.
  double of(double rate, long step);

  /// How many steps pass before anything moves: until then parameters are left alone, as if they were frozen.
  default long idle() {
    return 0;
  }

  /// η₀ throughout.
  record Constant() implements Schedule {
    @Override
    public double of(double rate, long step) {
      return rate;
    }
  }

  /// Warm-up, hold, quadratic decay, freeze: the schedule of DLRM (T-1).
  ///
  /// ```
  /// η(s) = η₀ · s/w                       s < w
  ///        η₀                             w ≤ s < t₀
  ///        η₀ · ((T − (s − t₀))/T)²       t₀ ≤ s < t₀ + T
  ///        η₀ · (1/T)²                    s ≥ t₀ + T           and never below 10⁻⁷
  /// ```
  ///
  /// @param warmup w, possibly 0
  /// @param decayStart t₀ ≥ w
  /// @param decaySteps T; 0 holds the rate for ever
  record WarmupHoldDecay(long warmup, long decayStart, long decaySteps) implements Schedule {
    private static final double FLOOR = 1e-7;

    /// Checks the order.
    public WarmupHoldDecay {
      if (warmup < 0 || decayStart < warmup || decaySteps < 0) {
        throw new IllegalArgumentException(
            "schedule: warm-up "
                + warmup
                + ", decay from "
                + decayStart
                + " for "
                + decaySteps
                + " steps. Expected 0 ≤ warm-up ≤ decay start, and decay steps of at least 0.");
      }
    }

    @Override
    public double of(double rate, long step) {
      return Math.max(FLOOR, rate * factor(step)); // (T-1)
    }

    private double factor(long step) {
      if (step < warmup) {
        return (double) step / warmup;
      }
      if (step < decayStart || decaySteps == 0) {
        return 1;
      }
      long left = Math.max(1, decaySteps - (step - decayStart));
      double share = (double) left / decaySteps;
      return share * share;
    }
  }

  /// η₀ · d^−½ · min(s^−½, s · w^−3/2)  (N-1)  — Vaswani et al. NeurIPS 2017, section 5.3, where η₀ = 1.
  ///
  /// @param width d, the width of the model
  /// @param warmup w, the step of the highest rate
  record Noam(int width, long warmup) implements Schedule {
    /// Checks the ranges.
    public Noam {
      if (width < 1 || warmup < 1) {
        throw new IllegalArgumentException(
            "schedule: width " + width + ", warm-up " + warmup + ". Expected at least 1 each.");
      }
    }

    @Override
    public double of(double rate, long step) {
      double rising = step / (warmup * Math.sqrt((double) warmup));
      return rate / Math.sqrt(width) * Math.min(1 / Math.sqrt((double) step), rising); // (N-1)
    }
  }

  /// η₀ · factor for so many steps, then η₀: for parts that shall find others in place when they begin. A factor of 0 leaves them
  /// alone until then: no update, no penalty, no moments, and the rule counts their steps from there.
  ///
  /// @param steps before the full rate
  /// @param factor 0 … 1
  record Late(long steps, double factor) implements Schedule {
    /// Checks the ranges.
    public Late {
      if (steps < 0 || !(factor >= 0 && factor <= 1)) {
        throw new IllegalArgumentException(
            "schedule: factor "
                + factor
                + " for "
                + steps
                + " steps. Expected a factor in [0, 1] and at least 0 steps.");
      }
    }

    @Override
    public double of(double rate, long step) {
      return step > steps ? rate : rate * factor;
    }

    @Override
    public long idle() {
      return factor == 0 ? steps : 0;
    }
  }

  /// η₀ · factorᵏ, k = ⌊(s − 1)/every⌋: a fall after every so many steps.
  record StepDecay(long every, double factor) implements Schedule {
    /// Checks the ranges.
    public StepDecay {
      checkDecay(every, factor);
    }

    @Override
    public double of(double rate, long step) {
      long falls = (step - 1) / every;
      return rate * StrictMath.pow(factor, (double) falls);
    }
  }

  /// η₀ · factor^((s − 1)/every): the same fall, spread evenly.
  record Exponential(long every, double factor) implements Schedule {
    /// Checks the ranges.
    public Exponential {
      checkDecay(every, factor);
    }

    @Override
    public double of(double rate, long step) {
      return rate * StrictMath.pow(factor, (double) (step - 1) / every);
    }
  }

  private static void checkDecay(long every, double factor) {
    if (every < 1 || !(factor > 0 && factor <= 1)) {
      throw new IllegalArgumentException(
          "schedule: factor "
              + factor
              + " every "
              + every
              + " steps. Expected a factor in (0, 1] and at least 1 step.");
    }
  }
}
