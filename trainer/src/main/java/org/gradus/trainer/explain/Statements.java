// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Finds the statement that a line of a source belongs to. It knows as much Java as that takes: brackets, braces, literals
/// and comments.
final class Statements {
  private static final Pattern LOOP = Pattern.compile("(for|while|do)\\b.*");

  private final List<String> lines;
  private final Map<Integer, Found> byLine = new HashMap<>();
  private final Map<Integer, String> comments = new HashMap<>();
  private final Deque<Block> blocks = new ArrayDeque<>();
  private final StringBuilder code = new StringBuilder(); // of the statement at work
  private int start;
  private int brackets; // open in it
  private boolean textBlock;

  /// Braces that are open.
  ///
  /// @param brackets open around them
  /// @param loop whether what they hold may run more than once
  private record Block(int brackets, boolean loop) {}

  private record Found(int start, int end, String code, boolean loop) {}

  private Statements(List<String> lines) {
    this.lines = lines;
  }

  /// The statements of a source, by each of their lines.
  static Map<Integer, Statement> of(List<String> lines) {
    Statements s = new Statements(lines);
    for (int i = 0; i < lines.size(); i++) {
      s.scan(i + 1);
    }
    Map<Integer, Statement> all = new HashMap<>();
    s.byLine.forEach((line, found) -> all.put(line, s.statement(found)));
    return all;
  }

  private Statement statement(Found f) {
    List<String> behind = new ArrayList<>();
    for (int line = f.start; line <= f.end; line++) {
      String comment = comments.get(line);
      if (comment != null && f.equals(byLine.get(line))) {
        behind.add(comment);
      }
    }
    return new Statement(f.start, tidy(f.code), String.join("; ", behind), f.loop);
  }

  /// One line of what was several: no blanks that only a line's end needed.
  private static String tidy(String code) {
    return code.replaceAll("\\s+", " ").replace("( ", "(").replace(" .", ".").strip();
  }

  private void scan(int line) {
    String text = lines.get(line - 1);
    for (int i = 0; i < text.length(); i++) {
      if (textBlock) {
        int end = text.indexOf("\"\"\"", i);
        if (end < 0) {
          return;
        }
        textBlock = false;
        i = end + 2;
        continue;
      }
      char c = text.charAt(i);
      if (text.startsWith("//", i)) {
        if (!text.substring(0, i).isBlank()) {
          comments.put(line, text.substring(i + 2).strip());
        }
        break;
      }
      if (text.startsWith("\"\"\"", i)) {
        textBlock = true;
        i += 2;
      } else if (c == '"' || c == '\'') {
        int end = literalEnd(text, i);
        add(line, text.substring(i, end));
        i = end - 1;
      } else {
        take(line, c);
      }
    }
    code.append(code.isEmpty() ? "" : " ");
  }

  private void take(int line, char c) {
    switch (c) {
      case '{' -> {
        Block around = blocks.peek();
        boolean loop = LOOP.matcher(code).matches() || (around != null && around.loop);
        end(line);
        blocks.push(new Block(brackets, loop));
        brackets = 0;
      }
      case '}' -> {
        end(line);
        brackets = blocks.isEmpty() ? 0 : blocks.pop().brackets;
      }
      case ';' -> {
        if (brackets == 0) {
          end(line);
        } else {
          add(line, ";");
        }
      }
      default -> {
        brackets += c == '(' ? 1 : c == ')' ? -1 : 0;
        add(line, String.valueOf(c));
      }
    }
  }

  private void add(int line, String part) {
    if (code.isEmpty()) {
      if (part.isBlank()) {
        return;
      }
      start = line;
    }
    code.append(part);
  }

  private void end(int line) {
    if (!code.isEmpty()) {
      @Nullable Block around = blocks.peek();
      Found found = new Found(start, line, code.toString(), around != null && around.loop);
      for (int l = start; l <= line; l++) {
        byLine.putIfAbsent(l, found);
      }
      code.setLength(0);
    }
  }

  private static int literalEnd(String text, int from) {
    char quote = text.charAt(from);
    int i = from + 1;
    while (i < text.length() && text.charAt(i) != quote) {
      i += text.charAt(i) == '\\' ? 2 : 1;
    }
    return Math.min(text.length(), i + 1);
  }
}
