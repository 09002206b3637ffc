// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Normalized;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Dice, the data-adaptive activation of DIN (Zhou et al. 2018): PReLU whose switch lies at the mean of its inputs, and is as
/// smooth as they are wide.
///
/// ```
/// p    = σ((s − μ) / √(v + ε))                       (DICE-1)
/// f(s) = p ⊙ s + (1 − p) ⊙ α ⊙ s                     (DICE-2)
/// ```
///
/// In training μ and v are mean and biased variance of each column over the batch, through which the gradient flows, and moving
/// statistics follow them; in evaluation they are the moving statistics. Padding counts in no statistic: with a mask,
/// rows where it is false are left out, and give 0. With fewer than two rows a training pass uses the moving
/// statistics and leaves them alone: of one row v would be 0 and p one half, whatever the row.
public final class Dice {
  private final DenseParameter alpha; //    α [C]
  private final DenseParameter mean; //     moving mean [C]
  private final DenseParameter variance; // moving variance [C]
  private final Config config;

  /// What a user may set.
  ///
  /// @param alpha where every slope starts
  /// @param epsilon ε > 0
  /// @param momentum weight of the new value in the moving statistics, 0 … 1
  /// @param unbiased whether the moving variance follows Σ(s − μ)²/(n − 1), instead of …/n
  /// @param stopGradientStats whether the batch's statistics count as constants in the gradient
  public record Config(
      double alpha, double epsilon, double momentum, boolean unbiased, boolean stopGradientStats) {
    /// ε is the paper's; the momentum is a starting point.
    public static final Config PAPER = new Config(0, 1e-8, 0.01, false, false);

    /// Checks the ranges.
    public Config {
      if (!(momentum >= 0 && momentum <= 1 && epsilon > 0)) {
        throw new IllegalArgumentException(
            "dice: momentum "
                + momentum
                + " and epsilon "
                + epsilon
                + ". Expected 0 ≤ momentum ≤ 1 and epsilon > 0.");
      }
    }
  }

  /// `alpha`, `mean` and `variance` `[C]` under `params`.
  ///
  /// @param width C
  public Dice(int width, Config config, Params params) {
    Shape shape = Shape.of(width);
    alpha = params.dense("alpha", shape, Parameter.Role.NORM, Initializers.constant(config.alpha));
    mean = params.state("mean", shape, 0);
    variance = params.state("variance", shape, 1);
    this.config = config;
  }

  /// s `[…, C]` → `[…, C]`.
  ///
  /// @param mask `[…]`, true at rows that are real; null when all are
  public Var forward(Var s, @Nullable Tensor mask, Mode mode) {
    Tape tape = s.tape();
    Var p = standardised(s, mask, mode).sigmoid(); //             (DICE-1)
    Var slow = s.multiply(tape.use(alpha)); //                    α s
    Var f = slow.add(p.multiply(s.subtract(slow))); //            (DICE-2)
    if (mask == null) {
      return f;
    }
    return f.keepWhere(tape.scope().reshape(mask, mask.shape().insert(mask.shape().rank(), 1)));
  }

  private Var standardised(Var s, @Nullable Tensor mask, Mode mode) {
    int count = mode.training() ? rows(s, mask) : 0;
    if (count < 2) {
      return s.normalizeColumns(mean.value(), variance.value(), config.epsilon);
    }
    Var measured = config.stopGradientStats ? s.stopGradient() : s;
    Normalized batch = measured.batchNorm(mask, config.epsilon);
    if (mode.updatesStatistics()) {
      double n = count;
      Scope scope = s.tape().scope();
      follow(mean, batch.mean(), 1, scope);
      follow(variance, batch.variance(), config.unbiased ? n / (n - 1) : 1, scope);
    }
    return config.stopGradientStats
        ? s.normalizeColumns(batch.mean(), batch.variance(), config.epsilon)
        : batch.y();
  }

  private static int rows(Var s, @Nullable Tensor mask) {
    if (mask == null) {
      return s.shape().product(0, s.shape().rank() - 1);
    }
    int count = 0;
    for (boolean real : s.tape().scope().booleans(mask)) {
      count += real ? 1 : 0;
    }
    return count;
  }

  private void follow(DenseParameter statistic, Tensor batch, double factor, Scope scope) {
    // On the host in float64: C numbers a step, and the same bits on every device.
    double[] moving = scope.doubles(statistic.value());
    double[] found = scope.doubles(batch);
    for (int c = 0; c < moving.length; c++) {
      moving[c] += config.momentum * (factor * found[c] - moving[c]);
    }
    statistic.write(moving);
  }
}
