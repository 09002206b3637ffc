// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Arrays;
import org.gradus.autograd.Var;
import org.gradus.layers.Residual.Norm;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The path around a part: where it normalises, and what it drops.
class ResidualTest {
  private static final int ROWS = 12;
  private static final int D = 4;

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  private static double[] normed(double[] x) {
    double mean = Arrays.stream(x).average().orElseThrow();
    double variance = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    return Arrays.stream(x).map(v -> (v - mean) / Math.sqrt(variance + 1e-6)).toArray();
  }

  /// (RES-1) and (RES-2) with a part that triples.
  @ParameterizedTest
  @EnumSource
  void itsEquationsAsLoops(Norm norm) {
    Residual path = new Residual(D, norm, 0.5, bench.params);
    double[] x = normal(1, ROWS * D);
    Var in = bench.variable(Shape.of(ROWS, D), x);
    double[] y = numbers(path.around(in, v -> v.multiply(3), bench.evaluation));
    for (int r = 0; r < ROWS; r++) {
      double[] row = Bench.row(x, r, D);
      double[] bent = norm == Norm.PRE ? normed(row) : row;
      double[] sum = new double[D];
      Arrays.setAll(sum, c -> row[c] + 3 * bent[c]);
      assertClose(Bench.row(y, r, D), norm == Norm.PRE ? sum : normed(sum), EXACT);
    }
  }

  /// In training the part's output is 0 or doubled, number by number, and what went in is never dropped.
  @Test
  void thePartIsDroppedAndNotThePath() {
    Residual pre = new Residual(D, Norm.PRE, 0.5, bench.params.at("pre"));
    Residual post = new Residual(D, Norm.POST, 0.5, bench.params.at("post"));
    double[] x = normal(1, ROWS * D);
    Var in = bench.variable(Shape.of(ROWS, D), x);
    double[] y = numbers(pre.around(in, v -> v.multiply(0).add(1), bench.training));
    int dropped = 0;
    for (int i = 0; i < x.length; i++) {
      double added = y[i] - x[i];
      boolean zero = Math.abs(added) < EXACT;
      assertThat(zero || Math.abs(added - 2) < EXACT).as("place %d: %s", i, added).isTrue();
      dropped += zero ? 1 : 0;
    }
    assertThat(dropped).as("of 48, at one half").isBetween(24 - 18, 24 + 18); // five deviations
    double[] z = numbers(post.around(in, v -> v.multiply(0).add(1), bench.training));
    int rows = 0;
    for (int r = 0; r < ROWS; r++) {
      double[] row = Bench.row(x, r, D);
      boolean found = false;
      for (int bits = 0; bits < 1 << D; bits++) { // every way to drop some of four numbers
        int kept = bits;
        double[] sum = new double[D];
        Arrays.setAll(sum, c -> row[c] + ((kept >> c & 1) == 1 ? 2 : 0));
        double[] expected = normed(sum);
        double[] own = Bench.row(z, r, D);
        boolean same = true;
        for (int c = 0; c < D; c++) {
          same &= Math.abs(own[c] - expected[c]) < 1e-9;
        }
        found |= same;
        rows += same && bits != 0 && bits != (1 << D) - 1 ? 1 : 0;
      }
      assertThat(found).as("row %d", r).isTrue();
    }
    assertThat(rows).as("rows with some dropped and some kept").isPositive();
  }
}
