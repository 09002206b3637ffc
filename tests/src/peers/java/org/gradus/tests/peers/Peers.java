// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.gradus.tests.peers.PeerFork.Who;

/// Measures everything: `mvn -B verify -Ppeers -DskipTests`.
///
/// | Property | Preset | |
/// | --- | --- | --- |
/// | `peers.forks` | 3 | how often each group is measured, each time in new processes |
/// | `peers.groups` | all | `gemm`, `deepfm`, `dlrm`, `din`, `gru`, with commas between them |
/// | `peers.threads` | 2 | of either side |
/// | `peers.seconds` | 4 | that count, of each side of a case and process; products take a quarter |
/// | `peers.losses` | true | whether losses are compared before |
/// | `peers.docs` | | a Markdown file whose table is replaced |
public final class Peers {
  private final Path folder;
  private final int threads;
  private final double seconds;

  private Peers(Path folder, int threads, double seconds) {
    this.folder = folder;
    this.threads = threads;
    this.seconds = seconds;
  }

  /// Runs forks and writes the report.
  ///
  /// @param args the folder for results, and for the libraries that are unpacked
  public static void main(String[] args) throws IOException, InterruptedException {
    int forks = Integer.getInteger("peers.forks", 3);
    String groups = System.getProperty("peers.groups", "all");
    List<String> chosen = groups.equals("all") ? PeerFork.groups() : List.of(groups.split(",", -1));
    if (!PeerFork.groups().containsAll(chosen)) {
      throw new IllegalArgumentException(
          "peers.groups=" + groups + ". Expected all, or some of " + PeerFork.groups() + ".");
    }
    Peers peers =
        new Peers(
            Files.createDirectories(Path.of(args[0])),
            Integer.getInteger("peers.threads", 2),
            Double.parseDouble(System.getProperty("peers.seconds", "4")));
    Path losses = peers.empty("losses.csv");
    Path others = peers.empty(PeerFork.OTHERS);
    if (Boolean.parseBoolean(System.getProperty("peers.losses", "true"))) {
      for (String group : chosen) {
        if (!group.equals(PeerFork.PRODUCTS)) {
          peers.fork(group, Who.LOSSES, losses);
        }
      }
    }
    List<List<Result>> results = new ArrayList<>();
    for (int f = 0; f < forks; f++) {
      Path file = peers.empty("fork-" + (f + 1) + ".csv");
      for (String group : chosen) {
        for (Who who : List.of(Who.BOTH, Who.OURS, Who.TORCH)) {
          peers.fork(group, who, file);
        }
      }
      results.add(Files.readAllLines(file).stream().map(Result::parse).toList());
    }
    double busiest = 0;
    for (String line : Files.readAllLines(others)) {
      if (!line.contains(Who.LOSSES.name())) { // nothing is timed there
        busiest = Math.max(busiest, Double.parseDouble(line.substring(line.lastIndexOf(',') + 1)));
      }
    }
    String noise =
        String.format(
            Locale.ROOT, "Other processes used at most %.2f cores during a fork.%n%n", busiest);
    String report =
        noise + new Report(results, Files.readAllLines(losses), peers.threads, chosen).markdown();
    Files.writeString(peers.folder.resolve("peers.md"), report);
    System.out.println(report);
    String docs = System.getProperty("peers.docs", "");
    if (!docs.isEmpty()) {
      Report.replaceIn(
          Path.of(Objects.requireNonNull(System.getProperty("gradus.root"))).resolve(docs), report);
    }
  }

  private Path empty(String name) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, "");
    return file;
  }

  private void fork(String group, Who who, Path results) throws IOException, InterruptedException {
    System.out.println("peers: " + group + " " + who);
    double time = group.equals(PeerFork.PRODUCTS) ? seconds / 4 : seconds;
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@"
                    + Path.of(
                        Objects.requireNonNull(System.getProperty("gradus.root")),
                        ".mvn",
                        "jvm.flags"),
                "-Xms4g",
                "-Xmx4g",
                "-Dorg.bytedeco.openblas.load=mkl_rt",
                "-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("natives"),
                "-Dorg.bytedeco.javacpp.maxBytes=0",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                "-cp",
                System.getProperty("java.class.path"),
                PeerFork.class.getName(),
                group,
                who.toString(),
                Integer.toString(threads),
                Double.toString(time),
                results.toString()));
    Path log = folder.resolve("log.txt");
    Files.writeString(log, "\n" + group + " " + who + "\n", StandardCharsets.UTF_8, Peers.APPEND);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().keySet().removeIf(k -> k.matches("(OMP|GOMP|KMP|MKL|OPENBLAS)_.*"));
    builder.environment().putAll(best(threads));
    Process process = builder.start();
    int code = process.waitFor();
    if (code != 0) {
      throw new IllegalStateException(
          "peers: " + group + " " + who + " ended with " + code + ". The reason is in " + log);
    }
  }

  private static final java.nio.file.StandardOpenOption[] APPEND = {
    java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND
  };

  /// The settings that made libtorch fastest: MKL on the OpenMP that libtorch itself uses, threads bound to cores, its memory in
  /// large pages as our tables are.
  static Map<String, String> best(int threads) {
    String n = Integer.toString(threads);
    return Map.of(
        "OMP_NUM_THREADS",
        n,
        "MKL_NUM_THREADS",
        n,
        "OPENBLAS_NUM_THREADS",
        n,
        "MKL_THREADING_LAYER",
        "GNU",
        "OMP_PROC_BIND",
        "true",
        "OMP_PLACES",
        "threads",
        "THP_MEM_ALLOC_ENABLE",
        "1");
  }
}
