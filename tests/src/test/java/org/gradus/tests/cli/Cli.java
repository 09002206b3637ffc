// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.gradus.trainer.Main;
import org.gradus.trainer.cli.Gradus;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The command line, called in this process or in one of its own.
///
/// @param cache folder for prepared data
public record Cli(Path cache) {
  /// Arguments for a data set of a few hundred generated rows, 13 integers and 26 columns of at most 150 values.
  public static final List<String> TINY_DATA =
      List.of(
          "--data=criteo-synthetic",
          "--set=data.rows=600",
          "--set=data.validRows=200",
          "--set=data.testRows=200",
          "--no-baselines");

  /// What a command did.
  ///
  /// @param code its exit code
  /// @param out standard output
  /// @param err standard error
  public record Result(int code, String out, String err) {
    /// Both outputs.
    public String all() {
      return out + err;
    }

    /// The number behind a line of the table that `train` prints on generated data.
    public double testAuc(String line) {
      Matcher m = Pattern.compile("\n +" + Pattern.quote(line) + " +(\\d\\.\\d+) ").matcher(out);
      if (!m.find()) {
        throw new AssertionError("no line " + line + " in: " + out);
      }
      return Double.parseDouble(m.group(1));
    }
  }

  /// Runs a command in this process.
  public Result run(List<String> args) {
    System.setProperty("gradus.cache", cache.toString());
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Gradus.run(
            new PrintWriter(out, true), new PrintWriter(err, true), args.toArray(String[]::new));
    return new Result(code, out.toString(), err.toString());
  }

  /// Runs a command in this process.
  public Result run(String... args) {
    return run(List.of(args));
  }

  /// The command that starts the command line in a process of its own.
  ///
  /// @param flags of the JVM, beside those of the launcher
  public List<String> command(List<String> flags, List<String> args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("@" + Path.of(System.getProperty("gradus.root"), ".mvn", "jvm.flags"));
    // Start-up is most of the time of a short run.
    command.addAll(List.of("-XX:+UseSerialGC", "-Xshare:auto", "-Dgradus.cache=" + cache));
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(args);
    return command;
  }

  /// Starts a process whose two outputs go to files beside each other.
  public static Process start(List<String> command, Path output, Map<String, String> environment)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(output.resolveSibling(output.getFileName() + ".out").toFile())
            .redirectError(output.resolveSibling(output.getFileName() + ".err").toFile());
    builder.environment().keySet().removeIf(k -> k.startsWith("GRADUS_"));
    builder.environment().putAll(environment);
    return builder.start();
  }

  /// Waits for a process that [#start] started.
  public static Result await(Process process, Path output)
      throws IOException, InterruptedException {
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly().waitFor();
      throw new AssertionError("still running after five minutes: " + output);
    }
    return new Result(process.exitValue(), text(output, ".out"), text(output, ".err"));
  }

  private static String text(Path output, String end) throws IOException {
    Path file = output.resolveSibling(output.getFileName() + end);
    return Files.readString(file, StandardCharsets.UTF_8);
  }

  /// Runs a command in a process of its own, to its end.
  public Result fork(List<String> flags, List<String> args, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile(cache, "fork", "");
    return await(start(command(flags, args), output, environment), output);
  }

  /// Joins lists of arguments.
  @SafeVarargs
  public static List<String> join(List<String>... parts) {
    List<String> all = new ArrayList<>();
    for (List<String> part : parts) {
      all.addAll(part);
    }
    return List.copyOf(all);
  }

  /// The metrics of a run.
  public static JsonNode metrics(Path run) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(run.resolve("metrics.json")));
  }

  /// Every file and folder below a folder, with its bytes as text: equal maps, equal folders.
  public static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path p : all.toList()) {
        found.put(
            folder.relativize(p).toString(),
            Files.isDirectory(p)
                ? "folder"
                : new String(Files.readAllBytes(p), StandardCharsets.ISO_8859_1));
      }
    }
    return found;
  }
}
