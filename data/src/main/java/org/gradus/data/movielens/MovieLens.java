// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Ratings, and what is known about users and items.
///
/// @param ratings in the order of their file
/// @param users by user id
/// @param items by item id
record MovieLens(Ratings ratings, Map<Integer, User> users, Map<Integer, Item> items) {
  /// What is known about a user. Empty means missing.
  ///
  /// @param age bucket: age in years, div 5
  /// @param zip first character of the zip code
  record User(String age, String gender, String occupation, String zip) {
    static final User UNKNOWN = new User("", "", "", "");
  }

  /// What is known about an item. Empty means missing.
  ///
  /// @param year of release
  /// @param genre the first one
  record Item(String year, String genre) {
    static final Item UNKNOWN = new Item("", "");
  }

  /// Nothing yet.
  static MovieLens empty() {
    return new MovieLens(new Ratings(), new TreeMap<>(), new TreeMap<>());
  }

  /// Writes users, items and, if asked for, ratings.
  void write(DataOutput out, boolean withRatings) throws IOException {
    out.writeInt(users.size());
    for (var e : users.entrySet()) {
      User u = e.getValue();
      out.writeInt(e.getKey());
      for (String s : List.of(u.age(), u.gender(), u.occupation(), u.zip())) {
        out.writeUTF(s);
      }
    }
    out.writeInt(items.size());
    for (var e : items.entrySet()) {
      out.writeInt(e.getKey());
      out.writeUTF(e.getValue().year());
      out.writeUTF(e.getValue().genre());
    }
    int n = withRatings ? ratings.size() : 0;
    out.writeInt(n);
    for (int i = 0; i < n; i++) {
      out.writeInt(ratings.users.getInt(i));
      out.writeInt(ratings.items.getInt(i));
      out.writeFloat(ratings.ratings.getFloat(i));
      out.writeLong(ratings.times.getLong(i));
    }
  }

  /// Reads what [#write] wrote.
  static MovieLens read(DataInput in) throws IOException {
    MovieLens known = empty();
    for (int n = in.readInt(); n > 0; n--) {
      known.users.put(
          in.readInt(), new User(in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF()));
    }
    for (int n = in.readInt(); n > 0; n--) {
      known.items.put(in.readInt(), new Item(in.readUTF(), in.readUTF()));
    }
    for (int n = in.readInt(); n > 0; n--) {
      known.ratings.add(in.readInt(), in.readInt(), in.readFloat(), in.readLong(), Double.NaN);
    }
    return known;
  }
}
