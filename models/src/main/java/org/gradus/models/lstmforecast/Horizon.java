// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lstmforecast;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Shape;

/// The fields of a forecasting schema: series, of which one is the target's own past, and a label for each predicted step, called by the
/// name of that series: `power+1`, `power+2`, …, or from a later step on where there is a gap.
///
/// @param series every series, the target's past first
/// @param known those that are known at the predicted steps too
/// @param labels names, the first step first
record Horizon(List<Field.Series> series, List<Field.Series> known, List<String> labels) {

  /// Checks a schema.
  ///
  /// @param recursive whether every series but the target's must be known ahead
  static Horizon of(Schema schema, boolean recursive) {
    for (Field f : schema.fields()) {
      if (!isRead(f)) {
        throw new IllegalArgumentException(
            "lstm-forecast: field "
                + f
                + ". Expected series, a station as a categorical field, and labels of kind"
                + " REGRESSION, one per step of the horizon.");
      }
    }
    Field.Series target = target(schema);
    List<String> labels = new ArrayList<>();
    int gap = gap(target, schema);
    for (int j = 1; j <= schema.labels().size(); j++) {
      labels.add(target.name() + "+" + (gap + j));
    }
    if (recursive && gap > 0) {
      throw new IllegalArgumentException(
          "lstm-forecast: RECURSIVE with a gap of "
              + gap
              + " steps before "
              + labels.getFirst()
              + ". Expected no gap: a forecast enters the window as the value behind its last; or"
              + " another decoding.");
    }
    List<Field.Series> series = new ArrayList<>(List.of(target));
    List<Field.Series> known = new ArrayList<>();
    for (Field.Series f : schema.series()) {
      check(f, target, labels.size(), recursive);
      if (!f.equals(target)) {
        series.add(f);
      }
      if (f.ahead() > 0) {
        known.add(f);
      }
    }
    return new Horizon(series, known, labels);
  }

  private static boolean isRead(Field field) {
    return switch (field) {
      case Field.Series _, Field.Categorical _, Field.LabelMask _ -> true;
      case Field.SampleWeight _, Field.Group _, Field.Timestamp _ -> true;
      case Field.Label l -> l.kind() == Field.LabelKind.REGRESSION;
      default -> false;
    };
  }

  /// The series that the labels are called by.
  private static Field.Series target(Schema schema) {
    for (Field.Series f : schema.series()) {
      if (gap(f, schema) >= 0) {
        return f;
      }
    }
    throw new IllegalArgumentException(
        "lstm-forecast: series "
            + schema.series().stream().map(Field::name).toList()
            + " and labels "
            + schema.labels().stream().map(Field::name).toList()
            + ". Expected the target's past as a series, and its next steps as labels: power, and"
            + " power+1, power+2, ….");
  }

  /// Steps between the last value of a series and the first label; −1 where the labels are not its next steps, one after the other.
  private static int gap(Field.Series f, Schema schema) {
    String prefix = f.name() + "+";
    Set<Integer> steps = new TreeSet<>();
    for (Field.Label l : schema.labels()) {
      String step = l.name().startsWith(prefix) ? l.name().substring(prefix.length()) : "";
      if (!step.matches("[1-9][0-9]{0,8}")) {
        return -1;
      }
      steps.add(Integer.parseInt(step));
    }
    if (steps.isEmpty()) {
      return -1;
    }
    int first = Collections.min(steps);
    return Collections.max(steps) - first + 1 == steps.size() ? first - 1 : -1;
  }

  private static void check(Field.Series f, Field.Series target, int steps, boolean recursive) {
    boolean isTarget = f.equals(target);
    boolean fits = f.ahead() == 0 || (f.ahead() == steps && !isTarget);
    if (f.steps() != target.steps() || !fits) {
      throw new IllegalArgumentException(
          "lstm-forecast: series "
              + f.name()
              + " has "
              + f.steps()
              + " steps and "
              + f.ahead()
              + " ahead. Expected "
              + target.steps()
              + (isTarget
                  ? " and none ahead, for it is the target."
                  : " steps, and ahead none or " + steps + ", the labels."));
    }
    if (recursive && !isTarget && f.ahead() == 0) {
      throw new IllegalArgumentException(
          "lstm-forecast: RECURSIVE moves its window into the future, where series "
              + f.name()
              + " is not known. Expected every series but the target's to be known ahead, or"
              + " another decoding.");
    }
  }

  /// s.
  int steps() {
    return series.getFirst().steps();
  }

  /// x `[B, s, F]`.
  Var past(Batch batch, Mode mode) {
    List<Var> columns = new ArrayList<>();
    for (Field.Series f : series) {
      columns.add(values(f, batch, mode).slice(1, 0, f.steps())); //         [B, s]
    }
    return Var.stack(2, columns);
  }

  /// A value of the target with what is known of predicted step j, in the order of the series, `[B, 1 + known]`.
  ///
  /// @param target `[B, 1]`
  Var with(Var target, int j, Batch batch, Mode mode) {
    List<Var> columns = new ArrayList<>(List.of(target));
    for (Field.Series f : known) {
      int at = f.steps() + j;
      columns.add(values(f, batch, mode).slice(1, at, at + 1)); //           [B, 1]
    }
    return Var.concat(1, columns);
  }

  private static Var values(Field.Series f, Batch batch, Mode mode) {
    Tape tape = mode.tape();
    return tape.constant(Shape.of(batch.size(), f.length()), batch.series(f.name()));
  }
}
