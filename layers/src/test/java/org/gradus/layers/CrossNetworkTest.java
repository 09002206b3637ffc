// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Objective;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.MixtureCross.Gate;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// The four cross networks of DCN and DCN V2: examples worked by hand, invariants, gradients.
class CrossNetworkTest {
  private static final Shape ONE = Shape.of(1, 3);
  private static final double[] X0 = {1, 2, -1};
  private static final double[] B0 = {.1, 0, -.1};

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  private static MixtureCross.Config mixture(
      int layers, int experts, int rank, Activation activation) {
    return new MixtureCross.Config(layers, experts, rank, activation, Gate.SOFTMAX, false);
  }

  private Params at(String name) {
    return bench.params.at(name);
  }

  private double[] run(CrossNetwork net, Shape shape, double... x0) {
    return numbers(net.forward(bench.tape.constant(shape, x0)));
  }

  // Worked examples

  @Test
  void workedExampleOfTheVectorNetwork() {
    VectorCross one = new VectorCross(3, 1, at("one"));
    VectorCross two = new VectorCross(3, 2, at("two"));
    for (String net : List.of("one", "two")) {
      bench.set(net + "/0/w", .5, -.1, .2);
      bench.set(net + "/0/b", B0);
    }
    bench.set("two/1/w", .1, .3, -.2);
    bench.set("two/1/b", 0, .3, .1);
    assertClose(run(one, ONE, X0), new double[] {1.2, 2.2, -1.2}, SIX_DECIMALS);
    assertClose(run(two, ONE, X0), new double[] {2.22, 4.54, -2.12}, SIX_DECIMALS);
    bench.set("two/0/b", 0, 0, 0);
    bench.set("two/1/b", 0, 0, 0);
    assertClose(run(two, ONE, X0), new double[] {2.09, 4.18, -2.09}, SIX_DECIMALS);
  }

  @Test
  void workedExampleOfTheFullNetwork() {
    FullCross one = new FullCross(3, 1, at("one"));
    FullCross two = new FullCross(3, 2, at("two"));
    for (String net : List.of("one", "two")) {
      bench.set(net + "/0/w", transpose(3, 3, .1, .2, 0, -.3, .1, .2, 0, .4, -.1));
      bench.set(net + "/0/b", B0);
    }
    bench.set("two/1/w", transpose(3, 3, .2, 0, .1, .1, -.2, 0, .3, .1, .1));
    bench.set("two/1/b", 0, .3, .1);
    assertClose(run(one, ONE, X0), new double[] {1.6, 1.4, -1.8}, SIX_DECIMALS);
    assertClose(run(two, ONE, X0), new double[] {1.74, 1.76, -2.34}, SIX_DECIMALS);
  }

  /// The same weights as the vector network's, and another result: the bias of one is outside the product.
  @Test
  void aMatrixOfRankOneTreatsTheBiasDifferently() {
    FullCross net = new FullCross(3, 2, bench.params);
    bench.set("0/w", repeatColumns(.5, -.1, .2));
    bench.set("1/w", repeatColumns(.1, .3, -.2));
    bench.set("0/b", B0);
    bench.set("1/b", 0, .3, .1);
    assertClose(run(net, ONE, X0), new double[] {2.18, 4.76, -2.08}, SIX_DECIMALS);
  }

  @Test
  void workedExampleOfTheLowRankNetworkOfRankOne() {
    LowRankCross net = new LowRankCross(3, 1, 1, bench.params);
    bench.set("0/u", .5, -.2, .1);
    bench.set("0/v", .3, .1, -.4);
    bench.set("0/b", B0);
    assertClose(run(net, ONE, X0), new double[] {1.55, 1.64, -.99}, SIX_DECIMALS);
  }

  @Test
  void workedExampleOfTheLowRankNetworkOfRankTwo() {
    LowRankCross one = new LowRankCross(3, 1, 2, at("one"));
    LowRankCross two = new LowRankCross(3, 2, 2, at("two"));
    for (String layer : List.of("one/0", "two/0", "two/1")) {
      bench.set(layer + "/u", transpose(3, 2, .5, .2, -.2, .1, .1, -.3));
      bench.set(layer + "/v", transpose(2, 3, .3, .1, -.4, .2, -.5, .1));
    }
    bench.set("one/0/b", B0);
    bench.set("two/0/b", B0);
    bench.set("two/1/b", 0, .2, 0);
    assertClose(run(one, ONE, X0), new double[] {1.37, 1.46, -1.26}, SIX_DECIMALS);
    assertClose(run(two, ONE, X0), new double[] {1.7841, 1.3192, -1.5407}, SIX_DECIMALS);
  }

