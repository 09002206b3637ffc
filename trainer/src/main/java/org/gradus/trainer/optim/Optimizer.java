// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Scope;
import org.gradus.trainer.store.Stored;
import org.jspecify.annotations.Nullable;

/// Moves the parameters of a model along their gradients, as an [OptimizerConfig] says.
///
/// ```
/// try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(Group.all(Rule.Adam.PAPER, 1e-3)))) {
///   …
///   optimizer.step(tape.backward(loss), step);
/// }
/// ```
///
/// A frozen parameter is left alone: no update, no penalty, no moments; so is one whose schedule has not begun. A parameter that the loss does not depend on has
/// gradient zero, which is not the same: its moments decay and its penalty pulls.
public final class Optimizer implements AutoCloseable {
  private final Device device;
  private final AdamNumbers adamNumbers = new AdamNumbers();
  private final OptimizerConfig config;
  private final TreeMap<String, Group> groups = new TreeMap<>();
  private final TreeMap<String, Parameter> parameters = new TreeMap<>();
  private final TreeMap<String, Update> updates = new TreeMap<>();
  private @Nullable Map<String, Double> constantRates; // where no schedule changes them

  /// What a step did.
  ///
  /// @param penalty Σ λ₂½‖θ‖² + λ₁‖θ‖₁ at the weights before the step
  /// @param gradientNorm of all gradients together, before clipping; NaN when nothing bounds it and it was not computed
  /// @param rates η of each group in this step, by pattern
  public record Step(double penalty, double gradientNorm, Map<String, Double> rates) {}

  /// An optimiser of every parameter that is not frozen, its moments at their initial values.
  public Optimizer(Params params, OptimizerConfig config) {
    this.device = params.device();
    this.config = config;
    assignGroups(params);
    for (Parameter p : params.all()) {
      if (!p.frozen()) {
        update(p);
      }
    }
  }

  private void assignGroups(Params params) {
    for (Group g : config.groups()) {
      List<Parameter> found = params.matching(g.parameters());
      if (found.isEmpty()) {
        throw new IllegalArgumentException(
            "optimiser: "
                + g.parameters()
                + " matches no parameter. Expected a pattern for some of: "
                + paths(params.all()));
      }
      found.forEach(p -> groups.putIfAbsent(p.path(), g));
    }
    List<Parameter> left = new ArrayList<>();
    for (Parameter p : params.all()) {
      parameters.put(p.path(), p);
      if (p.role() != Parameter.Role.STATE && !groups.containsKey(p.path())) {
        left.add(p);
      }
    }
    if (!left.isEmpty()) {
      throw new IllegalArgumentException(
          "optimiser: no group trains "
              + paths(left)
              + ". Expected every parameter to match one; end the list with a group for *, or"
              + " freeze them.");
    }
  }

  private static String paths(List<Parameter> parameters) {
    return String.join(", ", parameters.stream().map(Parameter::path).toList());
  }

  /// What trains a parameter, made when it is first needed: a parameter may thaw later.
  private Update update(Parameter p) {
    Update found = updates.get(p.path());
    if (found == null) {
      Group group = groups.get(p.path());
      if (group == null) {
        throw new IllegalArgumentException("optimiser: no group trains " + p.path() + ".");
      }
      found =
          switch (p) {
            case DenseParameter d -> new DenseUpdate(d, group, device, adamNumbers);
            case TableParameter t -> {
              checkSize(t, group);
              if (group.rowRates() != null) {
                throw new IllegalArgumentException(
                    "optimiser: "
                        + t
                        + " is a table, and "
                        + group.parameters()
                        + " has row rates. Expected a pattern for dense parameters.");
              }
              yield new TableUpdate(t, group, device, adamNumbers);
            }
          };
      updates.put(p.path(), found);
    }
    return found;
  }

  private void checkSize(TableParameter t, Group group) {
    if (t.table().rows() <= config.maxDenseRows()) {
      return;
    }
    String limit =
        ": table "
            + t
            + " has more rows than trainer.maxDenseRows = "
            + config.maxDenseRows()
            + ", and every step would move them all. Expected ";
    if (group.movesAbsentRows()) {
      throw new IllegalArgumentException(
          "optimiser: "
              + group.rule()
              + " with absentRows DENSE_EQUIVALENT"
              + limit
              + "absentRows LAZY, which moves the rows of the batch only, or a higher limit.");
    }
    if (group.penalty().tables() == Penalty.Tables.ALL && group.penalty().l2OfTables() > 0) {
      throw new IllegalArgumentException(
          "penalty: l2 over ALL rows"
              + limit
              + "ROWS, which counts the rows of the batch only, or a higher limit.");
    }
  }

