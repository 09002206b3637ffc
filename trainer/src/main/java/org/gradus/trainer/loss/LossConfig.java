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
public record LossConfig(
    Map<String, Double> labels, Map<String, Double> auxiliary, ValueLoss values) {
  /// Every label and every auxiliary loss with factor 1.
  public static final LossConfig ALL = new LossConfig(Map.of(), Map.of());

  /// With half the squared error for values.
  public LossConfig(Map<String, Double> labels, Map<String, Double> auxiliary) {
    this(labels, auxiliary, new ValueLoss.Squared());
  }

  /// The same, with values measured in another way.
  public LossConfig with(ValueLoss other) {
    return new LossConfig(labels, auxiliary, other);
  }

  /// Copies the maps, in order, and checks the factors.
  public LossConfig {
    labels = copy(labels);
    auxiliary = copy(auxiliary);
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
