// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.filled;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Arrays;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Objective;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.Residual.Norm;
import org.gradus.layers.TransformerEncoder.Config;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// The encoder: a layer worked by hand, masks, and what must not matter.
class TransformerEncoderTest {
  private static final double[] WORKED = {.5, -.2, .1, .3, -.1, .4, .2, -.3, .9, .9, .9, .9};

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  private static Config config(int layers, Norm norm, double dropout) {
    return new Config(
        layers,
        2,
        norm,
        MultiHeadAttention.Config.PAPER,
        new FeedForward.Config(6, FeedForward.Activation.RELU, 0),
        dropout);
  }

  /// A stack of width 4 with weights of N(0, 0.5²).
  private TransformerEncoder drawn(int layers, Norm norm, boolean causal) {
    Params params = bench.params.at(norm + "" + causal);
    TransformerEncoder encoder = new TransformerEncoder(4, config(layers, norm, 0), causal, params);
    int n = 0;
    for (Parameter p : bench.params.all()) {
      double[] values = normal(++n, (int) p.elements());
      Arrays.setAll(values, i -> values[i] / 2);
      bench.set(p.path(), values);
    }
    return encoder;
  }

  private Tensor real(int length, int... lengths) {
    return Masks.sequenceMask(bench.tape.scope(), lengths, length);
  }

  // Worked example

  private void fill(String prefix) {
    String[] paths = {
      "attention/query/weight",
      "attention/key/weight",
      "attention/value/weight",
      "attention/out/weight",
      "network/widen/weight",
      "network/widen/bias",
      "network/narrow/weight",
      "network/narrow/bias"
    };
    int n = 0;
    for (String path : paths) {
      int size = bench.get(prefix + path).length;
      bench.set(prefix + path, filled(n, size));
      n += size;
    }
    assertThat(n).isEqualTo(4 * 16 + 24 + 6 + 24 + 4);
  }

  @ParameterizedTest
  @EnumSource
  void workedExample(Norm norm) {
    EncoderLayer layer = new EncoderLayer(4, config(1, norm, 0), bench.params.at(0));
    fill("0/");
    double[] expected =
        switch (norm) {
          case POST ->
              new double[] {
                1.240609, -1.551152, .097845, .212698, -.523877, 1.035344, .867391, -1.378857
              };
          case PRE ->
              new double[] {
                .711112, -.489053, .552676, .207691, -.135915, .360764, .710659, -.710952
              };
        };
    Var x = bench.variable(Shape.of(1, 3, 4), WORKED);
    Tensor mask = TransformerEncoder.keys(bench.tape.scope(), real(3, 2));
    double[] y = numbers(layer.forward(x, mask, bench.training));
    assertClose(Arrays.copyOf(y, 8), expected, SIX_DECIMALS);
    Var without = bench.variable(Shape.of(1, 2, 4), Arrays.copyOf(WORKED, 8));
    Tensor all = TransformerEncoder.keys(bench.tape.scope(), real(2, 2));
    assertClose(numbers(layer.forward(without, all, bench.training)), Arrays.copyOf(y, 8), EXACT);
  }

  /// A normalised stack of one is its layer, normalised where PRE asks for it; padding is 0.
  @ParameterizedTest
  @EnumSource
  void aStackOfOneIsItsLayer(Norm norm) {
    TransformerEncoder encoder =
        new TransformerEncoder(4, config(1, norm, 0), false, bench.params.at("a"));
    fill("a/0/");
    EncoderLayer layer = new EncoderLayer(4, config(1, norm, 0), bench.params.at("b"));
    fill("b/");
    Var x = bench.variable(Shape.of(1, 3, 4), WORKED);
    Tensor real = real(3, 2);
    Tensor mask = TransformerEncoder.keys(bench.tape.scope(), real);
    Var one = layer.forward(x, mask, bench.training);
    Var expected = norm == Norm.PRE ? one.layerNorm(1e-6) : one;
    double[] y = numbers(encoder.forward(x, real, bench.training));
    assertClose(Arrays.copyOf(y, 8), Arrays.copyOf(numbers(expected), 8), EXACT);
    assertThat(Arrays.copyOfRange(y, 8, 12)).containsOnly(0);
  }

  @Test
  void aLayerThatAddsNothingIsTheIdentity() {
    EncoderLayer layer = new EncoderLayer(4, config(1, Norm.PRE, 0), bench.params);
    bench.set("attention/out/weight", new double[16]);
    bench.set("network/narrow/weight", new double[24]);
    Var x = bench.variable(Shape.of(1, 3, 4), WORKED);
    Tensor mask = TransformerEncoder.keys(bench.tape.scope(), real(3, 3));
    assertThat(numbers(layer.forward(x, mask, bench.training))).containsExactly(WORKED);
  }

  // Masks

  @Test
  void masksSayWhoMaySeeWhom() {
    Tensor causal = TransformerEncoder.causal(bench.tape.scope(), real(3, 3, 2));
    assertThat(causal.shape()).isEqualTo(Shape.of(2, 3, 3));
    assertThat(numbers(bench.tape.constant(Masks.toReal(bench.tape.scope(), causal))))
        .containsExactly(1, 0, 0, 1, 1, 0, 1, 1, 1, /* */ 1, 0, 0, 1, 1, 0, 1, 1, 0);
    Tensor keys = TransformerEncoder.keys(bench.tape.scope(), real(3, 3, 2));
    assertThat(keys.shape()).isEqualTo(Shape.of(2, 1, 3));
    assertThat(numbers(bench.tape.constant(Masks.toReal(bench.tape.scope(), keys))))
        .containsExactly(1, 1, 1, 1, 1, 0);
  }

