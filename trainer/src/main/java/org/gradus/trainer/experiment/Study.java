// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.trainer.run.Configs;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.store.StoreException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Several models on the same rows, trained alike: the keys of a run's `config.json` but for the model, and what is compared.
///
/// ```
/// data: {name: tasks-synthetic, settings: {scenarios: "3"}}
/// seeds: 3
/// beside: a model per task          # the entry that others are measured against
/// entries:
///   - {name: a model per task, model: shared-bottom, apart: BY_TASK}
///   - {name: PLE, model: ple, settings: {levels: "2"}, candidates: [{towerUnits: "16"}, {towerUnits: "32"}]}
/// ```
///
/// @param common what all entries share; its model is nobody's
/// @param seeds each entry is trained with the seeds 0 to this − 1
/// @param beside name of the entry that the others are measured against, or empty
/// @param entries in the order of the file
public record Study(TrainConfig common, int seeds, String beside, List<Entry> entries) {
  private static final List<String> KEYS =
      List.of("name", "model", "apart", "settings", "candidates");

  /// Copies the list, and checks that the entries can be told apart.
  public Study {
    entries = List.copyOf(entries);
    List<String> names = entries.stream().map(Entry::name).toList();
    if (seeds < 1 || entries.isEmpty() || names.stream().distinct().count() < names.size()) {
      throw new IllegalArgumentException(
          "study: "
              + seeds
              + " seeds, entries "
              + names
              + ". Expected at least one of both, and each name once.");
    }
    if (!beside.isEmpty() && !names.contains(beside)) {
      throw new IllegalArgumentException(
          "study: beside " + beside + ". Expected one of the entries: " + String.join(", ", names));
    }
  }

  /// What has a model of its own.
  public enum Apart {
    /// nothing: one model for all tasks and scenarios
    TOGETHER,
    /// each task
    BY_TASK,
    /// each scenario, on its own rows only
    BY_SCENARIO,
    /// each task in each scenario
    BY_BOTH;

    /// Whether each task has a model of its own.
    boolean tasks() {
      return this == BY_TASK || this == BY_BOTH;
    }

    /// Whether each scenario has.
    boolean scenarios() {
      return this == BY_SCENARIO || this == BY_BOTH;
    }
  }

  /// One line of the table.
  ///
  /// @param name what it is called
  /// @param model as in `--model`
  /// @param apart what has a model of its own
  /// @param settings of the model
  /// @param candidates settings over these, of which the best on validation rows is taken; at least one
  public record Entry(
      String name,
      String model,
      Apart apart,
      Map<String, String> settings,
      List<Map<String, String>> candidates) {
    /// Copies the maps, and fails for settings that the model does not have.
    public Entry {
      if (name.isBlank() || name.contains(",")) {
        throw new IllegalArgumentException(
            "name \"" + name + "\". Expected words without a comma, which stands between names.");
      }
      settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
      candidates =
          candidates.isEmpty()
              ? List.of(Map.of())
              : candidates.stream()
                  .map(c -> Collections.unmodifiableMap(new LinkedHashMap<>(c)))
                  .toList();
      for (Map<String, String> candidate : candidates) {
        choice(model, settings, candidate);
      }
    }

    /// The model of a candidate, with presets for what is not said.
    TrainConfig.ModelChoice choice(Map<String, String> candidate) {
      return choice(model, settings, candidate);
    }

    private static TrainConfig.ModelChoice choice(
        String model, Map<String, String> settings, Map<String, String> candidate) {
      ModelSpec spec = Models.get(model);
      Map<String, String> all = new LinkedHashMap<>(settings);
      all.putAll(candidate);
      return new TrainConfig.ModelChoice(spec.name(), spec.settings(all).toMap());
    }
  }

  /// The study of a JSON (`.json`) or YAML file. What it leaves out is as in [TrainConfig#of], with three seeds.
  public static Study read(Path file) {
    try {
      return of(Files.readString(file), file.toString());
    } catch (IOException e) {
      throw StoreException.reading(file, e);
    }
  }

