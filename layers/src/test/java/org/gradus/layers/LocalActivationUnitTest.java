// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.filled;
import static org.gradus.layers.Bench.numbers;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mutation;
import org.gradus.autograd.Objective;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.AdaptiveMlp.Activation;
import org.gradus.layers.LocalActivationUnit.Config;
import org.gradus.layers.LocalActivationUnit.Interaction;
import org.gradus.layers.LocalActivationUnit.Normalization;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The activation unit of DIN: an example worked by hand, and its invariants.
class LocalActivationUnitTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  private static Config config(Activation activation, Normalization normalization) {
    return new Config(Interaction.AUTHOR, List.of(2), activation, normalization);
  }

  private LocalActivationUnit worked(Normalization normalization) {
    Params params = bench.params.at(normalization.name());
    LocalActivationUnit unit =
        new LocalActivationUnit(2, config(Activation.SIGMOID, normalization), params);
    String path = normalization.name() + "/";
    bench.set(path + "0/weight", filled(0, 16));
    bench.set(path + "0/bias", filled(16, 2));
    bench.set(path + "out/weight", filled(18, 2));
    if (normalization == Normalization.NONE || normalization == Normalization.SIGMOID) {
      bench.set(path + "out/bias", filled(20, 1));
    }
    return unit;
  }

  private Tensor mask(boolean... real) {
    return bench.tape.scope().upload(Shape.of(1, real.length), real);
  }

  private Var candidate() {
    return bench.variable(Shape.of(1, 2), .6, -.2);
  }

  private Var steps(double... more) {
    double[] e = {.5, .1, -.4, .3};
    double[] all = Arrays.copyOf(e, 4 + more.length);
    System.arraycopy(more, 0, all, 4, more.length);
    return bench.variable(Shape.of(1, all.length / 2, 2), all);
  }

  @ParameterizedTest
  @EnumSource
  void workedExample(Normalization normalization) {
    LocalActivationUnit unit = worked(normalization);
    double[][] expected =
        switch (normalization) {
          case NONE -> new double[][] {{-.392607, -.442093, 0}, {-.019466, -.171889}};
          case SIGMOID -> mixture(sigmoid(-.392607), sigmoid(-.442093)); // of the raw scores
          case SOFTMAX -> new double[][] {{.512369, .487631, 0}, {.061132, .197526}};
          case SOFTMAX_SCALED -> new double[][] {{.508747, .491253, 0}, {.057872, .198251}};
        };
    Tensor mask = mask(true, true, false);
    Var e = steps(0, 0);
    assertClose(
        numbers(unit.weights(candidate(), e, mask, bench.evaluation)), expected[0], SIX_DECIMALS);
    assertClose(
        numbers(unit.forward(candidate(), e, mask, bench.evaluation)), expected[1], SIX_DECIMALS);
  }

  private static double sigmoid(double s) {
    return 1 / (1 + Math.exp(-s));
  }

  /// Weights, and the steps (0.5, 0.1) and (−0.4, 0.3) by weight.
  private static double[][] mixture(double w1, double w2) {
    return new double[][] {{w1, w2, 0}, {.5 * w1 - .4 * w2, .1 * w1 + .3 * w2}};
  }

  /// Other numbers at padding, and more of it, change nothing; gradients there are 0.
  @ParameterizedTest
  @EnumSource
  void paddingChangesNothing(Normalization normalization) {
    LocalActivationUnit unit = worked(normalization);
    double[] v = numbers(unit.forward(candidate(), steps(), mask(true, true), bench.training));
    Var e = steps(9, -7, 100, 3);
    Var y = unit.forward(candidate(), e, mask(true, true, false, false), bench.training);
    assertClose(numbers(y), v, EXACT);
    Tensor g = java.util.Objects.requireNonNull(bench.tape.backward(y.sum()).of(e));
    assertThat(Arrays.copyOfRange(g.toDoubles(), 4, 8)).containsOnly(0);
    assertThat(Arrays.copyOfRange(g.toDoubles(), 0, 4)).doesNotContain(0);
  }

  /// The statistics of Dice inside the unit, in training, are those of real steps: padding among them would change every weight.
  @Test
  void diceInsideTheUnitKnowsNoPadding() {
    LocalActivationUnit unit =
        new LocalActivationUnit(
            2,
            new LocalActivationUnit.Config(
                LocalActivationUnit.Interaction.AUTHOR,
                java.util.List.of(3),
                org.gradus.layers.AdaptiveMlp.Activation.DICE,
                Normalization.NONE),
            bench.params.at("dice"));
    Var e = steps(9, -7, 100, 3);
    Tensor mask = mask(true, true, false, false);
    double[] padded = numbers(unit.weights(candidate(), e, mask, bench.training));
    double[] bare = numbers(unit.weights(candidate(), steps(), mask(true, true), bench.training));
    assertThat(bare).doesNotContain(0);
    assertClose(Arrays.copyOf(padded, 2), bare, EXACT);
  }

  @ParameterizedTest
  @EnumSource
  void aHistoryOfPaddingIsNothing(Normalization normalization) {
    LocalActivationUnit unit = worked(normalization);
    Var a = candidate();
    Var y = unit.forward(a, steps(), mask(false, false), bench.training);
    assertThat(numbers(y)).containsOnly(0);
    Tensor g = java.util.Objects.requireNonNull(bench.tape.backward(y.sum()).of(a));
    assertThat(g.toDoubles()).containsOnly(0);
  }

  /// Twice the history: twice the interest, or the same mixture.
  @Test
  void doublingAHistoryDoublesItWithoutSoftmax() {
    for (Normalization normalization : Normalization.values()) {
      LocalActivationUnit unit = worked(normalization);
      double[] once = numbers(unit.forward(candidate(), steps(), mask(true, true), bench.training));
      double[] twice =
          numbers(
              unit.forward(
                  candidate(),
                  steps(.5, .1, -.4, .3),
                  mask(true, true, true, true),
                  bench.training));
      boolean shares =
          normalization == Normalization.SOFTMAX || normalization == Normalization.SOFTMAX_SCALED;
      double factor = shares ? 1 : 2;
      assertClose(twice, new double[] {factor * once[0], factor * once[1]}, EXACT);
    }
  }

  @Test
  void aUnitThatSaysOneSumsTheHistory() {
    LocalActivationUnit unit = worked(Normalization.NONE);
    bench.set("NONE/out/weight", 0, 0);
    bench.set("NONE/out/bias", 1);
    Var y = unit.forward(candidate(), steps(9, 9), mask(true, true, false), bench.training);
    assertClose(numbers(y), new double[] {.1, .4}, EXACT);
  }

  @Test
  void underASoftmaxASingleStepIsTheHistory() {
    LocalActivationUnit unit = worked(Normalization.SOFTMAX);
    Var y = unit.forward(candidate(), steps(), mask(true, false), bench.training);
    assertClose(numbers(y), new double[] {.5, .1}, EXACT);
  }

  /// `[a, e, a ⊙ e]` and `[a, e, vec(a ⊗ e)]`, by weights that pick one number out.
  @Test
  void otherInteractionsSeeWhatTheySay() {
    for (Interaction interaction : List.of(Interaction.PRODUCT, Interaction.OUTER)) {
      int in = interaction == Interaction.PRODUCT ? 6 : 8;
      double[] seen = {.6, -.2, .5, .1, .3, -.02};
      double[] outer = {.6, -.2, .5, .1, .3, .06, -.1, -.02};
      LocalActivationUnit unit =
          new LocalActivationUnit(
              2,
              new Config(interaction, List.of(), Activation.RELU, Normalization.NONE),
              bench.params.at(interaction.name()));
      for (int i = 0; i < in; i++) {
        double[] one = new double[in];
        one[i] = 1;
        bench.set(interaction.name() + "/out/weight", one);
        Var w = unit.weights(candidate(), steps(), mask(true, true), bench.evaluation);
        assertClose(
            new double[] {numbers(w)[0]}, new double[] {in == 6 ? seen[i] : outer[i]}, EXACT);
      }
    }
  }

  /// Histories of 3, 0, 1 and 2 steps.
  private static Objective.Builder layer(Config config) {
    return params -> {
      LocalActivationUnit unit = new LocalActivationUnit(2, config, params);
      return (mode, in) -> {
        Tensor mask =
            mode.tape()
                .scope()
                .upload(
                    Shape.of(4, 3),
                    new boolean[] {
                      true, true, true, false, false, false, true, false, false, true, true, false
                    });
        return Map.of("y", unit.forward(in.get("a"), in.get("e"), mask, mode));
      };
    };
  }

  @ParameterizedTest
  @EnumSource
  void gradientsAreRight(Activation activation) {
    GradCheck check = GradCheck.of(5).input("a", Shape.of(4, 2)).input("e", Shape.of(4, 3, 2));
    for (Interaction interaction : Interaction.values()) {
      for (Normalization normalization : Normalization.values()) {
        Config config = new Config(interaction, List.of(3), activation, normalization);
        check.check(bench.device, layer(config)).orFail();
      }
    }
  }

  /// But for a wrong component of the gradient of the weights: it may be that of padding, or of an only step, which the
  /// softmax gives weight 1 whatever its score.
  @Test
  void mutantsFail() {
    Bench.verify(
        GradCheck.of(0).input("a", Shape.of(4, 2)).input("e", Shape.of(4, 3, 2)),
        layer(config(Activation.SIGMOID, Normalization.SOFTMAX)),
        m -> m.op().equals("weightedSum") && m.kind() == Mutation.Kind.COMPONENT);
  }
}