  private MixtureCross workedMixture(Activation activation, Gate gate) {
    MixtureCross net =
        new MixtureCross(
            3, new MixtureCross.Config(1, 2, 2, activation, gate, false), bench.params);
    bench.set(
        "0/u",
        concat(transpose(3, 2, .2, -.1, .4, .3, -.3, .1), transpose(3, 2, .1, .5, -.2, .2, .3, 0)));
    bench.set("0/c", concat(transpose(2, 2, .5, .1, -.2, .3), transpose(2, 2, .2, -.4, .1, .6)));
    bench.set("0/v", .3, -.2, .1, .4, .2, .1, -.1, .2, .3, .3, .5, -.4);
    bench.set("0/b", B0);
    bench.set("gate", transpose(2, 3, .1, .2, .3, -.2, .1, 0));
    return net;
  }

  @Test
  void workedExampleOfTheMixtureWithTanh() {
    MixtureCross net = workedMixture(Activation.TANH, Gate.SOFTMAX);
    assertClose(run(net, ONE, X0), new double[] {1.206005, 2.250987, -.829708}, SIX_DECIMALS);
  }

  @Test
  void workedExampleOfTheMixtureWithRelu() {
    MixtureCross net = workedMixture(Activation.RELU, Gate.SOFTMAX);
    assertClose(run(net, ONE, X0), new double[] {1.279105, 2.247312, -.871958}, SIX_DECIMALS);
  }

  /// The experts of the worked example, each weighed on its own by σ(0.2) and σ(0).
  @Test
  void sigmoidGateWeighsEachExpertAlone() {
    double[] y = run(workedMixture(Activation.TANH, Gate.SIGMOID), ONE, X0);
    double[] e1 = {.129890, .199758, .148844};
    double[] e2 = {.298972, .313559, .196488};
    double g1 = 1 / (1 + StrictMath.exp(-.2));
    double[] expected = new double[3];
    for (int i = 0; i < 3; i++) {
      expected[i] = g1 * e1[i] + .5 * e2[i] + X0[i];
    }
    assertClose(y, expected, 2 * SIX_DECIMALS); // of two rounded experts
  }

  // Invariants

  private static final int N = 4;
  private static final Shape BATCH = Shape.of(5, N);

  /// DCN (c), XN (a): low rank is full rank with the product of its matrices.
  @Test
  void lowRankIsFullRankOfTheProduct() {
    LowRankCross low = new LowRankCross(N, 2, 2, at("low"));
    FullCross full = new FullCross(N, 2, at("full"));
    for (int l = 0; l < 2; l++) {
      double[] v = normal(10 + l, N * 2);
      double[] u = normal(20 + l, 2 * N);
      double[] b = normal(30 + l, N);
      bench.set("low/" + l + "/v", v);
      bench.set("low/" + l + "/u", u);
      bench.set("low/" + l + "/b", b);
      bench.set("full/" + l + "/w", product(v, u, N, 2, N));
      bench.set("full/" + l + "/b", b);
    }
    double[] x0 = normal(1, BATCH.elements());
    assertClose(run(low, BATCH, x0), run(full, BATCH, x0), EXACT);
  }

  /// DCN (b), XN (b): without biases the vector network is a matrix of rank one.
  @Test
  void withoutBiasTheVectorNetworkHasRankOne() {
    VectorCross vector = new VectorCross(N, 2, at("vector"));
    FullCross full = new FullCross(N, 2, at("full"));
    LowRankCross low = new LowRankCross(N, 2, 1, at("low"));
    for (int l = 0; l < 2; l++) {
      double[] w = normal(10 + l, N);
      bench.set("vector/" + l + "/w", w);
      bench.set("full/" + l + "/w", repeatColumns(w));
      bench.set("low/" + l + "/v", w);
      bench.set("low/" + l + "/u", 1, 1, 1, 1);
    }
    double[] x0 = normal(1, BATCH.elements());
    double[] expected = run(vector, BATCH, x0);
    assertClose(run(full, BATCH, x0), expected, EXACT);
    assertClose(run(low, BATCH, x0), expected, EXACT);
    for (String net : List.of("vector", "full")) {
      bench.set(net + "/0/b", 1, -1, 2, .5);
    }
    assertThat(distance(run(full, BATCH, x0), run(vector, BATCH, x0)))
        .as("distance once there is a bias")
        .isGreaterThan(.1);
  }

