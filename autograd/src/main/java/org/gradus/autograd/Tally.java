// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.Arrays;
import java.util.Locale;
import org.gradus.autograd.CheckReport.Coverage;
import org.gradus.autograd.CheckReport.Measured;
import org.gradus.autograd.CheckReport.Verdict;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// The largest of everything seen of one tensor, and what follows.
final class Tally {
  private static final double RELATIVE = 1e-6;
  private static final double OBSERVED = 1000;

  /// A structural zero is within this many floors.
  private static final double ZERO = 2;

  private final Plan plan;
  private final long seed;
  private int checked;
  private double analytic;
  private double numeric;
  private double difference = -1;
  private double floor;
  private double resolution;
  private String worst = "";

  Tally(Plan plan, long seed) {
    this.plan = plan;
    this.seed = seed;
  }

  /// One derivative, both ways.
  void compare(int which, double a, Difference n) {
    checked++;
    double d = Math.abs(a - n.derivative());
    analytic = Math.max(analytic, Math.abs(a));
    numeric = Math.max(numeric, Math.abs(n.derivative()));
    floor = Math.max(floor, n.floor());
    resolution = Math.max(resolution, n.resolution());
    if (!(d <= difference)) { // a NaN is the largest
      difference = Double.isNaN(difference) ? difference : d;
      worst =
          String.format(
              Locale.ROOT,
              "at %s analytic %.9e, numeric %.9e",
              plan.directions()
                  ? "direction " + which
                  : Arrays.toString(place(plan.target().shape(), which)),
              a,
              n.derivative());
    }
  }

  static int[] place(Shape shape, int index) {
    int[] at = new int[shape.rank()];
    int rest = index;
    for (int axis = at.length - 1; axis >= 0; axis--) {
      at[axis] = rest % shape.size(axis);
      rest /= shape.size(axis);
    }
    return at;
  }

  /// What is said about the tensor.
  ///
  /// @param reason why the tensor is structurally zero, or null
  CheckReport.Row row(@Nullable String reason) {
    if (floor == 0) {
      floor = resolution; // nothing moved any output: what rounds away is no error
    }
    double largest = Math.max(analytic, numeric);
    double allowed = RELATIVE * largest + floor;
    double d = checked == 0 ? 0 : difference;
    Verdict verdict;
    String detail = String.format(Locale.ROOT, "%s, allowed %.3e, seed %d", worst, allowed, seed);
    if (!(d <= allowed)) {
      verdict = Verdict.FAIL;
    } else if (reason != null) {
      verdict = largest <= ZERO * floor || largest == 0 ? Verdict.STRUCTURAL_ZERO : Verdict.FAIL;
      detail =
          verdict == Verdict.FAIL
              ? "listed as structurally zero (" + reason + "), but it has a gradient: " + detail
              : reason;
    } else if (numeric > 0 && numeric >= OBSERVED * floor) {
      verdict = Verdict.PASS;
    } else {
      verdict = Verdict.UNOBSERVED;
      detail =
          checked == 0
              ? "every derivative lies beside a kink, seed " + seed
              : "numeric gradient below 1000 times its noise: a missing gradient would not show."
                  + " Change the point or the objective, or list the tensor as structurally zero"
                  + " with the reason; "
                  + detail;
    }
    return new CheckReport.Row(
        plan.target().path(),
        new Coverage(plan.target().shape().elements(), checked, plan.directions()),
        new Measured(analytic, numeric, d, floor, allowed),
        verdict,
        detail);
  }
}
