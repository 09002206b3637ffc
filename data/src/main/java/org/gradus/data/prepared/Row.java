// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;

/// One example on its way into a prepared file: filled, appended, cleared, filled again.
///
/// Columns are set by position: `dense(i, …)` is the i-th field of [Schema#dense], ids go by the position in
/// [Schema#ids], reals by the position among labels, label masks and sample weights, and integers by the position
/// among groups, domains and timestamps, each in schema order.
public final class Row {
  final float[] dense;
  final IntArrayList[] ids;
  final IntArrayList[] sessions;
  final float[] reals;
  final long[] integers;
  private final List<String> realNames;
  private final List<String> integerNames;

  /// An empty row of a schema.
  public Row(Schema schema) {
    dense = new float[schema.dense().size()];
    ids = new IntArrayList[schema.ids().size()];
    Arrays.setAll(ids, i -> new IntArrayList());
    sessions = new IntArrayList[ids.length];
    Arrays.setAll(sessions, i -> new IntArrayList());
    realNames = RowLayout.reals(schema).stream().map(Field::name).toList();
    integerNames = RowLayout.integers(schema).stream().map(Field::name).toList();
    reals = new float[realNames.size()];
    integers = new long[integerNames.size()];
  }

  /// Sets everything to 0 and every list to empty.
  public void clear() {
    Arrays.fill(dense, 0);
    for (IntArrayList list : ids) {
      list.clear();
    }
    for (IntArrayList list : sessions) {
      list.clear();
    }
    Arrays.fill(reals, 0);
    Arrays.fill(integers, 0);
  }

  /// Sets a real-valued feature.
  public void dense(int field, float value) {
    dense[field] = value;
  }

  /// Sets the only id of a field.
  public void id(int field, int id) {
    ids[field].clear();
    ids[field].add(id);
  }

  /// Adds an id to the list of a field.
  public void add(int field, int id) {
    ids[field].add(id);
  }

  /// Says that the last `length` ids added to a sessions field are a session.
  public void session(int field, int length) {
    sessions[field].add(length);
  }

  /// Sets a label, label mask or sample weight.
  public void real(int field, float value) {
    reals[field] = value;
  }

  /// Sets a group, domain or timestamp.
  public void integer(int field, long value) {
    integers[field] = value;
  }

  /// Position of a label, label mask or sample weight, for [#real].
  public int realIndex(String name) {
    return index(realNames, name);
  }

  /// Position of a group, domain or timestamp, for [#integer].
  public int integerIndex(String name) {
    return index(integerNames, name);
  }

  private static int index(List<String> names, String name) {
    int i = names.indexOf(name);
    if (i < 0) {
      throw new IllegalArgumentException(
          "row: no column " + name + ". Expected one of: " + String.join(", ", names) + ".");
    }
    return i;
  }
}