  /// DCN (a), XN (e)
  @Test
  void withoutBiasTheVectorNetworkScalesItsInput() {
    VectorCross net = new VectorCross(N, 3, bench.params);
    double[] x0 = normal(1, N);
    double alpha = 1;
    for (int l = 0; l < 3; l++) {
      double[] w = normal(10 + l, N);
      bench.set(l + "/w", w);
      alpha *= 1 + dot(w, x0);
    }
    double[] expected = new double[N];
    for (int i = 0; i < N; i++) {
      expected[i] = alpha * x0[i];
    }
    assertClose(run(net, Shape.of(1, N), x0), expected, EXACT);
  }

  /// DCN (d), XN (c)
  @Test
  void aMixtureOfOneLinearExpertIsLowRank() {
    MixtureCross mixture = new MixtureCross(N, mixture(2, 1, 2, Activation.IDENTITY), at("mix"));
    LowRankCross low = new LowRankCross(N, 2, 2, at("low"));
    for (int l = 0; l < 2; l++) {
      for (String name : List.of("v", "u", "b")) {
        int n = name.equals("b") ? N : 2 * N;
        bench.set("mix/" + l + "/" + name, normal(10 + l, n));
        bench.set("low/" + l + "/" + name, normal(10 + l, n));
      }
      bench.set("mix/" + l + "/c", 1, 0, 0, 1);
    }
    assertThat(bench.params.matching("mix/*gate")).as("a softmax over one expert").isEmpty();
    double[] x0 = normal(1, BATCH.elements());
    assertClose(run(mixture, BATCH, x0), run(low, BATCH, x0), EXACT);
  }

  /// A sigmoid over one expert is no constant, so its gate stays.
  @Test
  void aSigmoidGateStaysWithOneExpert() {
    MixtureCross net =
        new MixtureCross(
            N,
            new MixtureCross.Config(1, 1, 2, Activation.IDENTITY, Gate.SIGMOID, false),
            bench.params);
    bench.set("gate", 0, 0, 0, 0);
    double[] x0 = normal(1, N);
    double[] half = run(net, Shape.of(1, N), x0);
    bench.set("gate", scaled(1e3, x0)); // σ(1000 |x₀|²) = 1
    double[] whole = run(net, Shape.of(1, N), x0);
    for (int i = 0; i < N; i++) {
      assertThat(whole[i] - x0[i]).isCloseTo(2 * (half[i] - x0[i]), within(EXACT));
    }
  }

  /// XN (d), DCN (e), XN (g)
  @ParameterizedTest
  @EnumSource
  void withZerosEverywhereItIsTheIdentity(Kind kind) {
    CrossNetwork net = kind.build(N, 3, bench.params);
    bench.params.all().forEach(p -> bench.set(p.path(), new double[(int) p.elements()]));
    double[] x0 = normal(1, BATCH.elements());
    Var y = net.forward(bench.tape.constant(BATCH, x0));
    assertThat(y.shape()).isEqualTo(BATCH);
    assertThat(numbers(y)).isEqualTo(x0);
  }

  /// DCN (f)
  @Test
  void ofZeroOnlyTheVectorNetworkKeepsItsBiases() {
    VectorCross vector = new VectorCross(N, 2, at("vector"));
    FullCross full = new FullCross(N, 2, at("full"));
    double[] sum = new double[N];
    for (int l = 0; l < 2; l++) {
      double[] b = normal(10 + l, N);
      bench.set("vector/" + l + "/b", b);
      bench.set("full/" + l + "/b", b);
      for (int i = 0; i < N; i++) {
        sum[i] += b[i];
      }
    }
    assertClose(run(vector, Shape.of(1, N), new double[N]), sum, EXACT);
    assertThat(run(full, Shape.of(1, N), new double[N])).containsOnly(0);
  }

