// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.List;

/// The cells of a row, parsed but not yet encoded; by the position of their column in the schema file.
final class CsvRow {
  /// Labels, masks, weights and dense values; NaN where an optional one is missing.
  final float[] reals;

  /// Groups, domains, timestamps.
  final long[] integers;

  /// Raw ids.
  final List<List<String>> tokens = new ArrayList<>();

  /// Lengths of sessions.
  final List<IntArrayList> sessions = new ArrayList<>();

  /// Number of the row among the well-formed ones, from 0.
  long number;

  CsvRow(CsvSchema schema) {
    int n = schema.columns().size();
    reals = new float[n];
    integers = new long[n];
    for (int c = 0; c < n; c++) {
      tokens.add(new ArrayList<>());
      sessions.add(new IntArrayList());
    }
  }
}
