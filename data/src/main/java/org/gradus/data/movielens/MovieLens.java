// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

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
}