  /// DCN (g): differences of order L + 2 of a polynomial of degree L + 1 vanish, those of order L + 1 do not.
  @ParameterizedTest
  @EnumSource(names = "MIXTURE", mode = EnumSource.Mode.EXCLUDE)
  void withoutBiasItIsAPolynomialOfDegreeOneAboveItsLayers(Kind kind) {
    int layers = 2;
    CrossNetwork net = kind.build(N, layers, bench.params); // biases start at 0
    double[] x0 = normal(1, N);
    int[] third = {-1, 3, -3, 1};
    int[] fourth = {1, -4, 6, -4, 1};
    assertThat(run(net, Shape.of(1, N), new double[N])).as("at t = 0").containsOnly(0);
    assertClose(differences(net, x0, fourth), new double[N], 1e-10); // of numbers up to 4³
    assertThat(distance(differences(net, x0, third), new double[N])).isGreaterThan(1e-3);
  }

  private double[] differences(CrossNetwork net, double[] x0, int[] coefficients) {
    double[] sum = new double[N];
    for (int t = 0; t < coefficients.length; t++) {
      double[] y = run(net, Shape.of(1, N), scaled(t, x0));
      for (int i = 0; i < N; i++) {
        sum[i] += coefficients[t] * y[i];
      }
    }
    return sum;
  }

