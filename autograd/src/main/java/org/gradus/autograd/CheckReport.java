// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What a gradient check found, tensor by tensor.
///
/// @param seed draws parameters, inputs, weights and directions; the same seed finds the same again
/// @param rows one per tensor, parameters by path, then inputs
/// @param coordinates how many derivatives were asked for: coordinates, or directions in large tensors
/// @param unresolved how many of them lay beside a kink at every point drawn
/// @param problems what else is wrong, one sentence each
public record CheckReport(
    long seed, List<Row> rows, int coordinates, int unresolved, List<String> problems) {
  /// What is said about a tensor.
  public enum Verdict {
    /// Analytic and numeric gradient agree.
    PASS,
    /// They differ, or a structural zero is none.
    FAIL,
    /// The numeric gradient is too small to tell a missing gradient from a right one.
    UNOBSERVED,
    /// Both are zero, as the check was told beforehand.
    STRUCTURAL_ZERO
  }

  /// One tensor.
  ///
  /// @param path of the parameter, or name of the input
  /// @param coverage how much of it was looked at
  /// @param measured what was seen
  /// @param verdict what follows
  /// @param detail where analytic and numeric gradient differ most, or why the verdict is not PASS
  public record Row(
      String path, Coverage coverage, Measured measured, Verdict verdict, String detail) {
    /// Whether this tensor does not fail the check.
    public boolean passed() {
      return verdict == Verdict.PASS || verdict == Verdict.STRUCTURAL_ZERO;
    }
  }

  /// How much of a tensor was looked at.
  ///
  /// @param elements numbers in the tensor
  /// @param checked derivatives compared
  /// @param directions whether these were derivatives along random directions, not along axes
  public record Coverage(int elements, int checked, boolean directions) {
    @Override
    public String toString() {
      return directions ? checked + " directions" : checked + " of " + elements;
    }
  }

  /// What was seen, each the largest magnitude over what was checked.
  ///
  /// @param analytic derivative found by walking back
  /// @param numeric derivative found by differences
  /// @param difference between the two
  /// @param floor noise of the numeric one
  /// @param allowed what the difference may be
  public record Measured(
      double analytic, double numeric, double difference, double floor, double allowed) {}

  /// Copies its lists.
  public CheckReport {
    rows = List.copyOf(rows);
    problems = List.copyOf(problems);
  }

  /// Whether every tensor passed and nothing else is wrong.
  public boolean passed() {
    return problems.isEmpty() && rows.stream().allMatch(Row::passed);
  }

  /// Whether some tensors were not observed, and nothing else is wrong.
  boolean onlyUnobserved() {
    return !passed()
        && problems.isEmpty()
        && rows.stream().allMatch(r -> r.passed() || r.verdict == Verdict.UNOBSERVED);
  }

  /// What this and another point show together: of a tensor that this one did not observe, or that fails there, what the other one
  /// says. The seed stays, since it draws the other points too.
  CheckReport and(CheckReport other) {
    List<Row> both = new ArrayList<>();
    for (int r = 0; r < rows.size(); r++) {
      Row here = rows.get(r);
      Row there = other.rows.get(r);
      boolean counts = here.verdict == Verdict.UNOBSERVED || there.verdict == Verdict.FAIL;
      both.add(counts ? there : here);
    }
    List<String> all = new ArrayList<>(problems);
    all.addAll(other.problems);
    return new CheckReport(
        seed, both, coordinates + other.coordinates, unresolved + other.unresolved, all);
  }

  /// The row of one tensor.
  public Row row(String path) {
    for (Row r : rows) {
      if (r.path.equals(path)) {
        return r;
      }
    }
    throw new IllegalArgumentException(
        "gradcheck: no tensor "
            + path
            + ". Expected one of "
            + rows.stream().map(Row::path).toList()
            + ".");
  }

  /// A table for people.
  public String report() {
    int width = Math.max(6, rows.stream().mapToInt(r -> r.path.length()).max().orElse(0));
    StringBuilder s = new StringBuilder();
    s.append(
        String.format(
            Locale.ROOT,
            "%-" + width + "s  %14s  %10s  %10s  %10s  %10s  %10s  %s%n",
            "tensor",
            "checked",
            "analytic",
            "numeric",
            "difference",
            "allowed",
            "floor",
            "verdict"));
    for (Row r : rows) {
      Measured m = r.measured;
      s.append(
          String.format(
              Locale.ROOT,
              "%-" + width + "s  %14s  %10.3e  %10.3e  %10.3e  %10.3e  %10.3e  %s%n",
              r.path,
              r.coverage,
              m.analytic,
              m.numeric,
              m.difference,
              m.allowed,
              m.floor,
              r.verdict));
    }
    s.append(
        String.format(
            Locale.ROOT,
            "seed %d, %d derivatives, %d unresolved beside kinks: %s%n",
            seed,
            coordinates,
            unresolved,
            passed() ? "passed" : "FAILED"));
    for (Row r : rows) {
      if (r.verdict != Verdict.PASS) {
        s.append(r.path).append(": ").append(r.detail).append(System.lineSeparator());
      }
    }
    problems.forEach(p -> s.append(p).append(System.lineSeparator()));
    return s.toString();
  }

  /// This report, or a [GradCheck.Failure] that shows it.
  public CheckReport orFail() {
    if (!passed()) {
      throw new GradCheck.Failure("gradcheck: failed\n" + report(), null);
    }
    return this;
  }
}
