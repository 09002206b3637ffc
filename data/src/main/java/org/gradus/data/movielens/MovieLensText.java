// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.movielens;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;
import org.gradus.data.DataException;
import org.gradus.data.NewFile;

/// Writes generated ratings in the layout of MovieLens-100K: `u.user`, `u.item` and `u.data` in a folder.
final class MovieLensText {
  private MovieLensText() {}

  /// Writes a new folder; it appears when it is complete.
  ///
  /// @return the number of ratings
  static long write(Path folder, MovieLensGenerator generator, int ratings) {
    Path temporary = folder.resolveSibling("." + folder.getFileName() + ".writing");
    NewFile.checkFolder(folder);
    try {
      refuseContent(folder);
      delete(temporary);
      Files.createDirectory(temporary);
      try (BufferedWriter users = open(temporary, "u.user");
          BufferedWriter items = open(temporary, "u.item")) {
        for (int u = 1; u <= generator.users(); u++) {
          users.write(line(u, generator.user(u)));
        }
        for (int i = 1; i <= generator.items(); i++) {
          items.write(line(i, generator.item(i)));
        }
      }
      long[] written = new long[1];
      try (BufferedWriter to = open(temporary, "u.data")) {
        generator.rate(
            ratings,
            (user, item, rating, time, _) -> {
              try {
                to.write(user + "\t" + item + "\t" + (int) rating + "\t" + time + "\n");
                written[0]++;
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
      } catch (UncheckedIOException e) {
        throw new IOException(e.getCause());
      }
      Files.move(temporary, folder, StandardCopyOption.ATOMIC_MOVE);
      return written[0];
    } catch (IOException e) {
      throw DataException.io("writing", folder, e);
    } finally {
      delete(temporary);
    }
  }

  /// An age in the user's bucket of five years, and a zip code that begins with the digit.
  private static String line(int u, MovieLens.User user) {
    int age = 5 * Integer.parseInt(user.age()) + u % 5;
    return String.join(
        "|", "" + u, "" + age, user.gender(), user.occupation(), user.zip() + "0000\n");
  }

  /// 19 flags, of which one is set.
  private static String line(int i, MovieLens.Item item) {
    StringBuilder line = new StringBuilder();
    line.append(i).append("|Film ").append(i).append(" (").append(item.year()).append(")|01-Jan-");
    line.append(item.year()).append("||");
    for (String genre : MovieLensFiles.GENRES_100K) {
      line.append('|').append(genre.equals(item.genre()) ? 1 : 0);
    }
    return line.append('\n').toString();
  }

  private static BufferedWriter open(Path folder, String name) throws IOException {
    return Files.newBufferedWriter(folder.resolve(name), StandardCharsets.ISO_8859_1);
  }

  private static void refuseContent(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      try (Stream<Path> content = Files.list(folder)) {
        if (content.findAny().isPresent()) {
          throw new DataException(
              folder + ": the folder is not empty. Expected the name of a new one.");
        }
      }
    } else if (Files.exists(folder)) {
      throw new DataException(folder + " is a file. Expected the name of a new folder.");
    }
  }

  private static void delete(Path folder) {
    try {
      if (Files.isDirectory(folder)) {
        MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
      }
    } catch (IOException e) {
      throw DataException.io("removing", folder, e);
    }
  }
}
