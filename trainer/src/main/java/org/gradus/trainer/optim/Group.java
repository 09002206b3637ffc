// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import com.fasterxml.jackson.annotation.JsonIgnore;
import org.jspecify.annotations.Nullable;

/// The parameters whose path matches a pattern, and how they are trained.
///
/// @param parameters `*` stands for anything, and `wide.*` is the same as `wide/*`
/// @param rule how they follow their gradients
/// @param rate η₀
/// @param schedule how the rate changes
/// @param penalty on their size
/// @param absentRows what happens to rows without a gradient; null for the rule's own way
/// @param rowRates rates of single rows of dense parameters; null for one rate
public record Group(
    String parameters,
    Rule rule,
    double rate,
    Schedule schedule,
    Penalty penalty,
    @Nullable AbsentRows absentRows,
    @Nullable RowRates rowRates) {
  /// Checks that the parts go together.
  public Group {
    if (!(rate > 0)) {
      throw new IllegalArgumentException(
          "optimiser: rate " + rate + " for " + parameters + ". Expected a number above 0.");
    }
    if (rule instanceof Rule.Ftrl && !(schedule instanceof Schedule.Constant)) {
      throw new IllegalArgumentException(
          "optimiser: FTRL for "
              + parameters
              + " with "
              + schedule
              + ". Expected a constant rate: its weights are a closed form in one α.");
    }
  }

  /// Every parameter, at a constant rate and without penalty.
  public static Group all(Rule rule, double rate) {
    return new Group("*", rule, rate, new Schedule.Constant(), Penalty.NONE, null, null);
  }

  /// The same for other parameters.
  public Group on(String pattern) {
    return new Group(pattern, rule, rate, schedule, penalty, absentRows, rowRates);
  }

  /// The same with a schedule.
  public Group with(Schedule other) {
    return new Group(parameters, rule, rate, other, penalty, absentRows, rowRates);
  }

  /// The same with a penalty.
  public Group with(Penalty other) {
    return new Group(parameters, rule, rate, schedule, other, absentRows, rowRates);
  }

  /// The same with another way for absent rows.
  public Group with(AbsentRows other) {
    return new Group(parameters, rule, rate, schedule, penalty, other, rowRates);
  }

  /// The same with rates of single rows.
  public Group with(RowRates other) {
    return new Group(parameters, rule, rate, schedule, penalty, absentRows, other);
  }

  /// Whether rows without a gradient move all the same.
  @JsonIgnore
  boolean movesAbsentRows() {
    AbsentRows chosen = absentRows == null ? rule.absentRows() : absentRows;
    return chosen == AbsentRows.DENSE_EQUIVALENT && rule.movesWithoutGradient();
  }
}