  private static Study of(String text, String origin) {
    JsonNode tree = Configs.tree(text, origin);
    if (!(tree instanceof ObjectNode object) || !object.path("entries").isArray()) {
      throw new IllegalArgumentException(
          origin + ": no entries. Expected a list of what is compared, each with name and model.");
    }
    if (object.has("model")) {
      throw new IllegalArgumentException(
          origin + ": model for all entries. Expected one in each entry.");
    }
    JsonNode seeds = object.path("seeds");
    if (object.has("seeds") && !seeds.isIntegralNumber()) {
      throw new IllegalArgumentException(
          origin + ": seeds " + seeds + ". Expected how many, a whole number of at least 1.");
    }
    String beside = object.path("beside").asString("");
    List<Entry> entries = new ArrayList<>();
    for (JsonNode entry : object.path("entries")) {
      entries.add(entry(entry, origin));
    }
    object.remove(List.of("seeds", "beside", "entries"));
    return new Study(
        Configs.merge(object, Experiment.presets(), origin), seeds.asInt(3), beside, entries);
  }

  private static Entry entry(JsonNode tree, String origin) {
    List<String> unknown = new ArrayList<>(tree.propertyNames());
    unknown.removeAll(KEYS);
    boolean candidates = !tree.has("candidates") || tree.path("candidates").isArray();
    if (!tree.has("name") || !tree.has("model") || !unknown.isEmpty() || !candidates) {
      throw new IllegalArgumentException(
          origin
              + ": entry "
              + tree
              + ". Expected name and model, perhaps apart, settings, and candidates, a list of"
              + " settings.");
    }
    String name = tree.path("name").asString();
    try {
      List<Map<String, String>> each = new ArrayList<>();
      tree.path("candidates").forEach(c -> each.add(settings(c)));
      return new Entry(
          name,
          tree.path("model").asString(),
          apart(tree.path("apart").asString(Apart.TOGETHER.name())),
          settings(tree.path("settings")),
          each);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(origin + ": entry " + name + ": " + e.getMessage(), e);
    }
  }

  private static Apart apart(String word) {
    for (Apart a : Apart.values()) {
      if (a.name().equals(word.toUpperCase(Locale.ROOT))) {
        return a;
      }
    }
    throw new IllegalArgumentException(
        "apart " + word + ". Expected TOGETHER, BY_TASK, BY_SCENARIO or BY_BOTH.");
  }

  private static Map<String, String> settings(JsonNode tree) {
    boolean plain = tree.isMissingNode() || tree.isObject();
    if (!plain || tree.valueStream().anyMatch(JsonNode::isContainer)) {
      throw new IllegalArgumentException(
          "settings "
              + tree
              + ". Expected names with a value each, {embeddingDim: \"8\", hidden: \"64,32\"}; a"
              + " list of numbers is a text.");
    }
    Map<String, String> settings = new LinkedHashMap<>();
    tree.properties().forEach(e -> settings.put(e.getKey(), e.getValue().asString()));
    return settings;
  }

  /// The same with another configuration for all.
  public Study with(TrainConfig other) {
    return new Study(other, seeds, beside, entries);
  }

  /// The same with other seeds.
  public Study withSeeds(int n) {
    return new Study(common, n, beside, entries);
  }

  /// Some of the entries; nothing is beside them unless it is one of them.
  ///
  /// @param names in any order; none for all entries
  public Study only(List<String> names) {
    if (names.isEmpty()) {
      return this;
    }
    List<String> known = entries.stream().map(Entry::name).toList();
    for (String name : names) {
      if (!known.contains(name)) {
        throw new IllegalArgumentException(
            "study: no entry " + name + ". Expected some of: " + String.join(", ", known));
      }
    }
    return new Study(
        common,
        seeds,
        names.contains(beside) ? beside : "",
        entries.stream().filter(e -> names.contains(e.name)).toList());
  }
}
