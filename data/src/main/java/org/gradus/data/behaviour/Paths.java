// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;

/// Where logs lie.
final class Paths {
  private Paths() {}

  /// The path of a request.
  static Path needed(DataSource source, DataSource.Request request) {
    Path path = request.path();
    if (path == null) {
      throw new DataException(
          "--data " + source.name() + " needs --path: " + source.description() + ".");
    }
    return path;
  }

  /// Files of a folder whose names begin and end so, in the order of names.
  static List<Path> files(Path folder, String prefix, String suffix) {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(
              p -> {
                String name = p.getFileName().toString();
                return name.startsWith(prefix) && name.endsWith(suffix);
              })
          .sorted()
          .toList();
    } catch (IOException e) {
      throw DataException.io("reading", folder, e);
    }
  }

  /// The only such file.
  static Path file(Path folder, String name) {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new DataException(folder + ": no file " + name + " in it. Expected one.");
    }
    return file;
  }
}
