// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Arrays;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Mutation;
import org.gradus.autograd.Var;
import org.gradus.layers.Rnn.Activation;
import org.gradus.layers.Rnn.Config;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RnnTest {
  private static final int B = 4;
  private static final int T = 5;
  private static final int D = 3;
  private static final int H = 2;

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  /// The scalar network of the specification's example.
  private Rnn worked(Activation activation) {
    Rnn rnn = new Rnn(1, 1, new Config(activation, Config.WHOLE), bench.params);
    bench.set("weight", 0.5);
    bench.set("recurrent", 0.8);
    return rnn;
  }

  private Var steps(double... x) {
    return bench.variable(Shape.of(1, x.length, 1), x);
  }

  @Test
  void theWorkedExample() {
    Rnn rnn = worked(Activation.TANH);
    Var x = steps(1, 0.5, -0.5);
    States states = rnn.forward(x);
    assertClose(
        numbers(states.carried()), new double[] {0.462117, 0.550915, 0.188452}, SIX_DECIMALS);
    Gradients g = bench.tape.backward(states.last());
    double[] dx = {0.169057, 0.268703, 0.482243};
    assertClose(Bench.gradient(g, x), dx, SIX_DECIMALS);
    assertClose(bench.gradient(g, "weight"), new double[] {0.124574}, SIX_DECIMALS);
    assertClose(bench.gradient(g, "recurrent"), new double[] {0.779694}, SIX_DECIMALS);
    assertClose(bench.gradient(g, "bias"), new double[] {1.840005}, SIX_DECIMALS);
    Var upstream = bench.tape.constant(Shape.of(1, 3, 1), 0.0, 0.0, 1.0);
    Rnn.Back back = rnn.back(x, null, null, upstream);
    assertClose(numbers(back.x()), dx, SIX_DECIMALS);
    assertClose(numbers(back.bias()), new double[] {1.840005}, SIX_DECIMALS);
    // δ = dx / w
    double[] deltas = numbers(back.x().multiply(2));
    assertClose(deltas, new double[] {0.338113, 0.537406, 0.964486}, 2 * SIX_DECIMALS);
  }

  @Test
  void theLastStateByAnEarlierOne() {
    Rnn rnn = worked(Activation.TANH);
    Var h1 = bench.variable(Shape.of(1, 1), Math.tanh(0.5));
    Gradients g = bench.tape.backward(rnn.forward(steps(0.5, -0.5), h1, null).last());
    assertClose(Bench.gradient(g, h1), new double[] {0.429925}, SIX_DECIMALS);
  }

  /// h_i = Σ_{k ≤ i} x_k W U^{i−k} without activation and bias.
  @Test
  void withoutActivationItIsTheClosedForm() {
    assertClose(
        numbers(worked(Activation.IDENTITY).forward(steps(1, 0.5, -0.5)).last()),
        new double[] {0.27},
        EXACT);
    Rnn rnn = new Rnn(D, H, new Config(Activation.IDENTITY, Config.WHOLE), bench.params.at("b"));
    double[] w = bench.get("b/weight");
    double[] u = bench.get("b/recurrent");
    double[] x = normal(1, T * D);
    double[] expected = new double[H];
    for (int k = 0; k < T; k++) {
      double[] term = new double[H];
      for (int i = 0; i < D; i++) {
        for (int j = 0; j < H; j++) {
          term[j] += x[k * D + i] * w[i * H + j];
        }
      }
      for (int power = 0; power < T - 1 - k; power++) {
        double[] next = new double[H];
        for (int i = 0; i < H; i++) {
          for (int j = 0; j < H; j++) {
            next[j] += term[i] * u[i * H + j];
          }
        }
        term = next;
      }
      for (int j = 0; j < H; j++) {
        expected[j] += term[j];
      }
    }
    assertClose(numbers(rnn.forward(bench.variable(Shape.of(1, T, D), x)).last()), expected, EXACT);
  }

  /// |w| |u|^(T − t): how the product of the factors decides.
  @Test
  void influenceOfALinearStepFallsGeometrically() {
    Rnn rnn = worked(Activation.IDENTITY);
    Var x = bench.variable(Shape.of(2, 4, 1), normal(1, 8));
    Tensor mask =
        bench.tape.scope().upload(Shape.of(2, 4), true, true, true, true, true, true, false, false);
    assertClose(
        numbers(rnn.influence(x, null, mask)),
        new double[] {0.5 * 0.8 * 0.8 * 0.8, 0.5 * 0.8 * 0.8, 0.5 * 0.8, 0.5, 0.4, 0.5, 0, 0},
        EXACT);
  }

  /// The Frobenius norm of ∂h_T/∂x_t, against central differences of the forward pass.
  @Test
  void influenceIsTheNormOfTheJacobian() {
    Rnn rnn = new Rnn(D, H, new Config(Activation.TANH, 2), bench.params);
    double[] x = normal(1, T * D);
    double[] found = numbers(rnn.influence(bench.variable(Shape.of(1, T, D), x), null, null));
    double h = 1e-5;
    for (int t = 0; t < T; t++) {
      double squares = 0;
      for (int i = 0; i < D; i++) {
        double[] up = x.clone();
        double[] down = x.clone();
        up[t * D + i] += h;
        down[t * D + i] -= h;
        double[] high = numbers(rnn.forward(bench.variable(Shape.of(1, T, D), up)).last());
        double[] low = numbers(rnn.forward(bench.variable(Shape.of(1, T, D), down)).last());
        for (int j = 0; j < H; j++) {
          squares += Math.pow((high[j] - low[j]) / (2 * h), 2);
        }
      }
      // Truncation h² and rounding 2⁻⁵³/h are both below 1e-10 here.
      assertThat(found[t]).isCloseTo(Math.sqrt(squares), offset(1e-9));
    }
  }

  /// (RNN-4) and (RNN-5), written out, and what the tape finds: one thing, with holes in the mask and with any window.
  @ParameterizedTest
  @CsvSource({
    "TANH, 1",
    "TANH, 2",
    "TANH, 3",
    "TANH, 5",
    "TANH, 9",
    "RELU, 2",
    "RELU, 9",
    "IDENTITY, 2",
    "IDENTITY, 9"
  })
  void theWalkBackWrittenOutIsTheTapes(Activation activation, int window) {
    Rnn rnn = new Rnn(D, H, new Config(activation, window), bench.params);
    bench.set("bias", 0.3, -0.2);
    Var x = bench.variable(Shape.of(B, T, D), normal(1, B * T * D));
    Var h0 = bench.variable(Shape.of(B, H), normal(2, B * H));
    boolean[] real = new boolean[B * T];
    for (int i = 0; i < real.length; i++) {
      real[i] = i / T != 1 && i % 4 != 2; // row 1 is all padding
    }
    Tensor mask = bench.upload(real, B, T);
    States states = rnn.forward(x, h0, mask);
    double[] r = normal(3, B * T * H);
    Rnn.Back back = rnn.back(x, h0, mask, bench.tape.constant(Shape.of(B, T, H), r));
    Gradients g = bench.tape.backward(states.carried(), bench.upload(Shape.of(B, T, H), r));
    assertClose(numbers(back.weight()), bench.gradient(g, "weight"), EXACT);
    assertClose(numbers(back.recurrent()), bench.gradient(g, "recurrent"), EXACT);
    assertClose(numbers(back.bias()), bench.gradient(g, "bias"), EXACT);
    assertClose(numbers(back.x()), Bench.gradient(g, x), EXACT);
    assertClose(numbers(back.initial()), Bench.gradient(g, h0), EXACT);
    for (int i = 0; i < real.length; i++) {
      if (!real[i]) {
        assertThat(Bench.row(Bench.gradient(g, x), i, D)).containsOnly(0);
        assertThat(Bench.row(numbers(states.emitted()), i, H)).containsOnly(0);
      }
    }
    assertThat(Bench.row(numbers(states.last()), 1, H)).isEqualTo(Bench.row(numbers(h0), 1, H));
  }

  /// A window that holds the whole sequence cuts nothing; a smaller one cuts, and leaves the states alone.
  @Test
  void theWindowCutsTheGradientOnly() {
    double[] x = normal(1, T * D);
    double[][] dx = new double[3][];
    double[][] h = new double[3][];
    int[] windows = {Config.WHOLE, T, 2};
    for (int i = 0; i < 3; i++) {
      Rnn rnn = new Rnn(D, H, new Config(Activation.TANH, windows[i]), bench.params.at(i));
      for (String name : new String[] {"weight", "recurrent", "bias"}) {
        bench.set(i + "/" + name, bench.get("0/" + name));
      }
      Var in = bench.variable(Shape.of(1, T, D), x);
      States states = rnn.forward(in);
      h[i] = numbers(states.carried());
      dx[i] = Bench.gradient(bench.tape.backward(states.last().sum()), in);
    }
    assertThat(h[1]).isEqualTo(h[0]);
    assertThat(h[2]).isEqualTo(h[0]);
    assertThat(dx[1]).isEqualTo(dx[0]);
    assertThat(dx[2][4 * D])
        .isEqualTo(dx[0][4 * D]); // steps 1–2, 3–4 and 5: only the fifth is left
    assertThat(Arrays.copyOf(dx[2], 4 * D)).containsOnly(0);
  }

  @ParameterizedTest
  @EnumSource(Activation.class)
  void gradientsAreRightAndMutantsFail(Activation activation) {
    Bench.verify(
        GradCheck.of(0).input("x", Shape.of(3, 3, D)).input("h", Shape.of(3, H)),
        params -> {
          Rnn rnn = new Rnn(D, H, new Config(activation, Config.WHOLE), params);
          return (mode, in) -> {
            Tensor mask =
                mode.tape()
                    .scope()
                    .upload(
                        Shape.of(3, 3), true, true, true, true, true, false, false, false, false);
            States states = rnn.forward(in.get("x"), in.get("h"), mask);
            return Map.of("last", states.last(), "all", states.emitted());
          };
        },
        // A wrong sign of one component can meet a unit that is off.
        m -> activation == Activation.RELU && m.kind() == Mutation.Kind.COMPONENT);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    assertThatThrownBy(() -> new Config(Activation.TANH, 0))
        .hasMessage("rnn: window of 0 steps. Expected at least 1, or WHOLE.");
    Rnn rnn = new Rnn(D, H, Config.PLAIN, bench.params);
    Var x = bench.variable(Shape.of(1, T, D), normal(1, T * D));
    Tensor mask = bench.upload(new boolean[3], 1, 3);
    assertThatThrownBy(() -> rnn.forward(x, null, mask))
        .hasMessage("rnn: mask [1, 3] of kind MASK. Expected [1, 5] of kind MASK.");
    Var state = bench.variable(Shape.of(2, H), normal(1, 2 * H));
    assertThatThrownBy(() -> rnn.forward(x, state, null))
        .hasMessage("rnn: initial state [2, 2]. Expected [1, 2].");
  }
}
