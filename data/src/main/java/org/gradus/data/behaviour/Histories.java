// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.BitSet;

/// What a user did strictly before a moment, oldest first: events of the same time are not earlier.
///
/// @param length the most events, the latest ones; 0 for no history
/// @param positiveOnly whether only events whose first label is 1 count
record Histories(int length, boolean positiveOnly) {
  /// Rows before the one at a place of the order by user and time.
  ///
  /// @param without rows that are in no history
  int[] before(EventColumns events, int[] order, int place, BitSet without) {
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
