// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradus.autograd.Mutation.Contribution;
import org.gradus.tensor.Counter;
import org.jspecify.annotations.Nullable;

/// One run of a [GradCheck] over one objective.
final class CheckRun {
  /// Step h of the coarser of the two differences.
  private static final double STEP = 1e-4;

  /// Points drawn before a derivative beside a kink is given up.
  private static final int POINTS = 8;

  /// Share of derivatives that may be given up.
  private static final double UNRESOLVED = 0.01;

  private final GradCheck.Settings settings;
  private final Params params;
  private final List<Target> targets;
  private final CheckProbe probe;
  private final Passes passes;
  private final Set<String> problems = new LinkedHashSet<>();

  CheckRun(GradCheck.Settings settings, Params params, Objective objective) {
    if (!params.device().float64()) {
      throw new IllegalArgumentException(
          "gradcheck: parameters on "
              + params.device().name()
              + ", a device of float32. Expected one of float64, where differences are exact"
              + " enough; compare sets another device beside it.");
    }
    this.settings = settings;
    this.params = params;
    List<Target.Input> inputs = settings.told().inputs().stream().map(Target.Input::copy).toList();
    this.targets = targets(params, inputs);
    this.probe = new CheckProbe(settings.mutation());
    this.passes =
        new Passes(params.device(), settings.seed(), settings.training(), objective, inputs);
    for (String path : settings.told().zeros().keySet()) {
      if (targets.stream().noneMatch(t -> t.path().equals(path))) {
        throw new IllegalArgumentException(
            "gradcheck: "
                + path
                + " is listed as structurally zero and does not exist. Expected one of "
                + targets.stream().map(Target::path).toList()
                + ".");
      }
    }
  }

  /// What is checked: trained parameters by path, then inputs.
  static List<Target> targets(Params params, List<Target.Input> inputs) {
    List<Target> found = new ArrayList<>();
    for (Parameter p : params.all()) {
      if (p.elements() > 0 && !p.frozen()) {
        found.add(
            switch (p) {
              case DenseParameter dense -> new Target.Dense(dense);
              case TableParameter table -> new Target.Rows(table);
            });
      }
    }
    for (Target.Input input : inputs) {
      if (input.shape().elements() > 0) {
        found.add(input);
      }
    }
    return found;
  }

  /// The numbers of a point: a function of seed, round and path.
  static double[] draw(Target target, long seed, int round) {
    long key = Counter.key(Counter.key(Counter.key(seed, "point"), round), target.path());
    return target.draw(key);
  }

  Set<Contribution> contributions() {
    List<double[]> before = targets.stream().map(Target::read).toList();
    try {
      begin(0);
      return probe.contributions();
    } finally {
      restore(before);
    }
  }

  CheckReport report() {
    List<double[]> before = targets.stream().map(Target::read).toList();
    Map<DenseParameter, double[]> state = state();
    List<Tally> tallies =
        targets.stream()
            .map(
                t ->
                    new Tally(
                        t,
                        settings.seed(),
                        settings.extent().coordinates(),
                        settings.extent().directions()))
            .toList();
    int total = tallies.stream().mapToInt(t -> t.pending().size()).sum();
    int unresolved = total;
    try {
      boolean redrawn = targets.stream().anyMatch(Target::drawn);
      for (int round = 0; unresolved > 0 && round < (redrawn ? POINTS : 1); round++) {
        round(round, tallies);
        unresolved = tallies.stream().mapToInt(t -> t.pending().size()).sum();
      }
    } finally {
      restore(before);
    }
    if (unresolved > UNRESOLVED * total) {
      problems.add(
          unresolved
              + " of "
              + total
              + " derivatives lie beside a kink at every point drawn. Expected at most 1 %: move"
              + " the inputs away from it.");
    }
    state.forEach(
        (p, values) -> {
          if (!Arrays.equals(values, p.value().toDoubles())) {
            problems.add(
                p.path()
                    + " changed during the check. Expected a forward pass without side effects; ask"
                    + " mode.updatesStatistics() first.");
            p.write(values);
          }
        });
    if (settings.mutation() != null && !probe.struck()) {
      throw new IllegalArgumentException(
          "gradcheck: "
              + settings.mutation()
              + " meets no gradient. Expected one of "
              + probe.contributions()
              + ".");
    }
    return new CheckReport(
        settings.seed(),
        tallies.stream().map(t -> t.row(settings.told().zeros().get(t.target().path()))).toList(),
        total,
        unresolved,
        List.copyOf(problems));
  }

