// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the simulated driver counted in each configuration: that the device under test was really cuda, and that it left nothing.
///
/// The build runs this after the configurations, whose processes have written their reports by then.
@Tag("lanes")
class CudaLanes {
  private static final Path ROOT =
      Path.of(Objects.requireNonNull(System.getProperty("gradus.root"), "gradus.root"));
  private static final Path TARGET = ROOT.resolve("tests/target");

  @BeforeEach
  void skipWithoutTheSimulatedDriver() {
    assumeThat(ROOT.resolve("cuda/target/cudasim/skipped")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "plain,0,0,0",
    "guard,1,0,0",
    "async,0,1,0",
    "reversed,0,0,1",
    "apart,0,0,2",
    "graphs,0,1,0"
  })
  void everyFamilyRanAndNothingIsLeft(String lane, String guard, String async, String order)
      throws IOException {
    Properties found = report(lane);
    assertThat(List.of(found.get("guard"), found.get("async"), found.get("order")))
        .containsExactly(guard, async, order);
    Map<String, Long> launches = launches(lane, found);
    assertThat(launches.keySet()).as(lane).isEqualTo(families());
    assertThat(launches.values()).allMatch(n -> n > 0);
  }

  /// Where cuBLAS was asked for, it did the products: all but those of nothing, to which it is not put.
  @Test
  void productsWereThoseOfCuBlas() throws IOException {
    Map<String, Long> launches = launches("cublas", report("cublas"));
    assertThat(launches.get("cublas")).isGreaterThan(1000);
  }

  /// Where graphs were asked for, most kernels ran in them, and nodes that differed were set.
  @Test
  void launchesWereThoseOfGraphs() throws IOException {
    Properties found = report("graphs");
    long kernels = launches("graphs", found).values().stream().mapToLong(n -> n).sum();
    long graphs = Long.parseLong(found.getProperty("graphLaunches"));
    assertThat(graphs).isGreaterThan(1000);
    assertThat(graphs).isLessThan(kernels / 3); // three is the least of a graph
    assertThat(Long.parseLong(found.getProperty("nodesSet"))).isPositive();
    assertThat(report("plain").getProperty("graphLaunches")).isEqualTo("0");
  }

  private static Properties report(String lane) throws IOException {
    Properties found = new Properties();
    try (Reader in = Files.newBufferedReader(TARGET.resolve("cuda-" + lane + ".report"))) {
      found.load(in);
    }
    for (String left :
        List.of(
            "errors",
            "leaked",
            "live",
            "streams",
            "events",
            "pinned",
            "contexts",
            "handles",
            "graphs")) {
      assertThat(found.getProperty(left)).as("%s: %s", lane, left).isEqualTo("0");
    }
    return found;
  }

  private static Map<String, Long> launches(String lane, Properties found) {
    TreeMap<String, Long> launches =
        found.stringPropertyNames().stream()
            .filter(name -> name.startsWith("launch."))
            .collect(
                Collectors.toMap(
                    name -> name.substring("launch.".length(), name.indexOf('_')),
                    name -> Long.parseLong(found.getProperty(name)),
                    Long::sum,
                    TreeMap::new));
    System.out.println("cuda on the simulated driver, " + lane + ", launches: " + launches);
    return launches;
  }

  /// A device of its own has no use of another one's kernels: not even their classes were loaded.
  @ParameterizedTest
  @CsvSource({"plain", "cublas", "guard", "async", "reversed", "apart", "graphs"})
  void noKernelOfTheCpuDeviceRan(String lane) throws IOException {
    try (Stream<String> loaded = Files.lines(TARGET.resolve("cuda-" + lane + ".classes"))) {
      List<String> devices =
          loaded.filter(l -> l.contains("org.gradus.")).filter(l -> l.contains("Device")).toList();
      assertThat(devices).anyMatch(l -> l.contains("org.gradus.cuda.CudaDevice "));
      assertThat(devices).noneMatch(l -> l.contains("org.gradus.tensor.cpu.CpuDevice "));
    }
  }

  private static Set<String> families() throws IOException {
    try (Stream<Path> sources = Files.list(ROOT.resolve("cuda/src/main/cuda"))) {
      return sources
          .map(p -> p.getFileName().toString())
          .filter(n -> n.endsWith(".cu"))
          .map(n -> n.substring(0, n.length() - 3))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }
}
