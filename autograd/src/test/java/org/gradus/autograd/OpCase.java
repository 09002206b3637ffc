// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// One operation on operands of certain shapes, ready to be checked.
///
/// @param name what a failing test is called
/// @param check with the inputs of the operation
/// @param builder the operation as an objective
/// @param blind operations whose gradients, or parts of them, meet a zero further back: a wrong one may pass
record OpCase(String name, GradCheck check, Objective.Builder builder, Set<String> blind) {
  /// Random numbers of several seeds: no result may hang on one draw.
  private static final long[] SEEDS = {1, 20, 300};

  OpCase(String name, GradCheck check, Objective.Builder builder) {
    this(name, check, builder, Set.of());
  }

  /// An operation on inputs.
  interface Op {
    Var apply(Mode mode, Inputs in);
  }

  /// An operation without parameters.
  static OpCase of(String name, GradCheck check, Op op) {
    return new OpCase(name, check, _ -> (mode, in) -> Map.of("y", op.apply(mode, in)));
  }

  /// An operation on one input `x`.
  static OpCase of(String name, Shape x, UnaryOperator<Var> op) {
    return of(name + " " + x, GradCheck.of(0).input("x", x), (_, in) -> op.apply(in.get("x")));
  }

  /// An operation on two inputs `a` and `b`.
  static OpCase of(String name, Shape a, Shape b, BinaryOperator<Var> op) {
    return of(
        name + " " + a + " " + b,
        GradCheck.of(0).input("a", a).input("b", b),
        (_, in) -> op.apply(in.get("a"), in.get("b")));
  }

  /// The same with an input whose gradient is zero by construction.
  OpCase zero(String input, String reason) {
    return new OpCase(name, check.structurallyZero(input, reason), builder, blind);
  }

  /// The same, with operations whose gradients go to padding or behind a mask, where nothing can see them.
  OpCase blindTo(String... ops) {
    return new OpCase(name, check, builder, Set.of(ops));
  }

  /// The gradients are right, and no wrong one would pass.
  void verify(Device reference) {
    for (long seed : SEEDS) {
      assertThat(check.seed(seed).survivors(reference, builder))
          .as("%s, seed %d", name, seed)
          .allMatch(mutation -> blind.contains(mutation.op()));
    }
  }

  static Shape shape(int... sizes) {
    return Shape.of(sizes);
  }

  /// A mask on the tape of a mode: true where the pattern has a 1.
  static Tensor mask(Mode mode, Shape shape, String pattern) {
    boolean[] real = new boolean[pattern.length()];
    for (int i = 0; i < real.length; i++) {
      real[i] = pattern.charAt(i) == '1';
    }
    return mode.tape().scope().upload(shape, real);
  }

  /// Integers on the tape of a mode.
  static Tensor ints(Mode mode, Shape shape, int... values) {
    return mode.tape().scope().upload(shape, values);
  }

  @Override
  public String toString() {
    return name;
  }
}
