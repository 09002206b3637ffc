// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradus.tests.peers.PeerFork.Who;

/// The tables of a run, in Markdown.
///
/// A ratio is our speed divided by that of libtorch's faster variant; above 1 we are ahead. It is taken within a fork, and the median
/// over forks counts. *In turn* both run in one process, *apart* each has a process to itself, one after the other. The smaller of the
/// two is the one to quote: if one side disturbed the other, this is the figure without the gain.
///
/// @param forks results of each fork
/// @param losses lines of the comparison of losses
/// @param threads of either side
/// @param groups what was measured
record Report(List<List<Result>> forks, List<String> losses, int threads, List<String> groups) {
  private static final String BEGIN = "<!-- peers: begin -->";
  private static final String END = "<!-- peers: end -->";

  /// One line of a table, over some cases.
  private record Row(String name, List<String> cases) {}

  String markdown() {
    List<String> names = new ArrayList<>(new LinkedHashSet<>(all().map(Result::name).toList()));
    List<Row> rows = new ArrayList<>();
    for (String kind : List.of("gemm NN", "gemm NT", "gemm TN")) {
      add(rows, kind + ", 6 shapes", names.stream().filter(n -> n.startsWith(kind)).toList());
    }
    add(rows, "**gemm, all 18**", names.stream().filter(n -> n.startsWith("gemm")).toList());
    names.stream()
        .filter(n -> !n.startsWith("gemm"))
        .forEach(n -> rows.add(new Row("**" + n + "**", List.of(n))));
    StringBuilder s = new StringBuilder();
    s.append(setting()).append('\n');
    s.append(table(rows));
    List<Row> shapes = new ArrayList<>();
    names.stream()
        .filter(n -> n.startsWith("gemm"))
        .forEach(n -> shapes.add(new Row(n, List.of(n))));
    if (!shapes.isEmpty()) {
      s.append("\nEvery shape, m×n×k:\n\n").append(table(shapes));
    }
    s.append(lossTable());
    return s.toString();
  }

  private static void add(List<Row> rows, String name, List<String> cases) {
    if (!cases.isEmpty()) {
      rows.add(new Row(name, cases));
    }
  }

  private java.util.stream.Stream<Result> all() {
    return forks.stream().flatMap(List::stream);
  }

