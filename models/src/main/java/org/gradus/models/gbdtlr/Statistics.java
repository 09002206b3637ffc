// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

import java.util.Map;
import java.util.TreeMap;

/// Counts of ids and of their clicks while [Rates] are learned, table by table.
final class Statistics {
  private final Rates rates;
  private final int parts; // all rows so far, then those of each fold
  private final Map<String, Counts> tables = new TreeMap<>();
  private long rows;
  private double clicked;

  /// What was counted of the ids of a table.
  ///
  /// @param all `[rows]`, n in all rows, exact up to 2²⁴
  /// @param seen `[rows, parts]`, n in the rows so far
  /// @param clicks `[rows, parts]`, theirs
  private record Counts(float[] all, double[] seen, double[] clicks) {}

  /// @param sizes rows of each table
  Statistics(Rates rates, Map<String, Integer> sizes) {
    this.rates = rates;
    parts = 1 + rates.folds();
    sizes.forEach(
        (name, n) ->
            tables.put(
                name, new Counts(new float[n], new double[n * parts], new double[n * parts])));
  }

  private Counts of(String table) {
    Counts found = tables.get(table);
    if (found == null) {
      throw new IllegalStateException("gbdt-lr: no table " + table);
    }
    return found;
  }

  /// How many rows were counted.
  long rows() {
    return rows;
  }

  /// Counts a row, but not its ids.
  void count(float y) {
    rows++;
    clicked += y;
  }

  /// Counts an id of a row.
  void count(String table, int id) {
    of(table).all[id]++;
  }

  /// Adds an id of a row to the rows so far.
  ///
  /// @param fold of the row, or [Rates#ALL] without folds
  void learn(String table, int id, int fold, float y) {
    Counts counts = of(table);
    add(counts, id * parts, y);
    if (fold != Rates.ALL) {
      add(counts, id * parts + 1 + fold, y);
    }
  }

  private static void add(Counts counts, int at, float y) {
    counts.seen[at]++;
    counts.clicks[at] += y;
  }

  /// Writes what is known about an id from the rows so far, `[width]`.
  void read(String table, int id, float[] into) {
    Counts counts = of(table);
    int at = id * parts;
    double n = counts.seen[at];
    double clicks = counts.clicks[at];
    double average = clicked / rows; //                                    π
    into[rates.column(Rates.ALL)] = rates.rate(clicks, n, average);
    into[1] = counts.all[id]; //                                           count(c)  (GL-5)
    for (int k = 0; k < rates.folds(); k++) {
      double own = counts.seen[at + 1 + k];
      into[rates.column(k)] =
          rates.rate(clicks - counts.clicks[at + 1 + k], n - own, average); // rate_k(c)
    }
  }

  /// What is known about every id of a table, `[rows, width]`; nothing about padding.
  float[] read(String table) {
    int n = of(table).all.length;
    int width = rates.width();
    float[] all = new float[n * width];
    float[] one = new float[width];
    for (int id = 1; id < n; id++) {
      read(table, id, one);
      System.arraycopy(one, 0, all, id * width, width);
    }
    return all;
  }
}
