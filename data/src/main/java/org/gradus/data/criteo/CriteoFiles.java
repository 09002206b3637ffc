// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.jspecify.annotations.Nullable;

/// Blocks of rows of several files, one file after the other.
final class CriteoFiles implements CriteoBlocks {
  private static final Pattern DAY = Pattern.compile("day_(\\d{1,3})(\\.gz)?");

  private final List<Path> files;
  private final CriteoOptions options;
  private final BadRows bad;
  private final Consumer<CriteoBlock> work;
  private int next;
  private @Nullable CriteoFile open;

  CriteoFiles(List<Path> files, CriteoOptions options, BadRows bad, Consumer<CriteoBlock> work) {
    this.files = files;
    this.options = options;
    this.bad = bad;
    this.work = work;
  }

  /// The files `day_0`, `day_1`, … of a folder, plain or `.gz`, in the order of days.
  static List<Path> days(Path folder) {
    TreeMap<Integer, Path> days = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path p : files.toList()) {
        Matcher m = DAY.matcher(p.getFileName().toString());
        if (m.matches()) {
          Path twin = days.put(Integer.parseInt(m.group(1)), p);
          if (twin != null) {
            throw new DataException(p + " and " + twin + " are the same day. Remove one of them.");
          }
        }
      }
    } catch (IOException e) {
      throw DataException.io("reading", folder, e);
    }
    if (days.size() < 2 || days.lastKey() != days.size() - 1) {
      throw new DataException(
          folder
              + ": days "
              + days.keySet()
              + ". Expected the files day_0, day_1, … without a gap, two at least: the last is held"
              + " out.");
    }
    return List.copyOf(days.values());
  }

  @Override
  public @Nullable CriteoBlock next() {
    while (true) {
      if (open == null) {
        if (next == files.size()) {
          return null;
        }
        open = new CriteoFile(files.get(next++), options, bad, false, work);
      }
      CriteoBlock block = open.next();
      if (block != null) {
        block.file = next - 1;
        return block;
      }
      open.close();
      open = null;
    }
  }

  @Override
  public void close() {
    if (open != null) {
      open.close();
    }
  }
}