  private void restore(List<double[]> before) {
    for (int t = 0; t < targets.size(); t++) {
      targets.get(t).write(before.get(t), -1);
    }
  }

  private Map<DenseParameter, double[]> state() {
    Map<DenseParameter, double[]> state = new LinkedHashMap<>();
    for (Parameter p : params.all()) {
      if (p instanceof DenseParameter d && d.role() == Parameter.Role.STATE) {
        state.put(d, d.value().toDoubles());
      }
    }
    return state;
  }

  /// A point and what the walk back found there.
  private record Base(List<double[]> point, Passes.Found found, long branches) {}

  private Base begin(int round) {
    List<double[]> point = new ArrayList<>();
    for (Target t : targets) {
      double[] values = t.drawn() ? draw(t, settings.seed(), round) : t.read();
      t.write(values, -1);
      point.add(values);
    }
    probe.record();
    Passes.Found found = passes.walk(probe, probe::backward, targets);
    return new Base(point, found, probe.branches());
  }

  private void round(int round, List<Tally> tallies) {
    Base base = begin(round);
    requireRepeatable(base);
    for (int t = 0; t < targets.size(); t++) {
      Tally tally = tallies.get(t);
      double[] x = base.point.get(t);
      double[] gradient = base.found.gradients().get(t);
      boolean[] moved = new boolean[x.length];
      List<Integer> again = new ArrayList<>();
      for (int which : tally.pending()) {
        double[] v = tally.directions() ? tally.direction(which) : new double[0];
        Difference n = differentiate(base, targets.get(t), x, v, which);
        if (n == null) {
          again.add(which);
        } else {
          tally.compare(which, v.length == 0 ? gradient[which] : dot(gradient, v), n);
        }
        if (v.length == 0) {
          moved[which] = n == null || n.moved();
        }
      }
      boolean all = round == 0 && !tally.directions();
      if (all && targets.get(t) instanceof Target.Rows rows) {
        requireAbsent(rows, gradient, moved);
      }
      targets.get(t).write(x, -1);
      tally.postpone(again);
    }
  }

  /// The numeric derivative along axis `which`, or along v when it is not empty; null beside a kink.
  private @Nullable Difference differentiate(
      Base base, Target target, double[] x, double[] v, int which) {
    List<List<Passes.Output>> at = new ArrayList<>();
    for (double step : new double[] {STEP, -STEP, STEP / 2, -STEP / 2}) {
      double[] moved = x.clone();
      if (v.length == 0) {
        moved[which] += step;
      } else {
        for (int i = 0; i < moved.length; i++) {
          moved[i] += step * v[i];
        }
      }
      target.write(moved, v.length == 0 ? which : -1);
      probe.replay();
      at.add(passes.forward(probe));
      if (probe.branches() != base.branches) {
        target.write(x, v.length == 0 ? which : -1);
        return null;
      }
    }
    target.write(x, v.length == 0 ? which : -1);
    return Difference.of(at.get(0), at.get(1), at.get(2), at.get(3), STEP);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private void requireRepeatable(Base base) {
    probe.replay();
    List<Passes.Output> again = passes.forward(probe);
    for (int o = 0; o < again.size(); o++) {
      if (!Arrays.equals(again.get(o).values(), base.found.outputs().get(o).values())) {
        problems.add(
            "output "
                + again.get(o).name()
                + " differs between two passes at one point. Expected the same bits; draw random"
                + " numbers from mode.draw(path).");
      }
    }
    if (probe.branches() != base.branches) {
      problems.add("branches differ between two passes at one point. Expected the same.");
    }
  }

  /// A row whose numbers move no output was not looked up: its gradient is exactly zero.
  private void requireAbsent(Target.Rows rows, double[] gradient, boolean[] moved) {
    int width = rows.parameter().table().width();
    for (int row = 0; row < rows.parameter().table().rows(); row++) {
      boolean used = false;
      double largest = 0;
      for (int i = row * width; i < (row + 1) * width; i++) {
        used |= moved[i];
        largest = Math.max(largest, Math.abs(gradient[i]));
      }
      if (!used && largest != 0) {
        problems.add(
            rows.path()
                + ": row "
                + row
                + " moves no output and has gradient "
                + largest
                + ". Expected none for rows that were not looked up.");
      }
    }
  }
}