  /// How often each row of a table occurs in the training rows; needed for [Penalty.Tables#DIN].
  public void frequencies(String path, float[] counts) {
    Parameter p = parameters.get(path);
    if (!(p instanceof TableParameter) || !(update(p) instanceof TableUpdate table)) {
      throw new IllegalArgumentException("optimiser: " + path + " is no table of the model.");
    }
    table.frequencies(counts);
  }

  /// The tables whose penalty needs [#frequencies].
  public List<TableParameter> frequencyTables() {
    List<TableParameter> found = new ArrayList<>();
    for (Update u : updates.values()) {
      boolean din = u.group().penalty().tables() == Penalty.Tables.DIN;
      if (din
          && u.group().penalty().l2OfTables() > 0
          && u.parameter() instanceof TableParameter t) {
        found.add(t);
      }
    }
    return found;
  }

  /// Moves every parameter that is not frozen. The gradients are used up: penalties and clipping write into them.
  ///
  /// @param step number of the step, from 1
  public Step step(Gradients gradients, long step) {
    Map<String, Double> rates = rates(step);
    try (Scope scope = new Scope(device)) {
      List<Update> moving = new ArrayList<>(parameters.size());
      double penalty = 0;
      for (Parameter p : parameters.values()) { // by path: a fixed order for every sum
        if (!p.frozen() && update(p).group().schedule().idle() < step) {
          Update u = update(p);
          penalty += u.take(gradients.of(p), scope);
          moving.add(u);
        }
      }
      double norm = config.clipNorm() > 0 ? clip(moving) : Double.NaN;
      for (Update u : moving) {
        Schedule schedule = u.group().schedule();
        u.move(schedule.at(u.group().rate(), step), step - schedule.idle());
      }
      return new Step(penalty, norm, rates);
    }
  }

  private Map<String, Double> rates(long step) {
    Map<String, Double> known = constantRates;
    if (known != null) {
      return known;
    }
    Map<String, Double> rates = new LinkedHashMap<>();
    boolean constant = true;
    for (Group g : config.groups()) {
      rates.put(g.parameters(), g.schedule().at(g.rate(), step));
      constant &= g.schedule() instanceof Schedule.Constant;
    }
    Map<String, Double> fixed = Collections.unmodifiableMap(rates);
    if (constant) {
      constantRates = fixed;
    }
    return fixed;
  }

  private double clip(List<Update> moving) {
    double squares = 0;
    for (Update u : moving) {
      squares += u.squaredNorm();
    }
    double norm = Math.sqrt(squares);
    if (Double.isNaN(norm) || Double.isInfinite(norm)) {
      throw new ArithmeticException(
          "optimiser: the norm of the gradient is " + norm + ". " + firstNonFinite(moving));
    }
    if (norm > config.clipNorm()) {
      for (Update u : moving) {
        u.scale(config.clipNorm() / norm);
      }
    }
    return norm;
  }

  private static String firstNonFinite(List<Update> moving) {
    for (Update u : moving) {
      int at = u.firstNonFinite();
      if (at >= 0) {
        return "The first number that is NaN or infinite is at place "
            + at
            + " of the gradient of "
            + u.parameter()
            + ".";
      }
    }
    return "Every gradient is finite: their squares overflow.";
  }

  /// The group that trains a parameter, or null when it is frozen or moving statistics.
  public @Nullable Group groupOf(Parameter parameter) {
    return parameter.frozen() ? null : groups.get(parameter.path());
  }

  /// Everything kept beside the parameters, as `path@name`; to be saved, or overwritten by what was.
  public SortedMap<String, Stored> state() {
    SortedMap<String, Stored> found = new TreeMap<>();
    updates.values().forEach(u -> u.collect(found));
    return found;
  }

  /// Frees the moments.
  @Override
  public void close() {
    updates.values().forEach(Update::close);
    updates.clear();
  }
}
