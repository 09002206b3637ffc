// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.models.Paper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A model is registered, cited, tested and described, or the build is red.
class RegistryTest {
  private static final Path ROOT =
      Path.of(Objects.requireNonNull(System.getProperty("gradus.root"), "gradus.root"));
  private static final Path MAIN = ROOT.resolve("models/src/main/java");
  private static final Path TEST = ROOT.resolve("models/src/test/java");
  private static final Path SERVICES =
      ROOT.resolve("models/src/main/resources/META-INF/services/" + ModelSpec.class.getName());

  private static final Pattern DEPARTURES =
      Pattern.compile("Departs from the paper in (\\w+) places?: (.*?)\\.(?= )");

  private static final List<String> NUMBERS =
      List.of("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten");

  /// `(DCN-4, XN-4)`, `(dlrm EB-3)`, and `(2)` if it is no argument.
  private static final Pattern EQUATION =
      Pattern.compile(
          "(?<!\\w)\\((?:[a-z]+ )?((?:[A-Z]+-\\d+[a-z]?|\\d)(?:, (?:[A-Z]+-\\d+[a-z]?|\\d))*)\\)");

  static List<ModelSpec> models() {
    return Models.all();
  }

  /// The spec classes in the source folders, by their full names.
  private static Set<String> written() throws IOException {
    Path papers = MAIN.resolve("org/gradus/models");
    Set<String> found = new TreeSet<>();
    try (Stream<Path> files = Files.walk(papers)) {
      files
          .filter(f -> !Objects.equals(f.getParent(), papers))
          .filter(f -> f.toString().endsWith("Spec.java"))
          .map(f -> MAIN.relativize(f).toString())
          .forEach(f -> found.add(f.substring(0, f.length() - 5).replace('/', '.')));
    }
    return found;
  }

  /// No spec is forgotten, and none is listed that is not there.
  @Test
  void everySpecIsRegistered() throws IOException {
    List<String> registered = Files.readAllLines(SERVICES);
    assertThat(registered).doesNotHaveDuplicates();
    assertThat(written()).isNotEmpty().isEqualTo(new TreeSet<>(registered));
    assertThat(models().stream().map(m -> m.getClass().getName()))
        .containsExactlyInAnyOrderElementsOf(registered);
  }

  @Test
  void everyPackageOfAPaperHasASpec() throws IOException {
    Set<String> withSpec = new TreeSet<>();
    for (String spec : written()) {
      withSpec.add(spec.substring(0, spec.lastIndexOf('.')));
    }
    try (Stream<Path> folders = Files.list(MAIN.resolve("org/gradus/models"))) {
      assertThat(folders.filter(Files::isDirectory))
          .allSatisfy(
              f -> assertThat(withSpec).contains(MAIN.relativize(f).toString().replace('/', '.')));
    }
  }

  @Test
  void namesAreUniqueWordsForACommandLine() {
    List<String> names = models().stream().map(ModelSpec::name).toList();
    assertThat(names).doesNotHaveDuplicates().allMatch(n -> n.matches("[a-z][a-z0-9-]*"));
  }

  @ParameterizedTest
  @MethodSource("models")
  void thePaperIsNamed(ModelSpec spec) {
    Paper paper = spec.paper();
    assertThat(paper.title()).isNotBlank();
    assertThat(paper.authors()).isNotBlank();
    assertThat(paper.venue()).isNotBlank();
    assertThat(paper.year()).isBetween(1950, 2100);
    assertThat(paper.url()).startsWith("https://");
  }

  /// The package says whose idea it is: title, year and where to read it, and what its symbols are called here.
  @ParameterizedTest
  @MethodSource("models")
  void thePackageCitesThePaper(ModelSpec spec) throws IOException {
    Path info = MAIN.resolve(folder(spec)).resolve("package-info.java");
    assertThat(info).exists();
    String text = prose(info);
    assertThat(text)
        .contains(spec.paper().title())
        .contains(Integer.toString(spec.paper().year()))
        .contains(spec.paper().url())
        .contains("| Paper | Here |");
  }

  @ParameterizedTest
  @MethodSource("models")
  void aTestIsNamedAfterTheModel(ModelSpec spec) {
    String spelled = spec.getClass().getSimpleName().replaceFirst("Spec$", "");
    assertThat(MAIN.resolve(folder(spec)).resolve(spelled + ".java")).exists();
    assertThat(TEST.resolve(folder(spec)).resolve(spelled + "Test.java")).exists();
  }

