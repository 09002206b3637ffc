// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Var;
import org.gradus.layers.PositionEncoding.Kind;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PositionEncodingTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void workedExample() {
    double[] expected = {
      0, 1, 0, 1, //
      .841471, .540302, .010000, .999950, //
      .909297, -.416147, .019999, .999800, //
      .141120, -.989992, .029996, .999550
    };
    assertClose(PositionEncoding.sinusoids(4, 4), expected, SIX_DECIMALS);
    PositionEncoding pe = new PositionEncoding(Kind.SINUSOIDAL, 2, 4, bench.params);
    Var e = bench.variable(Shape.of(1, 1, 4), .1, -.2, .3, .05).multiply(Math.sqrt(4));
    double[] second = {1.041471, .140302, .610000, 1.099950};
    assertClose(numbers(pe.add(e, 1)), second, SIX_DECIMALS);
  }

  /// Sines and cosines of one angle have squares that add up to 1.
  @Test
  void everyPositionIsAsLongAsEveryOther() {
    double[] pe = PositionEncoding.sinusoids(50, 6);
    for (int pos = 0; pos < 50; pos++) {
      double squares = 0;
      for (int c = 0; c < 6; c++) {
        squares += pe[pos * 6 + c] * pe[pos * 6 + c];
      }
      assertThat(squares).isCloseTo(3, within(EXACT));
    }
  }

  /// k positions further is a rotation of every pair by k · 10000^{−2i/d}, wherever it begins.
  @Test
  void aStepIsARotation() {
    double[] pe = PositionEncoding.sinusoids(40, 6);
    for (int k = 1; k < 8; k++) {
      for (int pos = 0; pos + k < 40; pos += 5) {
        for (int i = 0; i < 3; i++) {
          double angle = k * Math.pow(10_000, -2 * i / 6.0);
          double sin = pe[pos * 6 + 2 * i];
          double cos = pe[pos * 6 + 2 * i + 1];
          assertThat(pe[(pos + k) * 6 + 2 * i])
              .isCloseTo(sin * Math.cos(angle) + cos * Math.sin(angle), within(1e-12));
          assertThat(pe[(pos + k) * 6 + 2 * i + 1])
              .isCloseTo(cos * Math.cos(angle) - sin * Math.sin(angle), within(1e-12));
        }
      }
    }
  }

  @Test
  void anOddWidthEndsInASine() {
    double[] odd = PositionEncoding.sinusoids(3, 3);
    double angle = 2 / Math.pow(10_000, 2 / 3.0);
    assertThat(odd[2 * 3 + 2]).isCloseTo(Math.sin(angle), within(EXACT));
  }

  @Test
  void learnedPositionsAreThoseAskedFor() {
    PositionEncoding pe = new PositionEncoding(Kind.LEARNED, 3, 2, bench.params);
    bench.set("positions", 1, 2, 3, 4, 5, 6);
    Var x = bench.variable(Shape.of(2, 2, 2), .1, .2, .3, .4, .5, .6, .7, .8);
    Var y = pe.add(x, 1);
    assertClose(numbers(y), new double[] {3.1, 4.2, 5.3, 6.4, 3.5, 4.6, 5.7, 6.8}, EXACT);
    double[] g = bench.gradient(bench.tape.backward(y.sum()), "positions");
    assertThat(g).containsExactly(0, 0, 2, 2, 2, 2); // two rows of the batch
  }

  @Test
  void withoutPositionsNothingIsAdded() {
    Var x = bench.variable(Shape.of(1, 5, 2), normal(1, 10));
    assertThat(new PositionEncoding(Kind.NONE, 5, 2, bench.params).add(x, 0)).isSameAs(x);
  }

  @ParameterizedTest
  @EnumSource
  void tooLongIsAnError(Kind kind) {
    PositionEncoding pe = new PositionEncoding(kind, 3, 2, bench.params);
    Var x = bench.variable(Shape.of(1, 2, 2), normal(1, 4));
    assertThat(numbers(pe.add(x, 1))).hasSize(4);
    assertThatThrownBy(() -> pe.add(x, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("positions: 2 to 3 of [1, 2, 2]. Expected at most 3 positions.");
  }

  @Test
  void gradientsAreRightAndMutantsFail() {
    Bench.verify(
        GradCheck.of(0).input("x", Shape.of(2, 3, 2)),
        params -> {
          PositionEncoding pe = new PositionEncoding(Kind.LEARNED, 4, 2, params);
          return (_, in) -> Map.of("y", pe.add(in.get("x"), 1));
        });
  }
}
