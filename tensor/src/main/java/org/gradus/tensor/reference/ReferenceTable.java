// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import org.gradus.tensor.Table;

/// A table of float64 rows in one array, hence of fewer than 2³¹ elements.
final class ReferenceTable implements Table {
  private final int rows;
  private final int width;
  private final double[] values;

  ReferenceTable(int rows, int width) {
    if ((long) rows * width > Integer.MAX_VALUE - 64) {
      throw new IllegalArgumentException(
          "table: ["
              + rows
              + ", "
              + width
              + "] has "
              + (long) rows * width
              + " elements. Expected fewer than 2^31, since reference keeps a table in one array;"
              + " device cpu has no such limit.");
    }
    this.rows = rows;
    this.width = width;
    values = new double[rows * width];
  }

  /// The numbers of a table of this device, row after row.
  static double[] of(Table table) {
    return ((ReferenceTable) table).values;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public void write(int first, float[] from) {
    int at = start("write", first, from.length);
    for (int i = 0; i < from.length; i++) {
      values[at + i] = from[i];
    }
  }

  @Override
  public void read(int first, float[] to) {
    int at = start("read", first, to.length);
    for (int i = 0; i < to.length; i++) {
      to[i] = (float) values[at + i];
    }
  }

  @Override
  public void write(int first, double[] from) {
    System.arraycopy(from, 0, values, start("write", first, from.length), from.length);
  }

  @Override
  public void read(int first, double[] to) {
    System.arraycopy(values, start("read", first, to.length), to, 0, to.length);
  }

  private int start(String op, int first, int count) {
    if (first < 0 || (long) first * width + count > values.length) {
      throw new IllegalArgumentException(
          "table "
              + op
              + ": "
              + count
              + " values from row "
              + first
              + " of a table ["
              + rows
              + ", "
              + width
              + "]. Expected rows inside the table.");
    }
    return first * width;
  }

  @Override
  public void close() {}
}
