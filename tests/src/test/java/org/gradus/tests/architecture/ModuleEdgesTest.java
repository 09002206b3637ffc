// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.SAXException;

/// What the POMs declare, profiles included.
class ModuleEdgesTest {
  private record Dependency(String group, String artifact, String scope) {}

  static List<String> modules() {
    return Modules.names();
  }

  @ParameterizedTest
  @MethodSource("modules")
  void aPomDeclaresItsArrowsAndNoOther(String module) throws Exception {
    Set<String> compile = new TreeSet<>();
    Set<String> runtime = new TreeSet<>();
    for (Dependency d : dependencies(module)) {
      if (d.group().equals("org.gradus")) {
        assertThat(d.scope()).as("%s: scope of %s", module, d).isIn("compile", "runtime");
        (d.scope().equals("runtime") ? runtime : compile)
            .add(d.artifact().substring("gradus-".length()));
      }
    }
    assertThat(compile)
        .as("modules that %s compiles against", module)
        .isEqualTo(Modules.ARROWS.get(module));
    assertThat(runtime)
        .as("modules that %s needs at run time", module)
        .isEqualTo(Modules.AT_RUN_TIME.getOrDefault(module, Set.of()));
  }

  @ParameterizedTest
  @MethodSource("modules")
  void onlyCudaDeclaresJCuda(String module) throws Exception {
    boolean declares = dependencies(module).stream().anyMatch(d -> d.group().equals("org.jcuda"));
    assertThat(declares).isEqualTo(module.equals("cuda"));
  }

  @Test
  void theReactorHoldsTheModulesAndTheirTests() throws Exception {
    List<String> listed = new ArrayList<>();
    for (Element module : elements(read(Modules.root().resolve("pom.xml")), "module")) {
      listed.add(module.getTextContent().strip());
    }
    List<String> expected = new ArrayList<>(Modules.names());
    expected.add("tests");
    assertThat(listed).containsExactlyInAnyOrderElementsOf(expected);
  }

  private static List<Dependency> dependencies(String module)
      throws IOException, ParserConfigurationException, SAXException {
    List<Dependency> found = new ArrayList<>();
    Path pom = Modules.root().resolve(module).resolve("pom.xml");
    for (Element e : elements(read(pom), "dependency")) {
      String scope = child(e, "scope");
      found.add(
          new Dependency(
              child(e, "groupId"), child(e, "artifactId"), scope.isEmpty() ? "compile" : scope));
    }
    return found;
  }

  private static Document read(Path pom)
      throws IOException, ParserConfigurationException, SAXException {
    return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(pom.toFile());
  }

  private static List<Element> elements(Document document, String name) {
    List<Element> found = new ArrayList<>();
    var nodes = document.getElementsByTagName(name);
    for (int i = 0; i < nodes.getLength(); i++) {
      found.add((Element) Objects.requireNonNull(nodes.item(i)));
    }
    return found;
  }

  /// The text of a direct child, or nothing: exclusions have the same names one level deeper.
  private static String child(Element parent, String name) {
    for (Node n = parent.getFirstChild(); n != null; n = n.getNextSibling()) {
      if (n.getNodeName().equals(name)) {
        return n.getTextContent().strip();
      }
    }
    return "";
  }
}
