// SPDX-License-Identifier: Apache-2.0
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Breaks the kernels one place at a time, and demands that the contract suite of their family fails on the simulated driver.
///
/// Every barrier is left out; every bound of a loop over elements, rows or lanes is one too small; in every kernel the first number
/// that is read through an index is read one place too far to the left. A mutant is tried plain, with threads backwards, with
/// warps far apart and with guard pages, until a suite fails.
///
/// Usage: `java Mutants.java ROOT CLASSPATH FAMILIES`, after the build made `ROOT/cuda/target/cudasim`; FAMILIES is a pattern, such as
/// `softmax|norm`. Prints a table in Markdown, and ends with 1 when a mutant lived.
class Mutants {
  private static final Pattern BARRIER = Pattern.compile("__sync(threads|warp)\\(\\);");
  private static final Pattern BOUND =
      Pattern.compile("(FOR_EACH(?:_ROW|_LANE)?\\(\\w+, )((?:[^()]|\\([^()]*\\))*)\\)");
  private static final Pattern KERNEL =
      Pattern.compile("extern \"C\" __global__ [^(]*?(?:\\(\\d+\\)\\s*)?(\\w+)\\(([^)]*)\\) \\{");
  private static final Pattern FUNCTION =
      Pattern.compile(
          "(?m)^(?:extern \"C\" __global__|static __device__)[\\s\\S]*?(\\w+)\\((?!\\d)");
  private static final Pattern READ =
      Pattern.compile("const (?:float|int|mask_t|unsigned long long)\\* (\\w+)");

  private static final Map<String, Map<String, String>> CONFIGURATIONS = new LinkedHashMap<>();

  static {
    CONFIGURATIONS.put("plain", Map.of());
    CONFIGURATIONS.put("reversed", Map.of("CUDASIM_ORDER", "1"));
    CONFIGURATIONS.put("apart", Map.of("CUDASIM_ORDER", "2"));
    CONFIGURATIONS.put("guard", Map.of("CUDASIM_GUARD", "1"));
    CONFIGURATIONS.put("cublas", Map.of("CUDASIM_ASYNC", "1"));
  }

  /// A family with one place changed.
  ///
  /// @param kind what was broken
  /// @param kernel where
  /// @param was the text before
  /// @param source the whole file after
  private record Mutant(String family, String kind, String kernel, String was, String source) {}

  private final Path root;
  private final String classPath;
  private final Path work;

  private Mutants(Path root, String classPath, Path work) {
    this.root = root;
    this.classPath = classPath;
    this.work = work;
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    Path root = Path.of(args[0]).toAbsolutePath();
    Pattern families = Pattern.compile(args[2]);
    Path work = Files.createTempDirectory("mutants");
    int lived = 0;
    int tried = 0;
    try {
      Mutants mutants = new Mutants(root, args[1], work);
      System.out.println("| family | broken | kernel | was | fails |");
      System.out.println("| --- | --- | --- | --- | --- |");
      for (Path file : sources(root)) {
        String family = file.getFileName().toString().replace(".cu", "");
        if (!families.matcher(family).matches()) {
          continue;
        }
        String source = Files.readString(file);
        String whole = mutants.killer(new Mutant(family, "nothing", "", "", source));
        if (!whole.isEmpty()) {
          throw new IllegalStateException(family + " as it is fails: " + whole);
        }
        for (Mutant mutant : of(family, source)) {
          String killer = mutants.killer(mutant);
          tried++;
          lived += killer.isEmpty() ? 1 : 0;
          System.out.printf(
              "| %s | %s | %s | `%s` | %s |%n",
              family,
              mutant.kind,
              mutant.kernel,
              mutant.was.replace("|", "\\|"),
              killer.isEmpty() ? "**lives**" : killer);
        }
      }
    } finally {
      delete(work);
    }
    System.out.println();
    System.out.println(tried + " mutants, " + lived + " of them live.");
    System.exit(lived == 0 ? 0 : 1);
  }

  private static List<Path> sources(Path root) throws IOException {
    try (Stream<Path> files = Files.list(root.resolve("cuda/src/main/cuda"))) {
      return files.filter(f -> f.toString().endsWith(".cu")).sorted().toList();
    }
  }

  private static List<Mutant> of(String family, String source) {
    List<Mutant> mutants = new ArrayList<>();
    int n = 0;
    for (Matcher m = BARRIER.matcher(source); m.find(); ) {
      String where = function(source, m.start());
      mutants.add(new Mutant(family, "barrier " + ++n, where, m.group(), replace(source, m, ";")));
    }
    for (Matcher m = BOUND.matcher(source); m.find(); ) {
      String where = function(source, m.start());
      String changed = m.group(1) + "(" + m.group(2) + ") - 1)";
      mutants.add(new Mutant(family, "bound", where, m.group(), replace(source, m, changed)));
    }
    for (Matcher m = KERNEL.matcher(source); m.find(); ) {
      mutants.addAll(index(family, source, m));
    }
    return mutants;
  }

