// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.architecture;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/// The modules and the arrows between them: the one place in the tests that says them.
final class Modules {
  /// From a module to those it compiles against. What these compile against, it sees as well.
  static final Map<String, Set<String>> ARROWS =
      Map.of(
          "tensor", Set.of(),
          "autograd", Set.of("tensor"),
          "embeddings", Set.of("autograd"),
          "layers", Set.of("autograd"),
          "models", Set.of("layers", "embeddings"),
          "data", Set.of("tensor", "embeddings"),
          "trainer", Set.of("models", "data"),
          "cuda", Set.of("tensor"));

  /// What the launcher's class path needs and no source may name.
  static final Map<String, Set<String>> AT_RUN_TIME = Map.of("trainer", Set.of("cuda"));

  private Modules() {}

  /// Every module with main code, in alphabetical order.
  static List<String> names() {
    return ARROWS.keySet().stream().sorted().toList();
  }

  /// A module and everything its arrows lead to.
  static Set<String> visibleFrom(String module) {
    Set<String> seen = new TreeSet<>(Set.of(module));
    for (String next : Objects.requireNonNull(ARROWS.get(module))) {
      seen.addAll(visibleFrom(next));
    }
    return seen;
  }

  /// The folder of the repository, which the build hands to the tests.
  static Path root() {
    return Path.of(Objects.requireNonNull(System.getProperty("gradus.root"), "gradus.root"));
  }

  /// Whether a module has sources. A rule over one that has none is skipped, and says so.
  static boolean hasSources(String module) {
    return Files.isDirectory(root().resolve(module).resolve("src/main/java"));
  }
}
