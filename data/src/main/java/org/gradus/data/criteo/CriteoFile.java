// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.nio.file.Path;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.text.Lines;

/// Rows of a raw file: label, 13 integers, 26 tokens in base 16, separated by tabs; empty means missing. A file of 39
/// columns has no labels, as the test file of the Kaggle challenge.
public final class CriteoFile implements CriteoRows {
  private static final int COLUMNS = 1 + CriteoRow.DENSE + CriteoRow.SPARSE;

  private final Lines lines;
  private final CriteoOptions options;
  private final BadRows bad;
  private final boolean labelsOptional;
  private long rows;
  private int first = -1; // 1 when the file has a label column, 0 when it has none

  /// Opens a file.
  ///
  /// @param labelsOptional whether a file without labels is accepted
  public CriteoFile(Path file, CriteoOptions options, BadRows bad, boolean labelsOptional) {
    this.lines = new Lines(file, "\t");
    this.options = options;
    this.bad = bad;
    this.labelsOptional = labelsOptional;
  }

  @Override
  public boolean next(CriteoRow row) {
    while (lines.next()) {
      try {
        parse(row);
        row.number = rows++;
        return true;
      } catch (DataException e) {
        bad.add(e);
      }
    }
    if (lines.number() == 0) {
      throw new DataException(
          lines.file() + ": the file is empty. Expected rows of " + COLUMNS + " columns.");
    }
    return false;
  }

  private void parse(CriteoRow row) {
    int columns = lines.columns();
    if (first < 0) {
      boolean unlabelled = labelsOptional && columns == COLUMNS - 1 && !options.padShortRows();
      first = unlabelled ? 0 : 1;
    }
    int expected = COLUMNS - 1 + first;
    boolean padded = columns < expected && columns >= 14 && options.padShortRows();
    if (columns != expected && !padded) {
      throw DataException.row(lines.file(), lines.number(), wrongColumns(columns, expected));
    }
    row.clear();
    if (first == 1) {
      row.label = label();
    }
    int dense = Math.min(CriteoRow.DENSE, columns - first);
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      int c = first + i;
      row.denseMissing[i] = i >= dense || lines.start(c) == lines.end(c);
      if (!row.denseMissing[i]) {
        row.dense[i] = integer(c, i);
      }
    }
    for (int i = 0; i < CriteoRow.SPARSE; i++) {
      int c = first + CriteoRow.DENSE + i;
      row.sparseMissing[i] = c >= columns || lines.start(c) == lines.end(c);
      if (!row.sparseMissing[i]) {
        row.sparse[i] = token(c, i);
      }
    }
  }

  private static String wrongColumns(int columns, int expected) {
    String what = columns + " columns. Expected " + expected + ", separated by tabs.";
    return columns < expected && columns >= 14
        ? what + " If trailing empty columns were stripped, set padShortRows=true."
        : what;
  }

  private int label() {
    byte[] bytes = lines.bytes();
    int at = lines.start(0);
    if (lines.end(0) - at == 1 && (bytes[at] == '0' || bytes[at] == '1')) {
      return bytes[at] - '0';
    }
    throw bad(0, "label", "Expected 0 or 1.");
  }

  private int integer(int column, int i) {
    byte[] bytes = lines.bytes();
    int from = lines.start(column);
    int to = lines.end(column);
    boolean negative = bytes[from] == '-';
    int at = negative ? from + 1 : from;
    long value = at < to && to - at <= 10 ? 0 : Long.MAX_VALUE;
    for (; at < to && value != Long.MAX_VALUE; at++) {
      int digit = bytes[at] - '0';
      value = digit < 0 || digit > 9 ? Long.MAX_VALUE : 10 * value + digit;
    }
    value = negative ? -value : value;
    if (value != (int) value) {
      throw bad(column, CriteoRow.denseName(i), "Expected a whole number of 32 bits, or nothing.");
    }
    if (!options.transform().accepts((int) value)) {
      throw bad(column, CriteoRow.denseName(i), options.transform().rule());
    }
    return (int) value;
  }

  private int token(int column, int i) {
    byte[] bytes = lines.bytes();
    int from = lines.start(column);
    int to = lines.end(column);
    int value = 0;
    boolean good = to - from <= 8;
    for (int at = from; at < to && good; at++) {
      int digit = Character.digit(bytes[at], 16);
      good = digit >= 0;
      value = value << 4 | digit;
    }
    if (!good) {
      throw bad(column, CriteoRow.sparseName(i), "Expected up to 8 digits of base 16, or nothing.");
    }
    return value;
  }

  private DataException bad(int column, String name, String rule) {
    byte[] bytes = lines.bytes();
    for (int i = lines.start(column); i < lines.end(column); i++) {
      if (bytes[i] < 0) {
        rule = "Byte 0x%02x is not text of this format. ".formatted(bytes[i] & 0xFF) + rule;
        break;
      }
    }
    return DataException.value(lines.file(), lines.number(), name, lines.raw(column), rule);
  }

  @Override
  public void close() {
    lines.close();
  }
}
