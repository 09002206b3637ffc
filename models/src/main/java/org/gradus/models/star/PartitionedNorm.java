// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.star;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Normalized;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Partitioned normalisation: batch norm whose statistics are those of a scenario, and whose scale and shift are a common one and the
/// scenario's:
///
/// ```
/// μ_p = mean of the scenario's rows, v_p = their biased variance               (ST-1)
/// z′  = (γ ⊙ γ_p) ⊙ (z − μ_p) / √(v_p + ε) + (β + β_p)                         (ST-2)
/// μ̄_p ← ρ μ̄_p + (1 − ρ) μ_p,   v̄_p ← ρ v̄_p + (1 − ρ) v_p                       (ST-3)
/// ```
///
/// In evaluation μ_p and v_p are the moving μ̄_p and v̄_p. A scenario without rows keeps its statistics.
public final class PartitionedNorm {
  private static final double EPSILON = 1e-5;

  private final DenseParameter scale; // γ [C]
  private final DenseParameter shift; // β [C]
  private final List<Domain> domains = new ArrayList<>();
  private final Config config;

  /// What a scenario has of its own, `[C]` each.
  private record Domain(
      DenseParameter scale, DenseParameter shift, DenseParameter mean, DenseParameter variance) {}

  /// What a scenario with a single row in a batch is standardised by, in training.
  public enum SmallGroup {
    /// by its moving statistics, which stay as they are
    USE_RUNNING,
    /// by itself, so that nothing but the shift is left
    BATCH
  }

  /// What a user may set.
  ///
  /// @param decay ρ, 0 … 1
  /// @param smallGroup for a scenario with a single row
  public record Config(double decay, SmallGroup smallGroup) {
    /// Checks the range.
    public Config {
      if (!(decay >= 0 && decay <= 1)) {
        throw new IllegalArgumentException(
            "star: pnDecay " + decay + ". Expected 0 ≤ pnDecay ≤ 1.");
      }
    }
  }

  /// `scale` and `shift` `[C]`, and the same with `mean` and `variance` under `domain/<p>`.
  ///
  /// @param width C
  /// @param count P
  PartitionedNorm(int width, int count, Config config, Params params) {
    Shape shape = Shape.of(width);
    scale = ones(shape, params);
    shift = zeros(shape, params);
    for (int p = 0; p < count; p++) {
      Params own = params.at("domain").at(p);
      domains.add(
          new Domain(
              ones(shape, own),
              zeros(shape, own),
              own.state("mean", shape, 0),
              own.state("variance", shape, 1)));
    }
    this.config = config;
  }

  private static DenseParameter ones(Shape shape, Params params) {
    return params.dense("scale", shape, Parameter.Role.NORM, Initializers.constant(1));
  }

  private static DenseParameter zeros(Shape shape, Params params) {
    return params.dense("shift", shape, Parameter.Role.NORM, Initializers.zeros());
  }

  /// z `[N, C]` → `[N, C]`.
  ///
  /// @param z all rows of a batch that are of scenario p
  Var forward(Var z, int p, Mode mode) {
    Tape tape = z.tape();
    Domain own = domains.get(p);
    Var standard = standardised(z, own, mode); //                           [N, C]  (ST-1)
    Var gamma = tape.use(scale).multiply(tape.use(own.scale)); //           [C]
    Var beta = tape.use(shift).add(tape.use(own.shift)); //                 [C]
    return standard.multiply(gamma).add(beta); //                           [N, C]  (ST-2)
  }

  private Var standardised(Var z, Domain own, Mode mode) {
    boolean few = z.size(0) < 2 && config.smallGroup == SmallGroup.USE_RUNNING;
    if (!mode.training() || few) {
      return z.normalizeColumns(own.mean.value(), own.variance.value(), EPSILON);
    }
    Normalized batch = z.batchNorm(null, EPSILON);
    if (mode.updatesStatistics()) {
      follow(own.mean, batch.mean()); // (ST-3)
      follow(own.variance, batch.variance());
    }
    return batch.y();
  }

  private void follow(DenseParameter statistic, Tensor batch) {
    // On the host in float64: C numbers a scenario, and the same bits on every device.
    double[] moving = statistic.value().toDoubles();
    double[] found = batch.toDoubles();
    for (int c = 0; c < moving.length; c++) {
      moving[c] = config.decay * moving[c] + (1 - config.decay) * found[c];
    }
    statistic.write(moving);
  }
}
