// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One way to walk back during a check: as it is, or with a [Mutation]. All of them are held against the same numeric
/// derivatives.
final class Variant {
  private final @Nullable Mutation mutation;
  private final CheckProbe probe;
  private final List<Tally> tallies;
  private final Set<String> problems = new LinkedHashSet<>();
  private List<double[]> gradients = List.of();

  Variant(@Nullable Mutation mutation, List<Plan> plans, long seed) {
    this.mutation = mutation;
    this.probe = new CheckProbe(mutation);
    this.tallies = plans.stream().map(plan -> new Tally(plan, seed)).toList();
  }

  @Nullable Mutation mutation() {
    return mutation;
  }

  CheckProbe probe() {
    return probe;
  }

  Set<String> problems() {
    return problems;
  }

  List<Tally> tallies() {
    return tallies;
  }

  /// Forward and back at the point that the targets hold.
  Passes.Found walk(Passes passes, List<Target> targets) {
    probe.record();
    Passes.Found found = passes.walk(probe, probe::backward, targets);
    gradients = found.gradients();
    return found;
  }

  /// The gradient of a target at the last point.
  double[] gradient(int target) {
    return gradients.get(target);
  }

  /// Compares one derivative of a target.
  ///
  /// @param v the direction, or empty for the axis `which`
  void compare(int target, int which, double[] v, Difference n) {
    double[] g = gradients.get(target);
    tallies.get(target).compare(which, v.length == 0 ? g[which] : dot(g, v), n);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /// A row of a table whose numbers move no output was not looked up: its gradient is exactly zero.
  void requireAbsent(Target.Rows table, double[] gradient, boolean[] moved) {
    int width = table.parameter().table().width();
    for (int row = 0; row < table.parameter().table().rows(); row++) {
      boolean used = false;
      double largest = 0;
      for (int i = row * width; i < (row + 1) * width; i++) {
        used |= moved[i];
        largest = Math.max(largest, Math.abs(gradient[i]));
      }
      if (!used && largest != 0) {
        problems.add(
            table.path()
                + ": row "
                + row
                + " moves no output and has gradient "
                + largest
                + ". Expected none for rows that were not looked up.");
      }
    }
  }
}
