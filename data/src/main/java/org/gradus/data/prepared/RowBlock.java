// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.gradus.embeddings.Schema;

/// Rows that lie as they will in a prepared file, so that several threads can make blocks and one append them
/// ([PreparedWriter#append(RowBlock, int, int)]). For schemas whose fields of ids hold exactly one id each; a [Row] holds
/// any.
public final class RowBlock {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle FLOAT =
      MethodHandles.byteArrayViewVarHandle(float[].class, ByteOrder.LITTLE_ENDIAN);

  final RowLayout layout;
  byte[] bytes = new byte[0];
  private final int[] sizes;
  private int rows;

  /// No rows.
  public RowBlock(Schema schema) {
    layout = new RowLayout(schema);
    if (!layout.allOneHot) {
      throw new IllegalArgumentException(
          "block of rows: the schema has fields with lists of ids. Expected one id per field; use"
              + " Row.");
    }
    sizes = layout.ids.stream().mapToInt(f -> f.size()).toArray();
  }

  /// Sets the number of rows. Every column of each must then be set: rows are not cleared.
  public void rows(int n) {
    rows = n;
    if (bytes.length < n * layout.bytes) {
      bytes = Arrays.copyOf(bytes, Math.multiplyExact(n, layout.bytes));
    }
  }

  /// Number of rows.
  public int rows() {
    return rows;
  }

  /// Sets a real-valued feature, which must be finite.
  public void dense(int row, int field, float value) {
    if (!Float.isFinite(value)) {
      throw bad(row, layout.schema.dense().get(field).name(), value + ". Expected a finite number");
    }
    FLOAT.set(bytes, row * layout.bytes + layout.denseAt + 4 * field, value);
  }

  /// Sets the id of a field, which must lie below the field's size.
  public void id(int row, int field, int id) {
    if (id < 0 || id >= sizes[field]) {
      throw bad(
          row, layout.ids.get(field).name(), "id " + id + ". Expected 0 to " + (sizes[field] - 1));
    }
    INT.set(bytes, row * layout.bytes + layout.idsAt[field], id);
  }

  /// Sets a label, label mask or sample weight.
  public void real(int row, int field, float value) {
    FLOAT.set(bytes, row * layout.bytes + layout.realsAt + 4 * field, value);
  }

  private static IllegalArgumentException bad(int row, String field, String what) {
    return new IllegalArgumentException(
        "block of rows: row " + row + ", field " + field + ": " + what + ".");
  }
}