  @ParameterizedTest
  @MethodSource("models")
  void aPageDescribesTheModel(ModelSpec spec) throws IOException {
    Path page = ROOT.resolve("docs/papers/" + spec.name() + ".md");
    assertThat(page).exists();
    assertThat(prose(page))
        .contains(spec.paper().title())
        .contains(spec.paper().url())
        .contains("## Equations")
        .contains("./gradus gradcheck --model " + spec.name());
    for (var option : spec.options()) {
      assertThat(Files.readString(page))
          .as("option of %s", spec.name())
          .contains("`" + option.name() + "`");
    }
  }

  /// Departures are bullets of the page, below their own heading, and clauses of a sentence of the class, which counts them.
  @ParameterizedTest
  @MethodSource("models")
  void theClassNamesEveryDepartureOfThePage(ModelSpec spec) throws IOException {
    Path page = ROOT.resolve("docs/papers/" + spec.name() + ".md");
    long listed =
        Files.readString(page)
            .lines()
            .dropWhile(l -> !l.equals("## Departures"))
            .skip(1)
            .takeWhile(l -> !l.startsWith("## "))
            .filter(l -> l.startsWith("- "))
            .count();
    assertThat(listed).as("bullets of ## Departures of " + page).isPositive();
    String spelled = spec.getClass().getSimpleName().replaceFirst("Spec$", "");
    String text = prose(MAIN.resolve(folder(spec)).resolve(spelled + ".java"));
    Matcher sentence = DEPARTURES.matcher(text);
    assertThat(sentence.find()).as("%s: Departs from the paper in N places: …", spelled).isTrue();
    int counted = NUMBERS.indexOf(sentence.group(1));
    List<String> clauses = List.of(sentence.group(2).split("; ", -1));
    assertThat(clauses).as("%s says %s", spelled, sentence.group(1)).hasSize(counted);
    assertThat((long) counted).as("departures of %s, on the page", spelled).isEqualTo(listed);
  }

  /// Every equation of the page stands, with its number, in the comment of a class of the package or of one that the page links.
  @ParameterizedTest
  @MethodSource("models")
  void everyEquationOfThePageStandsInTheCode(ModelSpec spec) throws IOException {
    Path page = ROOT.resolve("docs/papers/" + spec.name() + ".md");
    String text = Files.readString(page);
    Set<Path> sources = new TreeSet<>();
    try (Stream<Path> own = Files.list(MAIN.resolve(folder(spec)))) {
      own.filter(f -> f.toString().endsWith(".java")).forEach(sources::add);
    }
    Matcher link = Pattern.compile("\\]\\((\\.\\./\\.\\./[^)]+\\.java)\\)").matcher(text);
    while (link.find()) {
      sources.add(page.resolveSibling(link.group(1)).normalize());
    }
    StringBuilder comments = new StringBuilder();
    for (Path source : sources) {
      Files.readString(source)
          .lines()
          .filter(l -> l.strip().startsWith("///"))
          .forEach(l -> comments.append(l).append('\n'));
    }
    int from = text.indexOf("\n## Equations");
    String equations = text.substring(from, text.indexOf("\n## ", from + 1));
    Set<String> numbers = new TreeSet<>();
    Matcher number = EQUATION.matcher(equations);
    while (number.find()) {
      numbers.addAll(List.of(number.group(1).split(", ", -1)));
    }
    assertThat(numbers).as("numbered equations of " + page).isNotEmpty();
    Set<String> stated = new TreeSet<>();
    Matcher there = EQUATION.matcher(comments);
    while (there.find()) {
      stated.addAll(List.of(there.group(1).split(", ", -1)));
    }
    assertThat(stated).as("equations in comments of " + sources).containsAll(numbers);
  }

  private static String folder(ModelSpec spec) {
    return spec.getClass().getPackageName().replace('.', '/');
  }

  /// A file with its line breaks, and the marks of doc comments, taken for spaces.
  private static String prose(Path file) throws IOException {
    return Files.readString(file).replaceAll("\\s*\\n(///)?\\s*", " ");
  }
}
