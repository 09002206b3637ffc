// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.text.Lines;

/// Reads the layouts in which MovieLens is published.
///
/// | Layout | Ratings | Users | Items | Separator | Text |
/// | --- | --- | --- | --- | --- | --- |
/// | [#ORIGINAL_100K] | `u.data` | `u.user` | `u.item` | tab; a bar in the last two | ISO-8859-1 |
/// | [#ORIGINAL_1M] | `ratings.dat` | `users.dat` | `movies.dat` | `::` | ISO-8859-1 |
/// | [#ATOMIC] | `NAME.inter` | `NAME.user` | `NAME.item` | tab, with a first line of names | UTF-8 |
enum MovieLensFiles {
  /// u.data, u.user, u.item
  ORIGINAL_100K,
  /// ratings.dat, users.dat, movies.dat
  ORIGINAL_1M,
  /// NAME.inter, NAME.user, NAME.item
  ATOMIC;

  /// The genres, in the order of their columns in `u.item`.
  static final List<String> GENRES_100K =
      List.of(
          "unknown",
          "Action",
          "Adventure",
          "Animation",
          "Children's",
          "Comedy",
          "Crime",
          "Documentary",
          "Drama",
          "Fantasy",
          "Film-Noir",
          "Horror",
          "Musical",
          "Mystery",
          "Romance",
          "Sci-Fi",
          "Thriller",
          "War",
          "Western");

  /// The files of a data set in a folder: ratings, users, items.
  record Found(MovieLensFiles layout, Path ratings, Path users, Path items) {
    List<Path> paths() {
      return List.of(ratings, users, items);
    }
  }

  /// Finds the files in a folder.
  static Found find(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new DataException(folder + ": no such folder. Expected the folder of MovieLens.");
    }
    for (Found f :
        List.of(
            found(ORIGINAL_100K, folder, "u.data", "u.user", "u.item"),
            found(ORIGINAL_1M, folder, "ratings.dat", "users.dat", "movies.dat"))) {
      if (f.paths().stream().allMatch(Files::isRegularFile)) {
        return f;
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path p : files.sorted().toList()) {
        String name = p.getFileName().toString();
        if (name.endsWith(".inter")) {
          String stem = name.substring(0, name.length() - ".inter".length());
          return found(ATOMIC, folder, name, stem + ".user", stem + ".item");
        }
      }
    } catch (IOException e) {
      throw DataException.io("reading", folder, e);
    }
    throw new DataException(
        folder
            + ": no MovieLens here. Expected u.data, u.user and u.item; or ratings.dat, users.dat"
            + " and movies.dat; or NAME.inter, NAME.user and NAME.item.");
  }

  private static Found found(
      MovieLensFiles layout, Path folder, String ratings, String users, String items) {
    return new Found(layout, folder.resolve(ratings), folder.resolve(users), folder.resolve(items));
  }

  /// Reads the files of a data set.
  static MovieLens read(Found files, BadRows bad) {
    MovieLens data = MovieLens.empty();
    files.layout().users(files.users(), data, bad);
    files.layout().items(files.items(), data, bad);
    files.layout().ratings(files.ratings(), data.ratings(), bad);
    return data;
  }

  /// Reads ratings: user, item, and unless they are left out, rating and time.
  void ratings(Path file, Ratings to, BadRows bad) {
    try (Lines lines = new Lines(file, this == ORIGINAL_1M ? "::" : "\t")) {
      Columns c = columns(lines, List.of("user_id", "item_id", "rating", "timestamp"), 2);
      while (c.next(bad)) {
        int user;
        int item;
        float rating;
        long time;
        try {
          user = (int) c.whole(0, Integer.MAX_VALUE);
          item = (int) c.whole(1, Integer.MAX_VALUE);
          rating = c.has(2) ? c.rating(2) : Float.NaN;
          time = c.has(3) ? c.whole(3, Long.MAX_VALUE) : Long.MAX_VALUE;
        } catch (DataException e) {
          bad.add(e);
          continue;
        }
        to.add(user, item, rating, time, Double.NaN);
      }
    }
  }

  private void users(Path file, MovieLens to, BadRows bad) {
    List<String> names =
        this == ORIGINAL_1M
            ? List.of("user_id", "gender", "age", "occupation", "zip_code")
            : List.of("user_id", "age", "gender", "occupation", "zip_code");
    try (Lines lines = new Lines(file, separator())) {
      Columns c = columns(lines, names, names.size());
      while (c.next(bad)) {
        try {
          String zip = c.text("zip_code");
          String age = c.text("age");
          to.users()
              .put(
                  (int) c.whole(0, Integer.MAX_VALUE),
                  new MovieLens.User(
                      age.isEmpty() ? "" : Long.toString(c.whole(names.indexOf("age"), 1000) / 5),
                      c.text("gender"),
                      c.text("occupation"),
                      zip.isEmpty() ? "" : zip.substring(0, zip.offsetByCodePoints(0, 1))));
        } catch (DataException e) {
          bad.add(e);
        }
      }
    }
  }

  private void items(Path file, MovieLens to, BadRows bad) {
    List<String> names =
        switch (this) {
          case ORIGINAL_1M -> List.of("item_id", "movie_title", "class");
          case ATOMIC -> List.of("item_id", "movie_title", "release_year", "class");
          case ORIGINAL_100K -> {
            List<String> all =
                new ArrayList<>(
                    List.of("item_id", "movie_title", "release_date", "video_date", "url"));
            all.addAll(GENRES_100K);
            yield all;
          }
        };
    try (Lines lines = new Lines(file, separator())) {
      Columns c = columns(lines, names, names.size());
      while (c.next(bad)) {
        try {
          to.items().put((int) c.whole(0, Integer.MAX_VALUE), item(c));
        } catch (DataException e) {
          bad.add(e);
        }
      }
    }
  }

  private MovieLens.Item item(Columns c) {
    return switch (this) {
      case ATOMIC -> new MovieLens.Item(c.text("release_year"), upTo(' ', c.text("class")));
      case ORIGINAL_1M -> {
        String title = c.text("movie_title");
        int n = title.length();
        boolean dated = n >= 6 && title.charAt(n - 6) == '(' && title.charAt(n - 1) == ')';
        yield new MovieLens.Item(
            dated ? title.substring(n - 5, n - 1) : "", upTo('|', c.text("class")));
      }
      case ORIGINAL_100K -> {
        String date = c.text("release_date"); // 01-Jan-1995
        String genre = "";
        for (int g = 0; g < GENRES_100K.size() && genre.isEmpty(); g++) {
          genre = c.text(GENRES_100K.get(g)).equals("1") ? GENRES_100K.get(g) : "";
        }
        yield new MovieLens.Item(date.substring(Math.max(0, date.length() - 4)), genre);
      }
    };
  }

  private static String upTo(char separator, String s) {
    int end = s.indexOf(separator);
    return end < 0 ? s : s.substring(0, end);
  }

  private String separator() {
    return switch (this) {
      case ORIGINAL_100K -> "|";
      case ORIGINAL_1M -> "::";
      case ATOMIC -> "\t";
    };
  }

  private Columns columns(Lines lines, List<String> names, int required) {
    Charset charset = this == ATOMIC ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1;
    return this == ATOMIC
        ? Columns.named(lines, names, required, charset)
        : Columns.inOrder(lines, names, required, charset);
  }
}
