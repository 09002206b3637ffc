// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What `metrics.jsonl` says, as curves over epochs.
///
/// @param epochs of each line
/// @param curves by name; NaN where an epoch has no value
record History(List<Integer> epochs, Map<String, List<Double>> curves) {
  /// One line, without its end.
  static String line(Listener.EpochReport report) {
    ObjectNode json = JsonMapper.shared().createObjectNode();
    json.put("epoch", report.epoch());
    json.put("step", report.step());
    report.losses().forEach((name, value) -> json.put("train." + name, value));
    report.valid().writeTo(json);
    json.put("best", report.best());
    json.put("seconds", report.seconds());
    return json.toString();
  }

  static History of(List<String> lines) {
    List<Integer> epochs = new ArrayList<>();
    Map<String, List<Double>> curves = new LinkedHashMap<>();
    for (String line : lines) {
      JsonNode json = JsonMapper.shared().readTree(line);
      epochs.add(json.path("epoch").asInt());
      json.properties()
          .forEach(
              e -> {
                if (e.getValue().isNumber()) {
                  List<Double> curve = curves.computeIfAbsent(e.getKey(), _ -> new ArrayList<>());
                  while (curve.size() < epochs.size() - 1) {
                    curve.add(Double.NaN);
                  }
                  curve.add(e.getValue().asDouble());
                }
              });
    }
    curves.values().forEach(c -> pad(c, epochs.size()));
    return new History(epochs, curves);
  }

  private static void pad(List<Double> curve, int size) {
    while (curve.size() < size) {
      curve.add(Double.NaN);
    }
  }

  /// The curves of the parts of the loss.
  Map<String, List<Double>> losses() {
    return startingWith("train.");
  }

  /// The curves of a metric, of every label: `auc`.
  Map<String, List<Double>> metric(String name) {
    Map<String, List<Double>> found = startingWith("valid.");
    found.keySet().removeIf(key -> !key.endsWith("." + name));
    return found;
  }

  private Map<String, List<Double>> startingWith(String prefix) {
    Map<String, List<Double>> found = new LinkedHashMap<>(curves);
    found.keySet().removeIf(key -> !key.startsWith(prefix));
    return found;
  }
}
