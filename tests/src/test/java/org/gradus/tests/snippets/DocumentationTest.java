// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.snippets;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Normalized;
import org.gradus.autograd.Recurrent;
import org.gradus.autograd.Var;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// The Markdown files against the code: snippets, operations, equations, links.
///
/// A fenced `java` block stands behind a comment that says where it comes from, `<!-- snippet: REGION -->`, or why it is
/// not compiled, `<!-- not compiled: REASON -->`.
class DocumentationTest {
  private static final Path ROOT =
      Path.of(Objects.requireNonNull(System.getProperty("gradus.root"), "gradus.root"));
  private static final Path SNIPPETS =
      ROOT.resolve("tests/src/test/java/org/gradus/tests/snippets");
  private static final Pattern CODE = Pattern.compile("`([^`]+)`");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern NUMBER = Pattern.compile("\\b[A-Z]{1,4}-\\d+\\b");
  private static final Pattern EQUATION = Pattern.compile("\\((?:[A-Z]{1,4}-\\d+)\\)");

  private static List<Path> pages() throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> top = Files.list(ROOT)) {
      top.filter(f -> f.toString().endsWith(".md")).forEach(found::add);
    }
    try (Stream<Path> modules = Files.list(ROOT)) {
      modules.map(m -> m.resolve("README.md")).filter(Files::isRegularFile).forEach(found::add);
    }
    try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
      docs.filter(f -> f.toString().endsWith(".md"))
          .filter(f -> !f.toString().contains("/target/"))
          .forEach(found::add);
    }
    return found.stream().distinct().sorted().toList();
  }

  /// Text between `@start region="name"` and `@end` by name, without the common indentation.
  private static Map<String, String> regions() throws IOException {
    Map<String, String> found = new TreeMap<>();
    for (Path file : javaFiles(SNIPPETS)) {
      String name = "";
      StringBuilder text = new StringBuilder();
      for (String line : Files.readAllLines(file)) {
        if (line.strip().startsWith("// @start region=")) {
          name = line.substring(line.indexOf('"') + 1, line.lastIndexOf('"'));
          text.setLength(0);
        } else if (line.strip().equals("// @end") && !name.isEmpty()) {
          assertThat(found.put(name, text.toString().stripTrailing().stripIndent().strip()))
              .as(name)
              .isNull();
          name = "";
        } else {
          text.append(line).append('\n');
        }
      }
      assertThat(name).as("region without end in " + file).isEmpty();
    }
    return found;
  }

  private static List<Path> javaFiles(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(f -> f.toString().endsWith(".java")).sorted().toList();
    }
  }

  /// The sources of every module that is not a test.
  private static List<Path> mainFiles() throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> modules = Files.list(ROOT)) {
      for (Path main : modules.map(m -> m.resolve("src/main/java")).toList()) {
        if (Files.isDirectory(main)) {
          found.addAll(javaFiles(main));
        }
      }
    }
    return found;
  }

  @Test
  void everyJavaBlockIsARegionOfACompiledFile() throws IOException {
    Map<String, String> regions = regions();
    Set<String> unused = new TreeSet<>(regions.keySet());
    for (Path page : pages()) {
      List<String> lines = Files.readAllLines(page);
      for (int i = 0; i < lines.size(); i++) {
        if (!lines.get(i).startsWith("```java")) {
          continue;
        }
        String origin = i == 0 ? "" : lines.get(i - 1);
        String at = page + ":" + (i + 1);
        StringBuilder block = new StringBuilder();
        while (!lines.get(++i).equals("```")) {
          block.append(lines.get(i)).append('\n');
        }
        if (origin.matches("<!-- not compiled: .+ -->")) {
          continue;
        }
        assertThat(origin).as(at + " says where it comes from").matches("<!-- snippet: .+ -->");
        String name =
            origin.substring("<!-- snippet: ".length(), origin.length() - " -->".length());
        assertThat(block.toString().strip())
            .as("%s, region %s", at, name)
            .isEqualTo(regions.get(name));
        unused.remove(name);
      }
    }
    assertThat(unused).as("regions that no page shows").isEmpty();
  }

  @Test
  void everyIdiomStandsInACompiledFile() throws IOException {
    String source = Files.readString(SNIPPETS.resolve("IdiomsTest.java")).replaceAll("\\s", "");
    int seen = 0;
    for (List<String> row : rows(Files.readString(ROOT.resolve("docs/idioms.md")))) {
      Matcher ours = CODE.matcher(row.getLast());
      while (ours.find()) {
        seen++;
        assertThat(source).as("docs/idioms.md").contains(ours.group(1).replaceAll("\\s", ""));
      }
    }
    assertThat(seen).isGreaterThan(40);
  }

  @Test
  void everyOperationIsListed() throws IOException {
    String page = Files.readString(ROOT.resolve("docs/core.md"));
    String section = page.substring(page.indexOf("\n## Operations"), page.indexOf("\n## Gradient"));
    Set<String> listed = new TreeSet<>();
    for (List<String> row : rows(section)) {
      Matcher code = CODE.matcher(row.getFirst());
      while (code.find()) {
        if (code.group(1).indexOf('(') < 0) {
          continue; // the head of a column
        }
        assertThat(listed.add(signature(code.group(1)))).as(code.group(1) + " once").isTrue();
      }
    }
    var classes =
        new ClassFileImporter()
            .importClasses(Var.class, Lookup.class, Masks.class, Recurrent.class);
    Set<String> existing = new TreeSet<>();
    for (JavaClass c : classes) {
      for (JavaMethod m : c.getMethods()) {
        if (isOperation(m)) {
          existing.add(signature(m));
        }
      }
    }
    assertThat(listed).isEqualTo(existing);
  }

  /// Public, and makes a value from values: accessors and what the virtual machine adds are no operations.
  private static boolean isOperation(JavaMethod m) {
    JavaClass result = m.getRawReturnType();
    boolean makes =
        result.isEquivalentTo(Var.class)
            || result.isEquivalentTo(Normalized.class)
            || result.isEquivalentTo(List.class)
            || (m.getOwner().isEquivalentTo(Masks.class)
                && (result.isEquivalentTo(Tensor.class) || result.isEquivalentTo(int[].class)));
    return m.getModifiers().contains(JavaModifier.PUBLIC)
        && !m.getModifiers().contains(JavaModifier.SYNTHETIC)
        && makes;
  }

  private static String signature(JavaMethod m) {
    List<String> types = m.getRawParameterTypes().stream().map(JavaClass::getSimpleName).toList();
    boolean fixed = m.getModifiers().contains(JavaModifier.STATIC);
    String owner = fixed ? m.getOwner().getSimpleName() + "." : "";
    return owner + m.getName() + "(" + String.join(", ", types) + ")";
  }

  /// `concat(int axis, List<Var> parts)` without type arguments and names, `...` as an array.
  private static String signature(String written) {
    int open = written.indexOf('(');
    List<String> types = new ArrayList<>();
    String inside = written.substring(open + 1, written.length() - 1).replaceAll("<[^>]*>", "");
    for (String parameter : inside.split(",", -1)) {
      if (!parameter.isBlank()) {
        String type = parameter.strip().split(" ", -1)[0];
        types.add(type.replace("...", "[]").replaceAll("^.*\\.", ""));
      }
    }
    return written.substring(0, open) + "(" + String.join(", ", types) + ")";
  }

  /// The cells of every table row, heads included. A bar inside a cell is written `\|`.
  private static List<List<String>> rows(String markdown) {
    List<List<String>> found = new ArrayList<>();
    for (String line : markdown.lines().toList()) {
      if (line.startsWith("| ") && line.endsWith(" |")) {
        List<String> cells = new ArrayList<>();
        for (String cell : line.substring(2, line.length() - 2).split(" \\| ", -1)) {
          cells.add(cell.strip().replace("\\|", "|"));
        }
        found.add(cells);
      }
    }
    return found;
  }

  /// A row of an equation table that names an equation, such as (DI-2), links to a source that names it too.
  @Test
  void everyEquationOfAPaperStandsInTheFileItsRowLinksTo() throws IOException {
    int seen = 0;
    for (Path page : pages()) {
      if (!page.startsWith(ROOT.resolve("docs/papers"))) {
        continue;
      }
      for (List<String> row : rows(Files.readString(page))) {
        String line = String.join(" | ", row);
        Matcher equation = EQUATION.matcher(line);
        Matcher link = LINK.matcher(line);
        if (!link.find()) {
          continue;
        }
        String source = Files.readString(page.resolveSibling(link.group(1)).normalize());
        while (equation.find()) {
          seen++;
          String number = equation.group().substring(1, equation.group().length() - 1);
          assertThat(source).as("%s: %s", ROOT.relativize(page), line).contains(number);
        }
      }
    }
    assertThat(seen).as("equations in docs/papers that link to a line").isGreaterThan(10);
  }

  /// A number of a paper's page, such as (DI-2), stands beside a line of code, not only in a doc comment.
  @Test
  void everyEquationOfAPaperStandsBesideALine() throws IOException {
    Set<String> beside = new TreeSet<>();
    for (Path source : mainFiles()) {
      for (String line : Files.readAllLines(source)) {
        Matcher number = NUMBER.matcher(line);
        while (!line.strip().startsWith("///") && number.find()) {
          beside.add(number.group());
        }
      }
    }
    int seen = 0;
    for (Path page : pages()) {
      Matcher equation = EQUATION.matcher(Files.readString(page));
      while (page.startsWith(ROOT.resolve("docs/papers")) && equation.find()) {
        seen++;
        String number = equation.group().substring(1, equation.group().length() - 1);
        assertThat(beside).as(ROOT.relativize(page) + ": " + number).contains(number);
      }
    }
    assertThat(seen).as("equations in docs/papers").isGreaterThan(50);
  }

  @Test
  void theReadmeListsEveryPaper() throws IOException {
    String readme = Files.readString(ROOT.resolve("README.md"));
    List<Path> papers =
        pages().stream().filter(p -> p.startsWith(ROOT.resolve("docs/papers"))).toList();
    assertThat(papers).isNotEmpty();
    for (Path paper : papers) {
      assertThat(readme).contains("](docs/papers/" + paper.getFileName() + ")");
    }
  }

  @Test
  void everyRelativeLinkLeadsSomewhere() throws IOException {
    List<String> broken = new ArrayList<>();
    for (Path page : pages()) {
      String text = Files.readString(page).replaceAll("(?s)```.*?```", "");
      Matcher link = LINK.matcher(text);
      while (link.find()) {
        String target = link.group(1);
        if (target.matches("[a-z]+:.*")) {
          continue;
        }
        int hash = target.indexOf('#');
        String file = hash < 0 ? target : target.substring(0, hash);
        Path to = file.isEmpty() ? page : page.resolveSibling(file).normalize();
        boolean anchored = hash >= 0 && to.toString().endsWith(".md") && Files.exists(to);
        if (!Files.exists(to) || (anchored && !anchors(to).contains(target.substring(hash + 1)))) {
          broken.add(ROOT.relativize(page) + ": " + target);
        }
      }
    }
    assertThat(broken).as("links that lead nowhere").isEmpty();
  }

  /// The names under which GitHub reaches headings.
  private static Set<String> anchors(Path page) throws IOException {
    Set<String> found = new TreeSet<>();
    for (String line : Files.readAllLines(page)) {
      if (line.startsWith("#")) {
        String heading = line.replaceFirst("^#+ ", "").toLowerCase(Locale.ROOT);
        found.add(heading.replaceAll("[^\\p{L}\\p{N}_ -]", "").replace(' ', '-'));
      }
    }
    return found;
  }
}
