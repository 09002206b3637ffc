// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What byte code does not show.
class SourceRulesTest {
  private static final String SPDX = "// SPDX-License-Identifier: Apache-2.0";

  @Test
  void everySourceNamesItsLicenceFirst() throws IOException {
    List<Path> without = new ArrayList<>();
    for (Path file : sources()) {
      try (Stream<String> lines = Files.lines(file)) {
        if (!lines.findFirst().orElse("").equals(SPDX)) {
          without.add(Modules.root().relativize(file));
        }
      }
    }
    assertThat(without).as("sources whose first line is not \"%s\"", SPDX).isEmpty();
  }

  /// NullAway looks at marked packages only, so an unmarked one would go unchecked in silence.
  @Test
  void everyPackageIsNullMarked() throws IOException {
    Set<String> packages = new TreeSet<>();
    Set<String> marked = new TreeSet<>();
    for (Path file : sources()) {
      String source = Files.readString(file);
      String name =
          source
              .lines()
              .filter(line -> line.startsWith("package "))
              .findFirst()
              .orElseThrow(() -> new AssertionError(file + " names no package"));
      packages.add(name);
      if (file.endsWith("package-info.java") && source.contains("@NullMarked")) {
        marked.add(name);
      }
    }
    assertThat(marked).as("packages with @NullMarked in package-info.java").isEqualTo(packages);
  }

  private static List<Path> sources() throws IOException {
    List<Path> found = new ArrayList<>();
    List<String> modules = new ArrayList<>(Modules.names());
    modules.add("tests");
    for (String module : modules) {
      for (String tree : List.of("src/main/java", "src/test/java")) {
        Path folder = Modules.root().resolve(module).resolve(tree);
        if (Files.isDirectory(folder)) {
          try (Stream<Path> files = Files.walk(folder)) {
            files.filter(f -> f.toString().endsWith(".java")).forEach(found::add);
          }
        }
      }
    }
    assertThat(found).as("sources under %s", Modules.root()).isNotEmpty();
    return found;
  }
}
