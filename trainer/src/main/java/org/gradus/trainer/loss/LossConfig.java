// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// What the objective consists of.
///
/// @param labels factor of each label's loss, by name; heads and labels must be exactly these (0 measures a label without
///     training on it). Empty for every label of the schema with factor 1
/// @param auxiliary factor of each loss that the model computes itself, by name; those not listed count 1, and one that
///     is listed and not computed is an error
/// @param values how predicted values are measured; quantiles have a loss of their own
/// @param balance how the losses of labels become one step
/// @param reduction how the losses of examples become the loss of a label
public record LossConfig(
    Map<String, Double> labels,
    Map<String, Double> auxiliary,
    ValueLoss values,
    Balance balance,
    Reduction reduction) {
  /// Every label and every auxiliary loss with factor 1.
  public static final LossConfig ALL = new LossConfig(Map.of(), Map.of());

  /// How losses of examples become one, over those whose label was observed, with sample weights w, 1 where there are none.
  public enum Reduction {
    /// Σ wᵢ ℓᵢ / Σ wᵢ; 0 where nothing was observed
    MEAN_OBSERVED,
    /// Σ wᵢ ℓᵢ
    SUM,
    /// Σ wᵢ ℓᵢ / B: a label that was observed half the time counts half
    MEAN_BATCH
  }

  /// The sum of all, with half the squared error for values.
  public LossConfig(Map<String, Double> labels, Map<String, Double> auxiliary) {
    this(labels, auxiliary, new ValueLoss.Squared(), Balance.SUM, Reduction.MEAN_OBSERVED);
  }

  /// The same, with values measured in another way.
  public LossConfig with(ValueLoss other) {
    return new LossConfig(labels, auxiliary, other, balance, reduction);
  }

  /// Copies the maps, in order, and checks the factors.
  public LossConfig {
    labels = copy(labels);
    auxiliary = copy(auxiliary);
  }

  /// The same, balanced in another way.
  public LossConfig with(Balance other) {
    return new LossConfig(labels, auxiliary, values, other, reduction);
  }

  /// The same, reduced in another way.
  public LossConfig with(Reduction other) {
    return new LossConfig(labels, auxiliary, values, balance, other);
  }

  private static Map<String, Double> copy(Map<String, Double> factors) {
    factors.forEach(
        (name, f) -> {
          if (!(f >= 0 && f < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                "loss: factor " + f + " of " + name + ". Expected a number of at least 0.");
          }
        });
    return Collections.unmodifiableMap(new LinkedHashMap<>(factors));
  }
}
