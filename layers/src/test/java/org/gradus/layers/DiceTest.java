// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Objective;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Dice and PReLU: an example worked by hand, limits, and what padding must not do.
class DiceTest {
  private static final Shape COLUMN = Shape.of(3, 1);

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  private static Dice.Config config(double alpha, boolean unbiased, boolean stop) {
    return new Dice.Config(alpha, 1e-8, 0.01, unbiased, stop);
  }

  /// One column 1, 2, 4 with α = ¼: mean 7/3, variance 14/9.
  @Test
  void workedExample() {
    Dice dice = new Dice(1, config(.25, false, false), bench.params);
    Var s = bench.variable(COLUMN, 1, 2, 4);
    Var f = dice.forward(s, null, bench.training);
    assertClose(numbers(f), new double[] {.441689, 1.150369, 3.375646}, SIX_DECIMALS);
    Gradients g = bench.tape.backward(f.sum());
    Tensor ds = java.util.Objects.requireNonNull(g.of(s));
    assertClose(ds.toDoubles(), new double[] {.404424, .631082, .825279}, SIX_DECIMALS);
    assertClose(bench.gradient(g, "alpha"), new double[] {2.709729}, SIX_DECIMALS);
    assertClose(bench.get("mean"), new double[] {.023333}, SIX_DECIMALS);
    assertClose(bench.get("variance"), new double[] {1.005556}, SIX_DECIMALS);
    assertClose(
        numbers(dice.forward(s, null, bench.evaluation)),
        new double[] {.794432, 1.816610, 3.944192},
        SIX_DECIMALS);
  }

  @Test
  void statisticsMayCountAsConstants() {
    Dice dice = new Dice(1, config(.25, false, true), bench.params);
    Var s = bench.variable(COLUMN, 1, 2, 4);
    Var f = dice.forward(s, null, bench.training);
    assertClose(numbers(f), new double[] {.441689, 1.150369, 3.375646}, SIX_DECIMALS);
    Tensor ds = java.util.Objects.requireNonNull(bench.tape.backward(f.sum()).of(s));
    assertClose(ds.toDoubles(), new double[] {.556100, .870548, 1.240325}, SIX_DECIMALS);
  }

  /// Σ(s − 7/3)² = 14/3, of which the unbiased variance takes half.
  @Test
  void theMovingVarianceMayBeUnbiased() {
    Dice dice = new Dice(1, config(0, true, false), bench.params);
    dice.forward(bench.variable(COLUMN, 1, 2, 4), null, bench.training);
    assertClose(bench.get("variance"), new double[] {.99 + .01 * 7 / 3}, EXACT);
  }

  @Test
  void equalNumbersAreScaledByTheMeanSlope() {
    Dice dice = new Dice(1, config(.25, false, false), bench.params);
    Var f = dice.forward(bench.variable(COLUMN, 3, 3, 3), null, bench.training);
    assertClose(numbers(f), new double[] {1.875, 1.875, 1.875}, EXACT);
  }

  @Test
  void slopesOfOneMakeItTheIdentity() {
    Dice dice = new Dice(2, config(1, false, false), bench.params);
    double[] s = normal(1, 10);
    Var f = dice.forward(bench.variable(Shape.of(5, 2), s), null, bench.training);
    assertClose(numbers(f), s, EXACT);
  }

  /// Around mean 0, as the variance goes to 0: p is 0 or 1.
  @Test
  void withoutVarianceItIsPrelu() {
    Dice dice = new Dice(1, config(.25, false, false), bench.params.at("dice"));
    Prelu prelu = new Prelu(1, .25, bench.params.at("prelu"));
    bench.set("dice/variance", 0);
    Var s = bench.variable(COLUMN, -2, .5, 3);
    assertClose(numbers(dice.forward(s, null, bench.evaluation)), numbers(prelu.forward(s)), EXACT);
    assertThat(numbers(prelu.forward(s))).containsExactly(-.5, .5, 3);
  }

  private static final double[] ROWS = {-.2, -.2, 7, -9, .1, .3, 3, 3, .4, -.1};

  private Tensor some(boolean... mask) {
    return bench.tape.scope().upload(Shape.of(mask.length), mask);
  }

  /// What stands at padding has no part in statistics, results or gradients, and gives 0.
  @Test
  void paddingIsAsGoodAsNotThere() {
    Dice bare = new Dice(2, config(.25, false, false), bench.params.at("bare"));
    Dice padded = new Dice(2, config(.25, false, false), bench.params.at("padded"));
    Tensor mask = some(true, false, true, false, true);
    Var three = bench.variable(Shape.of(3, 2), -.2, -.2, .1, .3, .4, -.1);
    Var five = bench.variable(Shape.of(5, 2), ROWS);
    double[] y = numbers(bare.forward(three, null, bench.training));
    double[] expected = {y[0], y[1], 0, 0, y[2], y[3], 0, 0, y[4], y[5]};
    Var found = padded.forward(five, mask, bench.training);
    assertClose(numbers(found), expected, EXACT);
    Tensor g = java.util.Objects.requireNonNull(bench.tape.backward(found.square().sum()).of(five));
    assertThat(Bench.row(g.toDoubles(), 1, 2)).containsOnly(0);
    assertThat(Bench.row(g.toDoubles(), 0, 2)).doesNotContain(0);
    assertClose(bench.get("padded/mean"), bench.get("bare/mean"), EXACT);
    assertClose(bench.get("padded/variance"), bench.get("bare/variance"), EXACT);
    double[] evaluated = numbers(padded.forward(five, mask, bench.evaluation));
    assertThat(Bench.row(evaluated, 3, 2)).containsOnly(0);
  }