  /// The first read of an argument through an index, one place to the left but never before the first.
  private static List<Mutant> index(String family, String source, Matcher kernel) {
    int end = source.indexOf("\n}", kernel.end());
    int line = source.indexOf('\n', kernel.end());
    if (source.charAt(line - 1) == '}') {
      end = line; // the whole kernel on one line
    }
    List<String> names = new ArrayList<>();
    for (Matcher m = READ.matcher(kernel.group(2)); m.find(); ) {
      names.add(m.group(1));
    }
    if (names.isEmpty()) {
      return List.of();
    }
    Matcher m =
        Pattern.compile("\\b(?:" + String.join("|", names) + ")\\[")
            .matcher(source)
            .region(kernel.end(), end);
    if (!m.find()) {
      return List.of();
    }
    int close = m.end();
    for (int depth = 1; depth > 0; close++) {
      char c = source.charAt(close);
      depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    }
    String index = source.substring(m.end(), close - 1);
    String changed = "(" + index + ") > 0 ? (" + index + ") - 1 : 0";
    return List.of(
        new Mutant(
            family,
            "index",
            kernel.group(1),
            source.substring(m.start(), close),
            source.substring(0, m.end()) + changed + source.substring(close - 1)));
  }

  private static String replace(String source, Matcher m, String by) {
    return source.substring(0, m.start()) + by + source.substring(m.end());
  }

  /// The name of the function around a place.
  private static String function(String source, int at) {
    String name = "";
    Matcher m = FUNCTION.matcher(source);
    while (m.find() && m.start() < at) {
      name = m.group(1);
    }
    return name;
  }

  /// The configuration in which the suite of its family fails; empty where none does.
  private String killer(Mutant mutant) throws IOException, InterruptedException {
    Path library = library(mutant);
    String suite =
        switch (mutant.family) {
          case "matmul" -> "matMul";
          case "sort" -> "gather"; // whose suite merges lists of ids
          default -> mutant.family;
        };
    String test = Character.toUpperCase(suite.charAt(0)) + suite.substring(1) + "ContractTest";
    for (String configuration : CONFIGURATIONS.keySet()) {
      boolean products = mutant.family.equals("matmul");
      if ((products || !configuration.equals("cublas")) && !passes(library, test, configuration)) {
        return test + ", " + configuration;
      }
    }
    return "";
  }

  /// Compiles the kernels anew and links them with the rest of the driver as it was built.
  private Path library(Mutant mutant) throws IOException, InterruptedException {
    Path cuda = root.resolve("cuda/src/main/cuda");
    Path built = root.resolve("cuda/target/cudasim");
    for (Path file : sources(root)) {
      Files.writeString(work.resolve(file.getFileName()), Files.readString(file));
    }
    Files.writeString(work.resolve(mutant.family + ".cu"), mutant.source);
    List<String> compile =
        new ArrayList<>(
            List.of(
                "g++",
                "-std=gnu++20",
                "-O1",
                "-fPIC",
                "-fvisibility=hidden",
                "-ffp-contract=off",
                "-w"));
    compile.addAll(
        List.of(
            "-I" + work, "-I" + root.resolve("cuda/src/test/cudasim"), "-I" + cuda, "-c", "-o"));
    compile.addAll(
        List.of(work.resolve("kernels.o").toString(), built.resolve("kernels.cpp").toString()));
    run(compile);
    List<String> link =
        new ArrayList<>(List.of("g++", "-shared", "-Wl,-soname,libcuda.so.1", "-o"));
    link.add(work.resolve("libcuda.so.1").toString());
    link.add(work.resolve("kernels.o").toString());
    try (Stream<Path> objects = Files.list(built)) {
      objects
          .map(Path::toString)
          .filter(f -> f.endsWith(".o") && !f.endsWith("/kernels.o"))
          .sorted()
          .forEach(link::add);
    }
    link.add("-lpthread");
    run(link);
    return work;
  }

  private static void run(List<String> command) throws IOException, InterruptedException {
    int code = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (code != 0) {
      throw new IllegalStateException(String.join(" ", command) + ": " + code);
    }
  }

  private boolean passes(Path library, String test, String configuration)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("@" + root.resolve(".mvn/jvm.flags"));
    command.addAll(
        List.of(
            "-Xmx2g",
            "-XX:TieredStopAtLevel=1",
            "-XX:ErrorFile=/dev/null",
            "-XX:-CreateCoredumpOnCrash"));
    command.addAll(
        List.of("-Dgradus.root=" + root, "-Dgradus.device=cuda", "-Dgradus.device.threads=1"));
    command.addAll(List.of("-cp", classPath, "org.gradus.tests.gpu.Suites", ".*\\." + test));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().putAll(CONFIGURATIONS.get(configuration));
    String libraries = library.toString();
    if (configuration.equals("guard")) {
      command.add(1, "-Dgradus.device.pool=0");
    } else if (configuration.equals("cublas")) {
      command.add(1, "-Dgradus.device.settings=cuda.gemm=cublas");
      libraries += ":" + root.resolve("cuda/target/cudasim/cublas");
    }
    builder.environment().put("LD_LIBRARY_PATH", libraries);
    Process process = builder.start();
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly().waitFor();
      return false; // a loop that does not end
    }
    return process.exitValue() == 0;
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    }
  }
}
