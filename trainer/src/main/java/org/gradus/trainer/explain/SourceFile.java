// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradus.models.Models;
import org.jspecify.annotations.Nullable;

/// What a class's source says of it: its statements, its numbered equations, and the first sentence of its comment.
final class SourceFile {
  private static final String NUMBER = "(?:[A-Z]+-\\d+[a-z]?|\\d{1,2})";

  /// `(DCN-4, XN-4)`
  private static final Pattern NUMBERS =
      Pattern.compile("\\((" + NUMBER + "(?:, " + NUMBER + ")*)\\)");

  /// `FB-` and `2`
  private static final Pattern COUNTED = Pattern.compile("((?:[A-Z]+-)?)(\\d+)");

  /// Between two sentences; "et al." ends none.
  private static final Pattern SENTENCE = Pattern.compile("(?<=\\.)(?<! al\\.) (?=[A-Z\\[`])");

  /// `[Pnn]` and `[#forward]`, but no shape in backquotes and no link with an address
  private static final Pattern LINK =
      Pattern.compile("(?<!`)\\[#?([A-Z]\\w*[a-z][\\w.#]*|(?<=#)\\w+)\\](?!\\()");

  private static final Pattern TYPE =
      Pattern.compile(
          "(?:public |final |abstract |sealed |non-sealed )*(?:class|interface|record|enum) .*");

  private final Map<Integer, Statement> statements;
  private final Map<String, List<String>> equations = new LinkedHashMap<>();
  private final List<String> about = new ArrayList<>();

  private SourceFile(List<String> lines) {
    statements = Statements.of(lines);
    readEquations(lines);
    readComment(lines);
  }

  /// The source of a class, or null where it does not lie beside the byte code.
  ///
  /// @param top name of the class that the file is called by
  static @Nullable SourceFile of(String top) {
    try (InputStream in = Models.class.getResourceAsStream("/" + top.replace('.', '/') + ".java")) {
      return in == null
          ? null
          : parse(new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
    } catch (IOException e) {
      throw new UncheckedIOException("explain: the source of " + top + ": " + e.getMessage(), e);
    }
  }

  static SourceFile parse(List<String> lines) {
    return new SourceFile(lines);
  }

  /// The statement that a line belongs to.
  @Nullable Statement statement(int line) {
    return statements.get(line);
  }

  /// The lines of the equation of this number; none when it is not in this file.
  List<String> equation(String number) {
    return equations.getOrDefault(number, List.of());
  }

  /// The numbers of all equations of this file.
  Set<String> numbered() {
    return Set.copyOf(equations.keySet());
  }

  /// The first sentence about the class, then its formulas, unless these have numbers.
  List<String> about() {
    return List.copyOf(about);
  }

  /// The numbers of equations in a comment, in order; those between too of `(FB-1) to (FB-3)`.
  static List<String> numbers(String comment) {
    List<String> found = new ArrayList<>();
    Matcher m = NUMBERS.matcher(comment);
    int end = -1;
    while (m.find()) {
      List<String> next = List.of(m.group(1).split(", "));
      if (end >= 0 && comment.substring(end, m.start()).equals(" to ")) {
        found.addAll(between(found.getLast(), next.getFirst()));
      }
      found.addAll(next);
      end = m.end();
    }
    return found;
  }

  private static List<String> between(String lower, String upper) {
    Matcher from = COUNTED.matcher(lower);
    Matcher to = COUNTED.matcher(upper);
    List<String> between = new ArrayList<>();
    if (from.matches() && to.matches() && from.group(1).equals(to.group(1))) {
      for (int n = Integer.parseInt(from.group(2)) + 1; n < Integer.parseInt(to.group(2)); n++) {
        between.add(from.group(1) + n);
      }
    }
    return between;
  }

  private void readEquations(List<String> lines) {
    boolean inside = false;
    for (String line : lines) {
      String doc = doc(line);
      if (doc == null) {
        inside = false;
      } else if (doc.startsWith("```")) {
        inside = !inside;
      } else if (inside) {
        Matcher m = NUMBERS.matcher(doc);
        int end = -1;
        while (m.find()) { // the last group is the number, others are arguments
          end = m.start();
        }
        // A number stands apart from what it numbers.
        if (end > 1 && doc.substring(end - 2, end).isBlank()) {
          String text = doc.substring(0, end).strip();
          for (String number : numbers(doc.substring(end))) {
            equations.computeIfAbsent(number, _ -> new ArrayList<>()).add(text);
          }
        }
      }
    }
  }

  private void readComment(List<String> lines) {
    int type = 0;
    while (type < lines.size() && !TYPE.matcher(lines.get(type)).matches()) {
      type++;
    }
    int first = type;
    while (first > 0
        && (lines.get(first - 1).startsWith("///") || isAnnotation(lines, first - 1))) {
      first--;
    }
    StringBuilder paragraph = new StringBuilder();
    List<String> formulas = new ArrayList<>();
    boolean inside = false;
    boolean ended = false;
    for (String line : lines.subList(first, Math.min(type, lines.size()))) {
      String doc = doc(line);
      if (doc == null) {
        continue;
      }
      if (doc.startsWith("```")) {
        inside = !inside;
        ended = true;
      } else if (inside) {
        formulas.add(doc);
      } else if (doc.isBlank()) {
        ended = true;
      } else if (!ended) {
        paragraph.append(paragraph.isEmpty() ? "" : " ").append(doc.strip());
      }
    }
    boolean few = equations.isEmpty() && formulas.size() <= MOST_FORMULAS;
    List<String> shown = few ? formulas : List.of();
    String sentence = LINK.matcher(SENTENCE.split(paragraph, 2)[0]).replaceAll("$1");
    if (!sentence.isEmpty()) {
      boolean open = sentence.endsWith(":") && shown.isEmpty(); // before what is not shown here
      about.add(open ? sentence.substring(0, sentence.length() - 1) + "." : sentence);
    }
    about.addAll(shown.stream().map(String::stripTrailing).toList());
  }

  /// More lines are a picture or a program.
  private static final int MOST_FORMULAS = 4;

  private static boolean isAnnotation(List<String> lines, int line) {
    return lines.get(line).startsWith("@");
  }

  /// The text of a line of a comment, or null.
  private static @Nullable String doc(String line) {
    String s = line.strip();
    return s.startsWith("///") ? s.substring(Math.min(s.length(), 4)) : null;
  }
}
