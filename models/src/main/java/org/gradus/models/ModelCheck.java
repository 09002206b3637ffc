// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.LinkedHashMap;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Objective;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;

/// What a gradient check of a model differentiates: every head and every auxiliary loss of a forward pass.
public final class ModelCheck {
  private ModelCheck() {}

  /// A model with these settings, as a function of its parameters, on one batch.
  public static Objective.Builder objective(ModelSpec spec, Settings settings, Batch batch) {
    return params -> {
      Model model = spec.createExample(settings, batch.schema(), params);
      return (mode, _) -> outputs(model, batch, mode);
    };
  }

  /// A check that knows which parameters of the model have zero gradient by construction.
  public static GradCheck check(ModelSpec spec, Settings settings, long seed) {
    GradCheck check = GradCheck.of(seed);
    for (var zero : spec.structuralZeros(settings).entrySet()) {
      check = check.structurallyZero(zero.getKey(), zero.getValue());
    }
    return check;
  }

  private static Map<String, Var> outputs(Model model, Batch batch, Mode mode) {
    Outputs out = model.forward(batch, mode);
    Map<String, Var> named = new LinkedHashMap<>();
    out.heads()
        .forEach(
            (label, head) -> {
              switch (head) {
                case Head.Logit h -> named.put(label, h.z());
                case Head.LogProbability h -> {
                  named.put(label + ".logP", h.logP());
                  named.put(label + ".logNotP", h.logNotP());
                }
                case Head.Value h -> named.put(label, h.value());
                case Head.Quantiles h -> named.put(label, h.values());
                case Head.Normal h -> {
                  named.put(label, h.mean());
                  named.put(label + ".logVariance", h.logVariance());
                }
              }
            });
    out.losses().forEach((name, loss) -> named.put("loss." + name, loss));
    return named;
  }
}
