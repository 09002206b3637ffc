// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.gradus.autograd.OpCase.shape;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of interactions of fields, of losses, and of what a checkpoint computes twice.
class InteractionGradCheckTest {
  @ParameterizedTest
  @MethodSource({"interactions", "losses", "checkpoints"})
  void gradientsAreRightAndMutantsFail(OpCase c) {
    try (Device reference = Device.open("reference")) {
      c.verify(reference);
    }
  }

  static Stream<OpCase> interactions() {
    List<OpCase> cases = new ArrayList<>();
    for (Shape e : List.of(shape(1, 2, 1), shape(3, 4, 2), shape(2, 3, 5))) {
      cases.add(OpCase.of("pairwise", e, Var::pairwise));
      for (boolean lower : new boolean[] {false, true}) {
        cases.add(OpCase.of("dots, lower " + lower, e, x -> x.dots(lower, false)));
        cases.add(OpCase.of("dots with self, lower " + lower, e, x -> x.dots(lower, true)));
        for (boolean self : new boolean[] {false, true}) {
          cases.add(
              OpCase.of(
                  "dots with a first vector, lower " + lower + ", self " + self,
                  shape(e.size(0), e.size(2)),
                  e,
                  (d, x) -> x.dots(d, lower, self)));
        }
      }
    }
    for (Shape k : List.of(shape(1, 1, 1), shape(2, 3, 2), shape(3, 2, 5))) {
      cases.add(OpCase.of("facing", k, shape(k.size(0), k.size(2)), Var::facing));
      cases.add(OpCase.of("weightedSum", shape(k.size(0), k.size(1)), k, Var::weightedSum));
    }
    for (Shape x : List.of(shape(1, 1), shape(3, 2), shape(2, 5))) {
      cases.add(OpCase.of("cross", x, x, (a, z) -> a.cross(z, a.square())));
      cases.add(
          OpCase.of(
              "cross with one factor a row",
              x,
              shape(x.size(0), 1),
              (a, z) -> a.cross(z, a.square())));
    }
    cases.add(
        OpCase.of("pairwise of one field", shape(2, 1, 3), Var::pairwise).zero("x", "no pairs"));
    cases.add(OpCase.of("dots of one field with itself", shape(2, 1, 3), x -> x.dots(true, true)));
    return cases.stream();
  }

  static Stream<OpCase> losses() {
    return Stream.of(
        OpCase.of(
            "crossEntropyWithLogits",
            GradCheck.of(0).input("x", shape(5)),
            (m, in) ->
                in.get("x")
                    .multiply(4)
                    .crossEntropyWithLogits(
                        m.tape().scope().upload(shape(5), 0.0, 1.0, 1.0, 0.25, 0.0))),
        OpCase.of(
            "mean of crossEntropyWithLogits",
            GradCheck.of(0).input("x", shape(2, 2)),
            (m, in) ->
                in.get("x")
                    .crossEntropyWithLogits(m.tape().scope().upload(shape(2, 2), 1.0, 0, 0, 1.0))
                    .mean()));
  }

  static Stream<OpCase> checkpoints() {
    return Stream.of(
        new OpCase(
            "checkpoint with parameters, a table, dropout, kinks and stop-gradient",
            GradCheck.of(0).input("x", shape(4, 3)),
            params -> {
              TableParameter t = params.table("t", 5, 3, 0, Initializers.zeros());
              DenseParameter w = params.weight("w", shape(3, 4), Initializers.zeros());
              DenseParameter b = params.bias("b", shape(4));
              return (mode, in) ->
                  Map.of(
                      "y",
                      mode.tape()
                          .checkpoint(
                              mode,
                              List.of(in.get("x")),
                              (inside, xs) -> {
                                Tape tape = inside.tape();
                                Var x =
                                    xs.getFirst().add(Lookup.rows(tape, t, shape(4), 3, 0, 1, 3));
                                Var z =
                                    x.multiply(x.stopGradient())
                                        .linear(tape.use(w), tape.use(b), Activation.TANH);
                                return z.dropout(0.25, inside.draw("d")).leakyRelu(0.3);
                              })
                          .square());
            }));
  }
}
