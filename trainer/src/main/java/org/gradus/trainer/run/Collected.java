// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.WeightsWatcher;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.trainer.metrics.GroupedAuc;
import org.gradus.trainer.metrics.Scorecard;
import org.jspecify.annotations.Nullable;

/// What an evaluation gathers batch by batch: predictions beside labels, and the shares of gates, of all rows and, where the schema has a
/// domain, of the rows of each scenario.
final class Collected implements WeightsWatcher {
  private final List<String> labels;
  private final boolean named; // whether metrics carry the name of their label
  private final Part all = new Part(new LinkedHashMap<>(), new GateUse());
  private final TreeMap<Integer, Part> scenarios = new TreeMap<>();
  private int @Nullable [] domains; // of the batch that is at work

  /// @param cards by label
  private record Part(Map<String, Scorecard> cards, GateUse gates) {}

  /// @param labels what to measure, in order
  /// @param named whether metrics carry the name of their label, also where there is one
  Collected(List<String> labels, boolean named) {
    this.labels = labels;
    this.named = named;
  }

  /// A batch is about to be scored.
  void begin(Batch batch) {
    boolean several = batch.schema().one(Field.Domain.class).isPresent();
    domains = several ? batch.domains() : null;
  }

  /// Gates over experts give each row one weight for each, and mix nothing that has a name; attention over steps or fields does, or asks
  /// several times in a row.
  @Override
  public void mixed(Weights weights) {
    boolean named = !weights.over().isEmpty() || !weights.parts().isEmpty();
    if (named || weights.mask() != null || weights.values().shape().rank() != 2) {
      return;
    }
    double[] shares = weights.values().toDoubles();
    int experts = weights.values().shape().size(-1);
    for (int row = 0; row < shares.length / experts; row++) {
      all.gates.add(weights.name(), shares, row * experts, experts);
      Part scenario = scenario(row);
      if (scenario != null) {
        scenario.gates.add(weights.name(), shares, row * experts, experts);
      }
    }
  }

  private @Nullable Part scenario(int row) {
    return domains == null || row >= domains.length
        ? null
        : scenarios.computeIfAbsent(
            domains[row], _ -> new Part(new LinkedHashMap<>(), new GateUse()));
  }

  /// A batch was scored.
  void add(Batch batch, Map<String, Evaluator.Prediction> predictions) {
    for (String label : labels) {
      Evaluator.Prediction p = predictions.get(label);
      if (p == null) {
        throw new IllegalArgumentException(
            "evaluate: no head for label "
                + label
                + ". Expected one of: "
                + String.join(", ", predictions.keySet()));
      }
      add(label, batch, p);
    }
  }

  /// Rows whose label is masked do not count for it. A scenario in which it is masked everywhere has its metrics all the same, undefined.
  private void add(String label, Batch batch, Evaluator.Prediction p) {
    float[] y = batch.label(label);
    float @Nullable [] mask = batch.labelMask(label);
    Column column = new Column(p, y, batch.groups(), batch.sampleWeights());
    Scorecard whole = card(all, label, p);
    for (int i = 0; i < y.length; i++) {
      Part scenario = scenario(i);
      Scorecard part = scenario == null ? null : card(scenario, label, p);
      if (mask != null && mask[i] == 0) {
        continue;
      }
      column.add(i, whole);
      if (part != null) {
        column.add(i, part);
      }
    }
  }

  private static Scorecard card(Part part, String label, Evaluator.Prediction p) {
    return part.cards.computeIfAbsent(label, _ -> new Scorecard(p.scale()));
  }

  /// A label of a batch beside its predictions.
  private record Column(
      Evaluator.Prediction p, float[] y, long @Nullable [] groups, float @Nullable [] weights) {
    void add(int i, Scorecard card) {
      if (p.scale() == Scorecard.Scale.LOG_PROBABILITY) {
        card.add(p.logP()[i], p.logNotP()[i], y[i]);
      } else {
        card.add(p.score()[i], y[i]);
      }
      if (groups != null) {
        card.group(groups[i]);
      }
      if (weights != null) {
        card.weight(weights[i]);
      }
    }
  }

  /// The metrics of a split; those of scenario 2 are called `test.domain.2.auc`.
  Evaluation measured(String split, GroupedAuc.Weighting weighting) {
    Evaluation found = evaluation(split, all, weighting).and(all.gates.metrics(split));
    for (Map.Entry<Integer, Part> e : scenarios.entrySet()) {
      String prefix = split + ".domain." + e.getKey();
      Part part = e.getValue();
      found = found.and(evaluation(prefix, part, weighting)).and(part.gates.metrics(prefix));
    }
    return found;
  }

  private Evaluation evaluation(String prefix, Part part, GroupedAuc.Weighting weighting) {
    return Evaluation.of(prefix, part.cards, weighting, named);
  }
}
