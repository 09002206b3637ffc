// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Arrays;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DropoutTest {
  private static final int N = 20_000;

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  private Dropout dropout(double rate, String path) {
    return new Dropout(rate, bench.params.at(path));
  }

  private Mode step(long seed, long step) {
    return Mode.training(bench.tape, seed, step);
  }

  private double[] ones(Dropout dropout, Mode mode) {
    double[] ones = new double[N];
    Arrays.fill(ones, 1);
    return numbers(dropout.forward(bench.variable(Shape.of(N / 4, 4), ones), mode));
  }

  /// A number is 0 or 1/(1 − p), and 0 about as often as p says: within five deviations of a binomial.
  @ParameterizedTest
  @ValueSource(doubles = {.1, .5, .9})
  void dropsItsShareAndScalesTheRest(double rate) {
    double[] y = ones(dropout(rate, "d"), step(1, 1));
    double kept = 1 / (1 - rate);
    int zeros = 0;
    for (double v : y) {
      if (v == 0) {
        zeros++;
      } else {
        assertThat(v).isCloseTo(kept, within(1e-15 * kept));
      }
    }
    double deviation = Math.sqrt(N * rate * (1 - rate));
    assertThat((double) zeros).isCloseTo(N * rate, within(5 * deviation));
  }

  @Test
  void whatIsDroppedIsAFunctionOfSeedStepAndPath() {
    double[] first = ones(dropout(.5, "d"), step(1, 1));
    assertThat(ones(dropout(.5, "d"), step(1, 1))).isEqualTo(first);
    assertThat(ones(dropout(.5, "d"), step(2, 1))).isNotEqualTo(first);
    assertThat(ones(dropout(.5, "d"), step(1, 2))).isNotEqualTo(first);
    assertThat(ones(dropout(.5, "e"), step(1, 1))).isNotEqualTo(first);
  }

  @Test
  void aLayerUsedTwiceInAPassDrawsTwice() {
    Dropout dropout = dropout(.5, "d");
    Mode mode = step(1, 1);
    assertThat(ones(dropout, mode)).isNotEqualTo(ones(dropout, mode));
  }

  @Test
  void inEvaluationAndAtRateZeroNothingHappens() {
    Var x = bench.variable(Shape.of(2, 3), normal(1, 6));
    assertThat(dropout(.5, "d").forward(x, bench.evaluation)).isSameAs(x);
    assertThat(dropout(0, "d").forward(x, bench.training)).isSameAs(x);
  }

  @ParameterizedTest
  @ValueSource(doubles = {-.1, 1, Double.NaN})
  void impossibleRatesAreErrors(double rate) {
    assertThatThrownBy(() -> dropout(rate, "tower"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tower: dropout rate " + rate + ". Expected 0 ≤ rate < 1.");
  }

  @Test
  void gradientsAreRightAndMutantsFail() {
    Bench.verify(
        GradCheck.of(0).input("x", Shape.of(6, 4)),
        params -> {
          Dropout dropout = new Dropout(.4, params.at("d"));
          return (mode, in) -> Map.of("y", dropout.forward(in.get("x"), mode));
        });
  }
}
