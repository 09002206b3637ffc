// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LayerNormTest {
  private static final int C = 4;

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void everyVectorHasMeanAndVarianceOfItsOwn() {
    LayerNorm norm = new LayerNorm(C, 1e-3, bench.params);
    double[] scale = normal(1, C);
    double[] shift = normal(2, C);
    bench.set("scale", scale);
    bench.set("shift", shift);
    double[] x = normal(3, 2 * 3 * C);
    double[] expected = new double[x.length];
    for (int row = 0; row < 6; row++) {
      double mean = 0;
      for (int c = 0; c < C; c++) {
        mean += x[row * C + c] / C;
      }
      double variance = 0;
      for (int c = 0; c < C; c++) {
        variance += (x[row * C + c] - mean) * (x[row * C + c] - mean) / C;
      }
      for (int c = 0; c < C; c++) {
        expected[row * C + c] =
            scale[c] * (x[row * C + c] - mean) / Math.sqrt(variance + 1e-3) + shift[c];
      }
    }
    double[] y = numbers(norm.forward(bench.variable(Shape.of(2, 3, C), x)));
    assertClose(y, expected, EXACT);
    for (int row = 0; row < 6; row++) {
      double[] alone = Bench.row(x, row, C);
      assertThat(numbers(norm.forward(bench.variable(Shape.of(1, C), alone))))
          .isEqualTo(Bench.row(y, row, C));
    }
  }

  /// (1, 2, 4, 9) has variance 9.5, divided by the count; other numbers would come of dividing by one less.
  @Test
  void workedExample() {
    LayerNorm norm = new LayerNorm(C, 1e-6, bench.params);
    double[] y = numbers(norm.forward(bench.variable(Shape.of(1, C), 1, 2, 4, 9)));
    assertClose(y, new double[] {-.973328, -.648886, 0, 1.622214}, SIX_DECIMALS);
    double squares = 0;
    for (double v : y) {
      squares += v * v / C;
    }
    assertThat(squares).isCloseTo(9.5 / (9.5 + 1e-6), within(EXACT));
  }

  @Test
  void shiftsAndScalesOfAVectorDoNotMatter() {
    LayerNorm norm = new LayerNorm(C, 0, bench.params);
    double[] y = numbers(norm.forward(bench.variable(Shape.of(1, C), 1, 2, 4, 9)));
    double[] z =
        numbers(norm.forward(bench.variable(Shape.of(1, C), 3 + 5, 6 + 5, 12 + 5, 27 + 5)));
    assertClose(z, y, EXACT);
  }

  @Test
  void aConstantVectorIsTheShift() {
    LayerNorm norm = new LayerNorm(C, 1e-6, bench.params);
    bench.set("shift", .1, .2, .3, .4);
    double[] y = numbers(norm.forward(bench.variable(Shape.of(1, C), 7, 7, 7, 7)));
    assertThat(y).containsExactly(.1, .2, .3, .4);
  }

  @Test
  void gradientsAreRightAndMutantsFail() {
    Bench.verify(
        GradCheck.of(0).input("x", Shape.of(3, C)),
        params -> {
          LayerNorm norm = new LayerNorm(C, 1e-3, params);
          return (_, in) -> Map.of("y", norm.forward(in.get("x")));
        });
  }
}
