// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import java.util.function.Function;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.NormalLoss;
import org.gradus.models.easing.DistributionDecoder.Distribution;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// What nodes without a label teach: the mean of K passes with dropout is their label, and no gradient goes through it.
///
/// ```
/// ỹ = 1/K Σ_k μ_k,   ν̃ = 1/K Σ_k ν_k                                (EA-10)
/// ℓ̃ = ½ e^−ν (ỹ − μ)² + ½ ν,  or ½ e^−ν̃ (ỹ − μ)² + ½ ν̃             (EA-9)
/// L_unl = λ_u min(1, t / T) Σ (1 − m) ℓ̃ / max(1, Σ (1 − m))          (EA-11)
/// ```
///
/// at step t of a warm-up of T steps. The second form of (EA-9) takes the variance of the pseudo-label for a weight; ½ ν̃ is a constant
/// there, since ½ ν beside a weight that does not depend on ν would push ν down without an end.
final class Unlabelled {
  private final Config config;
  private final String path;
  private final @Nullable DenseParameter steps; // t, as long as there is a warm-up

  /// What a user may set.
  ///
  /// @param weight λ_u
  /// @param passes K
  /// @param pseudoVariance whether ν̃ takes the place of ν
  /// @param warmup T; 0 for none
  record Config(double weight, int passes, boolean pseudoVariance, int warmup) {
    Config {
      if (!(weight >= 0) || passes < 1 || warmup < 0) {
        throw new IllegalArgumentException(
            "easing: unlabelledWeight "
                + weight
                + ", passes "
                + passes
                + ", warmup "
                + warmup
                + ". Expected at least 0, 1 and 0.");
      }
    }
  }

  Unlabelled(Config config, Params params) {
    this.config = config;
    path = params.path();
    steps = config.warmup > 0 ? params.state("steps", Shape.scalar(), 0) : null;
  }

  /// Whether nodes without a label are read at all.
  boolean used() {
    return config.weight > 0;
  }

  /// L_unl, a scalar; 0 where every node has a label, for which nothing is computed.
  ///
  /// @param model what passes are made of
  /// @param known m `[B]`: 1 where there is a label
  Var loss(Function<Mode, Distribution> model, Distribution found, float[] known, Mode mode) {
    double factor = config.weight * warmth(mode);
    double[] shares = mode.tape().scope().doubles(known.length);
    if (!share(shares, known)) {
      return mode.tape().constant(Shape.scalar(), 0.0);
    }
    Distribution pseudo = labels(model, known.length, mode); //               (EA-10)
    Var weight = config.pseudoVariance ? pseudo.logVariance() : found.logVariance();
    Var each = NormalLoss.of(found.mean(), weight, pseudo.mean()); //         [B]  (EA-9)
    Var share = mode.tape().constant(Shape.of(known.length), shares); //      [B]
    return each.multiply(share).sum().multiply(factor); //                    []  (EA-11)
  }

  /// Writes (1 − m) / Σ (1 − m).
  ///
  /// @return whether a node has no label
  private static boolean share(double[] shares, float[] known) {
    double count = 0;
    for (float m : known) {
      count += 1 - m;
    }
    for (int b = 0; b < shares.length && count > 0; b++) {
      shares[b] = (1 - known[b]) / count;
    }
    return count > 0;
  }

  /// min(1, t / T), and t one further where statistics move.
  private double warmth(Mode mode) {
    if (steps == null) {
      return 1;
    }
    double t = steps.value().item();
    if (mode.updatesStatistics()) {
      steps.write(Math.min(t + 1, config.warmup));
    }
    return Math.min(1, t / config.warmup);
  }

  /// ỹ and ν̃, `[B]` each. The passes have tapes of their own, which remember nothing: no gradient can reach them.
  Distribution labels(Function<Mode, Distribution> model, int size, Mode mode) {
    Tape tape = mode.tape();
    double[] mean = tape.scope().doubles(size);
    double[] logVariance = tape.scope().doubles(size);
    long key = mode.draw(path + "/pass");
    for (int k = 0; k < config.passes; k++) {
      try (Tape apart = tape.apart()) {
        Distribution d = model.apply(Mode.training(apart, key, k).withoutSideEffects());
        add(d.mean(), mean);
        add(d.logVariance(), logVariance);
      }
    }
    Shape shape = Shape.of(size);
    return new Distribution(
        tape.constant(shape, mean).stopGradient(),
        tape.constant(shape, logVariance).stopGradient());
  }

  private void add(Var v, double[] sum) {
    double[] values = v.tape().scope().doubles(v.value());
    for (int b = 0; b < sum.length; b++) {
      sum[b] += values[b] / config.passes;
    }
  }
}
