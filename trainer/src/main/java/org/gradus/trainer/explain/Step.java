// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One statement of a forward pass, and the statements of the layers that it calls.
///
/// @param type the class that it stands in, without package
/// @param code the statement as written, without the type of its variable; names of operations where there is no source
/// @param comment as written behind it: the shape in symbols, numbers of equations
/// @param equations those whose numbers stand beside it
/// @param shape of its result, axis by axis: a number, `B`, a multiple of it, or `N`
/// @param reads the parameters that its own operations read
/// @param steps statements that ran inside it, in order
/// @param times how often it and what follows it ran alike
public record Step(
    String type,
    String code,
    String comment,
    List<Equation> equations,
    List<String> shape,
    List<Reading> reads,
    List<Step> steps,
    int times) {
  /// Copies the lists.
  public Step {
    equations = List.copyOf(equations);
    shape = List.copyOf(shape);
    reads = List.copyOf(reads);
    steps = List.copyOf(steps);
  }

  /// A numbered equation.
  ///
  /// @param number as `DIN-4`
  /// @param lines as in the comment of the class; none when no class on the way here has it
  public record Equation(String number, List<String> lines) {
    /// Copies the list.
    public Equation {
      lines = List.copyOf(lines);
    }
  }

  /// A parameter that is read.
  ///
  /// @param path of the parameter
  /// @param shape sizes of its axes
  /// @param elements how many numbers it has
  /// @param first whether no statement before read it
  public record Reading(String path, List<Integer> shape, long elements, boolean first) {
    /// Copies the list.
    public Reading {
      shape = List.copyOf(shape);
    }
  }

  Step times(int n) {
    return new Step(type, code, comment, equations, shape, reads, steps, n);
  }

  /// For programs.
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("type", type);
    map.put("code", code);
    map.put("comment", comment);
    map.put("shape", shape);
    map.put("times", times);
    map.put("equations", equations);
    map.put("parameters", reads);
    map.put("steps", steps.stream().map(Step::toMap).toList());
    return map;
  }
}
