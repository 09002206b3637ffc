// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;

/// An explanation for people: a statement per line, with shape and parameters in columns behind it, its equation below.
public final class ExplanationText {
  private static final int CODE = 58; // columns
  private static final int SHAPE = 18;
  private static final int COUNT = 12;
  private static final String CLASS = "▸ "; // stands before the name of one
  private static final int ALL = CODE + SHAPE + COUNT;

  private final Explanation explanation;
  private final StringBuilder text = new StringBuilder();
  private final Set<String> introduced = new HashSet<>(); // classes
  private final Set<String> shown = new HashSet<>(); // equations

  private ExplanationText(Explanation explanation) {
    this.explanation = explanation;
  }

  /// The text.
  public static String of(Explanation explanation) {
    ExplanationText t = new ExplanationText(explanation);
    t.head();
    t.steps(explanation.steps(), "", "");
    t.foot();
    return t.text.toString();
  }

  private void head() {
    Explanation e = explanation;
    labelled("model", e.model() + ": " + e.paper().title());
    labelled(
        "paper",
        e.paper().authors()
            + ", "
            + e.paper().venue()
            + " "
            + e.paper().year()
            + ", "
            + e.paper().url());
    labelled(
        "settings",
        e.settings().entrySet().stream()
            .map(s -> s.getKey() + "=" + s.getValue())
            .collect(Collectors.joining(" ")));
    labelled("schema", fields(e.schema()));
    labelled("axes", "B rows of the batch; N what they hold");
    text.append('\n');
    row("", "shape", "parameters");
  }

  private static String fields(Schema schema) {
    return schema.fields().stream().map(ExplanationText::field).collect(Collectors.joining(", "));
  }

  private static String field(Field field) {
    return switch (field) {
      case Field.Dense f -> f.name() + " (number)";
      case Field.Categorical f -> f.name() + " (" + f.size() + ")";
      case Field.MultiValued f -> f.name() + " (" + f.size() + ", bag)";
      case Field.Sequence f -> f.name() + " (" + f.size() + ", sequence)";
      case Field.Sessions f -> f.name() + " (" + f.size() + ", sessions)";
      case Field.Series f ->
          f.name()
              + " (series of "
              + f.steps()
              + (f.ahead() == 0 ? ")" : ", and " + f.ahead() + " ahead)");
      case Field.Label f -> f.name() + " (label)";
      case Field.LabelMask f -> f.name() + " (mask)";
      case Field.SampleWeight f -> f.name() + " (weight)";
      case Field.Group f -> f.name() + " (group)";
      case Field.Domain f -> f.name() + " (domain)";
      case Field.Timestamp f -> f.name() + " (time)";
    };
  }

  private void steps(List<Step> steps, String indent, String caller) {
    String type = caller;
    for (Step s : steps) {
      if (!s.type().equals(type)) {
        type = s.type();
        introduce(type, indent);
      }
      String times = s.times() == 1 ? "" : s.times() + " × ";
      statement(indent, times + s.code(), "[" + String.join(", ", s.shape()) + "]");
      equations(s.equations(), indent + "    ");
      for (Step.Reading r : s.reads()) {
        String count = r.first() ? String.format(Locale.ROOT, "%,d", r.elements()) : "above";
        row(indent + "    " + r.path(), r.shape().toString(), count);
      }
      steps(s.steps(), indent + "  ", type);
    }
  }

  /// The name of a class; the first time, with what it says of itself.
  private void introduce(String type, String indent) {
    List<String> about = explanation.about().getOrDefault(type, List.of());
    if (indent.isEmpty() || about.isEmpty() || !introduced.add(type)) {
      line(indent, CLASS + type);
      return;
    }
    wrapped(indent, CLASS + type + ": " + about.getFirst(), indent + "  ", ALL);
    about.stream().skip(1).forEach(formula -> line(indent + "    ", formula));
  }

  /// The equations of a statement, those that two papers number alike once; lines that stood above are not repeated.
  private void equations(List<Step.Equation> equations, String indent) {
    Map<List<String>, List<String>> numbers = new LinkedHashMap<>();
    for (Step.Equation e : equations) {
      numbers.computeIfAbsent(e.lines(), _ -> new ArrayList<>()).add(e.number());
    }
    numbers.forEach(
        (lines, alike) -> {
          String before = "(" + String.join(", ", alike) + ")";
          if (lines.isEmpty() || !shown.add(before + lines)) {
            line(indent, before);
            return;
          }
          for (String formula : lines) {
            line(indent, before + "  " + formula);
            before = " ".repeat(before.length());
          }
        });
  }

  private void statement(String indent, String code, String shape) {
    int width = CODE - indent.length() - 1;
    List<String> lines = Wrapping.of(code, width, width - 4);
    row(indent + lines.getFirst(), shape, "");
    lines.stream().skip(1).forEach(l -> line(indent + "    ", l));
  }

  private void foot() {
    if (!explanation.unread().isEmpty()) {
      line("", "Read by no operation: on the host, or in training only");
      for (Step.Reading r : explanation.unread()) {
        row(
            "    " + r.path(),
            r.shape().toString(),
            String.format(Locale.ROOT, "%,d", r.elements()));
      }
    }
    row("", "", "-".repeat(COUNT - 1));
    row(
        "→ " + String.join(", ", explanation.outputs()),
        "",
        String.format(Locale.ROOT, "%,d", explanation.parameters()));
  }

  private void row(String what, String shape, String count) {
    String padded = String.format(Locale.ROOT, "%-" + (CODE - 1) + "s ", what);
    String sized = count.isEmpty() ? shape : String.format(Locale.ROOT, "%-" + SHAPE + "s", shape);
    String counted = count.isEmpty() ? "" : String.format(Locale.ROOT, "%" + COUNT + "s", count);
    line("", (padded + sized + counted).stripTrailing());
  }

  private void labelled(String label, String words) {
    wrapped(String.format(Locale.ROOT, "%-9s ", label), words, " ".repeat(10), ALL);
  }

  private void wrapped(String before, String words, String later, int width) {
    List<String> lines = Wrapping.of(words, width - before.length(), width - later.length());
    line(before, lines.getFirst());
    lines.stream().skip(1).forEach(l -> line(later, l));
  }

  private void line(String indent, String rest) {
    text.append((indent + rest).stripTrailing()).append('\n');
  }
}
