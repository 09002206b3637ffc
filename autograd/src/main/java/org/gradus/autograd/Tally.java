// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.gradus.autograd.CheckReport.Coverage;
import org.gradus.autograd.CheckReport.Measured;
import org.gradus.autograd.CheckReport.Verdict;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// Keeps count for one tensor: which derivatives are still to be taken, and the largest of everything seen.
final class Tally {
  private static final double RELATIVE = 1e-6;
  private static final double OBSERVED = 1000;

  /// A structural zero may exceed the estimate of the noise by this much: the estimate is itself a draw.
  private static final double ZERO = 10;

  private final Target target;
  private final boolean directions;
  private final long seed;
  private List<Integer> pending = new ArrayList<>();
  private int checked;
  private double analytic;
  private double numeric;
  private double difference = -1;
  private double floor;
  private String worst = "";

  /// @param limit up to how many numbers every coordinate is checked
  /// @param count how many directions are checked beyond that
  Tally(Target target, long seed, int limit, int count) {
    this.target = target;
    this.seed = seed;
    int n = target.shape().elements();
    this.directions = n > limit;
    for (int i = 0; i < (directions ? count : n); i++) {
      if (directions || !target.fixed(i)) {
        pending.add(i);
      }
    }
  }

  Target target() {
    return target;
  }

  boolean directions() {
    return directions;
  }

  /// The coordinates, or numbers of directions, whose derivative is still to be taken.
  List<Integer> pending() {
    return pending;
  }

  void postpone(List<Integer> again) {
    pending = again;
  }

  /// A random unit vector ±1/√n, zero where numbers are fixed: moving along it changes a sum as little as moving one
  /// coordinate does.
  double[] direction(int number) {
    long key = Counter.key(Counter.key(Counter.key(seed, "direction"), target.path()), number);
    double[] v = new double[target.shape().elements()];
    int free = 0;
    for (int i = 0; i < v.length; i++) {
      if (!target.fixed(i)) {
        v[i] = Counter.bits(key, i) < 0 ? -1 : 1;
        free++;
      }
    }
    double length = Math.sqrt(free);
    for (int i = 0; i < v.length; i++) {
      v[i] /= length;
    }
    return v;
  }

  /// One derivative, both ways.
  void compare(int which, double a, Difference n) {
    checked++;
    double d = Math.abs(a - n.derivative());
    analytic = Math.max(analytic, Math.abs(a));
    numeric = Math.max(numeric, Math.abs(n.derivative()));
    floor = Math.max(floor, n.floor());
    if (!(d <= difference)) { // a NaN is the largest
      difference = Double.isNaN(difference) ? difference : d;
      worst =
          String.format(
              Locale.ROOT,
              "at %s analytic %.9e, numeric %.9e",
              directions ? "direction " + which : Arrays.toString(place(target.shape(), which)),
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

  /// @param reason why the tensor is structurally zero, or null
  CheckReport.Row row(@Nullable String reason) {
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
        target.path(),
        new Coverage(target.shape().elements(), checked, directions),
        new Measured(analytic, numeric, d, floor, allowed),
        verdict,
        detail);
  }
}
