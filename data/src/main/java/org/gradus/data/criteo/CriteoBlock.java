// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.data.DataException;
import org.gradus.data.prepared.RowBlock;
import org.gradus.data.text.LineBlock;
import org.jspecify.annotations.Nullable;

/// Raw rows that stand one after the other, column beside column: what one thread reads, parses or encodes while others are
/// at other blocks. It is filled again and again.
final class CriteoBlock {
  /// Bit of a missing integer is 1 << i, of a missing token 1 << (13 + i).
  static final int FIRST_SPARSE_BIT = CriteoRow.DENSE;

  private static final int FIRST_ROWS = 1 << 10;

  /// A line that is no row.
  ///
  /// @param line from 0, among the lines of the block
  /// @param column its name, or empty when the line as a whole is wrong
  record Malformed(int line, String column, String value, String rule) {
    DataException error(Path file, long firstLine) {
      return column.isEmpty()
          ? DataException.row(file, firstLine + line, rule)
          : DataException.value(file, firstLine + line, column, value, rule);
    }
  }

  /// The lines that the rows were, where they come from a file.
  final LineBlock text = new LineBlock();

  /// Number of lines, malformed ones included.
  int lines;

  final List<Malformed> malformed = new ArrayList<>();

  /// Number of the file that the rows stand in, from 0.
  int file;

  /// Number of the first row among the well-formed rows of its file; known once the block is taken.
  long first;

  int rows;

  /// By row: 0 or 1, or -1 where it is not known.
  byte[] labels = new byte[FIRST_ROWS];

  /// By row: which cells are missing.
  long[] missing = new long[FIRST_ROWS];

  /// By row, then column.
  int[] dense = new int[FIRST_ROWS * CriteoRow.DENSE];

  /// By row, then column.
  int[] sparse = new int[FIRST_ROWS * CriteoRow.SPARSE];

  /// By row: the true probability of a label 1, or NaN where nobody knows it.
  double[] probabilities = new double[FIRST_ROWS];

  /// The examples, where somebody made them.
  @Nullable RowBlock encoded;

  void clear() {
    lines = 0;
    malformed.clear();
    file = 0;
    first = 0;
    rows = 0;
  }

  /// Makes room for one more row.
  void reserve() {
    if (rows == labels.length) {
      labels = Arrays.copyOf(labels, 2 * rows);
      missing = Arrays.copyOf(missing, 2 * rows);
      dense = Arrays.copyOf(dense, 2 * rows * CriteoRow.DENSE);
      sparse = Arrays.copyOf(sparse, 2 * rows * CriteoRow.SPARSE);
      probabilities = Arrays.copyOf(probabilities, 2 * rows);
    }
    probabilities[rows] = Double.NaN;
  }

  boolean denseMissing(int row, int column) {
    return (missing[row] >>> column & 1) != 0;
  }

  boolean sparseMissing(int row, int column) {
    return (missing[row] >>> (FIRST_SPARSE_BIT + column) & 1) != 0;
  }

  /// Adds a copy of a row behind the last one.
  void add(CriteoRow row) {
    reserve();
    labels[rows] = (byte) row.label;
    probabilities[rows] = row.probability;
    System.arraycopy(row.dense, 0, dense, rows * CriteoRow.DENSE, CriteoRow.DENSE);
    System.arraycopy(row.sparse, 0, sparse, rows * CriteoRow.SPARSE, CriteoRow.SPARSE);
    long bits = 0;
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      bits |= row.denseMissing[i] ? 1L << i : 0;
    }
    for (int i = 0; i < CriteoRow.SPARSE; i++) {
      bits |= row.sparseMissing[i] ? 1L << (FIRST_SPARSE_BIT + i) : 0;
    }
    missing[rows++] = bits;
  }

  /// Copies a row out.
  void copy(int row, CriteoRow to) {
    to.file = file;
    to.number = first + row;
    to.label = labels[row];
    to.probability = probabilities[row];
    System.arraycopy(dense, row * CriteoRow.DENSE, to.dense, 0, CriteoRow.DENSE);
    System.arraycopy(sparse, row * CriteoRow.SPARSE, to.sparse, 0, CriteoRow.SPARSE);
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      to.denseMissing[i] = denseMissing(row, i);
    }
    for (int i = 0; i < CriteoRow.SPARSE; i++) {
      to.sparseMissing[i] = sparseMissing(row, i);
    }
  }
}
