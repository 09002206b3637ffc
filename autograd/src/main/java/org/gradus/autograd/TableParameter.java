// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Table;

/// A parameter that is an embedding table, reached by row.
public final class TableParameter implements Parameter {
  /// Says that no id means padding.
  public static final int NO_PADDING = -1;

  private final String path;
  private final Table table;
  private final int paddingId;
  private boolean frozen;

  TableParameter(String path, Table table, int paddingId) {
    this.path = path;
    this.table = table;
    this.paddingId = paddingId;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public Role role() {
    return Role.TABLE;
  }

  /// The rows; optimisers write here.
  public Table table() {
    return table;
  }

  /// The id whose row is zero, never trained and never counted, or [#NO_PADDING].
  public int paddingId() {
    return paddingId;
  }

  /// The first row that training may change when padding is row 0, otherwise 0.
  public int firstTrainedRow() {
    return paddingId == 0 ? 1 : 0;
  }

  @Override
  public long elements() {
    return table.elements();
  }

  @Override
  public boolean frozen() {
    return frozen;
  }

  @Override
  public void freeze(boolean frozen) {
    this.frozen = frozen;
  }

  @Override
  public String toString() {
    return path + " [" + table.rows() + ", " + table.width() + "]";
  }
}
