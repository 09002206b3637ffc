// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.List;
import java.util.Locale;

/// How far a device of float32 is from `reference`, tensor by tensor, beside how far its roundings allow.
///
/// @param device the device compared
/// @param seed draws parameters, inputs and weights
/// @param rounding what the bounds were derived from
/// @param rows outputs by name, then gradients of parameters by path and of inputs
/// @param problems what else is wrong, one sentence each
public record DeviceReport(
    String device, long seed, Rounding rounding, List<Row> rows, List<String> problems) {
  /// What the bounds were derived from.
  ///
  /// @param terms of the longest sum inside an operation or its derivative, read off from shapes
  /// @param epsilon relative perturbation of every number that stands in for its rounding, 4 √terms · 2⁻²⁴
  public record Rounding(double terms, double epsilon) {}

  /// One tensor.
  ///
  /// @param name `output y`, or `gradient deep/0/weight`
  /// @param magnitude largest number in it, on `reference`
  /// @param difference largest difference between the devices
  /// @param bound what the difference may be
  /// @param detail where it is
  public record Row(String name, double magnitude, double difference, double bound, String detail) {
    /// Whether the difference is within the bound.
    public boolean passed() {
      return difference <= bound;
    }
  }

  /// Copies its lists.
  public DeviceReport {
    rows = List.copyOf(rows);
    problems = List.copyOf(problems);
  }

  /// Whether every tensor passed and nothing else is wrong.
  public boolean passed() {
    return problems.isEmpty() && rows.stream().allMatch(Row::passed);
  }

  /// A table for people.
  public String report() {
    int width = Math.max(6, rows.stream().mapToInt(r -> r.name.length()).max().orElse(0));
    StringBuilder s = new StringBuilder();
    s.append(
        String.format(
            Locale.ROOT,
            "%-" + width + "s  %10s  %10s  %10s  %s%n",
            "tensor",
            "magnitude",
            "difference",
            "bound",
            "verdict"));
    for (Row r : rows) {
      s.append(
          String.format(
              Locale.ROOT,
              "%-" + width + "s  %10.3e  %10.3e  %10.3e  %s%n",
              r.name,
              r.magnitude,
              r.difference,
              r.bound,
              r.passed() ? "PASS" : "FAIL " + r.detail));
    }
    s.append(
        String.format(
            Locale.ROOT,
            "%s against reference, seed %d, longest sum %.0f terms, epsilon %.1e: %s%n",
            device,
            seed,
            rounding.terms,
            rounding.epsilon,
            passed() ? "passed" : "FAILED"));
    problems.forEach(p -> s.append(p).append(System.lineSeparator()));
    return s.toString();
  }

  /// This report, or a [GradCheck.Failure] that shows it.
  public DeviceReport orFail() {
    if (!passed()) {
      throw new GradCheck.Failure("gradcheck: " + device + " failed\n" + report(), null);
    }
    return this;
  }
}
