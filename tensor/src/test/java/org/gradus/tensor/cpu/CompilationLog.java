// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Which methods of a package have loops, and which of them a virtual machine compiled. Methods are named `Class::method`, as
/// -XX:CompileCommand names them, without the package, and lambdas without their number; the bytes of their code tell those of one
/// name apart: `Class::method (123 bytes)`.
final class CompilationLog {
  private static final Pattern ATTRIBUTE = Pattern.compile(" (\\w+)='([^']*)'");
  private static final Pattern NUMBER = Pattern.compile("\\$\\d+$");

  private CompilationLog() {}

  /// The methods that jump backward, of all classes in a folder.
  static Set<String> loops(Path classes) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(classes)) {
      files = all.filter(file -> file.toString().endsWith(".class")).toList();
    }
    Set<String> loops = new TreeSet<>();
    for (Path file : files) {
      ClassModel model = ClassFile.of().parse(file);
      for (MethodModel method : model.methods()) {
        if (method.code().filter(CompilationLog::jumpsBack).isPresent()) {
          int bytes = method.findAttribute(Attributes.code()).orElseThrow().codeLength();
          String holder = model.thisClass().asInternalName();
          loops.add(name(holder, method.methodName().stringValue(), Integer.toString(bytes)));
        }
      }
    }
    return loops;
  }

  private static boolean jumpsBack(CodeModel code) {
    Set<Label> passed = new HashSet<>();
    return code.elementStream()
        .anyMatch(
            element -> {
              if (element instanceof LabelTarget target) {
                passed.add(target.label());
              }
              return element instanceof BranchInstruction jump && passed.contains(jump.target());
            });
  }

  /// The methods whose bytecode went into code of the top tier, by themselves or inlined, from a file of
  /// -XX:+LogCompilation. Code that only replaces a running loop does not count: the next call would not use it.
  static Set<String> compiled(Path log) throws IOException {
    Set<String> compiled = new TreeSet<>();
    Map<String, String> classes = new HashMap<>();
    Map<String, String> methods = new HashMap<>();
    Set<String> parsed = new HashSet<>();
    boolean top = false;
    try (BufferedReader lines = Files.newBufferedReader(log)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("<task ")) {
          // the level is written where it is not the top one
          top = !line.contains(" level='") && !line.contains(" compile_kind='osr'");
          classes.clear();
          methods.clear();
          parsed.clear();
        } else if (top && line.startsWith("<klass ")) {
          Map<String, String> klass = attributes(line);
          classes.put(klass.get("id"), klass.get("name"));
        } else if (top && line.startsWith("<method ")) {
          Map<String, String> method = attributes(line);
          String holder = Objects.requireNonNull(classes.get(method.get("holder")), line);
          methods.put(
              method.get("id"),
              name(holder, required(method, "name", line), required(method, "bytes", line)));
        } else if (top && line.startsWith("<parse ")) {
          parsed.add(methods.get(attributes(line).get("method")));
        } else if (top && line.startsWith("<task_done ") && line.contains(" success='1'")) {
          compiled.addAll(parsed);
        }
      }
    }
    return compiled;
  }

  private static String required(Map<String, String> attributes, String name, String line) {
    return Objects.requireNonNull(attributes.get(name), line);
  }

  private static Map<String, String> attributes(String line) {
    Map<String, String> attributes = new HashMap<>();
    Matcher attribute = ATTRIBUTE.matcher(line);
    while (attribute.find()) {
      attributes.put(attribute.group(1), attribute.group(2));
    }
    return attributes;
  }

  /// The name of a method without the bytes of its code.
  static String plain(String method) {
    return method.substring(0, method.lastIndexOf(" ("));
  }

  /// The class may be written with dots or slashes, and `<init>` as XML wants it.
  private static String name(String className, String method, String bytes) {
    String plain =
        className.substring(Math.max(className.lastIndexOf('.'), className.lastIndexOf('/')) + 1);
    String readable = method.replace("&lt;", "<").replace("&gt;", ">");
    return plain + "::" + NUMBER.matcher(readable).replaceFirst("") + " (" + bytes + " bytes)";
  }
}
