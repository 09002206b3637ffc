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

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Var;
import org.gradus.tensor.RecurrentKernels.Mixing;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class GruTest {
  private static final int B = 4;
  private static final int T = 3;
  private static final int D = 3;
  private static final int H = 2;
  private static final int[] LENGTHS = {2, 0, T, 1};

  /// The inputs of the specification's example, D = H = 2.
  private static final double[] STEPS = {1, 0.5, -0.5, 1, 0.25, -1};

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  static Stream<Gru.Form> forms() {
    List<Gru.Form> forms = new ArrayList<>();
    for (Mixing mixing : Mixing.values()) {
      forms.add(new Gru.Form(Reset.BEFORE, mixing, false));
      forms.add(new Gru.Form(Reset.AFTER, mixing, false));
      forms.add(new Gru.Form(Reset.AFTER, mixing, true));
    }
    return forms.stream();
  }

  /// The parameters of the specification's example: the FILL sequence, block by block.
  private Gru worked(Gru.Form form) {
    Gru gru = new Gru(2, 2, form, bench.params);
    int from = form.mixing() == Mixing.ATTENTION ? 1 : 0;
    int blocks = 3 - from;
    double[] weight = new double[2 * 2 * blocks];
    double[] recurrent = new double[2 * 2 * blocks];
    double[] bias = new double[2 * blocks];
    for (int gate = 0; gate < blocks; gate++) {
      for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
          int n = (gate + from) * 4 + i * 2 + j;
          weight[i * 2 * blocks + gate * 2 + j] = fill(n);
          recurrent[i * 2 * blocks + gate * 2 + j] = fill(12 + n);
        }
        bias[gate * 2 + i] = fill(24 + (gate + from) * 2 + i);
      }
    }
    bench.set("weight", weight);
    bench.set("recurrent", recurrent);
    bench.set("bias", bias);
    if (form.candidateBias()) {
      bench.set("candidateBias", fill(30), fill(31));
    }
    return gru;
  }

  static double fill(int n) {
    return ((7 * n + 3) % 11 - 5) / 10.0;
  }

  @ParameterizedTest
  @CsvSource({
    "BEFORE, UPDATE, false, -0.185226, -0.149297, -0.315492, 0.163818",
    "AFTER, UPDATE, false, -0.185226, -0.149297, -0.315886, 0.166071",
    "AFTER, UPDATE, true, -0.211478, -0.263636, -0.346239, -0.055941",
    "BEFORE, KEEP, false, -0.194723, -0.142016, -0.354019, 0.257196",
    "AFTER, KEEP, false, -0.194723, -0.142016, -0.357994, 0.258016",
    "AFTER, KEEP, true, -0.222320, -0.250779, -0.374083, -0.001376"
  })
  void theWorkedExample(
      Reset reset, Mixing mixing, boolean bias, double a1, double b1, double a3, double b3) {
    Gru gru = worked(new Gru.Form(reset, mixing, bias));
    double[] h = numbers(gru.forward(bench.variable(Shape.of(1, T, 2), STEPS)).carried());
    assertClose(Bench.row(h, 0, 2), new double[] {a1, b1}, SIX_DECIMALS);
    assertClose(Bench.row(h, 2, 2), new double[] {a3, b3}, SIX_DECIMALS);
  }

  @Test
  void theWorkedExampleFromAnotherState() {
    Gru gru = worked(Gru.Form.DIEN);
    Var x = bench.variable(Shape.of(1, T, 2), STEPS);
    Var h0 = bench.variable(Shape.of(1, 2), 0.5, -0.25);
    double[] h = numbers(gru.forward(x, h0, null, null).last());
    assertClose(h, new double[] {-0.298726, 0.105731}, SIX_DECIMALS);
  }

  @ParameterizedTest
  @CsvSource({
    "ATTENTION, -0.233673, 0.201629",
    "ATTENTION_UPDATE, -0.133938, 0.076114",
    "ATTENTION_KEEP, -0.378688, 0.283870"
  })
  void theWorkedExampleOfAttention(Mixing mixing, double a, double b) {
    Gru gru = worked(Gru.Form.DIEN.withMixing(mixing));
    Var x = bench.variable(Shape.of(1, T, 2), STEPS);
    Var attention = bench.variable(Shape.of(1, T), 0.2, 0.5, 0.3);
    double[] h = numbers(gru.forward(x, null, attention, null).last());
    assertClose(h, new double[] {a, b}, SIX_DECIMALS);
  }

  /// AUGRU with attention 1 is a GRU and with 0 stays where it is; AGRU with 1 is the candidate (numbers of the
  /// specification); the authors' code turns AUGRU around.
  @ParameterizedTest
  @CsvSource({
    "ATTENTION_UPDATE, 1, -0.298726, 0.105731",
    "ATTENTION_UPDATE, 0, 0.5, -0.25",
    "ATTENTION, 0, 0.5, -0.25",
    "ATTENTION, 1, -0.568412, 0.391727",
    "ATTENTION_KEEP, 0, -0.298726, 0.105731",
    "ATTENTION_KEEP, 1, -0.568412, 0.391727"
  })
  void attentionOfOneAndOfNone(Mixing mixing, double alpha, double a, double b) {
    Gru gru = worked(Gru.Form.DIEN.withMixing(mixing));
    Var x = bench.variable(Shape.of(1, T, 2), STEPS);
    Var h0 = bench.variable(Shape.of(1, 2), 0.5, -0.25);
    Var attention = bench.variable(Shape.of(1, T), alpha, alpha, alpha);
    double[] h = numbers(gru.forward(x, h0, attention, null).last());
    assertClose(h, new double[] {a, b}, SIX_DECIMALS);
  }

  /// AIGRU is a GRU whose inputs are multiplied by attention: with 0 it still moves (numbers of the specification).
  @ParameterizedTest
  @CsvSource({
    "0.5, -0.25, 0, 0, 0, -0.277098, 0.181988",
    "0.5, -0.25, 1, 1, 1, -0.298726, 0.105731",
    "0, 0, 0.2, 0.5, 0.3, -0.300123, 0.241485"
  })
  void theWorkedExampleOfAttentionOnTheInputs(
      double h1, double h2, double a1, double a2, double a3, double e1, double e2) {
    Gru gru = worked(Gru.Form.DIEN);
    Var x = bench.variable(Shape.of(1, T, 2), STEPS);
    Var alpha = bench.variable(Shape.of(1, T, 1), a1, a2, a3);
    Var h0 = bench.variable(Shape.of(1, 2), h1, h2);
    double[] h = numbers(gru.forward(alpha.multiply(x), h0, null, null).last());
    assertClose(h, new double[] {e1, e2}, SIX_DECIMALS);
  }

  /// A batch with rows of all lengths, and the layer unrolled over it.
  private final class Unrolled {
    final Gru gru;
    final Var x = bench.variable(Shape.of(B, T, D), normal(1, B * T * D));
    final Var h0 = bench.variable(Shape.of(B, H), normal(2, B * H));
    final Var alpha = bench.variable(Shape.of(B, T), normal(3, B * T));
    final boolean attends;

    Unrolled(Gru.Form form) {
      gru = new Gru(D, H, form, bench.params);
      bench
          .params
          .all()
          .forEach(p -> bench.set(p.path(), normal(4 + p.path().length(), numbersOf(p.path()))));
      attends = form.mixing().attends();
    }

    private int numbersOf(String path) {
      return bench.dense(path).shape().elements();
    }

    /// Step by step: h′ where the row has a step, else h.
    Var states() {
      List<Var> states = new ArrayList<>();
      Var h = h0;
      for (int t = 0; t < T; t++) {
        Var next = gru.cell(x.index(1, t), h, attends ? alpha.index(1, t) : null);
        boolean[] real = new boolean[B];
        for (int b = 0; b < B; b++) {
          real[b] = t < LENGTHS[b];
        }
        h = next.where(bench.tape.scope().upload(Shape.of(B, 1), real), h);
        states.add(h);
      }
      return Var.stack(1, states);
    }

    Var fused() {
      Tensor lengths = bench.tape.scope().upload(Shape.of(B), LENGTHS);
      return gru.forward(x, h0, attends ? alpha : null, lengths).carried();
    }
  }

  @ParameterizedTest
  @MethodSource("forms")
  void equalsItsCellsInAllGradients(Gru.Form form) {
    Unrolled u = new Unrolled(form);
    Var fused = u.fused();
    Var unrolled = u.states();
    assertClose(numbers(fused), numbers(unrolled), EXACT);
    double[] r = normal(9, B * T * H);
    Gradients one = bench.tape.backward(fused, bench.upload(fused.shape(), r));
    Gradients other = bench.tape.backward(unrolled, bench.upload(fused.shape(), r));
    bench
        .params
        .all()
        .forEach(
            p ->
                assertClose(bench.gradient(one, p.path()), bench.gradient(other, p.path()), EXACT));
    List<Var> inputs = u.attends ? List.of(u.x, u.h0, u.alpha) : List.of(u.x, u.h0);
    for (Var input : inputs) {
      assertClose(Bench.gradient(one, input), Bench.gradient(other, input), EXACT);
    }
    double[] dx = Bench.gradient(one, u.x);
    for (int b = 0; b < B; b++) {
      double[] behind = Arrays.copyOfRange(dx, (b * T + LENGTHS[b]) * D, (b + 1) * T * D);
      assertThat(behind).containsOnly(new double[behind.length]);
    }
  }

  @ParameterizedTest
  @MethodSource("forms")
  void gradientsAreRightAndMutantsFail(Gru.Form form) {
    GradCheck check = GradCheck.of(0).input("x", Shape.of(2, 2, D)).input("h", Shape.of(2, H));
    GradCheck whole = form.mixing().attends() ? check.input("a", Shape.of(2, 2)) : check;
    Bench.verify(
        whole,
        params -> {
          Gru gru = new Gru(D, H, form, params);
          return (mode, in) -> {
            Tensor lengths = mode.tape().scope().upload(Shape.of(2), 2, 1);
            Var attention = form.mixing().attends() ? in.get("a") : null;
            return Map.of("y", gru.forward(in.get("x"), in.get("h"), attention, lengths).last());
          };
        });
  }

  @Test
  void paddingChangesNothing() {
    Gru gru = new Gru(D, H, Gru.Form.PYTORCH, bench.params);
    double[] x = normal(1, B * T * D);
    double[] other = x.clone();
    double[] longer = new double[B * (T + 2) * D];
    Arrays.fill(longer, 7);
    for (int b = 0; b < B; b++) {
      Arrays.fill(other, (b * T + LENGTHS[b]) * D, (b + 1) * T * D, -3);
      System.arraycopy(x, b * T * D, longer, b * (T + 2) * D, LENGTHS[b] * D);
    }
    Tensor lengths = bench.tape.scope().upload(Shape.of(B), LENGTHS);
    States states = gru.forward(bench.variable(Shape.of(B, T, D), x), null, null, lengths);
    double[] last = numbers(states.last());
    assertThat(
            numbers(
                gru.forward(bench.variable(Shape.of(B, T, D), other), null, null, lengths).last()))
        .isEqualTo(last);
    Var wide = bench.variable(Shape.of(B, T + 2, D), longer);
    assertThat(numbers(gru.forward(wide, null, null, lengths).last())).isEqualTo(last);
    assertThat(Bench.row(last, 1, H)).containsOnly(0);
    double[] emitted = numbers(states.emitted());
    double[] carried = numbers(states.carried());
    for (int b = 0; b < B; b++) {
      for (int t = 0; t < T; t++) {
        double[] expected = t < LENGTHS[b] ? Bench.row(carried, b * T + t, H) : new double[H];
        assertThat(Bench.row(emitted, b * T + t, H)).isEqualTo(expected);
      }
    }
  }

  @Test
  void negatingTheUpdateGateTurnsKeepIntoUpdate() {
    Gru keep = worked(new Gru.Form(Reset.AFTER, Mixing.KEEP, false));
    Var x = bench.variable(Shape.of(1, T, 2), STEPS);
    double[] expected = numbers(keep.forward(x).carried());
    Gru update = new Gru(2, 2, Gru.Form.DIEN, bench.params.at("other"));
    for (String name : List.of("weight", "recurrent", "bias")) {
      double[] values = bench.get(name);
      for (int i = 0; i < values.length; i++) {
        values[i] *= i % 6 < 2 ? -1 : 1;
      }
      bench.set("other/" + name, values);
    }
    assertClose(numbers(update.forward(x).carried()), expected, EXACT);
  }

  @Test
  void recurrentWeightsStartOrthogonal() {
    int h = 5;
    Gru unused = new Gru(3, h, Gru.Form.DIEN, bench.params);
    assertThat(unused).isNotNull();
    double[] u = bench.get("recurrent");
    for (int block = 0; block < 3; block++) {
      for (int i = 0; i < h; i++) {
        for (int k = 0; k < h; k++) {
          double dot = 0;
          for (int j = 0; j < h; j++) {
            dot += u[i * 3 * h + block * h + j] * u[k * 3 * h + block * h + j];
          }
          // Five products of numbers that were rounded to float32.
          assertThat(Math.abs(dot - (i == k ? 1 : 0))).isLessThan(2 * h * 0x1p-24);
        }
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Gru gru = new Gru(D, H, Gru.Form.DIEN, bench.params);
    Var x = bench.variable(Shape.of(1, T, D), normal(1, T * D));
    Var attention = bench.variable(Shape.of(1, T), 1, 1, 1);
    assertThatThrownBy(() -> gru.forward(x, null, attention, null))
        .hasMessageContaining("mixing UPDATE with attention. Expected attention for ATTENTION…");
    Tensor lengths = bench.tape.scope().upload(Shape.of(1), T + 1);
    assertThatThrownBy(() -> gru.forward(x, null, null, lengths))
        .hasMessage("gru: length 4 of row 0. Expected lengths from 0 to 3.");
    Var state = bench.variable(Shape.of(2, H), normal(1, 2 * H));
    assertThatThrownBy(() -> gru.forward(x, state, null, null))
        .hasMessage("gru: initial state [2, 2]. Expected [1, 2].");
  }

  @ParameterizedTest
  @EnumSource(
      value = Mixing.class,
      names = {"UPDATE", "KEEP"})
  void aSaturatedGateKeepsTheStateOrTakesTheCandidate(Mixing mixing) {
    for (boolean keeps : new boolean[] {true, false}) {
      String path = keeps ? "keeps" : "takes";
      Gru gru = new Gru(2, 2, new Gru.Form(Reset.AFTER, mixing, false), bench.params.at(path));
      boolean up = keeps == (mixing == Mixing.KEEP);
      double u = up ? 800 : -800;
      bench.set(path + "/bias", u, u, -800, -800, 0.5, -2);
      Var h0 = bench.variable(Shape.of(1, 2), 0.5, -0.25);
      double[] h =
          numbers(gru.forward(bench.variable(Shape.of(1, T, 2), STEPS), h0, null, null).last());
      if (keeps) {
        assertThat(h).containsExactly(0.5, -0.25);
      } else { // r = 0: the candidate is tanh(x W_n + b_n)
        double[] w = bench.get(path + "/weight");
        for (int j = 0; j < 2; j++) {
          double a = STEPS[4] * w[4 + j] + STEPS[5] * w[6 + 4 + j] + (j == 0 ? 0.5 : -2);
          assertThat(h[j]).isCloseTo(Math.tanh(a), offset(EXACT));
        }
      }
    }
  }

  /// Every state is a mean of h₀ and numbers between −1 and 1.
  @ParameterizedTest
  @MethodSource("forms")
  void statesStayInTheHull(Gru.Form form) {
    if (form.mixing().attends()) {
      return; // the weights of a mean only while attention lies in 0 … 1
    }
    Gru gru = new Gru(D, H, form, bench.params);
    double[] x = normal(1, 30 * D);
    Arrays.setAll(x, i -> 4 * x[i]);
    Var h0 = bench.variable(Shape.of(1, H), 3, -2);
    double[] h =
        numbers(gru.forward(bench.variable(Shape.of(1, 30, D), x), h0, null, null).carried());
    for (int t = 0; t < 30; t++) {
      assertThat(h[t * H]).isBetween(-1.0, 3.0);
      assertThat(h[t * H + 1]).isBetween(-2.0, 1.0);
    }
  }

  @Test
  void gateBiasesStartWhereTheyAreTold() {
    Gru unused = new Gru(D, H, Gru.Form.CHO, 1, bench.params);
    assertThat(unused).isNotNull();
    assertThat(bench.get("bias")).containsExactly(1, 1, 1, 1, 0, 0);
  }
}