  /// More of it, other numbers in it, other rows beside: outputs and gradients are the same, and 0 at padding.
  @ParameterizedTest
  @CsvSource({"POST,false", "POST,true", "PRE,false", "PRE,true"})
  void paddingChangesNothing(Norm norm, boolean causal) {
    TransformerEncoder encoder = drawn(2, norm, causal);
    double[] x = normal(9, 8);
    Var alone = bench.variable(Shape.of(1, 2, 4), x);
    Var y = encoder.forward(alone, real(2, 2), bench.training);
    var gradients = bench.tape.backward(y.square().sum());
    double[] more = normal(10, 3 * 4 * 4);
    System.arraycopy(x, 0, more, 16, 8);
    Arrays.fill(more, 24, 32, 1e3);
    Var among = bench.variable(Shape.of(3, 4, 4), more);
    Var z = encoder.forward(among, real(4, 4, 2, 0), bench.training);
    double[] all = numbers(z);
    assertClose(Arrays.copyOfRange(all, 16, 24), numbers(y), EXACT);
    assertThat(Arrays.copyOfRange(all, 24, 48)).containsOnly(0);
    var same = bench.tape.backward(z.index(0, 1).square().sum());
    double[] g = requireNonNull(same.of(among)).toDoubles();
    assertClose(
        Arrays.copyOfRange(g, 16, 24), requireNonNull(gradients.of(alone)).toDoubles(), EXACT);
    assertThat(Arrays.copyOfRange(g, 24, 48)).containsOnly(0);
    for (Parameter p : bench.params.all()) {
      assertClose(bench.gradient(same, p.path()), bench.gradient(gradients, p.path()), EXACT);
    }
  }

  @ParameterizedTest
  @EnumSource
  void ofPaddingAloneNothingIsLeft(Norm norm) {
    TransformerEncoder encoder = drawn(2, norm, false);
    Var x = bench.variable(Shape.of(1, 2, 4), new double[8]);
    Var y = encoder.forward(x, real(2, 0), bench.training);
    assertThat(numbers(y)).containsOnly(0);
    var gradients = bench.tape.backward(y.sum());
    assertThat(requireNonNull(gradients.of(x)).toDoubles()).containsOnly(0);
    for (Parameter p : bench.params.all()) {
      assertThat(bench.gradient(gradients, p.path())).as(p.path()).containsOnly(0);
    }
  }

  @ParameterizedTest
  @CsvSource({"POST,false", "POST,true", "PRE,false", "PRE,true"})
  void withACausalMaskNobodySeesTheFuture(Norm norm, boolean causal) {
    TransformerEncoder encoder = drawn(2, norm, causal);
    double[] x = normal(9, 16);
    double[] before =
        numbers(encoder.forward(bench.variable(Shape.of(1, 4, 4), x), real(4, 4), bench.training));
    for (int at = 0; at < 4; at++) {
      double[] other = x.clone();
      other[at * 4] += 1;
      double[] after =
          numbers(
              encoder.forward(
                  bench.variable(Shape.of(1, 4, 4), other), real(4, 4), bench.training));
      for (int t = 0; t < 4; t++) {
        boolean changed = !Arrays.equals(Bench.row(before, t, 4), Bench.row(after, t, 4));
        assertThat(changed).as("%d sees %d", t, at).isEqualTo(!causal || t >= at);
      }
    }
  }

  /// Without positions the encoder knows no order.
  @ParameterizedTest
  @EnumSource
  void itMovesWithItsInput(Norm norm) {
    TransformerEncoder encoder = drawn(2, norm, false);
    Var x = bench.variable(Shape.of(1, 4, 4), normal(9, 16));
    Tensor order = bench.tape.scope().upload(Shape.of(4), new int[] {2, 0, 3, 1});
    Var y = encoder.forward(x, real(4, 4), bench.training).gather(1, order);
    Var z = encoder.forward(x.gather(1, order), real(4, 4), bench.training);
    assertClose(numbers(z), numbers(y), EXACT);
  }

  // Gradients

  /// Rows of 3, 0, 1 and 2 positions.
  private static Objective.Builder stack(Config config, boolean causal) {
    return params -> {
      TransformerEncoder encoder = new TransformerEncoder(4, config, causal, params);
      return (mode, in) -> {
        Tensor real = Masks.sequenceMask(mode.tape().scope(), new int[] {3, 0, 1, 2}, 3);
        return Map.of("y", encoder.forward(in.get("x"), real, mode));
      };
    };
  }

  @ParameterizedTest
  @CsvSource({"POST,false", "POST,true", "PRE,false", "PRE,true"})
  void gradientsAreRight(Norm norm, boolean causal) {
    GradCheck.of(3)
        .input("x", Shape.of(4, 3, 4))
        .check(bench.device, stack(config(2, norm, .2), causal))
        .orFail();
  }

  @Test
  void aStackHasLayers() {
    assertThatThrownBy(() -> config(0, Norm.POST, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("transformer: 0 layers. Expected at least 1.");
  }
}
