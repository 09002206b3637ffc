// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mutation;
import org.gradus.autograd.Objective;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.SampleBatches;
import org.gradus.tensor.Device;

/// Gradients that are wrong on purpose.
public final class Mutants {
  private Mutants() {}

  /// A factor of 1.01, or nothing at all, where an operation hands a gradient on: each must fail the check. Wrong signs may
  /// cancel where an operation occurs twice in a row, and a wrong component may belong to a unit that is off. Where rows are
  /// standardised by scenario, each needs more than two.
  public static void allFail(ModelSpec spec, Map<String, String> given) {
    Settings settings = spec.settings(given);
    Batch batch = SampleBatches.draw(Schemas.richest(spec), Schemas.multiScenario(spec) ? 8 : 5, 1);
    Objective.Builder objective = ModelCheck.objective(spec, settings, batch);
    GradCheck check = ModelCheck.check(spec, settings, 1);
    try (Device reference = Device.open("reference")) {
      assertThat(check.contributions(reference, objective)).hasSizeGreaterThan(2);
      long observed =
          check.check(reference, objective).orFail().seed(); // no unit that matters is off
      List<Mutation> survivors = check.seed(observed).survivors(reference, objective);
      if (!spec.structuralZeros(settings).isEmpty()) {
        survivors = alsoIn(GradCheck.of(observed).evaluation(), reference, objective, survivors);
      }
      assertThat(survivors)
          .as("%s %s", spec.name(), settings)
          .noneMatch(m -> m.kind() == Mutation.Kind.FACTOR || m.kind() == Mutation.Kind.DROP);
    }
  }

  /// What is added before batch norm has no gradient in training, whatever the factor. In evaluation it has, so that only
  /// those survive which survive there too, or do not occur there.
  private static List<Mutation> alsoIn(
      GradCheck evaluation,
      Device reference,
      Objective.Builder objective,
      List<Mutation> survivors) {
    var shown = evaluation.contributions(reference, objective);
    List<Mutation> there = evaluation.survivors(reference, objective);
    return survivors.stream()
        .filter(
            m -> there.contains(m) || !shown.contains(new Mutation.Contribution(m.op(), m.input())))
        .toList();
  }
}
