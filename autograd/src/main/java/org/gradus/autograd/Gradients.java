// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// What one walk backward over a tape found. Lives as long as the tape.
public final class Gradients {
  private final InOrder<Parameter, Gradient> ofParameters;
  private @Nullable Tape tape; //             of the variables
  private @Nullable Tensor[] ofVariables = new Tensor[0]; // by their number on the tape

  /// None yet, with room for about so many.
  Gradients(int parameters) {
    ofParameters = new InOrder<>(parameters);
  }

  /// Gradient of a parameter, or null when the loss does not depend on it: then it is zero.
  public @Nullable Gradient of(Parameter parameter) {
    return ofParameters.get(parameter);
  }

  /// Gradient of a [Tape#variable], or null when the loss does not depend on it. An error for the result of an operation:
  /// its gradient is passed on and not kept.
  public @Nullable Tensor of(Var variable) {
    int number = variable.number();
    boolean may = variable.tape() == tape && number >= 0 && number < ofVariables.length;
    Tensor gradient = may ? ofVariables[number] : null;
    if (gradient == null && variable.tape().records(variable)) {
      throw new IllegalArgumentException(
          "gradients: "
              + variable
              + " is the result of an operation. Expected a parameter, or a value from"
              + " Tape.variable.");
    }
    return gradient;
  }

  /// The parameters that the loss depends on, in no particular order.
  public Set<Parameter> parameters() {
    return Collections.unmodifiableSet(new LinkedHashSet<>(ofParameters.keys()));
  }

  /// ⟨g, g′⟩ of this and another walk's gradient of a parameter; 0 when one of the losses does not depend on it. The
  /// square of a norm, with itself.
  ///
  /// @param scope owns what is made on the way
  public double dot(Gradients other, Parameter parameter, Scope scope) {
    Gradient a = of(parameter);
    Gradient b = other.of(parameter);
    return a == null || b == null ? 0 : GradientSums.dot(a, b, scope);
  }

  /// How much each of several gradients counts in a sum.
  @FunctionalInterface
  public interface Coefficients {
    /// The factor of the gradient of a walk, numbered from 0, of a parameter that its loss depends on.
    double of(int walk, Parameter parameter);
  }

  /// Σ cᵢ gᵢ of several walks over a tape; what they found stays as it is.
  ///
  /// @param scope owns the sums, usually that of the tape
  public static Gradients sum(List<Gradients> walks, Coefficients coefficients, Scope scope) {
    Gradients sum =
        new Gradients(walks.isEmpty() ? 0 : walks.getFirst().ofParameters.keys().size());
    for (Gradients walk : walks) {
      for (Parameter p : walk.ofParameters.keys()) {
        if (sum.of(p) == null) {
          sum.put(p, GradientSums.of(p, walks, coefficients, scope));
        }
      }
    }
    return sum;
  }

  void put(Parameter parameter, Gradient gradient) {
    ofParameters.put(parameter, gradient);
  }

  /// What a walk has left of values of its tape: the gradients of its variables.
  void variables(Tape tape, @Nullable Tensor[] gradients) {
    this.tape = tape;
    ofVariables = gradients;
  }

  /// Puts the gradient of a table that has none; false when it has one.
  boolean putFirst(TableParameter table, Gradient.Rows gradient) {
    boolean first = ofParameters.get(table) == null;
    if (first) {
      ofParameters.put(table, gradient);
    }
    return first;
  }

  /// The tables that have gradients.
  List<TableParameter> tables() {
    List<TableParameter> tables = new ArrayList<>();
    for (Parameter parameter : ofParameters.keys()) {
      if (parameter instanceof TableParameter table) {
        tables.add(table);
      }
    }
    return tables;
  }

  /// The gradient of a table that has one.
  Gradient.Rows rows(TableParameter table) {
    if (ofParameters.get(table) instanceof Gradient.Rows rows) {
      return rows;
    }
    throw new IllegalArgumentException("gradients: none of table " + table);
  }
}
