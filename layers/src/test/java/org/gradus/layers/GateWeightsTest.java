// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;
import static org.gradus.layers.NaiveCells.rows;

import java.util.Arrays;
import org.gradus.layers.GateWeights.Torch;
import org.gradus.layers.Lstm.BiasInit;
import org.gradus.tensor.RecurrentKernels.Mixing;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Weights of other libraries, held to loops that compute as those libraries do.
class GateWeightsTest {
  private static final int D = 3;
  private static final int H = 2;
  private static final double[][] X = rows(normal(1, 5 * D), D);

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  private static Torch torch(int gates) {
    return new Torch(
        rows(normal(2, gates * H * D), D),
        rows(normal(3, gates * H * H), H),
        normal(4, gates * H),
        normal(5, gates * H));
  }

  private static double[] flat(double[][] x) {
    return Arrays.stream(x).flatMapToDouble(Arrays::stream).toArray();
  }

  private double[] run(Lstm lstm) {
    return numbers(lstm.forward(bench.variable(Shape.of(1, 5, D), flat(X))).states().carried());
  }

  private double[] run(Gru gru) {
    return numbers(gru.forward(bench.variable(Shape.of(1, 5, D), flat(X))).carried());
  }

  private Lstm lstm(GateWeights weights) {
    Lstm lstm = new Lstm(D, H, BiasInit.ZERO_FORGET_ONE, bench.params);
    lstm.load(weights);
    return lstm;
  }

  private Gru gru(Gru.Form form, GateWeights weights) {
    Gru gru = new Gru(D, H, form, bench.params);
    gru.load(weights);
    return gru;
  }

  /// Two biases are added (the specification's pitfall c).
  @Test
  void ofATorchLstm() {
    Torch w = torch(4);
    Lstm lstm = lstm(GateWeights.ofTorchLstm(w));
    assertClose(run(lstm), flat(NaiveCells.torchLstm(w, X)), EXACT);
    assertClose(flat(NaiveCells.torchLstm(lstm.weights().toTorchLstm(), X)), run(lstm), EXACT);
  }

  @Test
  void ofATorchGru() {
    Torch w = torch(3);
    Gru gru = gru(Gru.Form.PYTORCH, GateWeights.ofTorchGru(w));
    assertClose(run(gru), flat(NaiveCells.torchGru(w, X)), EXACT);
    assertClose(flat(NaiveCells.torchGru(gru.weights().toTorchGru(), X)), run(gru), EXACT);
  }

  @Test
  void ofAKerasLstm() {
    double[][] kernel = rows(normal(6, D * 4 * H), 4 * H);
    double[][] recurrent = rows(normal(7, H * 4 * H), 4 * H);
    double[] bias = normal(8, 4 * H);
    Lstm lstm = lstm(new GateWeights(kernel, recurrent, bias, new double[4 * H]));
    assertClose(run(lstm), flat(NaiveCells.lstm(kernel, recurrent, bias, X)), EXACT);
  }

  @Test
  void ofAKerasGru() {
    double[][] kernel = rows(normal(6, D * 3 * H), 3 * H);
    double[][] recurrent = rows(normal(7, H * 3 * H), 3 * H);
    double[][] bias = rows(normal(8, 6 * H), 3 * H);
    Gru gru = gru(Gru.Form.PYTORCH, new GateWeights(kernel, recurrent, bias[0], bias[1]));
    assertClose(run(gru), flat(NaiveCells.kerasGru(kernel, recurrent, bias, X)), EXACT);
  }

  /// Its forget bias is added as it runs: without it the weights are another model (the specification's pitfall b).
  @Test
  void ofATensorFlow1Lstm() {
    double[][] kernel = rows(normal(6, (D + H) * 4 * H), 4 * H);
    double[] bias = normal(8, 4 * H);
    double[] expected = flat(NaiveCells.tensorFlow1Lstm(kernel, bias, 1, X));
    Lstm lstm = lstm(GateWeights.ofTensorFlow1Lstm(kernel, bias, 1));
    assertClose(run(lstm), expected, EXACT);
    lstm.load(GateWeights.ofTensorFlow1Lstm(kernel, bias, 0));
    assertThat(Math.abs(run(lstm)[4 * H] - expected[4 * H])).isGreaterThan(1e-3);
  }

