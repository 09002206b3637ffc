// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mutation;
import org.gradus.autograd.Var;
import org.gradus.layers.FeedForward.Activation;
import org.gradus.layers.FeedForward.Config;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FeedForwardTest {
  private static final int D = 3;
  private static final int HIDDEN = 5;

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  private FeedForward drawn(Activation activation, double dropout) {
    FeedForward network = new FeedForward(D, new Config(HIDDEN, activation, dropout), bench.params);
    bench.set("widen/weight", normal(1, D * HIDDEN));
    bench.set("widen/bias", normal(2, HIDDEN));
    bench.set("narrow/weight", normal(3, D * HIDDEN));
    bench.set("narrow/bias", normal(4, D));
    return network;
  }

  private double[] naive(Activation activation, double[] x) {
    double[] y = bench.get("narrow/bias");
    for (int u = 0; u < HIDDEN; u++) {
      double s = bench.get("widen/bias")[u];
      for (int i = 0; i < D; i++) {
        s += x[i] * bench.get("widen/weight")[i * HIDDEN + u];
      }
      double cube = s * s * s;
      double f =
          switch (activation) {
            case RELU -> Math.max(s, 0);
            case GELU -> s * Normal.distribution(s);
            case GELU_TANH ->
                s / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (s + 0.044715 * cube)));
          };
      for (int i = 0; i < D; i++) {
        y[i] += f * bench.get("narrow/weight")[u * D + i];
      }
    }
    return y;
  }

  /// At every position the same, and nothing of the others.
  @ParameterizedTest
  @EnumSource
  void itsEquationAsLoops(Activation activation) {
    FeedForward network = drawn(activation, 0);
    double[] x = normal(5, 2 * 4 * D);
    double[] y = numbers(network.forward(bench.variable(Shape.of(2, 4, D), x), bench.training));
    for (int row = 0; row < 8; row++) {
      assertClose(Bench.row(y, row, D), naive(activation, Bench.row(x, row, D)), EXACT);
    }
  }

  /// x Φ(x) of single numbers, against the series of the normal law; what of it is left far away is the number, or nothing.
  @Test
  void geluIsTheNumberTimesItsNormalProbability() {
    FeedForward network =
        new FeedForward(1, new Config(1, Activation.GELU, 0), bench.params.at("one"));
    bench.set("one/widen/weight", 1);
    bench.set("one/narrow/weight", 1);
    for (double x = -9; x <= 9; x += 0.25) {
      double[] y =
          numbers(network.forward(bench.variable(Shape.of(2, 1), x, -x), bench.evaluation));
      assertThat(y[0]).as("at %s", x).isCloseTo(x * Normal.distribution(x), within(1e-14));
      assertThat(y[0] - y[1]).as("GELU(x) − GELU(−x) = x at %s", x).isCloseTo(x, within(1e-14));
    }
    double[] far =
        numbers(network.forward(bench.variable(Shape.of(3, 1), 50, -50, -1e200), bench.evaluation));
    assertThat(far).containsExactly(new double[] {50, 0, 0}, within(0.0));
  }

  @Test
  void itIsTwoConvolutionsWithKernelOne() {
    FeedForward network = drawn(Activation.RELU, 0);
    Var x = bench.variable(Shape.of(2, 4, D), normal(5, 2 * 4 * D));
    Var w1 = bench.tape.use(bench.dense("widen/weight")).unsqueeze(0);
    Var w2 = bench.tape.use(bench.dense("narrow/weight")).unsqueeze(0);
    Var h = x.conv1d(w1, 1, false).add(bench.tape.use(bench.dense("widen/bias"))).relu();
    Var y = h.conv1d(w2, 1, false).add(bench.tape.use(bench.dense("narrow/bias")));
    assertClose(numbers(network.forward(x, bench.training)), numbers(y), EXACT);
  }

  @Test
  void dropoutDropsUnitsInTraining() {
    FeedForward network = drawn(Activation.RELU, .5);
    Var x = bench.variable(Shape.of(1, 4, D), normal(5, 4 * D));
    double[] kept = numbers(network.forward(x, bench.evaluation));
    assertClose(Bench.row(kept, 0, D), naive(Activation.RELU, normal(5, D)), EXACT);
    assertThat(numbers(network.forward(x, bench.training))).isNotEqualTo(kept);
  }

  /// But for a wrong component that meets a unit which is off.
  @ParameterizedTest
  @EnumSource
  void gradientsAreRightAndMutantsFail(Activation activation) {
    Bench.verify(
        GradCheck.of(0).input("x", Shape.of(2, 3, D)),
        params -> {
          FeedForward network = new FeedForward(D, new Config(HIDDEN, activation, 0), params);
          return (mode, in) -> Map.of("y", network.forward(in.get("x"), mode));
        },
        m -> activation != Activation.GELU_TANH && m.kind() == Mutation.Kind.COMPONENT);
  }
}
