// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import org.gradus.data.synthetic.Latent;
import org.gradus.data.synthetic.PowerLaw;
import org.gradus.tensor.Counter;

/// Ratings shaped like MovieLens', with a known probability of a positive one.
///
/// Users and items have an age bucket, gender, occupation, zip digit, year and genre, drawn from their numbers; every
/// such value has latent numbers of mean 0 and variance 1. User u likes item i with probability σ(z),
///
/// ```
/// z = b + c₁ (½ user bias + item bias + ½ year)                                            first order
///        + c₂ (taste(occupation) + taste(age)) · (style(genre) + style(year))              second order
///        + c₃ (side(gender) · side(age) + d (side(gender) + side(age))) · side(genre)      third and second order
///        + c₄ ⟨p_u, q_i⟩                                             second order, of single users and items
/// ```
///
/// with side(v) = ±1. The product of three sides is what a factorization machine has no term for: it can learn it only
/// user by user, as ⟨user, genre⟩. So there are many users with few ratings each, and little about them that only their
/// number tells. The terms with d lead to the product: a model that has found the sides for their sake needs only to
/// multiply them. Users rate distinct items of a power law, one per minute.
final class MovieLensGenerator {
  /// Ratings of a user, at least: one for each split.
  static final int FEWEST = 3;

  private static final int AGES = 12;
  private static final int OCCUPATIONS = 21;
  private static final int GENRES = MovieLensFiles.GENRES_100K.size();
  private static final int YEARS = 40;
  private static final long START = 874_724_710L; // seconds since 1970: September 1997

  private static final double BIAS = 0.2;
  private static final double FIRST_ORDER = 0.35;
  private static final double GROUPS = 0.45;
  private static final double SIDES = 0.9;
  private static final double TWO_SIDES = 0.4;
  private static final double SINGLE = 0.1;

  private final long key;
  private final int users;
  private final int items;

  MovieLensGenerator(int users, int items, long seed) {
    this.users = users;
    this.items = items;
    this.key = Counter.key(seed, "movielens-synthetic");
  }

  /// Takes ratings, user by user, each user's in the order of time.
  @FunctionalInterface
  interface Sink {
    void add(int user, int item, float rating, long time, double probability);
  }

  /// Users, items and about `ratings` ratings, the same number for every user.
  MovieLens generate(int ratings) {
    MovieLens data = MovieLens.empty();
    for (int u = 1; u <= users; u++) {
      data.users().put(u, user(u));
    }
    for (int i = 1; i <= items; i++) {
      data.items().put(i, item(i));
    }
    rate(ratings, data.ratings()::add);
    return data;
  }

  int users() {
    return users;
  }

  int items() {
    return items;
  }

  /// What is known about user u, counted from 1.
  MovieLens.User user(int u) {
    return new MovieLens.User(
        "" + age(u),
        gender(u) == 0 ? "M" : "F",
        "occupation" + occupation(u),
        "" + attribute("zip", u, 10));
  }

  /// What is known about item i, counted from 1.
  MovieLens.Item item(int i) {
    return new MovieLens.Item("" + (1960 + year(i)), MovieLensFiles.GENRES_100K.get(genre(i)));
  }

  /// Draws about `ratings` ratings, the same number for every user. Memory does not grow with them.
  void rate(int ratings, Sink to) {
    PowerLaw popularity = new PowerLaw(items, 0.8);
    int each = Math.min(items / 2, Math.max(FEWEST, ratings / users));
    for (int u = 1; u <= users; u++) {
      long draws = Counter.key(Counter.key(key, "ratings"), u);
      IntOpenHashSet rated = new IntOpenHashSet();
      long time = START + Counter.below(draws, 0, 10_000_000);
      for (long n = 1; rated.size() < each; n++) {
        int item = 1 + popularity.value(Counter.uniform53(draws, 3 * n));
        if (rated.add(item)) {
          double p = probability(u, item);
          boolean liked = Counter.uniform53(draws, 3 * n + 1) < p;
          int stars = (int) Counter.below(draws, 3 * n + 2, liked ? 2 : 3);
          time += 60;
          to.add(u, item, (liked ? 4 : 1) + stars, time, p);
        }
      }
    }
  }

  private double probability(int u, int i) {
    double first =
        0.5 * latent("user bias", u) + latent("item bias", i) + 0.5 * latent("year", year(i));
    double taste = latent("occupation taste", occupation(u)) + latent("age taste", age(u));
    double style = latent("genre style", genre(i)) + latent("year style", year(i));
    int gender = side("gender", gender(u));
    int age = side("age", age(u));
    double sides = (gender * age + TWO_SIDES * (gender + age)) * side("genre", genre(i));
    double single =
        latent("user 1", u) * latent("item 1", i) + latent("user 2", u) * latent("item 2", i);
    return Latent.sigmoid(
        BIAS + FIRST_ORDER * first + GROUPS * taste * style + SIDES * sides + SINGLE * single);
  }

  private double latent(String name, int value) {
    return Latent.normal(Counter.key(key, name), value);
  }

  /// Alternates, so that both sides are equally frequent.
  private int side(String name, int value) {
    return ((value + Counter.below(Counter.key(key, name), 0, 2)) & 1) == 0 ? 1 : -1;
  }

  private int attribute(String name, int number, int values) {
    return (int) Counter.below(Counter.key(key, name), number, values);
  }

  private int age(int user) {
    return 2 + attribute("age", user, AGES);
  }

  private int gender(int user) {
    return attribute("gender", user, 2);
  }

  private int occupation(int user) {
    return attribute("occupation", user, OCCUPATIONS);
  }

  private int genre(int item) {
    return attribute("genre", item, GENRES);
  }

  private int year(int item) {
    return attribute("year", item, YEARS);
  }
}
