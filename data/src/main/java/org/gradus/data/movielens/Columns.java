// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.List;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.text.Lines;

/// The columns of a file that are asked for, wherever they stand in it.
final class Columns {
  private final Lines lines;
  private final List<String> names;
  private final Charset charset;
  private final int[] places; // by name; -1 where the file has no such column
  private final int width; // of every line, or -1 where the first decides

  private Columns(Lines lines, List<String> names, Charset charset, int[] places, int width) {
    this.lines = lines;
    this.names = names;
    this.charset = charset;
    this.places = places;
    this.width = width;
  }

  /// Columns of a file without a head: they stand in the order of their names; those after the first `required` may be
  /// left out.
  static Columns inOrder(Lines lines, List<String> names, int required, Charset charset) {
    int[] places = new int[names.size()];
    Arrays.setAll(places, i -> i);
    return new Columns(lines, names, charset, places, -required);
  }

  /// Columns of a file whose first line names them, as `name:type`.
  static Columns named(Lines lines, List<String> names, int required, Charset charset) {
    if (!lines.next()) {
      throw empty(lines);
    }
    int[] places = new int[names.size()];
    Arrays.fill(places, -1);
    for (int c = 0; c < lines.columns(); c++) {
      String head = lines.text(c, "number " + (c + 1), charset);
      int colon = head.indexOf(':');
      int i = names.indexOf(colon < 0 ? head : head.substring(0, colon));
      if (i >= 0) {
        places[i] = c;
      }
    }
    for (int i = 0; i < required; i++) {
      if (places[i] < 0) {
        throw DataException.row(
            lines.file(),
            1,
            "no column "
                + names.get(i)
                + ". Expected a first line with names such as "
                + String.join(", ", names)
                + ".");
      }
    }
    return new Columns(lines, names, charset, places, lines.columns());
  }

  private static DataException empty(Lines lines) {
    return new DataException(lines.file() + ": the file is empty. Expected rows.");
  }

  /// Goes to the next line with the right number of columns.
  boolean next(BadRows bad) {
    while (lines.next()) {
      int n = lines.columns();
      boolean right = width > 0 ? n == width : n >= -width && n <= names.size();
      if (right) {
        return true;
      }
      String expected = width > 0 ? "" + width : -width + " to " + names.size();
      bad.add(
          DataException.row(
              lines.file(), lines.number(), n + " columns. Expected " + expected + "."));
    }
    if (lines.number() == 0) {
      throw empty(lines);
    }
    return false;
  }

  boolean has(int i) {
    return places[i] >= 0 && places[i] < lines.columns();
  }

  String text(String name) {
    int i = names.indexOf(name);
    return lines.text(places[i], name, charset);
  }

  /// A whole number, not negative. One with decimals that are 0 counts, as in columns of floats.
  long whole(int i, long max) {
    String s = lines.text(places[i], names.get(i), charset);
    try {
      long value = Long.parseLong(s.endsWith(".0") ? s.substring(0, s.length() - 2) : s);
      if (value >= 0 && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // reported below, like a number out of range
    }
    throw bad(i, s, "Expected a whole number from 0 to " + max + ".");
  }

  float rating(int i) {
    String s = lines.text(places[i], names.get(i), charset);
    try {
      float value = Float.parseFloat(s);
      if (value >= 0 && value <= 5) {
        return value;
      }
    } catch (NumberFormatException e) {
      // reported below, like a number out of range
    }
    throw bad(i, s, "Expected a rating from 0 to 5.");
  }

  private DataException bad(int i, String value, String rule) {
    return DataException.value(lines.file(), lines.number(), names.get(i), value, rule);
  }
}
