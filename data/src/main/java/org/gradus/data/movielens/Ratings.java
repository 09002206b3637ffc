// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.floats.FloatArrayList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.util.BitSet;

/// Ratings in columns, in the order of their file: 28 bytes each.
final class Ratings {
  final IntArrayList users = new IntArrayList();
  final IntArrayList items = new IntArrayList();
  final FloatArrayList ratings = new FloatArrayList();
  final LongArrayList times = new LongArrayList();

  /// The true probability of a positive, or NaN where nobody knows it.
  final DoubleArrayList probabilities = new DoubleArrayList();

  void add(int user, int item, float rating, long time, double probability) {
    users.add(user);
    items.add(item);
    ratings.add(rating);
    times.add(time);
    probabilities.add(probability);
  }

  /// Appends other ratings, whose true probabilities nobody knows.
  void addAll(Ratings others) {
    for (int i = 0; i < others.size(); i++) {
      add(
          others.users.getInt(i),
          others.items.getInt(i),
          others.ratings.getFloat(i),
          others.times.getLong(i),
          Double.NaN);
    }
  }

  int size() {
    return users.size();
  }

  /// Of the first rows, which are asked about, those that say again what the others, which are known, say: that a user rated an item
  /// at a time. In histories the known ones count, for they have ratings.
  ///
  /// @param asked how many are asked about
  /// @param order rows by (user, time, item)
  /// @param once whether a rating that is asked about twice counts once, too
  BitSet again(int asked, int[] order, boolean once) {
    BitSet again = new BitSet(asked);
    for (int from = 0; from < order.length; ) {
      int to = from;
      boolean known = false;
      for (; to < order.length && same(order[from], order[to]); to++) {
        known |= order[to] >= asked;
      }
      for (int p = from; p < to; p++) {
        if (order[p] < asked && (known || (once && p > from))) {
          again.set(order[p]);
        }
      }
      from = to;
    }
    return again;
  }

  private boolean same(int a, int b) {
    return users.getInt(a) == users.getInt(b)
        && items.getInt(a) == items.getInt(b)
        && times.getLong(a) == times.getLong(b);
  }

  /// 1 for a rating of at least 4, 0 for a lower one, NaN where there is none.
  float label(int row) {
    return label(row, 4);
  }

  /// As [#label(int)], for a rating of at least so much.
  float label(int row, float least) {
    float rating = ratings.getFloat(row);
    return Float.isNaN(rating) ? Float.NaN : rating >= least ? 1 : 0;
  }

  /// The rows sorted by (user, time, item); ties keep the order of the file.
  int[] byUserAndTime() {
    int[] rows = new int[size()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = i;
    }
    IntArrays.stableSort(
        rows,
        (a, b) -> {
          int c = Integer.compare(users.getInt(a), users.getInt(b));
          c = c != 0 ? c : Long.compare(times.getLong(a), times.getLong(b));
          return c != 0 ? c : Integer.compare(items.getInt(a), items.getInt(b));
        });
    return rows;
  }
}
