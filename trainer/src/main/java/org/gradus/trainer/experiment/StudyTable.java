// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.jspecify.annotations.Nullable;

/// What the entries of a study reached, in Markdown: the AUC of each task in each scenario and its mean, and how much of it is gained over one
/// of them, seed by seed.
///
/// @param cells the columns
/// @param outcomes the lines
/// @param facts of the data, of which the AUC of the true probabilities make a line
public record StudyTable(
    List<Trials.Cell> cells, List<Trials.Outcome> outcomes, Map<String, Double> facts) {
  /// Copies the lists.
  public StudyTable {
    cells = List.copyOf(cells);
    outcomes = List.copyOf(outcomes);
  }

  /// Test AUC, mean ± standard deviation over seeds.
  public String scores() {
    StringBuilder s = heading("model", List.of("parameters", "chosen"));
    if (cells.stream().allMatch(c -> facts.containsKey(c.fact()))) {
      s.append("| the true probabilities |");
      double sum = 0;
      for (Trials.Cell c : cells) {
        double bayes = facts.getOrDefault(c.fact(), Double.NaN);
        sum += bayes;
        s.append(String.format(Locale.ROOT, " %.4f |", bayes));
      }
      s.append(String.format(Locale.ROOT, " %.4f | | |\n", sum / cells.size()));
    }
    for (Trials.Outcome o : outcomes) {
      s.append("| ").append(o.entry().name()).append(" |");
      for (int c = 0; c <= cells.size(); c++) {
        s.append(' ').append(cell(values(o, null, c), "%.4f")).append(" |");
      }
      s.append(String.format(Locale.ROOT, " %,d | ", o.parameters()));
      s.append(chosen(o)).append(" |\n");
    }
    return s.toString();
  }

  /// The differences to one of the entries with the same seed, mean ± standard deviation.
  ///
  /// @param beside its name
  public String gains(String beside) {
    Trials.Outcome base =
        outcomes.stream()
            .filter(o -> o.entry().name().equals(beside))
            .findFirst()
            .orElseThrow(
                () -> new IllegalArgumentException("study: no outcome of " + beside + " yet."));
    StringBuilder s = heading("gain over " + beside, List.of());
    for (Trials.Outcome o : outcomes) {
      if (!o.equals(base)) {
        s.append("| ").append(o.entry().name()).append(" |");
        for (int c = 0; c <= cells.size(); c++) {
          s.append(' ').append(cell(values(o, base, c), "%+.4f")).append(" |");
        }
        s.append('\n');
      }
    }
    return s.toString();
  }

  private StringBuilder heading(String first, List<String> more) {
    List<String> columns = new ArrayList<>(List.of(first));
    for (Trials.Cell c : cells) {
      columns.add(c.scenario() == null ? c.task() : c.task() + " · " + c.scenario());
    }
    columns.add("mean");
    columns.addAll(more);
    return new StringBuilder("| ")
        .append(String.join(" | ", columns))
        .append(" |\n|")
        .append(" --- |".repeat(columns.size()))
        .append('\n');
  }

  /// A column of an entry, a number per seed; behind the last cell their mean.
  private SummaryStatistics values(Trials.Outcome o, Trials.@Nullable Outcome base, int column) {
    SummaryStatistics found = new SummaryStatistics();
    for (int seed = 0; seed < o.test().size(); seed++) {
      double v = value(o.test().get(seed), column);
      found.addValue(base == null ? v : v - value(base.test().get(seed), column));
    }
    return found;
  }

  private static double value(List<Double> cells, int column) {
    return column < cells.size()
        ? cells.get(column)
        : cells.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
  }

  private static String cell(SummaryStatistics s, String format) {
    if (Double.isNaN(s.getMean())) {
      return "undefined";
    }
    String mean = String.format(Locale.ROOT, format, s.getMean());
    return s.getN() == 1
        ? mean
        : mean + " ± " + String.format(Locale.ROOT, "%.4f", s.getStandardDeviation());
  }

  /// The candidate, where there was a choice.
  private static String chosen(Trials.Outcome o) {
    if (o.entry().candidates().size() == 1) {
      return "";
    }
    List<String> said = new ArrayList<>();
    o.chosen().forEach((key, value) -> said.add("`" + key + "=" + value + "`"));
    return String.join(" ", said) + ", of " + o.entry().candidates().size();
  }
}