  /// XN (f): shares of a softmax add up to 1, so the gate does not show in the gradient of the bias.
  @Test
  void gradientOfAMixturesBiasDoesNotDependOnItsGate() {
    MixtureCross net = new MixtureCross(N, mixture(1, 3, 2, Activation.TANH), bench.params);
    double[] x0 = normal(1, BATCH.elements());
    double[] upstream = normal(2, BATCH.elements());
    double[] expected = new double[N];
    for (int i = 0; i < x0.length; i++) {
      expected[i % N] += x0[i] * upstream[i];
    }
    for (long seed = 0; seed < 3; seed++) {
      bench.set("gate", normal(40 + seed, N * 3));
      Var y = net.forward(bench.tape.constant(BATCH, x0));
      Gradients gradients = bench.tape.backward(y, bench.upload(BATCH, upstream));
      assertClose(bench.gradient(gradients, "0/b"), expected, EXACT);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRowDoesNotDependOnItsNeighbours(Kind kind) {
    CrossNetwork net = kind.build(N, 2, bench.params);
    double[] x0 = normal(1, BATCH.elements());
    double[] all = run(net, BATCH, x0);
    for (int b = 0; b < 5; b++) {
      double[] alone = run(net, Shape.of(1, N), Bench.row(x0, b, N));
      assertThat(alone).isEqualTo(Bench.row(all, b, N));
    }
  }

  @Test
  void kernelsStartXavierNormalPerSlice() {
    new MixtureCross(40, mixture(1, 5, 30, Activation.RELU), bench.params);
    // √(2/(in + out)) of one expert's slice; of 4500 draws the estimate has a deviation of 1/√9000,
    // five of them are 5 %
    assertThat(deviation(bench.get("0/v"))).isCloseTo(Math.sqrt(2.0 / 70), withinPercentage(5));
    assertThat(deviation(bench.get("0/u"))).isCloseTo(Math.sqrt(2.0 / 70), withinPercentage(5));
    assertThat(deviation(bench.get("0/c"))).isCloseTo(Math.sqrt(2.0 / 60), withinPercentage(5));
    assertThat(bench.get("0/b")).containsOnly(0);
    double bound = 1 / Math.sqrt(40);
    assertThat(Arrays.stream(bench.get("gate"))).allMatch(w -> Math.abs(w) <= bound);
    assertThat(deviation(bench.get("gate"))).isCloseTo(bound / Math.sqrt(3), withinPercentage(20));
  }

  /// Sizes at the width of Criteo, 27 vectors of 128.
  @Test
  void numberOfParametersAtTheWidthOfCriteo() {
    assertThat(count(p -> new VectorCross(3456, 3, p))).isEqualTo(20_736);
  }

  @Test
  @Tag("slow")
  void numbersOfParametersOfTheLargeNetworksAtTheWidthOfCriteo() {
    int n = 3456;
    assertThat(count(p -> new FullCross(n, 3, p))).isEqualTo(35_842_176);
    assertThat(count(p -> new LowRankCross(n, 3, 512, p))).isEqualTo(10_627_200);
    assertThat(count(p -> new MixtureCross(n, mixture(3, 4, 64, Activation.RELU), p)))
        .isEqualTo(5_381_760);
  }

  private long count(Consumer<Params> build) {
    try (Params params = Params.create(bench.device, 1)) {
      build.accept(params);
      return params.all().stream().mapToLong(p -> p.elements()).sum();
    }
  }

  @Test
  void impossibleSizesAreErrors() {
    assertThatThrownBy(() -> new FullCross(3, -1, at("cross")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cross: -1 cross layers");
    assertThatThrownBy(() -> new LowRankCross(3, 1, 0, at("cross")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cross: cross rank 0");
    assertThatThrownBy(() -> mixture(1, 0, 2, Activation.RELU))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("experts 0");
  }

  // Gradients

  /// One of the four.
  enum Kind {
    VECTOR,
    FULL,
    LOW_RANK,
    MIXTURE;

    CrossNetwork build(int width, int layers, Params params) {
      return switch (this) {
        case VECTOR -> new VectorCross(width, layers, params);
        case FULL -> new FullCross(width, layers, params);
        case LOW_RANK -> new LowRankCross(width, layers, 2, params);
        case MIXTURE -> new MixtureCross(width, mixture(layers, 3, 2, Activation.TANH), params);
      };
    }
  }

  /// A network to check.
  record Case(String name, Function<Params, CrossNetwork> net) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> networks() {
    List<Case> cases = new ArrayList<>();
    for (int layers = 1; layers <= 2; layers++) {
      int l = layers;
      for (Kind kind : Kind.values()) {
        cases.add(new Case(kind + ", layers " + l, p -> kind.build(3, l, p)));
      }
    }
    for (MixtureCross.Config config :
        List.of(
            new MixtureCross.Config(2, 2, 2, Activation.RELU, Gate.SOFTMAX, false),
            new MixtureCross.Config(2, 2, 2, Activation.RELU, Gate.SIGMOID, true),
            new MixtureCross.Config(2, 2, 2, Activation.TANH, Gate.SOFTMAX, true),
            new MixtureCross.Config(2, 2, 2, Activation.TANH, Gate.SIGMOID, false),
            new MixtureCross.Config(2, 2, 1, Activation.IDENTITY, Gate.SOFTMAX, true),
            new MixtureCross.Config(1, 1, 2, Activation.SIGMOID, Gate.SIGMOID, true))) {
      cases.add(new Case(config.toString(), p -> new MixtureCross(3, config, p)));
    }
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("networks")
  void gradientsAreRightAndMutantsFail(Case c) {
    Objective.Builder layer =
        params -> {
          CrossNetwork net = c.net.apply(params);
          return (_, in) -> Map.of("y", net.forward(in.get("x")));
        };
    Bench.verify(GradCheck.of(0).input("x", Shape.of(4, 3)), layer);
  }

  // Arithmetic of the test

  private static double[] transpose(int rows, int columns, double... a) {
    double[] t = new double[a.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        t[j * rows + i] = a[i * columns + j];
      }
    }
    return t;
  }

  /// `[N, N]`, every column w: what 1 wᵀ is as `[in, out]`.
  private static double[] repeatColumns(double... w) {
    double[] a = new double[w.length * w.length];
    for (int i = 0; i < w.length; i++) {
      Arrays.fill(a, i * w.length, (i + 1) * w.length, w[i]);
    }
    return a;
  }

  private static double[] product(double[] a, double[] b, int m, int k, int n) {
    double[] c = new double[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        for (int t = 0; t < k; t++) {
          c[i * n + j] += a[i * k + t] * b[t * n + j];
        }
      }
    }
    return c;
  }

  private static double[] concat(double[] a, double[] b) {
    double[] c = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, c, a.length, b.length);
    return c;
  }

  private static double[] scaled(double c, double[] x) {
    return Arrays.stream(x).map(v -> c * v).toArray();
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double distance(double[] a, double[] b) {
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }

  private static double deviation(double[] x) {
    return Math.sqrt(dot(x, x) / x.length);
  }
}
