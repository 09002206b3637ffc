// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.gradus.data.DataException;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;

/// Where the columns of a row lie. Every row of a file has the same number of bytes; lists lie behind the rows of their
/// block, and the row says where.
///
/// ```
/// integers  8 bytes each          group, domain, timestamp
/// dense     4 bytes each          float32
/// reals     4 bytes each          labels, masks, weight: float32
/// one-hot   4 bytes each          the id of a categorical field
/// lists     4 + 4 bytes each      start in the block's list area and length; sessions have a second one for sizes
/// ```
final class RowLayout {
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

  final Schema schema;
  final List<Field> reals;
  final List<Field> integers;
  final List<Field.Ids> ids;
  final int dense;
  final int denseAt;
  final int realsAt;

  /// By field of ids: where its id, or the start and length of its list, stand in the row.
  final int[] idsAt;

  /// By field of ids: where the start and length of its session sizes stand, or -1.
  final int[] sessionsAt;

  /// By field of ids: whether it has exactly one id per row.
  final boolean[] oneHot;

  final boolean allOneHot;
  final int bytes;

  RowLayout(Schema schema) {
    if (!schema.series().isEmpty()) {
      throw new DataException(
          "prepared rows: field "
              + schema.series().getFirst().name()
              + " is a series. Expected fields of single values or ids: windows of series overlap,"
              + " so they are cut from the series in memory and not prepared.");
    }
    this.schema = schema;
    reals = reals(schema);
    integers = integers(schema);
    ids = schema.ids();
    dense = schema.dense().size();
    denseAt = 8 * integers.size();
    realsAt = denseAt + 4 * dense;
    int at = realsAt + 4 * reals.size();
    idsAt = new int[ids.size()];
    sessionsAt = new int[ids.size()];
    oneHot = new boolean[ids.size()];
    boolean all = true;
    for (int f = 0; f < idsAt.length; f++) {
      idsAt[f] = at;
      oneHot[f] = ids.get(f) instanceof Field.Categorical;
      all &= oneHot[f];
      at += oneHot[f] ? 4 : 8;
      sessionsAt[f] = -1;
      if (ids.get(f) instanceof Field.Sessions) {
        sessionsAt[f] = at;
        at += 8;
      }
    }
    allOneHot = all;
    bytes = Math.max(8, (at + 7) & -8);
  }

  static List<Field> reals(Schema schema) {
    List<Field> found = new ArrayList<>();
    for (Field f : schema.fields()) {
      if (f instanceof Field.Label
          || f instanceof Field.LabelMask
          || f instanceof Field.SampleWeight) {
        found.add(f);
      }
    }
    return found;
  }

  static List<Field> integers(Schema schema) {
    List<Field> found = new ArrayList<>();
    for (Field f : schema.fields()) {
      if (f instanceof Field.Group || f instanceof Field.Domain || f instanceof Field.Timestamp) {
        found.add(f);
      }
    }
    return found;
  }
}
