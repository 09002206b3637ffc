// SPDX-License-Identifier: Apache-2.0
import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Formats every Java source of the repository, or checks that all are formatted.
///
/// It runs on the JDK that compiles the code, because a formatter can only parse the Java of the
/// JVM it runs on, and Maven's own may be older. Doc comments are left as they were written.
///
/// Usage: `java -cp google-java-format.jar .mvn/Format.java ROOT --check|--apply`
class Format {
  public static void main(String[] args) throws IOException {
    Path root = Path.of(args[0]);
    boolean apply = args[1].equals("--apply");
    List<String> unformatted = new ArrayList<>();
    List<String> unreadable = new ArrayList<>();
    Formatter formatter =
        new Formatter(JavaFormatterOptions.builder().formatJavadoc(false).build());
    for (Path file : sources(root)) {
      String source = Files.readString(file);
      try {
        String formatted = formatter.formatSourceAndFixImports(source);
        if (!formatted.equals(source)) {
          unformatted.add(root.relativize(file).toString());
          if (apply) {
            Files.writeString(file, formatted);
          }
        }
      } catch (FormatterException e) {
        e.diagnostics().forEach(d -> unreadable.add(root.relativize(file) + ":" + d));
      }
    }
    if (!unreadable.isEmpty()) {
      System.err.println("Not Java:\n  " + String.join("\n  ", unreadable));
      System.exit(1);
    }
    if (!unformatted.isEmpty()) {
      String list = "\n  " + String.join("\n  ", unformatted);
      System.err.println((apply ? "Formatted:" : "Not formatted (run ./gradus format):") + list);
      System.exit(apply ? 0 : 1);
    }
  }

  private static List<Path> sources(Path root) throws IOException {
    try (Stream<Path> top = Files.list(root)) {
      return top.filter(Files::isDirectory)
          .filter(dir -> dir.endsWith(".mvn") || Files.isDirectory(dir.resolve("src")))
          .flatMap(Format::javaFilesUnder)
          .sorted()
          .toList();
    }
  }

  private static Stream<Path> javaFilesUnder(Path module) {
    Path dir = module.endsWith(".mvn") ? module : module.resolve("src");
    try (Stream<Path> files = Files.walk(dir)) {
      return files.filter(f -> f.toString().endsWith(".java")).toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
