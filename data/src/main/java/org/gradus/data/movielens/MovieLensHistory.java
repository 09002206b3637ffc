// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

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

/// The items that a user rated strictly before a moment, oldest first: ratings of the same second are not earlier.
///
/// @param length the most items, the latest ones; 0 for no history, any number where it is divided
/// @param likedOnly whether only positive ratings count
/// @param genres whether a second field holds the genres of these items
/// @param sessions how it is divided; null for one list
record MovieLensHistory(
    int length, boolean likedOnly, boolean genres, @Nullable SessionDivision sessions) {
  private static final int LIKED_ONLY = 1; // in a file
  private static final int GENRES = 2;

  /// One list, of items alone.
  MovieLensHistory(int length, boolean likedOnly) {
    this(length, likedOnly, false, null);
  }

  /// Writes how histories are found, as before there were sessions where there are none.
  void write(DataOutput out) throws IOException {
    out.writeInt(sessions == null ? length : SessionDivision.DIVIDED);
    out.writeByte((likedOnly ? LIKED_ONLY : 0) | (genres ? GENRES : 0));
    if (sessions != null) {
      sessions.write(out);
    }
  }

  /// Reads what [#write] wrote.
  static MovieLensHistory read(DataInput in) throws IOException {
    int length = in.readInt();
    int flags = in.readUnsignedByte();
    boolean only = (flags & LIKED_ONLY) != 0;
    boolean genres = (flags & GENRES) != 0;
    return length == SessionDivision.DIVIDED
        ? new MovieLensHistory(Integer.MAX_VALUE, only, genres, SessionDivision.read(in))
        : new MovieLensHistory(length, only, genres, null);
  }

  /// A field of histories.
  ///
  /// @param size rows of its table
  /// @param table of the items, or of the genres
  Field.Ids field(String name, int size, String table) {
    return sessions == null
        ? new Field.Sequence(name, size, table, length)
        : new Field.Sessions(name, size, table, sessions.maxSessions(), sessions.maxLength());
  }

  /// The items before the rating at a place of the order by user and time, as sessions; as one where histories are not divided.
  ///
  /// @param without rows that are in no history
  List<int[]> sessionsBefore(Ratings ratings, int[] order, int place, BitSet without) {
    int[] rows = rowsBefore(ratings, order, place, without);
    if (sessions == null) {
      return List.of(items(ratings, rows));
    }
    long[] times = Arrays.stream(rows).mapToLong(ratings.times::getLong).toArray();
    return sessions.divide(times, ratings.times.getLong(order[place])).stream()
        .map(session -> items(ratings, Arrays.stream(session).map(i -> rows[i]).toArray()))
        .toList();
  }

  private static int[] items(Ratings ratings, int... rows) {
    return Arrays.stream(rows).map(ratings.items::getInt).toArray();
  }

  /// The items before the rating at a place of the order by user and time.
  ///
  /// @param without rows that are in no history
  int[] before(Ratings ratings, int[] order, int place, BitSet without) {
    return items(ratings, rowsBefore(ratings, order, place, without));
  }

  private int[] rowsBefore(Ratings ratings, int[] order, int place, BitSet without) {
    IntArrayList rows = new IntArrayList();
    int user = ratings.users.getInt(order[place]);
    long time = ratings.times.getLong(order[place]);
    for (int p = place - 1; p >= 0 && rows.size() < length; p--) {
      int row = order[p];
      if (ratings.users.getInt(row) != user) {
        break;
      }
      boolean counts = !without.get(row) && (!likedOnly || ratings.label(row) == 1);
      if (ratings.times.getLong(row) < time && counts) {
        rows.add(row);
      }
    }
    int[] oldestFirst = new int[rows.size()];
    for (int i = 0; i < oldestFirst.length; i++) {
      oldestFirst[i] = rows.getInt(oldestFirst.length - 1 - i);
    }
    return oldestFirst;
  }
}
