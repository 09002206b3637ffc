// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.nextitem;

import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.LongArrayList;

/// What users watched, and what they searched for, in any order.
public final class WatchLog {
  final IntArrayList users = new IntArrayList();
  final IntArrayList items = new IntArrayList();
  final LongArrayList times = new LongArrayList();
  final DoubleArrayList seconds = new DoubleArrayList(); // NaN where nobody knows
  final DoubleArrayList lengths = new DoubleArrayList();
  final IntArrayList searchers = new IntArrayList();
  final IntArrayList tokens = new IntArrayList();
  final LongArrayList searchTimes = new LongArrayList();

  /// An empty log.
  public WatchLog() {}

  /// A user took an item; nobody knows for how long, and it counts.
  public void add(int user, int item, long time) {
    add(user, item, time, Double.NaN, Double.NaN);
  }

  /// A user watched an item.
  ///
  /// @param watched seconds
  /// @param length of the item, in seconds
  public void add(int user, int item, long time, double watched, double length) {
    if (watched < 0 || length < 0) {
      throw new IllegalArgumentException(
          "watch log: "
              + watched
              + " of "
              + length
              + " seconds. Expected at least 0, or NaN where they are not known.");
    }
    users.add(user);
    items.add(item);
    times.add(time);
    seconds.add(watched);
    lengths.add(length);
  }

  /// A user searched with a token.
  public void search(int user, int token, long time) {
    searchers.add(user);
    tokens.add(token);
    searchTimes.add(time);
  }

  /// Number of items that were taken or watched.
  public int size() {
    return users.size();
  }

  /// Number of tokens that were searched with.
  public int searches() {
    return searchers.size();
  }
}
