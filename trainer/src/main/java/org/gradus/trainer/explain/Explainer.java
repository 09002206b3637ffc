// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Settings;
import org.gradus.tensor.Device;

/// Explains models; each source is read once.
public final class Explainer {
  private final SourceFiles sources = new SourceFiles();

  /// Builds the model with zeros for parameters, and watches it work on random rows.
  public Explanation explain(ModelSpec spec, Settings settings, Schema schema) {
    try (Device device = Device.open("cpu");
        Params params = Params.zeros(device)) {
      Model model = spec.createExample(settings, schema, params);
      Sizes sizes = sizes(model, params, schema);
      Trace first = sizes.first();
      Flow flow = new Flow(sizes, sources);
      Set<Parameter> read = new HashSet<>();
      for (int i = 0; i < first.events().size(); i++) {
        flow.add(first.events().get(i), i);
        read.addAll(first.events().get(i).reads());
      }
      return new Explanation(
          spec.name(),
          spec.paper(),
          settings.toMap(),
          schema,
          flow.steps(),
          flow.about(),
          params.all().stream()
              .filter(p -> !read.contains(p))
              .map(p -> Flow.reading(p, true))
              .toList(),
          first.outputs(),
          params.all().stream().mapToLong(Parameter::elements).sum());
    }
  }

  /// Passes over batches of sizes that take one path through the model, if there are any.
  private static Sizes sizes(Model model, Params params, Schema schema) {
    List<Sizes> tried = new ArrayList<>();
    for (List<Integer> batches : Sizes.BATCHES) {
      List<Trace> traces = new ArrayList<>();
      for (int batch : batches) {
        traces.add(Trace.of(model, params, schema, batch));
      }
      tried.add(new Sizes(batches, traces));
      if (tried.getLast().comparable()) {
        return tried.getLast();
      }
    }
    return tried.getFirst();
  }
}
