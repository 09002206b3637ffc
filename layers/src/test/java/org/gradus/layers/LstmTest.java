// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Recurrent.LstmInputs;
import org.gradus.autograd.Var;
import org.gradus.layers.Lstm.BiasInit;
import org.gradus.layers.Lstm.Found;
import org.gradus.layers.Lstm.Memory;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LstmTest {
  private static final int B = 4;
  private static final int T = 3;
  private static final int D = 3;
  private static final int H = 2;
  private static final int[] LENGTHS = {2, 0, T, 1};

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  /// The parameters of the specification's example: the FILL sequence, block by block.
  private Lstm worked(double forget) {
    Lstm lstm = new Lstm(2, 2, BiasInit.ZERO, bench.params);
    double[] weight = new double[16];
    double[] recurrent = new double[16];
    double[] bias = new double[8];
    for (int gate = 0; gate < 4; gate++) {
      for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
          weight[i * 8 + gate * 2 + j] = GruTest.fill(gate * 4 + i * 2 + j);
          recurrent[i * 8 + gate * 2 + j] = GruTest.fill(16 + gate * 4 + i * 2 + j);
        }
        bias[gate * 2 + i] = GruTest.fill(32 + gate * 2 + i) + (gate == 1 ? forget : 0);
      }
    }
    bench.set("weight", weight);
    bench.set("recurrent", recurrent);
    bench.set("bias", bias);
    return lstm;
  }

  /// With a fourth step that is padding.
  @Test
  void theWorkedExample() {
    Lstm lstm = worked(0);
    Var x = bench.variable(Shape.of(1, 4, 2), 1, 0.5, -0.5, 1, 0.25, -1, 7, 7);
    Tensor lengths = bench.tape.scope().upload(Shape.of(1), 3);
    Found found = lstm.forward(x, new LstmInputs(null, null, lengths));
    assertClose(
        numbers(found.states().emitted()),
        new double[] {-0.086935, -0.050200, -0.044689, 0.040643, -0.194418, 0.087301, 0, 0},
        SIX_DECIMALS);
    assertClose(numbers(found.states().last()), new double[] {-0.194418, 0.087301}, SIX_DECIMALS);
    assertClose(numbers(found.lastCell()), new double[] {-0.331401, 0.291262}, SIX_DECIMALS);
  }

  @Test
  void theWorkedExampleWithOneAddedToTheForgetGate() {
    Lstm lstm = worked(1);
    Found found = lstm.forward(bench.variable(Shape.of(1, T, 2), 1, 0.5, -0.5, 1, 0.25, -1));
    assertClose(numbers(found.states().last()), new double[] {-0.222050, 0.089406}, SIX_DECIMALS);
    assertClose(numbers(found.lastCell()), new double[] {-0.381885, 0.298383}, SIX_DECIMALS);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void equalsItsCellsInAllGradients(boolean cellOnly) {
    Lstm lstm = new Lstm(D, H, BiasInit.ZERO_FORGET_ONE, bench.params);
    Var x = bench.variable(Shape.of(B, T, D), normal(1, B * T * D));
    Memory start =
        new Memory(
            bench.variable(Shape.of(B, H), normal(2, B * H)),
            bench.variable(Shape.of(B, H), normal(3, B * H)));
    Tensor lengths = bench.tape.scope().upload(Shape.of(B), LENGTHS);
    Found found = lstm.forward(x, new LstmInputs(start.h(), start.c(), lengths));
    List<Var> states = new ArrayList<>();
    Memory m = start;
    for (int t = 0; t < T; t++) {
      Memory next = lstm.cell(x.index(1, t), m);
      boolean[] real = new boolean[B];
      for (int b = 0; b < B; b++) {
        real[b] = t < LENGTHS[b];
      }
      Tensor mask = bench.tape.scope().upload(Shape.of(B, 1), real);
      m = new Memory(next.h().where(mask, m.h()), next.c().where(mask, m.c()));
      states.add(m.h());
    }
    Var unrolled = Var.stack(1, states);
    assertClose(numbers(found.states().carried()), numbers(unrolled), EXACT);
    assertClose(numbers(found.lastCell()), numbers(m.c()), EXACT);
    Var one = objective(found.states().carried(), found.lastCell(), cellOnly);
    Var other = objective(unrolled, m.c(), cellOnly);
    Gradients g = bench.tape.backward(one);
    Gradients k = bench.tape.backward(other);
    bench
        .params
        .all()
        .forEach(p -> assertClose(bench.gradient(g, p.path()), bench.gradient(k, p.path()), EXACT));
    for (Var input : List.of(x, start.h(), start.c())) {
      assertClose(gradient(g, input), gradient(k, input), EXACT);
    }
    double[] dx = gradient(g, x);
    for (int b = 0; b < B; b++) {
      double[] behind = Arrays.copyOfRange(dx, (b * T + LENGTHS[b]) * D, (b + 1) * T * D);
      assertThat(behind).containsOnly(new double[behind.length]);
    }
  }

  private Var objective(Var states, Var cell, boolean cellOnly) {
    Var ofCell = cell.multiply(bench.tape.constant(cell.shape(), normal(8, B * H))).sum();
    return cellOnly
        ? ofCell
        : states
            .multiply(bench.tape.constant(states.shape(), normal(9, B * T * H)))
            .sum()
            .add(ofCell);
  }

  private static double[] gradient(Gradients gradients, Var of) {
    Tensor g = gradients.of(of);
    return g == null ? new double[of.shape().elements()] : g.toDoubles();
  }

  @Test
  void gradientsAreRightAndMutantsFail() {
    Bench.verify(
        GradCheck.of(0)
            .input("x", Shape.of(2, 2, D))
            .input("h", Shape.of(2, H))
            .input("c", Shape.of(2, H)),
        params -> {
          Lstm lstm = new Lstm(D, H, BiasInit.ZERO_FORGET_ONE, params);
          return (mode, in) -> {
            Tensor lengths = mode.tape().scope().upload(Shape.of(2), 2, 1);
            Found found =
                lstm.forward(in.get("x"), new LstmInputs(in.get("h"), in.get("c"), lengths));
            return Map.of("h", found.states().last(), "c", found.lastCell());
          };
        });
  }

  @Test
  void goingOnWithTheCarriedStateIsOneRun() {
    Lstm lstm = new Lstm(D, H, BiasInit.ZERO_FORGET_ONE, bench.params);
    Var x = bench.variable(Shape.of(B, T, D), normal(1, B * T * D));
    Found whole = lstm.forward(x);
    Found first = lstm.forward(x.slice(1, 0, 2));
    LstmInputs more = new LstmInputs(first.states().last(), first.lastCell(), null);
    Found second = lstm.forward(x.slice(1, 2, T), more);
    assertThat(numbers(second.states().last())).isEqualTo(numbers(whole.states().last()));
    assertThat(numbers(second.lastCell())).isEqualTo(numbers(whole.lastCell()));
  }

  @Test
  void theForgetGateStartsOpen() {
    Lstm unused = new Lstm(D, H, BiasInit.ZERO_FORGET_ONE, bench.params);
    assertThat(unused).isNotNull();
    assertThat(bench.get("bias")).containsExactly(0, 0, 1, 1, 0, 0, 0, 0);
  }
}
