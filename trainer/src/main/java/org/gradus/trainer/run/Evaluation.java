// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Rated;
import org.gradus.models.Spelling;
import org.gradus.trainer.metrics.GroupedAuc;
import org.gradus.trainer.metrics.Metric;
import org.gradus.trainer.metrics.Scorecard;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The metrics of one split, named as in `metrics.json`: `test.auc`, with several labels `test.click.auc` and their mean
/// `test.auc_macro`, and without any `test.loss`; of scenario 2 alone `test.domain.2.auc`.
///
/// @param metrics by name; an undefined one says why
/// @param words that belong to them: `test.gauc_weighting`
public record Evaluation(Map<String, Metric> metrics, Map<String, String> words) {
  /// What is minimised, where there are no labels.
  static final String LOSS = "loss";

  /// Where rows have groups and weights.
  private static final String WEIGHTED = "weighted_user_loss";

  /// Copies the maps, in order.
  public Evaluation {
    metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    words = Collections.unmodifiableMap(new LinkedHashMap<>(words));
  }

  /// Measures what was collected, label by label.
  ///
  /// @param named whether metrics carry the name of their label
  static Evaluation of(
      String split, Map<String, Scorecard> cards, GroupedAuc.Weighting weighting, boolean named) {
    Map<String, Metric> metrics = new LinkedHashMap<>();
    Map<String, String> words = new LinkedHashMap<>();
    cards.forEach(
        (label, card) -> {
          String prefix = split + "." + (named ? label + "." : "");
          metrics.put(prefix + "rows", Metric.of(card.rows()));
          card.metrics().forEach((name, m) -> metrics.put(prefix + name, m));
          GroupedAuc gauc = card.groupedAuc(weighting);
          if (gauc == null && card.metrics().containsKey("auc")) {
            String why = card.rows() == 0 ? "no rows" : "the rows belong to no users";
            metrics.put(prefix + "gauc", Metric.undefined(why));
            metrics.put(prefix + "gauc_users", Metric.of(0));
            words.put(prefix + "gauc_weighting", weighting.name());
          } else if (gauc != null) {
            metrics.put(prefix + "gauc", gauc.gauc());
            metrics.put(prefix + "gauc_users", Metric.of(gauc.users()));
            metrics.put(prefix + "gauc_skipped_users", Metric.of(gauc.skippedUsers()));
            metrics.put(prefix + "gauc_skipped_rows", Metric.of((double) gauc.skippedRows()));
            words.put(prefix + "gauc_weighting", weighting.name());
          }
          Metric weighted = card.weightedUserLoss();
          if (weighted != null) {
            metrics.put(prefix + WEIGHTED, weighted);
          }
        });
    pooled(split, cards, metrics);
    macro(split, cards, metrics);
    return new Evaluation(metrics, words);
  }

  /// Means of losses.
  ///
  /// @param total of the means of its parts: what is minimised; undefined where one of them is
  /// @param parts the mean of each loss, by name
  static Evaluation ofLosses(
      String split,
      ToDoubleFunction<Map<String, Double>> total,
      Map<String, Metric> parts,
      long rows) {
    Map<String, Double> means = new LinkedHashMap<>();
    parts.forEach((name, mean) -> means.put(name, mean.value()));
    double sum = total.applyAsDouble(means);
    Map<String, Metric> metrics = new LinkedHashMap<>();
    metrics.put(split + ".rows", Metric.of((double) rows));
    metrics.put(
        split + "." + LOSS,
        rows == 0
            ? Metric.undefined("no rows")
            : parts.values().stream()
                .filter(mean -> Double.isNaN(sum) && !mean.defined())
                .findFirst()
                .orElse(Metric.of(sum)));
    parts.forEach((name, mean) -> metrics.put(split + "." + name, mean));
    return new Evaluation(metrics, Map.of());
  }

  /// The same with what a model says of itself, by name.
  Evaluation with(String split, Map<String, Rated.Rate> rates) {
    Map<String, Metric> more = new LinkedHashMap<>(metrics);
    new TreeMap<>(rates)
        .forEach(
            (name, r) ->
                more.put(
                    split + "." + name,
                    r.trials() == 0
                        ? Metric.undefined("there was nothing to be right about")
                        : Metric.of((double) r.hits() / r.trials())));
    return new Evaluation(more, words);
  }

  /// Where several labels are numbers, as the steps of a forecast are: the errors over all of them, `test.rmse` and `test.mae`.
  private static void pooled(
      String split, Map<String, Scorecard> cards, Map<String, Metric> metrics) {
    boolean values =
        cards.size() > 1
            && cards.values().stream().allMatch(c -> c.scale() == Scorecard.Scale.VALUE);
    if (values) {
      Scorecard all = new Scorecard(Scorecard.Scale.VALUE);
      cards.values().forEach(all::addAll);
      metrics.put(split + ".rows", Metric.of(all.rows()));
      all.metrics().forEach((name, m) -> metrics.put(split + "." + name, m));
    }
  }

