// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.Counter;

/// Rows in the layout of Criteo's files: a label, 13 integers and 26 tokens in base 16, separated by tabs.
///
/// @param rows with their columns
public record CriteoText(List<String[]> rows) {
  /// Draws rows. The label leans on the first integer and the first token, so that there is something to learn.
  public static CriteoText draw(int count, long seed) {
    List<String[]> rows = new ArrayList<>();
    for (int r = 0; r < count; r++) {
      long key = Counter.key(seed, r);
      String[] columns = new String[40];
      int first = (int) Counter.below(key, 1, 100);
      int token = (int) Counter.below(key, 14, 4);
      double p = 0.15 + 0.4 * first / 100 + 0.1 * token;
      columns[0] = Counter.uniform53(key, 0) < p ? "1" : "0";
      for (int i = 1; i <= 13; i++) {
        columns[i] = i == 1 ? "" + first : "" + ((int) Counter.below(key, i, 50) - 2);
      }
      for (int i = 14; i < 40; i++) {
        columns[i] = "%08x".formatted(i == 14 ? token : i * 1000L + Counter.below(key, i, 6));
      }
      columns[9] = r % 7 == 0 ? "" : columns[9]; // missing ones
      columns[20] = r % 5 == 0 ? "" : columns[20];
      rows.add(columns);
    }
    return new CriteoText(rows);
  }

  /// The same with one column of one row changed.
  public CriteoText with(int row, int column, String value) {
    List<String[]> changed = new ArrayList<>(rows);
    String[] columns = rows.get(row).clone();
    columns[column] = value;
    changed.set(row, columns);
    return new CriteoText(changed);
  }

  /// The same with a row cut to its first columns.
  public CriteoText cut(int row, int columns) {
    List<String[]> changed = new ArrayList<>(rows);
    changed.set(row, Arrays.copyOf(rows.get(row), columns));
    return new CriteoText(changed);
  }

  /// The labels.
  public int[] labels() {
    return rows.stream().mapToInt(c -> Integer.parseInt(c[0])).toArray();
  }

  /// Writes the rows.
  public Path write(Path file) throws IOException {
    return Files.write(file, rows.stream().map(c -> String.join("\t", c)).toList());
  }

  /// Writes the rows without their labels.
  public Path writeUnlabelled(Path file) throws IOException {
    return Files.write(
        file,
        rows.stream().map(c -> String.join("\t", Arrays.copyOfRange(c, 1, c.length))).toList());
  }
}