  private String table(List<Row> rows) {
    StringBuilder s = new StringBuilder();
    s.append("| Case | libtorch | Gradus | unit | in turn | of each fork | apart | ratio |\n");
    s.append("| --- | ---: | ---: | --- | ---: | --- | ---: | ---: |\n");
    for (Row row : rows) {
      double[] turn = perFork(f -> ratio(f, row.cases, Who.BOTH, Who.BOTH));
      double[] apart = perFork(f -> ratio(f, row.cases, Who.TORCH, Who.OURS));
      StringBuilder each = new StringBuilder();
      for (double r : turn) {
        each.append(each.isEmpty() ? "" : ", ").append(number(r, 2));
      }
      double torch =
          Math.max(
              median(perFork(f -> speed(f, row.cases, Who.BOTH, true))),
              median(perFork(f -> speed(f, row.cases, Who.TORCH, true))));
      double ours = median(perFork(f -> speed(f, row.cases, Who.BOTH, false)));
      String unit =
          all().filter(r -> row.cases.contains(r.name())).findFirst().orElseThrow().speed().unit();
      s.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %s | %s | %s | %s | **%s** |%n",
              row.name,
              number(torch, 0),
              number(ours, 0),
              unit,
              number(median(turn), 2),
              each,
              number(median(apart), 2),
              number(Math.min(median(turn), median(apart)), 2)));
    }
    return s.toString();
  }

  private double[] perFork(ToDoubleFunction<List<Result>> f) {
    return forks.stream().mapToDouble(f).toArray();
  }

  /// Geometric mean of the ratios of some cases in a fork.
  private static double ratio(List<Result> fork, List<String> cases, Who torch, Who ours) {
    return geometricMean(cases, c -> seconds(fork, c, torch, true) / seconds(fork, c, ours, false));
  }

  private static double speed(List<Result> fork, List<String> cases, Who who, boolean torch) {
    return geometricMean(
        cases,
        c -> {
          double amount =
              fork.stream()
                  .filter(r -> r.name().equals(c))
                  .findFirst()
                  .orElseThrow()
                  .speed()
                  .amount();
          return amount / seconds(fork, c, who, torch);
        });
  }

  private static double geometricMean(List<String> cases, ToDoubleFunction<String> of) {
    double sum = 0;
    for (String c : cases) {
      sum += StrictMath.log(of.applyAsDouble(c));
    }
    return StrictMath.exp(sum / cases.size());
  }

  /// The median of a side, of libtorch's the fastest variant.
  private static double seconds(List<Result> fork, String name, Who who, boolean torch) {
    return fork.stream()
        .filter(r -> r.name().equals(name) && r.who() == who)
        .filter(r -> r.side().equals(Side.OURS) != torch)
        .mapToDouble(r -> r.times().median())
        .min()
        .orElse(Double.NaN);
  }

  private static double median(double[] values) {
    double[] v = values.clone();
    java.util.Arrays.sort(v);
    int n = v.length;
    return 0.5 * (v[(n - 1) / 2] + v[n / 2]);
  }

  private static String number(double x, int digits) {
    return String.format(Locale.ROOT, "%,." + digits + "f", x);
  }

  private String lossTable() {
    if (losses.isEmpty()) {
      return "";
    }
    StringBuilder s = new StringBuilder();
    s.append("\nLosses from equal weights on equal batches: distances from ours in float64.\n\n");
    s.append("| Model | step | loss | libtorch, float64 | ours, float32 | libtorch, float32 |\n");
    s.append("| --- | ---: | ---: | ---: | ---: | ---: |\n");
    for (String line : losses) {
      List<String> p = List.of(line.split(",", -1));
      int step = Integer.parseInt(p.get(1));
      if (step != 1 && step % 5 != 0) {
        continue;
      }
      double loss = Double.parseDouble(p.get(2));
      double wide = 0;
      double narrow = 0;
      for (int i = 4; i + 2 < p.size(); i += 3) { // of the variants, the one that is farther away
        wide = Math.max(wide, Math.abs(Double.parseDouble(p.get(i + 1)) - loss));
        narrow = Math.max(narrow, Math.abs(Double.parseDouble(p.get(i + 2)) - loss));
      }
      s.append(
          String.format(
              Locale.ROOT,
              "| %s | %d | %.6f | %.0e | %.0e | %.0e |%n",
              p.get(0),
              step,
              loss,
              wide,
              Math.abs(Double.parseDouble(p.get(3)) - loss),
              narrow));
    }
    return s.toString();
  }

  /// Date, machine, versions, command.
  private String setting() {
    String classPath = System.getProperty("java.class.path");
    return String.format(
        Locale.ROOT,
        "%s, %s, %d cores, %s; %d threads on either side. JDK %s; libtorch %s with MKL %s, %s. %d"
            + " forks: `mvn -B verify -Ppeers -DskipTests%s`.%n",
        LocalDate.now(ZoneOffset.UTC),
        processor("model name"),
        Runtime.getRuntime().availableProcessors(),
        processor("flags").contains("avx512f") ? "AVX-512" : "no AVX-512",
        threads,
        Runtime.version(),
        version(classPath, "pytorch"),
        version(classPath, "mkl"),
        String.join(
            " ", Peers.best(threads).entrySet().stream().map(Object::toString).sorted().toList()),
        forks.size(),
        options());
  }

  /// The properties of the run that are not preset.
  private static String options() {
    StringBuilder s = new StringBuilder();
    Map<String, String> presets =
        new TreeMap<>(
            Map.of(
                "forks", "3", "groups", "all", "losses", "true", "seconds", "4", "threads", "2"));
    presets.forEach(
        (name, preset) -> {
          String given = System.getProperty("peers." + name, preset);
          if (!given.equals(preset)) {
            s.append(" -Dpeers.").append(name).append('=').append(given);
          }
        });
    return s.toString();
  }

  private static String version(String classPath, String artifact) {
    Matcher m = Pattern.compile("[/\\\\]" + artifact + "-([0-9.]+)-").matcher(classPath);
    return m.find() ? m.group(1) : "unknown";
  }

  private static String processor(String key) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
        if (line.startsWith(key)) {
          return line.substring(line.indexOf(':') + 1).strip();
        }
      }
    } catch (IOException e) {
      return "unknown processor";
    }
    return "unknown processor";
  }

  /// Puts the report between its marks in a document.
  static void replaceIn(Path file, String report) throws IOException {
    String text = Files.readString(file);
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new IllegalArgumentException(
          file + ": no place for the table. Expected a line " + BEGIN + " and a line " + END + ".");
    }
    Files.writeString(
        file, text.substring(0, begin + BEGIN.length()) + "\n" + report + text.substring(end));
  }
}
