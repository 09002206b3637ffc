// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradus.trainer.run.Evaluation;
import org.jspecify.annotations.Nullable;

/// Prints metrics as a table.
final class Metrics {
  private static final String WHY = "_undefined";

  private Metrics() {}

  /// One line a metric, in order; those of gates and scenarios, and where there is one over several labels, those of each are left out.
  /// What has no value takes one line with the reason, however many splits lack it, and what
  /// else is said about it is left out.
  static void print(Map<String, @Nullable Object> metrics, PrintWriter out) {
    Map<String, String> lines = new LinkedHashMap<>();
    metrics.forEach(
        (name, value) -> {
          if (Evaluation.isDetail(name, metrics.keySet())) {
            return;
          }
          if (metrics.get(name + WHY) instanceof String why) {
            boolean everywhere = undefined(metrics, lastWord(name)) > 1;
            lines.put(everywhere ? lastWord(name) : name, "undefined: " + why);
          } else if (metrics.keySet().stream().noneMatch(m -> isAbout(name, m, metrics))) {
            lines.put(name, text(value));
          }
        });
    int width = lines.keySet().stream().mapToInt(String::length).max().orElse(0);
    lines.forEach(
        (name, value) -> out.printf(Locale.ROOT, "  %-" + width + "s  %s%n", name, value));
    out.flush();
  }

  /// Whether a line says more about a metric that is undefined: `test.gauc_users` of `test.gauc`.
  private static boolean isAbout(
      String name, String metric, Map<String, @Nullable Object> metrics) {
    return name.startsWith(metric + "_") && metrics.containsKey(metric + WHY);
  }

  /// In how many splits a metric is undefined for the same reason; 0 when the reasons differ.
  private static long undefined(Map<String, @Nullable Object> metrics, String word) {
    List<@Nullable Object> reasons =
        metrics.keySet().stream()
            .filter(m -> lastWord(m).equals(word + WHY))
            .filter(m -> !Evaluation.isDetail(m, metrics.keySet()))
            .<@Nullable Object>map(metrics::get)
            .toList();
    return reasons.stream().distinct().count() == 1 ? reasons.size() : 0;
  }

  private static String lastWord(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private static String text(@Nullable Object value) {
    return switch (value) {
      case null -> "undefined";
      case Double d when Math.abs(d) >= 1000 -> String.format(Locale.ROOT, "%.0f", d);
      case Double d -> String.format(Locale.ROOT, "%.6f", d);
      default -> value.toString();
    };
  }
}
