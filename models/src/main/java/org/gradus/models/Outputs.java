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
public record Outputs(Map<String, Head> heads, Map<String, Var> losses) {
  /// Copies the maps, in order.
  public Outputs {
    heads = Collections.unmodifiableMap(new LinkedHashMap<>(heads));
    losses = Collections.unmodifiableMap(new LinkedHashMap<>(losses));
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

  /// One logit for one label.
  public static Outputs logit(String label, Var z) {
    return new Outputs(Map.of(label, new Head.Logit(z)), Map.of());
  }

  /// One head for one label.
  public static Outputs head(String label, Head head) {
    return new Outputs(Map.of(label, head), Map.of());
  }

  /// These outputs with one more head.
  public Outputs with(String label, Head head) {
    Map<String, Head> more = new LinkedHashMap<>(heads);
    if (more.put(label, head) != null) {
      throw new IllegalArgumentException("outputs: two heads for label " + label + ".");
    }
    return new Outputs(more, losses);
  }

  /// These outputs with one more loss.
  public Outputs withLoss(String name, Var loss) {
    Map<String, Var> more = new LinkedHashMap<>(losses);
    if (more.put(name, loss) != null) {
      throw new IllegalArgumentException("outputs: two losses called " + name + ".");
    }
    return new Outputs(heads, more);
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
