// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import org.gradus.data.DataSource;
import org.gradus.data.RawGenerator;
import org.gradus.models.Spelling;

/// The data sets on the class path, and where prepared data lie.
final class Sources {
  private Sources() {}

  /// Every source, by name, each with negatives for its observed rows, and with batches of one scenario, if asked for.
  static List<DataSource> all() {
    return found().stream()
        .<DataSource>map(rows -> new ScenarioSource(new SampledSource(rows)))
        .toList();
  }

  /// The sources that can write their rows raw.
  static Map<String, RawGenerator> generators() {
    Map<String, RawGenerator> byName = new TreeMap<>();
    for (DataSource s : found()) {
      if (s instanceof RawGenerator generator) {
        byName.put(s.name(), generator);
      }
    }
    return byName;
  }

  private static List<DataSource> found() {
    TreeMap<String, DataSource> byName = new TreeMap<>();
    for (DataSource s : ServiceLoader.load(DataSource.class, Sources.class.getClassLoader())) {
      byName.put(s.name(), s);
    }
    return List.copyOf(byName.values());
  }

  /// The source of this name.
  static DataSource get(String name) {
    for (DataSource s : all()) {
      if (s.name().equals(name)) {
        return s;
      }
    }
    throw new IllegalArgumentException(
        "data "
            + name
            + ": no such data set."
            + Spelling.hint(name, all().stream().map(DataSource::name).toList())
            + " Expected one of: "
            + Gradus.words(all().stream().map(DataSource::name).toList())
            + ".");
  }

  /// Folder for prepared data: the system property `gradus.cache`, else `$GRADUS_CACHE`, else `~/.cache/gradus`.
  static Path cache() {
    String set = System.getProperty("gradus.cache", System.getenv("GRADUS_CACHE"));
    return set == null
        ? Path.of(System.getProperty("user.home"), ".cache", "gradus")
        : Path.of(set);
  }
}