  @Test
  void ofATensorFlow1Gru() {
    double[][] gates = rows(normal(6, (D + H) * 2 * H), 2 * H);
    double[][] candidate = rows(normal(7, (D + H) * H), H);
    double[] gateBias = normal(8, 2 * H);
    double[] bias = normal(9, H);
    Gru gru = gru(Gru.Form.CHO, GateWeights.ofTensorFlow1Gru(gates, gateBias, candidate, bias));
    assertClose(
        run(gru), flat(NaiveCells.tensorFlow1Gru(gates, gateBias, candidate, bias, X)), EXACT);
  }

  /// 1 − σ(a) = σ(−a)
  @ParameterizedTest
  @EnumSource(Reset.class)
  void theUpdateGateTurnedAround(Reset reset) {
    GateWeights w = GateWeights.ofTorchGru(torch(3));
    GateWeights one = new GateWeights(w.input(), w.recurrent(), w.biases(), new double[3 * H]);
    Gru keep = gru(new Gru.Form(reset, Mixing.KEEP, false), one);
    double[] expected = run(keep);
    Gru update = new Gru(D, H, new Gru.Form(reset, Mixing.UPDATE, false), bench.params.at("u"));
    update.load(one.negated(0));
    assertClose(run(update), expected, EXACT);
    update.load(one);
    assertThat(run(update)).isNotEqualTo(expected);
  }

  /// AFTER_BIAS with b′ = 0 is AFTER; AFTER is BEFORE where U_n is diagonal, and not where it is full.
  @Test
  void formsThatMeet() {
    GateWeights w = GateWeights.ofTorchGru(torch(3));
    double[] inner = new double[3 * H];
    System.arraycopy(w.recurrentBias(), 0, inner, 0, 2 * H);
    GateWeights withoutInner = new GateWeights(w.input(), w.recurrent(), w.bias(), inner);
    double[] expected = run(gru(new Gru.Form(Reset.AFTER, Mixing.KEEP, false), withoutInner));
    Gru withBias = new Gru(D, H, Gru.Form.PYTORCH, bench.params.at("bias"));
    withBias.load(withoutInner);
    assertClose(run(withBias), expected, EXACT);
    Gru before = new Gru(D, H, Gru.Form.CHO, bench.params.at("before"));
    before.load(withoutInner);
    assertThat(Math.abs(run(before)[2 * H] - expected[2 * H])).isGreaterThan(1e-6);
    double[][] diagonal = w.recurrent();
    for (int i = 0; i < H; i++) {
      for (int j = 0; j < H; j++) {
        diagonal[i][2 * H + j] *= i == j ? 1 : 0;
      }
    }
    GateWeights separate = new GateWeights(w.input(), diagonal, w.bias(), inner);
    withBias.load(separate);
    before.load(separate);
    assertClose(run(before), run(withBias), EXACT);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Torch w = torch(3);
    assertThatThrownBy(() -> new GateWeights(w.weightIh(), w.weightHh(), w.biasIh(), w.biasHh()))
        .hasMessageContaining("Expected [D][kH], [H][kH], kH and kH; PyTorch's weights are");
    GateWeights gru = GateWeights.ofTorchGru(w);
    assertThatThrownBy(() -> lstm(gru))
        .hasMessage("weight: gate weights [3, 6] and [2, 6]. Expected [3, 8] and [2, 8].");
    assertThatThrownBy(() -> new Gru(D, H, Gru.Form.DIEN, bench.params.at("g")).load(gru))
        .hasMessageContaining("a bias inside the reset gate, and a form without");
  }
}