  /// With one real row, or none, training takes the moving statistics and leaves them alone.
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void fewerThanTwoRowsUseTheMovingStatistics(boolean one) {
    Dice dice = new Dice(2, config(.25, false, false), bench.params);
    Tensor mask = some(one, false, false, false, false);
    Var s = bench.variable(Shape.of(5, 2), ROWS);
    assertThat(numbers(dice.forward(s, mask, bench.training)))
        .isEqualTo(numbers(dice.forward(s, mask, bench.evaluation)))
        .doesNotContain(Double.NaN);
    assertThat(bench.get("mean")).containsExactly(0, 0);
    assertThat(bench.get("variance")).containsExactly(1, 1);
  }

  /// A well-known port takes mean and variance over the numbers of one example, and its variance is a sum. Here a neuron is
  /// normalised over the batch: what the others hold does not matter to it.
  @Test
  void aNeuronIsNormalisedOverTheBatchAndNotAnExampleOverItsNeurons() {
    Dice one = new Dice(1, config(.25, false, false), bench.params.at("one"));
    Dice two = new Dice(2, config(.25, false, false), bench.params.at("two"));
    double[] alone = numbers(one.forward(bench.variable(COLUMN, 1, 2, 4), null, bench.training));
    double[] beside =
        numbers(
            two.forward(bench.variable(Shape.of(3, 2), 1, 50, 2, -9, 4, 7), null, bench.training));
    assertClose(new double[] {beside[0], beside[2], beside[4]}, alone, EXACT);
  }

  /// Another has no moving statistics: a score depends on its batch, and every row of a batch of one is scaled by (1 + α)/2.
  @Test
  void inEvaluationARowDoesNotDependOnItsBatch() {
    Dice dice = new Dice(1, config(.25, false, false), bench.params);
    bench.set("mean", .3);
    bench.set("variance", 2);
    double[] all = numbers(dice.forward(bench.variable(COLUMN, 1, 2, 4), null, bench.evaluation));
    double[] single =
        numbers(dice.forward(bench.variable(Shape.of(1, 1), 2), null, bench.evaluation));
    assertThat(single[0]).isEqualTo(all[1]).isNotEqualTo(2 * (1 + .25) / 2);
  }

  /// p looks at the distance from the mean alone.
  @Test
  void aConstantAddedToAllInputsLeavesTheGateAlone() {
    Dice dice = new Dice(1, config(0, false, false), bench.params);
    double[] f = numbers(dice.forward(bench.variable(COLUMN, 1, 2, 4), null, bench.training));
    double[] g = numbers(dice.forward(bench.variable(COLUMN, 6, 7, 9), null, bench.training));
    for (int i = 0; i < 3; i++) { // with α = 0, f = p s
      double s = new double[] {1, 2, 4}[i];
      assertClose(new double[] {g[i] / (s + 5)}, new double[] {f[i] / s}, EXACT);
    }
  }

  private static Objective.Builder layer(boolean masked, boolean stop) {
    return params -> {
      Dice dice = new Dice(2, config(0, false, stop), params);
      return (mode, in) -> {
        Tensor mask =
            masked ? mode.tape().scope().upload(Shape.of(5), true, true, false, true, true) : null;
        return Map.of("y", dice.forward(in.get("x"), mask, mode));
      };
    };
  }

  @Test
  void gradientsAreRightAndMutantsFail() {
    GradCheck check = GradCheck.of(0).input("x", Shape.of(5, 2));
    for (boolean masked : new boolean[] {false, true}) {
      Bench.verify(check, layer(masked, false));
      Bench.verify(check, layer(masked, true));
      Bench.verify(check.evaluation(), layer(masked, false));
    }
  }

  @Test
  void gradientsOfPreluAreRight() {
    Bench.verify(
        GradCheck.of(0).input("x", Shape.of(5, 2)),
        params -> {
          Prelu prelu = new Prelu(2, Prelu.PAPER, params);
          return (_, in) -> Map.of("y", prelu.forward(in.get("x")));
        });
  }

  @Test
  void impossibleSettingsAreErrors() {
    assertThatThrownBy(() -> new Dice.Config(0, 0, .01, false, false))
        .hasMessageContaining("epsilon 0.0");
    assertThatThrownBy(() -> new Dice.Config(0, 1e-8, 2, false, false))
        .hasMessageContaining("momentum 2.0");
  }
}
