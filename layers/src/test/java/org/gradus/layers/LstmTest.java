// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
import org.gradus.autograd.Mode;
import org.gradus.autograd.Mutation;
import org.gradus.autograd.Recurrent.LstmInputs;
import org.gradus.autograd.Var;
import org.gradus.layers.Lstm.BiasInit;
import org.gradus.layers.Lstm.Config;
import org.gradus.layers.Lstm.Found;
import org.gradus.layers.Lstm.Memory;
import org.gradus.layers.Lstm.Order;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
      assertClose(Bench.gradient(g, input), Bench.gradient(k, input), EXACT);
    }
    double[] dx = Bench.gradient(g, x);
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

  /// Every block is a matrix [D, H] of its own: uniform within √(6/(D + H)), not within what D and 4H would give. Of 6000 numbers one is beyond
  /// 99 % of the bound but with a probability of 0.99⁶⁰⁰⁰.
  @Test
  void inputWeightsStartAsByGlorotForEachBlock() {
    Lstm unused = new Lstm(30, 50, BiasInit.ZERO, bench.params.at("lstm"));
    Gru other = new Gru(30, 50, Gru.Form.DIEN, bench.params.at("gru"));
    assertThat(unused).isNotNull().isNotEqualTo(other);
    double bound = Math.sqrt(6.0 / 80);
    for (String path : List.of("lstm/weight", "gru/weight")) {
      double largest = Arrays.stream(bench.get(path)).map(Math::abs).max().orElseThrow();
      assertThat(largest).as(path).isBetween(0.99 * bound, bound + 1e-7);
    }
  }

  @Test
  void oneOpensEveryGate() {
    Lstm unused = new Lstm(D, H, BiasInit.ONE, bench.params);
    assertThat(unused).isNotNull();
    assertThat(bench.get("bias")).containsOnly(1);
  }

  /// Every configuration that the kernel does not know, on rows of all lengths, against plain loops.
  @ParameterizedTest
  @CsvSource({
    "false, 0, 0, FORWARD",
    "false, 0, 0, BACKWARD",
    "false, 0, 0, PROCESSING",
    "true, 0, 0, FORWARD",
    "true, 0, 0, BACKWARD",
    "true, 0, 0.4, PROCESSING",
    "false, 0.4, 0, BACKWARD",
    "false, 0.4, 0.4, FORWARD",
    "true, 0.4, 0.4, BACKWARD"
  })
  void everyConfigurationIsItsEquations(
      boolean peephole, double input, double recurrent, Order order) {
    Config config = new Config(BiasInit.ZERO, peephole, input, recurrent, order);
    Lstm lstm = new Lstm(D, H, config, bench.params);
    bench.params.all().forEach(p -> bench.set(p.path(), normal(p.path().length(), size(p.path()))));
    double[] x = normal(1, B * T * D);
    Tensor lengths = bench.lengths(LENGTHS);
    Found found =
        lstm.forward(
            bench.variable(Shape.of(B, T, D), x),
            new LstmInputs(null, null, lengths),
            bench.training);
    // What was dropped is a function of seed, step and path: another pass of the same step draws it
    // again.
    Mode again = Mode.training(bench.tape, 1, 1);
    double[] ofInput = factors(input, "inputDropout", D, again);
    double[] ofState = factors(recurrent, "recurrentDropout", H, again);
    double[][] w = NaiveCells.rows(bench.get("weight"), 4 * H);
    double[][] u = NaiveCells.rows(bench.get("recurrent"), 4 * H);
    double[][] p = peephole ? NaiveCells.rows(bench.get("peephole"), H) : new double[3][H];
    double[] emitted = numbers(found.states().emitted());
    double[] last = numbers(found.states().last());
    for (int b = 0; b < B; b++) {
      double[][] steps = new double[LENGTHS[b]][D];
      for (int t = 0; t < LENGTHS[b]; t++) {
        for (int d = 0; d < D; d++) {
          steps[t][d] = x[(b * T + t) * D + d] * ofInput[b * D + d];
        }
      }
      double[][] in = order == Order.FORWARD ? steps : NaiveCells.reversed(steps);
      double[][] made = NaiveCells.lstm(w, u, bench.get("bias"), p, Bench.row(ofState, b, H), in);
      double[][] placed = order == Order.BACKWARD ? NaiveCells.reversed(made) : made;
      for (int t = 0; t < T; t++) {
        double[] expected = t < LENGTHS[b] ? placed[t] : new double[H];
        assertClose(Bench.row(emitted, b * T + t, H), expected, EXACT);
      }
      double[] end = LENGTHS[b] == 0 ? new double[H] : made[LENGTHS[b] - 1];
      assertClose(Bench.row(last, b, H), end, EXACT);
    }
  }

  private int size(String path) {
    return bench.dense(path).shape().elements();
  }

  private double[] factors(double rate, String path, int width, Mode mode) {
    Var drawn = new Dropout(rate, bench.params.at(path)).factors(Shape.of(B, width), mode);
    if (drawn != null) {
      return numbers(drawn);
    }
    double[] ones = new double[B * width];
    Arrays.fill(ones, 1);
    return ones;
  }

  /// What is dropped is 0 or doubled, changes the states in training, and nothing in evaluation.
  @Test
  void recurrentDropoutIsOffInEvaluation() {
    int width = 64;
    Config config = Config.PLAIN.withDropout(0, 0.5);
    Lstm lstm = new Lstm(1, width, config, bench.params);
    Var x = bench.variable(Shape.of(1, 6, 1), normal(1, 6));
    double[] dropped = numbers(lstm.forward(x, LstmInputs.NONE, bench.training).states().last());
    double[] kept = numbers(lstm.forward(x, LstmInputs.NONE, bench.evaluation).states().last());
    Mode again = Mode.training(bench.tape, 1, 1);
    double[] factors = Bench.row(factors(0.5, "recurrentDropout", width, again), 0, width);
    assertThat(factors).contains(0, 2);
    assertThat(Arrays.stream(factors)).allMatch(f -> f == 0 || f == 2);
    assertThat(dropped).isNotEqualTo(kept);
    Lstm plain = new Lstm(1, width, Config.PLAIN, bench.params.at("plain"));
    plain.load(lstm.weights());
    assertClose(kept, numbers(plain.forward(x).states().last()), EXACT);
  }

  /// Peepholes of 0 are none: the unrolled path says what the kernel says.
  @Test
  void theUnrolledPathIsTheKernels() {
    Lstm fused = new Lstm(D, H, Config.PLAIN, bench.params.at("fused"));
    Lstm unrolled = new Lstm(D, H, Config.PLAIN.withPeephole(true), bench.params.at("unrolled"));
    unrolled.load(fused.weights());
    LstmInputs more =
        new LstmInputs(
            bench.variable(Shape.of(B, H), normal(2, B * H)),
            bench.variable(Shape.of(B, H), normal(3, B * H)),
            bench.lengths(LENGTHS));
    Var x = bench.variable(Shape.of(B, T, D), normal(1, B * T * D));
    Found one = fused.forward(x, more);
    Found other = unrolled.forward(x, more);
    assertClose(numbers(other.states().carried()), numbers(one.states().carried()), EXACT);
    assertClose(numbers(other.lastCell()), numbers(one.lastCell()), EXACT);
  }

  @ParameterizedTest
  @CsvSource({
    "true, 0, FORWARD",
    "true, 0, BACKWARD",
    "false, 0.3, FORWARD",
    "false, 0, PROCESSING"
  })
  void gradientsOfEveryConfigurationAreRight(boolean peephole, double dropout, Order order) {
    Bench.verify(
        GradCheck.of(0)
            .input("x", Shape.of(3, 3, D))
            .input("h", Shape.of(3, H))
            .input("c", Shape.of(3, H)),
        params -> {
          Config config = new Config(BiasInit.ZERO, peephole, dropout, dropout, order);
          Lstm lstm = new Lstm(D, H, config, params);
          return (mode, in) -> {
            Tensor lengths = mode.tape().scope().upload(Shape.of(3), 3, 1, 2);
            Found found =
                lstm.forward(in.get("x"), new LstmInputs(in.get("h"), in.get("c"), lengths), mode);
            return Map.of("h", found.states().emitted(), "c", found.lastCell());
          };
        },
        // A wrong sign of one component can meet padding, or a number that is dropped.
        m -> m.kind() == Mutation.Kind.COMPONENT);
  }

  @Test
  void anOpenForgetGateAndAShutInputKeepTheCell() {
    Lstm lstm = new Lstm(D, H, BiasInit.ZERO, bench.params);
    bench.set("bias", -800, -800, 800, 800, 0, 0, 0, 0);
    Var cell = bench.variable(Shape.of(1, H), 0.7, -1.3);
    Var x = bench.variable(Shape.of(1, 50, D), normal(1, 50 * D));
    Found found = lstm.forward(x, new LstmInputs(null, cell, null));
    assertThat(numbers(found.lastCell())).containsExactly(0.7, -1.3);
  }

  @Test
  void aStateIsBelowOne() {
    Lstm lstm = new Lstm(D, H, BiasInit.ONE, bench.params);
    double[] x = normal(1, 40 * D);
    for (int i = 0; i < x.length; i++) {
      x[i] *= 5;
    }
    Found found = lstm.forward(bench.variable(Shape.of(1, 40, D), x));
    assertThat(Arrays.stream(numbers(found.states().carried()))).allMatch(h -> Math.abs(h) < 1);
  }

  /// Layers one above the other, with the carried memories of all: two runs are one.
  @Test
  void aStackGoesOnFromItsMemories() {
    LstmStack stack = new LstmStack(D, H, new LstmStack.Config(3, 0, Config.PLAIN), bench.params);
    Var x = bench.variable(Shape.of(B, T, D), normal(1, B * T * D));
    LstmStack.Found whole = stack.forward(x, null, null, bench.evaluation);
    LstmStack.Found first = stack.forward(x.slice(1, 0, 2), null, null, bench.evaluation);
    LstmStack.Found second = stack.forward(x.slice(1, 2, T), first.last(), null, bench.evaluation);
    assertThat(numbers(second.states().last())).isEqualTo(numbers(whole.states().last()));
    double[][] steps = NaiveCells.rows(Arrays.copyOf(normal(1, B * T * D), T * D), D);
    for (int l = 0; l < 3; l++) {
      double[][] w = NaiveCells.rows(bench.get(l + "/weight"), 4 * H);
      double[][] u = NaiveCells.rows(bench.get(l + "/recurrent"), 4 * H);
      steps = NaiveCells.lstm(w, u, bench.get(l + "/bias"), steps);
      assertClose(Bench.row(numbers(whole.last().get(l).h()), 0, H), steps[T - 1], EXACT);
    }
  }

  @Test
  void dropoutLiesBetweenTheLayersOfAStack() {
    Var x = bench.variable(Shape.of(1, T, D), normal(1, T * D));
    LstmStack one = new LstmStack(D, H, new LstmStack.Config(1, 0.9, Config.PLAIN), bench.params);
    assertThat(numbers(one.forward(x, null, null, bench.training).states().last()))
        .isEqualTo(numbers(one.forward(x, null, null, bench.evaluation).states().last()));
    LstmStack two =
        new LstmStack(D, H, new LstmStack.Config(2, 0.9, Config.PLAIN), bench.params.at("two"));
    assertThat(numbers(two.forward(x, null, null, bench.training).states().last()))
        .isNotEqualTo(numbers(two.forward(x, null, null, bench.evaluation).states().last()));
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Lstm dropping = new Lstm(D, H, Config.PLAIN.withDropout(0.1, 0), bench.params);
    Var x = bench.variable(Shape.of(1, T, D), normal(1, T * D));
    assertThatThrownBy(() -> dropping.forward(x)).hasMessageContaining("dropout, and no mode");
    Lstm peeping = new Lstm(D, H, Config.PLAIN.withPeephole(true), bench.params.at("p"));
    LstmInputs tooLong = new LstmInputs(null, null, bench.lengths(T + 1));
    assertThatThrownBy(() -> peeping.forward(x, tooLong))
        .hasMessage("lstm: length 4 of row 0. Expected lengths from 0 to 3.");
    assertThatThrownBy(() -> new LstmStack.Config(2, 0, Config.PLAIN.withOrder(Order.PROCESSING)))
        .hasMessageContaining("order FORWARD or BACKWARD for several");
  }
}
