// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.floats.FloatArrayList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.longs.LongArrayList;

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

  int size() {
    return users.size();
  }

  /// 1 for a rating of at least 4, 0 for a lower one, NaN where there is none.
  float label(int row) {
    float rating = ratings.getFloat(row);
    return Float.isNaN(rating) ? Float.NaN : rating >= 4 ? 1 : 0;
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
