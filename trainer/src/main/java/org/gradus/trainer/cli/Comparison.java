// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.gradus.trainer.run.RunResult;
import org.jspecify.annotations.Nullable;

/// What several models reached with several seeds: a table of means and deviations.
final class Comparison {
  /// The columns: heading, and the metric below it.
  private static final List<Column> COLUMNS =
      List.of(
          new Column("valid AUC", "valid.auc", "%.4f"),
          new Column("test AUC", "test.auc", "%.4f"),
          new Column("test log loss", "test.logloss", "%.4f"),
          new Column("test GAUC", "test.gauc", "%.4f"));

  private final List<Row> rows = new ArrayList<>();

  private record Column(String heading, String metric, String format) {}

  /// The runs of one model, a seed each.
  ///
  /// @param pace rows per second, or null when it was not measured
  record Row(String model, List<RunResult> runs, @Nullable Double pace) {
    /// Mean and deviation of a metric over the seeds; of none when a run lacks it.
    SummaryStatistics of(String metric) {
      SummaryStatistics s = new SummaryStatistics();
      for (RunResult run : runs) {
        if (run.metrics().get(metric) instanceof Number n && Double.isFinite(n.doubleValue())) {
          s.addValue(n.doubleValue());
        }
      }
      return s.getN() == runs.size() ? s : new SummaryStatistics();
    }

    /// The value of a metric in the first run, such as the number of parameters.
    @Nullable Object first(String metric) {
      return runs.getFirst().metrics().get(metric);
    }
  }

  void add(String model, List<RunResult> runs, @Nullable Double pace) {
    rows.add(new Row(model, List.copyOf(runs), pace));
  }

  List<Row> rows() {
    return rows;
  }

  /// A Markdown table, a line per model in the order of adding.
  ///
  /// @param settings what each model was trained with, beside what is common to all
  String table(Map<String, String> settings) {
    StringBuilder s = new StringBuilder("| Model |");
    List<Column> columns = COLUMNS.stream().flatMap(this::columns).toList();
    columns.forEach(c -> s.append(' ').append(c.heading).append(" |"));
    boolean paced = rows.stream().anyMatch(r -> r.pace != null);
    s.append(paced ? " samples/s |" : "").append(" parameters | best epochs | settings |\n| --- |");
    s.append(" --- |".repeat(columns.size() + (paced ? 4 : 3))).append('\n');
    for (Row row : rows) {
      s.append("| ").append(row.model).append(" |");
      for (Column c : columns) {
        s.append(' ').append(cell(row.of(c.metric), c.format)).append(" |");
      }
      if (paced) {
        s.append(String.format(Locale.ROOT, " %,.0f |", row.pace));
      }
      s.append(' ').append(row.first("parameters")).append(" | ");
      s.append(
          String.join(
              ", ", row.runs.stream().map(r -> epoch(r.metrics().get("best_epoch"))).toList()));
      s.append(" | ").append(settings.getOrDefault(row.model, "")).append(" |\n");
    }
    return s.toString();
  }

  /// A column, or one for each label where there are several, whose metrics have its name between split and metric.
  private Stream<Column> columns(Column c) {
    int dot = c.metric.indexOf('.');
    String before = c.metric.substring(0, dot + 1);
    String after = c.metric.substring(dot);
    Set<Column> found = new LinkedHashSet<>();
    for (Row row : rows) {
      for (String metric : row.runs.getFirst().metrics().keySet()) {
        if (metric.length() > before.length() + after.length()
            && metric.startsWith(before)
            && metric.endsWith(after)) {
          String label = metric.substring(before.length(), metric.length() - after.length());
          found.add(new Column(c.heading + ", " + label, metric, c.format));
        }
      }
    }
    return found.isEmpty() ? Stream.of(c) : found.stream();
  }

  private static String epoch(@Nullable Object best) {
    return best == null ? "last" : best.toString();
  }

  private static String cell(SummaryStatistics s, String format) {
    if (s.getN() == 0) {
      return "undefined";
    }
    String mean = String.format(Locale.ROOT, format, s.getMean());
    return s.getN() == 1
        ? mean
        : mean + " ± " + String.format(Locale.ROOT, format, s.getStandardDeviation());
  }
}
