// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What `metrics.jsonl` says. A line within an epoch holds the loss so far; the line that ends one holds its loss and the
/// metrics of the validation rows.
///
/// @param lines in order
record History(List<JsonNode> lines) {
  /// Lines within an epoch.
  static final int POINTS = 20;

  private static final String END = "best"; // only the last line of an epoch says it

  /// The line that ends an epoch, without its end of line.
  static String line(Listener.EpochReport report) {
    ObjectNode json = JsonMapper.shared().createObjectNode();
    json.put("epoch", report.epoch());
    json.put("step", report.step());
    report.losses().forEach((name, value) -> json.put("train." + name, value));
    report.valid().writeTo(json);
    json.put(END, report.best());
    json.put("seconds", report.seconds());
    return json.toString();
  }

  /// A line within an epoch.
  ///
  /// @param losses means over the rows of the epoch so far
  static String line(int epoch, long step, Map<String, Double> losses) {
    ObjectNode json = JsonMapper.shared().createObjectNode();
    json.put("epoch", epoch);
    json.put("step", step);
    losses.forEach((name, value) -> json.put("train." + name, value));
    return json.toString();
  }

  static History of(List<String> lines) {
    return new History(lines.stream().map(l -> JsonMapper.shared().readTree(l)).toList());
  }

  /// The lines that end an epoch.
  List<JsonNode> epochs() {
    return lines.stream().filter(l -> l.has(END)).toList();
  }

  /// Names of numbers that begin and end so, in order.
  List<String> names(String prefix, String suffix) {
    TreeSet<String> found = new TreeSet<>();
    for (JsonNode line : lines) {
      for (String name : line.propertyNames()) {
        if (name.startsWith(prefix) && name.endsWith(suffix)) {
          found.add(name);
        }
      }
    }
    return List.copyOf(found);
  }

  /// Where a number was written, as steps and values.
  double[][] curve(String name) {
    List<JsonNode> points = lines.stream().filter(l -> l.path(name).isNumber()).toList();
    return new double[][] {
      points.stream().mapToDouble(l -> l.path("step").asDouble()).toArray(),
      points.stream().mapToDouble(l -> l.path(name).asDouble()).toArray()
    };
  }
}
