// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.experiment;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// Metrics as a grid of characters. Columns are sorted by name; numbers are rounded to four decimals, ties to even, without zeros at
/// their end.
public final class MetricsTable {
  private static final int DECIMALS = 4;

  private MetricsTable() {}

  /// One row of metrics.
  public static String of(Map<String, Number> metrics) {
    if (metrics.isEmpty()) {
      return "no result\n";
    }
    List<List<String>> columns = new ArrayList<>();
    new TreeMap<>(metrics).forEach((key, value) -> columns.add(List.of(key, text(value))));
    return grid(columns, false);
  }

  /// A row per model, scenario or whatever is compared; decimal points of a column stand below each other.
  ///
  /// @param first head of the column of names
  /// @param rows metrics by name of their row; one that a row does not have is `N/A`
  public static String of(String first, Map<String, Map<String, Number>> rows) {
    if (rows.isEmpty()) {
      return "no result\n";
    }
    TreeSet<String> keys = new TreeSet<>();
    rows.values().forEach(row -> keys.addAll(row.keySet()));
    List<List<String>> columns = new ArrayList<>();
    List<String> names = new ArrayList<>(List.of(first));
    names.addAll(rows.keySet());
    columns.add(names);
    for (String key : keys) {
      List<String> cells = new ArrayList<>();
      for (Map<String, Number> row : rows.values()) {
        Number value = row.get(key);
        cells.add(value == null ? "N/A" : text(value));
      }
      List<String> column = new ArrayList<>(List.of(key));
      column.addAll(aligned(cells));
      columns.add(column);
    }
    return grid(columns, true);
  }

  private static List<String> aligned(List<String> cells) {
    int most = cells.stream().mapToInt(MetricsTable::decimals).max().orElse(0);
    return cells.stream().map(c -> c + " ".repeat(most - decimals(c))).toList();
  }

  /// Characters from the point on.
  private static int decimals(String cell) {
    int point = cell.indexOf('.');
    return point < 0 ? 0 : cell.length() - point;
  }

  private static String text(Number value) {
    if (value instanceof Integer || value instanceof Long) {
      return value.toString();
    }
    double v = value.doubleValue();
    if (Double.isNaN(v)) {
      return "nan";
    }
    if (Double.isInfinite(v)) {
      return v > 0 ? "inf" : "-inf";
    }
    BigDecimal rounded = new BigDecimal(v).setScale(DECIMALS, RoundingMode.HALF_EVEN);
    return rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString();
  }

  /// @param columns head, then cells
  /// @param named whether the first column is one of names, which stand on the left
  private static String grid(List<List<String>> columns, boolean named) {
    List<Integer> widths = new ArrayList<>();
    for (int c = 0; c < columns.size(); c++) {
      List<String> column = columns.get(c);
      int width = column.getFirst().length() + (named && c == 0 ? 0 : 2);
      for (String cell : column.subList(1, column.size())) {
        width = Math.max(width, cell.length());
      }
      widths.add(width);
    }
    StringBuilder s = new StringBuilder(line(widths, "-"));
    for (int r = 0; r < columns.getFirst().size(); r++) {
      s.append('|');
      for (int c = 0; c < columns.size(); c++) {
        String cell = columns.get(c).get(r);
        String space = " ".repeat(widths.get(c) - cell.length());
        s.append(' ').append(named && c == 0 ? cell + space : space + cell).append(" |");
      }
      s.append('\n').append(line(widths, r == 0 ? "=" : "-"));
    }
    return s.toString();
  }

  private static String line(List<Integer> widths, String stroke) {
    StringBuilder s = new StringBuilder("+");
    for (int width : widths) {
      s.append(stroke.repeat(width + 2)).append('+');
    }
    return s.append('\n').toString();
  }
}
