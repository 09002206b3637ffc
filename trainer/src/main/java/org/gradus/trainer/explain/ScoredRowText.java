// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.List;
import java.util.Locale;

/// A scored row for people: its fields, its scores, and a bar for every weight.
public final class ScoredRowText {
  private static final int BAR = 30; // columns of the longest
  private static final int NAME = 28;

  private ScoredRowText() {}

  /// The text.
  public static String of(ScoredRow row) {
    StringBuilder text = new StringBuilder();
    row.fields().forEach((field, value) -> line(text, field, value));
    row.labels().forEach((label, y) -> line(text, "label " + label, Float.toString(y)));
    row.scores()
        .forEach((label, p) -> line(text, "score " + label, String.format(Locale.ROOT, "%.6f", p)));
    row.mixtures().forEach(m -> mixture(text, m));
    return text.toString();
  }

  private static void line(StringBuilder text, String name, String value) {
    text.append(String.format(Locale.ROOT, "  %-20s %s%n", name, value));
  }

  private static void mixture(StringBuilder text, Mixture m) {
    List<String> over = m.over();
    int n = m.weights().length;
    String units = " " + m.unit() + (n == 1 ? "" : "s");
    String what =
        over.isEmpty() ? units : units + " of " + String.join(", ", over) + ", oldest first";
    text.append(String.format(Locale.ROOT, "%n%s: %d%s%n", m.name(), n, what));
    double largest = 0;
    double sum = 0;
    for (double w : m.weights()) {
      largest = Math.max(largest, Math.abs(w));
      sum += w;
    }
    for (int i = 0; i < n; i++) {
      double w = m.weights()[i];
      long cells = largest > 0 ? Math.round(BAR * Math.abs(w) / largest) : 0;
      String bar = (w < 0 ? "░" : "█").repeat((int) cells);
      text.append(
          String.format(
                  Locale.ROOT, "%5d  %-" + NAME + "s %10.6f  %s", i + 1, m.parts().get(i), w, bar)
              .stripTrailing());
      text.append(System.lineSeparator());
    }
    text.append(String.format(Locale.ROOT, "%5s  %-" + NAME + "s %10.6f%n", "", "sum", sum));
  }
}
