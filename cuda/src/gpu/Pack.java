// SPDX-License-Identifier: Apache-2.0
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/// Packs what `run.sh` needs on a machine without Java: a Java image of the modules that are used, the class path of the tests, the
/// flags of the JVM.
///
/// Usage: `java Pack.java ROOT CLASSPATH`, which makes `ROOT/target/gradus-gpu.tar.gz`
class Pack {
  private static final String MODULES =
      String.join(
          ",",
          "java.base",
          "java.desktop", // curves of a run
          "java.instrument",
          "java.logging",
          "java.management",
          "java.naming",
          "java.sql",
          "java.xml",
          "jdk.incubator.vector",
          "jdk.management", // bytes allocated by a thread
          "jdk.unsupported",
          "jdk.zipfs");

  public static void main(String[] args) throws IOException, InterruptedException {
    Path root = Path.of(args[0]);
    Path made = root.resolve("target/gradus-gpu");
    Path bundle = root.resolve("target/gradus-gpu.tar.gz");
    delete(made);
    Files.createDirectories(made.resolve("lib"));
    image(made.resolve("java"));
    List<String> classPath = new ArrayList<>();
    List<Path> given = new ArrayList<>();
    for (String entry : args[1].split(File.pathSeparator)) {
      given.add(Path.of(entry));
    }
    given.add(root.resolve("cuda/target/test-classes"));
    for (Path entry : given) {
      if (!Files.exists(entry)) {
        continue; // a module without main code
      }
      String name =
          Files.isDirectory(entry) ? "classes-" + classPath.size() : entry.getFileName().toString();
      copy(entry, made.resolve("lib").resolve(name));
      classPath.add("lib/" + name);
    }
    Files.writeString(made.resolve("classpath"), "-cp " + String.join(":", classPath) + "\n");
    Files.copy(root.resolve(".mvn/jvm.flags"), made.resolve("jvm.flags"));
    Files.copy(root.resolve("cuda/src/gpu/steps.py"), made.resolve("steps.py"));
    Process tar =
        new ProcessBuilder(
                "tar", "-czf", bundle.toString(), "-C", made.getParent().toString(), "gradus-gpu")
            .inheritIO()
            .start();
    if (tar.waitFor() != 0) {
      throw new IOException("tar does not pack " + made);
    }
    System.out.println(bundle + ": " + (Files.size(bundle) >> 20) + " MiB");
    delete(made);
  }

  private static void image(Path to) {
    int code =
        ToolProvider.findFirst("jlink")
            .orElseThrow(() -> new IllegalStateException("no jlink in " + Runtime.version()))
            .run(
                System.out,
                System.err,
                "--add-modules",
                MODULES,
                "--strip-java-debug-attributes",
                "--no-header-files",
                "--no-man-pages",
                "--compress=zip-6",
                "--output",
                to.toString());
    if (code != 0) {
      throw new IllegalStateException("jlink: " + code);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      files.forEach(
          file -> {
            try {
              Files.copy(file, to.resolve(from.relativize(file).toString()));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    }
  }
}
