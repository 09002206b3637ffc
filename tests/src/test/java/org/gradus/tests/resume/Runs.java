// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.resume;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.gradus.tests.cli.Cli;

/// What the tests of resumed runs ask of a folder.
final class Runs {
  private Runs() {}

  /// Everything that a run leaves and that must not depend on how often it was killed: metrics, history, and the kept and
  /// the last parameters. Times are left out.
  static Map<String, String> comparable(Path run) throws IOException {
    Map<String, String> found = new TreeMap<>();
    Cli.metrics(run)
        .properties()
        .forEach(
            e -> {
              if (!e.getKey().contains("second")) {
                found.put(e.getKey(), e.getValue().toString());
              }
            });
    found.put(
        "history",
        Files.readString(run.resolve("metrics.jsonl")).replaceAll(",\"seconds\":[^}]*", ""));
    return found;
  }

  /// The step of the latest checkpoint, or 0.
  static long latest(Path run) throws IOException {
    Path file = run.resolve("checkpoints/latest");
    return Files.exists(file)
        ? Long.parseLong(Files.readString(file).strip().replace("step-", ""))
        : 0;
  }

  /// Whether something is there that was not written to its end.
  static boolean holdsPartial(Path run) throws IOException {
    if (!Files.isDirectory(run)) {
      return false;
    }
    try (Stream<Path> all = Files.walk(run)) {
      return all.anyMatch(p -> p.getFileName().toString().endsWith(".partial"));
    }
  }
}
