// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Prints metrics as a table.
final class Metrics {
  private Metrics() {}

  /// One line a metric, in order.
  static void print(Map<String, @Nullable Object> metrics, PrintWriter out) {
    int width = metrics.keySet().stream().mapToInt(String::length).max().orElse(0);
    metrics.forEach(
        (name, value) -> out.printf(Locale.ROOT, "  %-" + width + "s  %s%n", name, text(value)));
    out.flush();
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
