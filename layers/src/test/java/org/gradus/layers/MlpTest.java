// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mutation;
import org.gradus.autograd.Objective;
import org.gradus.autograd.Var;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Fully connected layers, alone and in towers.
class MlpTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  private static double apply(Activation activation, double z) {
    return switch (activation) {
      case IDENTITY -> z;
      case RELU -> Math.max(z, 0);
      case SIGMOID -> 1 / (1 + StrictMath.exp(-z));
      case TANH -> StrictMath.tanh(z);
    };
  }

  /// act(x W + b), `[rows, in]` → `[rows, out]`.
  private double[] layer(double[] x, String path, int in, int out, Activation activation) {
    double[] w = bench.get(path + "weight");
    double[] b = bench.get(path + "bias");
    double[] y = new double[x.length / in * out];
    for (int row = 0; row < x.length / in; row++) {
      for (int j = 0; j < out; j++) {
        double z = b[j];
        for (int i = 0; i < in; i++) {
          z += x[row * in + i] * w[i * out + j];
        }
        y[row * out + j] = apply(activation, z);
      }
    }
    return y;
  }

  private void draw() {
    bench
        .params
        .all()
        .forEach(p -> bench.set(p.path(), normal(p.path().hashCode(), (int) p.elements())));
  }

  @ParameterizedTest
  @EnumSource
  void aLinearLayerIsItsEquation(Activation activation) {
    Linear linear = new Linear(3, 2, activation, LinearInit.XAVIER, bench.params);
    draw();
    double[] x = normal(1, 24);
    Var y = linear.forward(bench.variable(Shape.of(2, 4, 3), x));
    assertThat(y.shape()).isEqualTo(Shape.of(2, 4, 2));
    assertClose(numbers(y), layer(x, "", 3, 2, activation), EXACT);
    assertThat(linear.in()).isEqualTo(3);
    assertThat(linear.out()).isEqualTo(2);
  }

  @Test
  void aTowerIsItsLayersOneAfterTheOther() {
    Mlp mlp = new Mlp(3, List.of(5, 4), Mlp.Style.RELU, bench.params);
    draw();
    double[] x = normal(1, 6 * 3);
    double[] h = layer(x, "0/", 3, 5, Activation.RELU);
    double[] expected = layer(h, "1/", 5, 4, Activation.RELU);
    assertThat(mlp.out()).isEqualTo(4);
    double[] y = numbers(mlp.forward(bench.variable(Shape.of(6, 3), x), bench.training));
    assertClose(y, expected, EXACT);
    for (int b = 0; b < 6; b++) {
      Var row = bench.variable(Shape.of(1, 3), Bench.row(x, b, 3));
      assertThat(numbers(mlp.forward(row, bench.evaluation))).isEqualTo(Bench.row(y, b, 4));
    }
  }

  /// linear → batch norm → activation
  @Test
  void batchNormStandsBeforeTheActivation() {
    Mlp mlp = new Mlp(3, List.of(4), Mlp.Style.RELU.withBatchNorm(true), bench.params);
    BatchNorm norm = new BatchNorm(4, bench.params.at("other"));
    draw();
    for (String name : List.of("scale", "shift")) {
      bench.set("other/" + name, bench.get("0/norm/" + name));
    }
    double[] x = normal(1, 6 * 3);
    double[] z = layer(x, "0/", 3, 4, Activation.IDENTITY);
    double[] expected = numbers(norm.forward(bench.variable(Shape.of(6, 4), z), bench.training));
    assertClose(
        numbers(mlp.forward(bench.variable(Shape.of(6, 3), x), bench.training)),
        Arrays.stream(expected).map(v -> Math.max(v, 0)).toArray(),
        EXACT);
  }

  /// activation → dropout: what is not dropped is divided by 1 − p.
  @Test
  void dropoutStandsBehindTheActivation() {
    Mlp mlp = new Mlp(3, List.of(50), Mlp.Style.RELU.withDropout(.5), bench.params);
    draw();
    double[] x = normal(1, 6 * 3);
    double[] h = layer(x, "0/", 3, 50, Activation.RELU);
    double[] y = numbers(mlp.forward(bench.variable(Shape.of(6, 3), x), bench.training));
    int dropped = 0;
    for (int i = 0; i < y.length; i++) {
      if (y[i] == 0 && h[i] > 0) {
        dropped++;
      } else {
        assertThat(y[i]).isCloseTo(2 * h[i], within(EXACT));
      }
    }
    assertThat(dropped).isPositive();
    assertClose(
        numbers(mlp.forward(bench.variable(Shape.of(6, 3), x), bench.evaluation)), h, EXACT);
  }

  @Test
  void withoutSizesItIsTheIdentity() {
    Mlp mlp = new Mlp(3, List.of(), Mlp.Style.RELU, bench.params);
    Var x = bench.variable(Shape.of(2, 3), normal(1, 6));
    assertThat(mlp.out()).isEqualTo(3);
    assertThat(mlp.forward(x, bench.training)).isSameAs(x);
    assertThat(bench.params.all()).isEmpty();
  }

  @Test
  void impossibleSizesAreErrors() {
    assertThatThrownBy(() -> new Mlp(3, List.of(4, 0), Mlp.Style.RELU, bench.params.at("deep")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("deep/1: linear layer from 4 to 0. Expected at least 1 each.");
  }

  /// Bounds of uniform and deviations of normal distributions; 5 % is five deviations of the estimate of 4800 draws, and
  /// more than five of the others'.
  @ParameterizedTest
  @EnumSource
  void layersStartAsTheirPaperSays(LinearInit init) {
    int in = 120;
    int out = 40;
    new Linear(in, out, Activation.RELU, init, bench.params);
    double[] w = bench.get("weight");
    double[] b = bench.get("bias");
    switch (init) {
      case XAVIER -> {
        assertUniform(w, Math.sqrt(6.0 / (in + out)));
        assertThat(b).containsOnly(0);
      }
      case PYTORCH -> {
        assertUniform(w, 1 / Math.sqrt(in));
        assertThat(Arrays.stream(b)).allMatch(v -> Math.abs(v) <= 1 / Math.sqrt(in) && v != 0);
      }
      case DLRM_ORIGINAL -> {
        assertThat(deviation(w)).isCloseTo(Math.sqrt(2.0 / (in + out)), withinPercentage(5));
        // 40 draws: five deviations of the estimate are 5 / √80
        assertThat(deviation(b)).isCloseTo(Math.sqrt(1.0 / out), withinPercentage(56));
      }
    }
  }

  private static void assertUniform(double[] w, double bound) {
    assertThat(Arrays.stream(w)).allMatch(v -> Math.abs(v) <= bound);
    assertThat(deviation(w)).isCloseTo(bound / Math.sqrt(3), withinPercentage(5));
  }

  private static double deviation(double[] x) {
    return Math.sqrt(Arrays.stream(x).map(v -> v * v).sum() / x.length);
  }

  private static Objective.Builder tower(Mlp.Style style) {
    return params -> {
      Mlp mlp = new Mlp(3, List.of(4, 3), style, params);
      return (mode, in) -> Map.of("y", mlp.forward(in.get("x"), mode));
    };
  }

  @Test
  void gradientsAreRightAndMutantsFail() {
    GradCheck check = GradCheck.of(0).input("x", Shape.of(5, 3));
    for (Activation activation : Activation.values()) {
      Mlp.Style style = new Mlp.Style(activation, 0, false, LinearInit.XAVIER);
      Bench.verify(check, tower(style));
    }
    // Behind dropout no ReLU: a wrong number for a unit that is off shows nowhere.
    Mlp.Style tanh = new Mlp.Style(Activation.TANH, .3, false, LinearInit.XAVIER);
    Bench.verify(check, tower(tanh));
    Bench.verify(check.evaluation(), tower(tanh.withBatchNorm(true)));
  }

  /// What goes to a bias before batch norm is rounding, so getting that wrong cannot show; everything else must.
  @Test
  void gradientsThroughBatchNormAreRightAndMutantsFail() {
    GradCheck check =
        GradCheck.of(3)
            .input("x", Shape.of(6, 3))
            .structurallyZero("0/bias", "a bias before batch norm")
            .structurallyZero("1/bias", "a bias before batch norm");
    Mlp.Style style = new Mlp.Style(Activation.TANH, 0, true, LinearInit.XAVIER);
    try (Device reference = Device.open("reference")) {
      List<Mutation> survivors = check.survivors(reference, tower(style));
      assertThat(survivors).allMatch(m -> m.op().equals("linear") && m.input() == 2);
    }
  }
}
