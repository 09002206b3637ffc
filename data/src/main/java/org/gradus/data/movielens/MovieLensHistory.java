// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.BitSet;

/// The items that a user rated strictly before a moment, oldest first: ratings of the same second are not earlier.
///
/// @param length the most items, the latest ones; 0 for no history
/// @param likedOnly whether only positive ratings count
record MovieLensHistory(int length, boolean likedOnly) {
  /// The items before the rating at a place of the order by user and time.
  ///
  /// @param without rows that are in no history
  int[] before(Ratings ratings, int[] order, int place, BitSet without) {
    IntArrayList items = new IntArrayList();
    int user = ratings.users.getInt(order[place]);
    long time = ratings.times.getLong(order[place]);
    for (int p = place - 1; p >= 0 && items.size() < length; p--) {
      int row = order[p];
      if (ratings.users.getInt(row) != user) {
        break;
      }
      boolean counts = !without.get(row) && (!likedOnly || ratings.label(row) == 1);
      if (ratings.times.getLong(row) < time && counts) {
        items.add(ratings.items.getInt(row));
      }
    }
    int[] oldestFirst = new int[items.size()];
    for (int i = 0; i < oldestFirst.length; i++) {
      oldestFirst[i] = items.getInt(oldestFirst.length - 1 - i);
    }
    return oldestFirst;
  }
}
