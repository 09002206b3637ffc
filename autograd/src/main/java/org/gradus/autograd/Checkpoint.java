// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.gradus.tensor.Tensor;

/// A part of the forward pass whose inside is forgotten, and computed again when the walk backward comes to it.
final class Checkpoint {
  private Checkpoint() {}

  static Var run(Tape tape, Mode mode, List<Var> inputs, BiFunction<Mode, List<Var>, Var> body) {
    if (mode.tape() != tape) {
      throw new IllegalArgumentException(
          "checkpoint: a mode of another tape. Expected the mode of the tape that is asked.");
    }
    Map<String, Integer> draws = mode.drawsSoFar();
    Tensor y;
    try (Tape inside = tape.inside(false)) {
      Var output = body.apply(mode.on(inside), leaves(inside, inputs));
      y = tape.scope().share(check(output, inside).value());
      // A walk asks the tape for its parameters before it goes inside, and those of a checkpoint in
      // the inside would come too late.
      inside.parameters().keys().forEach(tape::use);
    }
    return tape.record(
        "checkpoint",
        y,
        (dy, dx) -> {
          try (Tape inside = tape.inside(true)) {
            List<Var> leaves = leaves(inside, inputs);
            Var output = check(body.apply(mode.again(inside, draws), leaves), inside);
            switch (dx) {
              case Walk walk -> walk.through(inside, output, dy, inputs, leaves);
            }
            tape.walked(inside);
          }
        },
        true, // whether the inside reads a parameter is known only when it is recorded
        inputs.toArray(Var[]::new));
  }

  /// The inputs on the tape of the inside; equal ones stay equal.
  private static List<Var> leaves(Tape inside, List<Var> inputs) {
    List<Var> leaves = new ArrayList<>(inputs.size());
    for (int i = 0; i < inputs.size(); i++) {
      Var x = inputs.get(i);
      int first = inputs.indexOf(x);
      if (first < i) {
        leaves.add(leaves.get(first));
      } else {
        leaves.add(x.needsGradient() ? inside.variable(x.value()) : inside.constant(x.value()));
      }
    }
    return leaves;
  }

  private static Var check(Var output, Tape inside) {
    if (output.tape() != inside) {
      throw new IllegalArgumentException(
          "checkpoint: the body returned "
              + output
              + " of another tape. Expected a value computed from the inputs and mode that it was"
              + " given.");
    }
    return output;
  }
}