  /// Where several labels are clicks: the mean of their AUC and of their GAUC, those left out that have none.
  private static void macro(
      String split, Map<String, Scorecard> cards, Map<String, Metric> metrics) {
    boolean several =
        cards.values().stream().filter(c -> c.scale() != Scorecard.Scale.VALUE).count() > 1;
    for (String metric : several ? List.of("auc", "gauc") : List.<String>of()) {
      double sum = 0;
      int defined = 0;
      for (String label : cards.keySet()) {
        Metric m = metrics.get(split + "." + label + "." + metric);
        if (m != null && m.defined()) {
          sum += m.value();
          defined++;
        }
      }
      metrics.put(
          split + "." + metric + "_macro",
          defined == 0 ? Metric.undefined("no label has " + metric) : Metric.of(sum / defined));
    }
  }

  /// These metrics and others.
  Evaluation and(Map<String, Metric> others) {
    Map<String, Metric> all = new LinkedHashMap<>(metrics);
    all.putAll(others);
    return new Evaluation(all, words);
  }

  /// These metrics and others.
  Evaluation and(Evaluation other) {
    Map<String, String> all = new LinkedHashMap<>(words);
    all.putAll(other.words);
    return new Evaluation(and(other.metrics).metrics, all);
  }

  /// Whether a metric is left out where there is little room: that of a gate, of a scenario, or of one label beside one over all.
  public static boolean isDetail(String name, Set<String> names) {
    return GateUse.isAbout(name) || isOfScenario(name) || isPart(name, names);
  }

  /// Whether a metric is that of one scenario.
  static boolean isOfScenario(String name) {
    return name.contains(".domain.");
  }

  /// Whether a metric is that of one label, among metrics of which one is over all labels: `test.power+3.rmse` beside `test.rmse`.
  static boolean isPart(String name, Set<String> names) {
    int first = name.indexOf('.');
    int last = name.lastIndexOf('.');
    return first < last && names.contains(name.substring(0, first) + name.substring(last));
  }

  /// Fails for what will be no metric of these labels, before there are predictions to measure.
  static void checkName(String metric, String split, List<String> labels, Schema schema) {
    if (labels.isEmpty()) {
      if (!metric.equals(split + "." + LOSS)) {
        throw new IllegalArgumentException(
            "stopping: "
                + metric
                + " is no metric: the rows have no labels. Expected "
                + split
                + "."
                + LOSS
                + ".");
      }
      return;
    }
    Map<String, Scorecard> cards = new LinkedHashMap<>();
    for (String label : labels) {
      boolean value =
          schema.field(label) instanceof Field.Label l && l.kind() == Field.LabelKind.REGRESSION;
      cards.put(label, new Scorecard(value ? Scorecard.Scale.VALUE : Scorecard.Scale.LOGIT));
    }
    boolean named = labels.size() > 1;
    Set<String> known =
        new LinkedHashSet<>(
            of(split, cards, GroupedAuc.Weighting.IMPRESSIONS, named).metrics.keySet());
    boolean weighted =
        schema.one(Field.Group.class).isPresent()
            && schema.one(Field.SampleWeight.class).isPresent();
    cards.forEach(
        (label, card) -> {
          if (weighted && card.scale() != Scorecard.Scale.VALUE) {
            known.add(split + "." + (cards.size() == 1 ? "" : label + ".") + WEIGHTED);
          }
        });
    if (!known.contains(metric)) {
      throw new IllegalArgumentException(
          "stopping: "
              + metric
              + " is no metric."
              + Spelling.hint(metric, known)
              + " Expected one of: "
              + String.join(", ", known));
    }
    if (metric.matches(".*gauc(_macro)?") && schema.all(Field.Group.class).isEmpty()) {
      throw new IllegalArgumentException(
          "stopping: "
              + metric
              + " is undefined: the rows belong to no users. Expected a group in the schema, or"
              + " another metric.");
    }
  }

  /// The metric of this name, or null.
  public @Nullable Metric metric(String name) {
    return metrics.get(name);
  }

  /// Adds everything to a JSON object. An undefined metric is null, with the reason beside it.
  public void writeTo(ObjectNode json) {
    metrics.forEach(
        (name, m) -> {
          if (!m.defined()) {
            json.putNull(name);
            json.put(name + "_undefined", m.undefined());
          } else if (isCount(name)) {
            json.put(name, (long) m.value());
          } else {
            json.put(name, m.value());
          }
        });
    words.forEach(json::put);
  }

  /// Everything as it stands in `metrics.json`, by name, with null for what is undefined.
  public Map<String, @Nullable Object> asMap() {
    ObjectNode json = JsonMapper.shared().createObjectNode();
    writeTo(json);
    return plain(json);
  }

  static Map<String, @Nullable Object> plain(ObjectNode json) {
    Map<String, @Nullable Object> found = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> e : json.properties()) {
      JsonNode v = e.getValue();
      found.put(
          e.getKey(),
          v.isNull()
              ? null
              : v.isIntegralNumber()
                  ? v.longValue()
                  : v.isNumber() ? v.doubleValue() : v.asString());
    }
    return found;
  }

  private static boolean isCount(String name) {
    return name.endsWith("rows") || name.endsWith("users");
  }
}
