// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.gradus.models.Spelling;
import org.gradus.tensor.Devices;
import org.gradus.trainer.loss.Balance;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.Rule;
import org.gradus.trainer.store.StoreException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/// Configurations as JSON and YAML. What a file leaves out keeps its preset; keys that nobody knows are errors that list
/// them all.
public final class Configs {
  // keys that nobody knows are looked for afterwards, where their whole path is known
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT) // half an epoch is a mistake
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  // of two values of one key, neither is meant more
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  private static final ObjectMapper YAML =
      YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private Configs() {}

  /// The text of `config.json`.
  public static String toJson(TrainConfig config) {
    return MAPPER.writeValueAsString(config) + "\n";
  }

  /// A configuration from a JSON (`.json`) or YAML file, over presets.
  public static TrainConfig read(Path file, TrainConfig presets) {
    try {
      JsonNode given = tree(java.nio.file.Files.readString(file), file.toString());
      return merge(given, presets, file.toString());
    } catch (java.io.IOException e) {
      throw StoreException.reading(file, e);
    }
  }

  /// The keys and values of a text, to be merged later.
  ///
  /// @param origin where it comes from: YAML, but JSON if it ends in `.json`
  public static JsonNode tree(String text, String origin) {
    try {
      return (origin.endsWith(".json") ? JSON : YAML).readTree(text);
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          origin + ": " + e.getOriginalMessage() + ". Expected JSON, or YAML, with each key once.",
          e);
    }
  }

  /// A configuration from a tree, over presets.
  ///
  /// @param origin for messages: where the tree comes from
  /// @throws IllegalArgumentException that lists every unknown key, or names the first value of the wrong type
  public static TrainConfig merge(JsonNode given, TrainConfig presets, String origin) {
    if (!given.isObject()) {
      throw new IllegalArgumentException(
          origin
              + ": "
              + (given.isMissingNode() || given.isNull() ? "nothing in it" : given)
              + ". Expected keys and values, such as model: {name: mmoe}.");
    }
    ObjectNode tree = MAPPER.valueToTree(presets);
    TrainConfig config;
    try {
      overlay(tree, given);
      config = MAPPER.treeToValue(tree, TrainConfig.class);
    } catch (JacksonException e) {
      if (e.getCause() instanceof IllegalArgumentException cause) {
        throw new IllegalArgumentException(origin + ": " + cause.getMessage(), cause);
      }
      throw new IllegalArgumentException(origin + ": " + wrong(e, tree), e);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(origin + ": " + e.getMessage(), e);
    }
    List<String> unknown = new ArrayList<>();
    unknown("", tree, MAPPER.valueToTree(config), unknown);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          origin
              + ": unknown keys "
              + String.join(", ", unknown.stream().sorted().toList())
              + ". Expected the keys of config.json: "
              + String.join(
                  ", ", MAPPER.valueToTree(presets).propertyNames().stream().sorted().toList())
              + ".");
    }
    return config;
  }

  /// The keys that were not read, each with its whole path and the name beside it that is nearest: what a configuration holds is
  /// what it writes.
  ///
  /// @param read what the configuration writes at this place
  private static void unknown(String path, JsonNode given, JsonNode read, List<String> into) {
    String prefix = path.isEmpty() ? "" : path + ".";
    if (given.isObject() && read.isObject()) {
      for (Map.Entry<String, JsonNode> e : given.properties()) {
        String name = e.getKey();
        if (read.has(name)) {
          unknown(prefix + name, e.getValue(), read.path(name), into);
        } else {
          String hint = Spelling.hint(name, read.propertyNames()).strip();
          into.add(prefix + name + (hint.isEmpty() ? "" : " (" + hint + ")"));
        }
      }
    } else if (given.isArray() && read.isArray()) {
      for (int i = 0; i < given.size(); i++) {
        unknown(prefix + i, given.path(i), read.path(i), into);
      }
    }
  }

  /// The value that could not be read, and what was expected there, without the words of the library.
  private static String wrong(JacksonException e, JsonNode tree) {
    StringBuilder path = new StringBuilder();
    JsonNode value = tree;
    for (JacksonException.Reference r : e.getPath()) {
      boolean named = r.getPropertyName() != null;
      path.append(
          named ? (path.isEmpty() ? "" : ".") + r.getPropertyName() : "[" + r.getIndex() + "]");
      value = named ? value.path(r.getPropertyName()) : value.path(r.getIndex());
    }
    String expected =
        e instanceof MismatchedInputException m ? expected(m.getTargetType()) : "something else";
    return path + ": " + value + ". Expected " + expected + ".";
  }

  private static String expected(@Nullable Class<?> type) {
    if (type == null) {
      return "something else";
    }
    if (type.isEnum()) {
      return "one of: "
          + Arrays.stream(type.getEnumConstants())
              .map(Object::toString)
              .collect(Collectors.joining(", "));
    }
    return switch (type.getSimpleName()) {
      case "int", "long", "Integer", "Long" -> "a whole number";
      case "double", "float", "Double", "Float" -> "a number";
      case "boolean", "Boolean" -> "true or false";
      case "String" -> "a text";
      case "List", "ArrayList" -> "a list";
      default -> "keys and values";
    };
  }

  private static void overlay(ObjectNode onto, JsonNode given) {
    given
        .properties()
        .forEach(
            e -> {
              JsonNode old = onto.get(e.getKey());
              if (e.getKey().equals("groups") && e.getValue().isArray()) {
                onto.set("groups", groups(e.getValue()));
              } else if (e.getKey().equals("balance")) {
                onto.set("balance", balance(e.getValue()));
              } else if (old instanceof ObjectNode object
                  && e.getValue().isObject()
                  && !isFree(e.getKey())) {
                overlay(object, e.getValue());
              } else {
                onto.set(e.getKey(), e.getValue());
              }
            });
  }

  /// Maps whose keys the user chooses, replaced as a whole.
  private static boolean isFree(String key) {
    return key.equals("settings")
        || key.equals("deviceSettings")
        || key.equals("labels")
        || key.equals("auxiliary");
  }

  /// A way to balance losses, over its presets.
  private static ObjectNode balance(JsonNode given) {
    Map<String, Balance> presets = new TreeMap<>();
    presets.put("Fixed", Balance.SUM);
    presets.put("GradNorm", Balance.GradNorm.PRESET);
    presets.put("MinNorm", new Balance.MinNorm(Map.of()));
    presets.put("PcGrad", Balance.PcGrad.PAPER);
    presets.put("Uncertainty", Balance.Uncertainty.PRESET);
    if (!given.isObject()) {
      throw new IllegalArgumentException(
          "loss: balance "
              + given
              + "."
              + Spelling.hint(given.isValueNode() ? given.asString() : "", presets.keySet())
              + " Expected keys and values, such as balance: {name: GradNorm}, with a name of: "
              + String.join(", ", presets.keySet())
              + ".");
    }
    String name = given.path("name").asString("Fixed");
    Balance preset = presets.get(name);
    if (preset == null) {
      throw new IllegalArgumentException(
          "loss: balance "
              + name
              + "."
              + Spelling.hint(name, presets.keySet())
              + " Expected one of: "
              + String.join(", ", presets.keySet()));
    }
    ObjectNode tree = MAPPER.valueToTree(preset);
    tree.put("name", name);
    given.properties().forEach(e -> tree.set(e.getKey(), e.getValue()));
    return tree;
  }

  /// Groups of parameters, each over the presets of its rule.
  private static ArrayNode groups(JsonNode given) {
    Map<String, Rule> rules = new TreeMap<>();
    rules.put("Sgd", Rule.Sgd.PLAIN);
    rules.put("Adagrad", Rule.Adagrad.DLRM);
    rules.put("RowWiseAdagrad", Rule.RowWiseAdagrad.DLRM);
    rules.put("Adam", Rule.Adam.PAPER);
    rules.put("Ftrl", Rule.Ftrl.PAPER);
    rules.put("Proximal", new Rule.Proximal(0, 0));
    ArrayNode merged = JsonMapper.shared().createArrayNode();
    for (JsonNode group : given) {
      String name = group.path("rule").path("name").asString("Adam");
      Rule rule = rules.get(name);
      if (rule == null) {
        throw new IllegalArgumentException(
            "optimiser: rule " + name + ". Expected one of: " + String.join(", ", rules.keySet()));
      }
      ObjectNode tree = MAPPER.valueToTree(Group.all(rule, 1e-3));
      JsonNode schedule = group.path("schedule");
      if (schedule.isObject()) {
        tree.set("schedule", JsonMapper.shared().createObjectNode()); // no parts of another one
      }
      overlay(tree, group);
      merged.add(tree);
    }
    return merged;
  }

  /// Where two configurations differ in what decides about results: `seed: 1, expected 2`.
  static List<String> differences(TrainConfig given, TrainConfig expected) {
    Map<String, String> a = new TreeMap<>();
    Map<String, String> b = new TreeMap<>();
    flatten("", MAPPER.valueToTree(given), a);
    flatten("", MAPPER.valueToTree(expected), b);
    TreeMap<String, String> all = new TreeMap<>(b);
    all.putAll(a);
    List<String> found = new ArrayList<>();
    for (String key : all.keySet()) {
      String x = a.getOrDefault(key, "none");
      String y = b.getOrDefault(key, "none");
      // Data is compared by its content; where it lies does not matter, nor which of several GPUs
      // is used.
      boolean same =
          x.equals(y)
              || (key.equals("device")
                  && Devices.kind(given.device()).equals(Devices.kind(expected.device())));
      if (!same && !key.startsWith("execution.") && !key.equals("data.path")) {
        found.add(key + ": " + x + ", expected " + y);
      }
    }
    return found;
  }

  private static void flatten(String path, JsonNode node, Map<String, String> into) {
    if (node.isContainer() && !node.isEmpty()) {
      String prefix = path.isEmpty() ? "" : path + ".";
      if (node.isObject()) {
        node.properties().forEach(e -> flatten(prefix + e.getKey(), e.getValue(), into));
      } else {
        for (int i = 0; i < node.size(); i++) {
          flatten(prefix + i, node.path(i), into);
        }
      }
    } else {
      into.put(path, node.toString());
    }
  }
}
