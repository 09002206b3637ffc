// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.gradus.data.sessions.SessionDivision;
import org.gradus.embeddings.Field;
import org.jspecify.annotations.Nullable;

/// What a user did strictly before a moment, oldest first: events of the same time are not earlier.
///
/// @param length the most events, the latest ones; 0 for no history, any number where it is divided
/// @param positiveOnly whether only events whose first label is 1 count
/// @param sessions how it is divided, with a pause in the unit of the log's times; null for one list
record Histories(int length, boolean positiveOnly, @Nullable SessionDivision sessions) {
  /// Writes how histories are found, as before there were sessions where there are none.
  void write(DataOutput out) throws IOException {
    out.writeInt(sessions == null ? length : SessionDivision.DIVIDED);
    out.writeBoolean(positiveOnly);
    if (sessions != null) {
      sessions.write(out);
    }
  }

  /// Reads what [#write] wrote.
  static Histories read(DataInput in) throws IOException {
    int length = in.readInt();
    boolean only = in.readBoolean();
    return length == SessionDivision.DIVIDED
        ? new Histories(Integer.MAX_VALUE, only, SessionDivision.read(in))
        : new Histories(length, only, null);
  }

  /// A field of histories.
  ///
  /// @param size rows of the table
  Field.Ids field(String name, int size, String table) {
    return sessions == null
        ? new Field.Sequence(name, size, table, length)
        : new Field.Sessions(name, size, table, sessions.maxSessions(), sessions.maxLength());
  }

  /// Rows before the one at a place of the order by user and time, as sessions; as one where histories are not divided.
  ///
  /// @param without rows that are in no history
  List<int[]> sessionsBefore(EventColumns events, int[] order, int place, BitSet without) {
    int[] rows = before(events, order, place, without);
    if (sessions == null) {
      return List.of(rows);
    }
    long[] times = Arrays.stream(rows).mapToLong(events::time).toArray();
    return sessions.divide(times, events.time(order[place])).stream()
        .map(session -> Arrays.stream(session).map(i -> rows[i]).toArray())
        .toList();
  }

  private int[] before(EventColumns events, int[] order, int place, BitSet without) {
    int row = order[place];
    IntArrayList found = new IntArrayList();
    for (int p = place - 1; p >= 0 && found.size() < length; p--) {
      int other = order[p];
      if (events.user(other) != events.user(row)) {
        break;
      }
      boolean counts = !without.get(other) && (!positiveOnly || events.label(other, 0) == 1);
      if (events.time(other) < events.time(row) && counts) {
        found.add(other);
      }
    }
    int[] oldestFirst = new int[found.size()];
    for (int i = 0; i < oldestFirst.length; i++) {
      oldestFirst[i] = found.getInt(oldestFirst.length - 1 - i);
    }
    return oldestFirst;
  }
}
