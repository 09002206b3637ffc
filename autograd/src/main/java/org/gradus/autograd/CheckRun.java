// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
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

  /// Shares of h at which differences are taken: two for the derivative, and the others for the noise of tensors with
  /// less than [#FEW] derivatives.
  private static final double[] STEPS = {1, 0.5, 0.875, 0.75, 0.625};

  private static final int FEW = 8;

  /// Points drawn before a derivative beside a kink is given up.
  private static final int POINTS = 8;

  /// Share of derivatives that may be given up.
  private static final double UNRESOLVED = 0.01;

  private final GradCheck.Settings settings;
  private final Params params;
  private final List<Target> targets;
  private final Passes passes;
  private final Set<String> problems = new LinkedHashSet<>();
  private int coordinates;
  private int unresolved;

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

  /// The contributions of one walk back.
  Set<Contribution> contributions() {
    List<double[]> before = targets.stream().map(Target::read).toList();
    try {
      moveTo(0);
      Variant plain = new Variant(null, List.of(), settings.seed());
      plain.walk(passes, targets);
      return plain.probe().contributions();
    } finally {
      restore(before);
    }
  }

  /// Checks the walk back, with the mutation that the settings ask for.
  CheckReport report() {
    return reports(Collections.singletonList(settings.mutation())).getFirst();
  }

  /// What the check says as it is, and which wrong versions of a contribution it lets pass.
  record Mutants(CheckReport plain, List<Mutation> survivors) {}

  /// Gets every contribution wrong in every way.
  Mutants mutants() {
    List<@Nullable Mutation> mutations = new ArrayList<>();
    mutations.add(null);
    contributions().forEach(c -> mutations.addAll(c.mutations()));
    List<CheckReport> reports = reports(mutations);
    List<Mutation> survivors = new ArrayList<>();
    for (int i = 0; i < mutations.size(); i++) {
      Mutation mutation = mutations.get(i);
      if (mutation != null && reports.get(i).passed()) {
        survivors.add(mutation);
      }
    }
    return new Mutants(reports.getFirst(), survivors);
  }

  private List<CheckReport> reports(List<? extends @Nullable Mutation> mutations) {
    List<Plan> plans = targets.stream().map(t -> new Plan(t, settings)).toList();
    List<Variant> variants = new ArrayList<>();
    for (Mutation mutation : mutations) {
      variants.add(new Variant(mutation, plans, settings.seed()));
    }
    List<double[]> before = targets.stream().map(Target::read).toList();
    Map<DenseParameter, double[]> state = state();
    coordinates = plans.stream().mapToInt(p -> p.pending().size()).sum();
    unresolved = coordinates;
    try {
      boolean redrawn = targets.stream().anyMatch(Target::drawn);
      for (int round = 0; unresolved > 0 && round < (redrawn ? POINTS : 1); round++) {
        round(round, plans, variants);
        unresolved = plans.stream().mapToInt(p -> p.pending().size()).sum();
      }
    } finally {
      restore(before);
    }
    if (unresolved > UNRESOLVED * coordinates) {
      problems.add(
          unresolved
              + " of "
              + coordinates
              + " derivatives lie beside a kink at every point drawn. Expected at most 1 %: move"
              + " the inputs away from it.");
    }
    requireUnchanged(state);
    return variants.stream().map(this::report).toList();
  }

  private CheckReport report(Variant variant) {
    if (variant.mutation() != null && !variant.probe().struck()) {
      throw new IllegalArgumentException(
          "gradcheck: "
              + variant.mutation()
              + " meets no gradient. Expected one of "
              + variant.probe().contributions()
              + ".");
    }
    List<CheckReport.Row> rows = new ArrayList<>();
    for (int t = 0; t < targets.size(); t++) {
      String reason = settings.told().zeros().get(targets.get(t).path());
      rows.add(variant.tallies().get(t).row(reason));
    }
    List<String> all = new ArrayList<>(problems);
    all.addAll(variant.problems());
    return new CheckReport(settings.seed(), rows, coordinates, unresolved, all);
  }

  private List<double[]> moveTo(int round) {
    List<double[]> point = new ArrayList<>();
    for (Target t : targets) {
      double[] values = t.drawn() ? draw(t, settings.seed(), round) : t.read();
      t.write(values, -1);
      point.add(values);
    }
    return point;
  }

  private void restore(List<double[]> before) {
    for (int t = 0; t < targets.size(); t++) {
      targets.get(t).write(before.get(t), -1);
    }
  }

  private void round(int round, List<Plan> plans, List<Variant> variants) {
    List<double[]> point = moveTo(round);
    CheckProbe probe = variants.getFirst().probe();
    Passes.Found found = variants.getFirst().walk(passes, targets);
    for (Variant variant : variants.subList(1, variants.size())) {
      variant.walk(passes, targets);
    }
    requireRepeatable(probe, found);
    for (int t = 0; t < targets.size(); t++) {
      Plan plan = plans.get(t);
      boolean[] moved = new boolean[point.get(t).length];
      List<Integer> again = new ArrayList<>();
      for (int which : plan.pending()) {
        double[] v = plan.directions() ? plan.direction(which) : new double[0];
        Difference n = differentiate(plan, point.get(t), v, which, probe);
        if (n == null) {
          again.add(which);
        } else {
          for (Variant variant : variants) {
            variant.compare(t, which, v, n);
          }
        }
        if (v.length == 0) {
          moved[which] = n == null || n.moved();
        }
      }
      boolean everyRow = round == 0 && !plan.directions();
      if (everyRow && targets.get(t) instanceof Target.Rows table) {
        for (Variant variant : variants) {
          variant.requireAbsent(table, variant.gradient(t), moved);
        }
      }
      plan.postpone(again);
    }
  }

  /// The numeric derivative along axis `which`, or along v when it is not empty; null beside a kink.
  private @Nullable Difference differentiate(
      Plan plan, double[] x, double[] v, int which, CheckProbe probe) {
    int changed = v.length == 0 ? which : -1;
    List<Difference.Sides> sides = new ArrayList<>();
    for (int i = 0; i < (plan.size() < FEW ? STEPS.length : 2); i++) {
      double h = STEP * STEPS[i];
      List<Passes.Output> plus = at(plan.target(), x, v, which, h, probe);
      List<Passes.Output> minus = plus == null ? null : at(plan.target(), x, v, which, -h, probe);
      if (plus == null || minus == null) {
        break;
      }
      sides.add(new Difference.Sides(h, plus, minus));
    }
    plan.target().write(x, changed);
    return probe.branches() == probe.unperturbedBranches() ? Difference.of(sides) : null;
  }

  /// The outputs at x + step · v, or null when another branch was taken there.
  private @Nullable List<Passes.Output> at(
      Target target, double[] x, double[] v, int which, double step, CheckProbe probe) {
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
    List<Passes.Output> outputs = passes.forward(probe);
    return probe.branches() == probe.unperturbedBranches() ? outputs : null;
  }

  private void requireRepeatable(CheckProbe probe, Passes.Found found) {
    probe.replay();
    List<Passes.Output> again = passes.forward(probe);
    for (int o = 0; o < again.size(); o++) {
      if (!Arrays.equals(again.get(o).values(), found.outputs().get(o).values())) {
        problems.add(
            "output "
                + again.get(o).name()
                + " differs between two passes at one point. Expected the same bits; draw random"
                + " numbers from mode.draw(path).");
      }
    }
    if (probe.branches() != probe.unperturbedBranches()) {
      problems.add("branches differ between two passes at one point. Expected the same.");
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

  private void requireUnchanged(Map<DenseParameter, double[]> state) {
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
  }
}
