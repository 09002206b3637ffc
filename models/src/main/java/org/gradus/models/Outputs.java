// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.gradus.autograd.Var;

/// What a forward pass found: heads, joined to labels by name, and auxiliary losses.
///
/// @param heads one per label that the model predicts
/// @param losses further terms of the objective, each a scalar, each weighed and reported on its own; one with the name of a head is
///     that head's loss, instead of the usual one. A model without heads has nothing but losses
/// @param weights of losses that are no means over the examples of the batch: how many things each is the mean of. Means over many
///     batches need it
public record Outputs(
    Map<String, Head> heads, Map<String, Var> losses, Map<String, Double> weights) {
  /// Copies the maps, in order.
  public Outputs {
    heads = copy(heads);
    losses = copy(losses);
    weights = Map.copyOf(weights);
    weights.forEach(
        (name, weight) -> {
          if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                "loss " + name + ": the mean of " + weight + " things. Expected a count.");
          }
        });
    losses.forEach(
        (name, loss) -> {
          if (loss.value().elements() != 1) {
            throw new IllegalArgumentException(
                "loss "
                    + name
                    + ": shape "
                    + loss.shape()
                    + ". Expected one number; sum or average it.");
          }
        });
  }

  private static <T> Map<String, T> copy(Map<String, T> map) {
    return map.isEmpty() ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }

  /// Losses, if any, that are means over the examples of the batch.
  public Outputs(Map<String, Head> heads, Map<String, Var> losses) {
    this(heads, losses, Map.of());
  }

  /// One logit for one label.
  public static Outputs logit(String label, Var z) {
    return new Outputs(Map.of(label, new Head.Logit(z)), Map.of());
  }

  /// One head for one label.
  public static Outputs head(String label, Head head) {
    return new Outputs(Map.of(label, head), Map.of());
  }

  /// A loss and no head.
  ///
  /// @param weight as of [#withLoss(String, Var, double)]
  public static Outputs loss(String name, Var loss, double weight) {
    return new Outputs(Map.of(), Map.of(name, loss), Map.of(name, weight));
  }

  /// These outputs with one more head.
  public Outputs with(String label, Head head) {
    Map<String, Head> more = new LinkedHashMap<>(heads);
    if (more.put(label, head) != null) {
      throw new IllegalArgumentException("outputs: two heads for label " + label + ".");
    }
    return new Outputs(more, losses, weights);
  }

  /// These outputs with one more loss, a mean over the examples of the batch.
  public Outputs withLoss(String name, Var loss) {
    return new Outputs(heads, lossesAnd(name, loss), weights);
  }

  private Map<String, Var> lossesAnd(String name, Var loss) {
    Map<String, Var> more = new LinkedHashMap<>(losses);
    if (more.put(name, loss) != null) {
      throw new IllegalArgumentException("outputs: two losses called " + name + ".");
    }
    return more;
  }

  /// These outputs with one more loss, a mean over other things than examples: known labels, real tokens.
  ///
  /// @param weight how many there are in the batch; 0 where the loss says nothing
  public Outputs withLoss(String name, Var loss, double weight) {
    Map<String, Double> more = new LinkedHashMap<>(weights);
    more.put(name, weight);
    return new Outputs(heads, lossesAnd(name, loss), more);
  }

  /// How many things a loss is the mean of.
  ///
  /// @param examples of the batch, which it is unless the model says otherwise
  public double weight(String loss, int examples) {
    return weights.getOrDefault(loss, (double) examples);
  }

  /// The head for a label.
  public Head head(String label) {
    Head h = heads.get(label);
    if (h == null) {
      throw new IllegalArgumentException(
          "outputs: no head for label "
              + label
              + ". Expected one of: "
              + String.join(", ", heads.keySet()));
    }
    return h;
  }
}
