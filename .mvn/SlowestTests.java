// SPDX-License-Identifier: Apache-2.0
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.xml.sax.SAXException;

/// Prints how many tests the last build ran, how long they took, and the ten slowest.
///
/// It reads the reports that surefire left in each module; where there are none it says so.
///
/// Usage: `java .mvn/SlowestTests.java ROOT`
class SlowestTests {
  private record Case(String name, double seconds) {}

  public static void main(String[] args)
      throws IOException, ParserConfigurationException, SAXException {
    var parser = DocumentBuilderFactory.newInstance().newDocumentBuilder();
    List<Case> cases = new ArrayList<>();
    int skipped = 0;
    for (Path report : reports(Path.of(args[0]))) {
      var nodes = parser.parse(report.toFile()).getElementsByTagName("testcase");
      for (int i = 0; i < nodes.getLength(); i++) {
        Element test = (Element) nodes.item(i);
        if (test.getElementsByTagName("skipped").getLength() > 0) {
          skipped++;
        }
        // Surefire groups thousands with a comma: "1,234.5".
        double seconds = Double.parseDouble(test.getAttribute("time").replace(",", ""));
        String type = test.getAttribute("classname");
        String name = type.substring(type.lastIndexOf('.') + 1) + "." + test.getAttribute("name");
        cases.add(new Case(name, seconds));
      }
    }
    double total = cases.stream().mapToDouble(Case::seconds).sum();
    print("%d tests, %d of them skipped, %.1f s.", cases.size(), skipped, total);
    if (!cases.isEmpty()) {
      print("The slowest:");
    }
    cases.stream()
        .sorted(Comparator.comparingDouble(Case::seconds).reversed())
        .limit(10)
        .forEach(c -> print("%8.2f s  %s", c.seconds(), c.name()));
  }

  private static void print(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }

  private static List<Path> reports(Path root) throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> modules = Files.list(root)) {
      for (Path module : modules.sorted().toList()) {
        Path reports = module.resolve("target/surefire-reports");
        if (Files.isDirectory(reports)) {
          try (Stream<Path> files = Files.list(reports)) {
            files
                .filter(f -> f.getFileName().toString().matches("TEST-.*\\.xml"))
                .forEach(found::add);
          }
        }
      }
    }
    return found;
  }
}
