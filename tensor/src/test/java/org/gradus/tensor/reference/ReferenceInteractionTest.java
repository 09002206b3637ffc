// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.tensor.reference.Workbench.assertClose;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.InteractionKernels;
import org.gradus.tensor.InteractionKernels.Vectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReferenceInteractionTest {
  private final Workbench bench = new Workbench();
  private final InteractionKernels kernels = bench.kernels().interaction();

  private double[] pairwise(double[] e, Buffer sums, int batch, int fields, int width) {
    Buffer y = bench.blank(batch);
    kernels.pairwise(y, sums, bench.real(e), batch, fields, width);
    return bench.doubles(y);
  }

  /// Worked example of FM: x = (1, 0.5, 2), V = [[0.1, 0.2], [0.3, −0.4], [−0.5, 0.6]], so e = x ⊙ V.
  @Test
  void pairwiseTermOfTheWorkedExample() {
    double[] x = {1, 0.5, 2};
    double[] e = {0.1, 0.2, 0.15, -0.2, -1, 1.2};
    Buffer sums = bench.blank(2);
    assertClose(pairwise(e, sums, 1, 3, 2), 1e-12, -0.275);
    assertClose(bench.doubles(sums), 1e-12, -0.75, 1.2);
    Buffer de = bench.blank(6);
    kernels.pairwiseBackward(de, bench.real(1), sums, bench.real(e), 1, 3, 2);
    double[] dv = bench.doubles(de);
    for (int i = 0; i < 6; i++) {
      dv[i] *= x[i / 2]; // ∂φ/∂V = x ∂φ/∂e
    }
    assertClose(dv, 1e-12, -0.85, 1, -0.45, 0.7, 0.5, 0);
  }

  @Test
  void pairwiseIsTheSumOverPairs() {
    double[] e = Workbench.normal(1, 2 * 5 * 3);
    double[] expected = new double[2];
    for (int b = 0; b < 2; b++) {
      for (int i = 0; i < 5; i++) {
        for (int j = i + 1; j < 5; j++) {
          for (int d = 0; d < 3; d++) {
            expected[b] += e[(b * 5 + i) * 3 + d] * e[(b * 5 + j) * 3 + d];
          }
        }
      }
    }
    Buffer sums = bench.blank(6);
    assertClose(pairwise(e, sums, 2, 5, 3), 1e-13, expected);
    double[] dy = {1.5, -0.5};
    Buffer de = bench.blank(30);
    kernels.pairwiseBackward(de, bench.real(dy), sums, bench.real(e), 2, 5, 3);
    double[] slopes = Workbench.differences(v -> pairwise(v, bench.blank(6), 2, 5, 3), e, dy);
    assertClose(bench.doubles(de), 1e-10, slopes);
  }

  @Test
  void oneFieldHasNoPairs() {
    assertClose(pairwise(new double[] {3, 4}, bench.blank(2), 1, 1, 2), 0, 0);
  }

  private double[] dots(double[] e, int batch, int fields, int width, boolean lower, boolean self) {
    int pairs = self ? fields * (fields + 1) / 2 : fields * (fields - 1) / 2;
    Buffer y = bench.blank(batch * pairs);
    kernels.dots(y, Vectors.of(bench.real(e)), batch, fields, width, lower, self);
    return bench.doubles(y);
  }

  /// Worked example of the dot interaction: T = [d; s₀; s₁], D = 4, two examples.
  @Test
  void dotInteractionOfTheWorkedExample() {
    double[] t = {
      0.1, 0.2, 0.3, 0.4, 1, 0.5, -1, 0.5, 0.2, 0.4, 0.6, -0.8, //
      0.5, -0.1, 0, 0.2, 0.3, 0.3, -0.3, 0.1, -0.6, 0.2, 0.9, 1
    };
    assertClose(dots(t, 2, 3, 4, false, false), 1e-12, 0.1, -0.04, -0.6, 0.14, -0.12, -0.29);
    Buffer dt = bench.blank(24);
    Buffer dy = bench.real(1, -0.5, 2, -1, 0.5, 0.25);
    kernels.dotsBackward(Vectors.of(dt), dy, Vectors.of(bench.real(t)), 2, 3, 4, false, false);
    double[] g = bench.doubles(dt);
    double[] straight = {0.1, -0.2, 0.3, 0.4, 0.2, 0.1, 0, -0.1}; // the gradient of d's own copy
    for (int i = 0; i < 4; i++) {
      g[i] += straight[i];
      g[12 + i] += straight[4 + i];
    }
    assertClose(
        g,
        1e-12,
        new double[] {
          1, 0.1, -1, 1.3, 0.5, 1, 1.5, -1.2, 1.95, 0.9, -2.15, 0.8, //
          -0.4, -0.1, 0.75, 0.3, -0.65, 0.15, 0.225, 0.05, 0.325, 0.025, -0.075, 0.125
        });
  }

  @Test
  void thePairsStandInTheOrderAskedFor() {
    // Primes of width 1: a product names its pair.
    double[] f = {2, 3, 5, 7};
    assertThat(dots(f, 1, 4, 1, false, false)).containsExactly(6, 10, 14, 15, 21, 35);
    assertThat(dots(f, 1, 4, 1, true, false)).containsExactly(6, 10, 15, 14, 21, 35);
    assertThat(dots(f, 1, 4, 1, false, true)).containsExactly(4, 6, 10, 14, 9, 15, 21, 25, 35, 49);
    assertThat(dots(f, 1, 4, 1, true, true)).containsExactly(4, 6, 9, 10, 15, 25, 14, 21, 35, 49);
  }

  @ParameterizedTest
  @CsvSource({"false, false", "true, false", "false, true", "true, true"})
  void theBackwardOfTheDotsGivesTheirSlopes(boolean lower, boolean self) {
    double[] e = Workbench.normal(3, 2 * 4 * 3);
    double[] dy = Workbench.normal(4, 2 * (self ? 10 : 6));
    Buffer de = bench.blank(24);
    kernels.dotsBackward(
        Vectors.of(de), bench.real(dy), Vectors.of(bench.real(e)), 2, 4, 3, lower, self);
    double[] slopes = Workbench.differences(v -> dots(v, 2, 4, 3, lower, self), e, dy);
    assertClose(bench.doubles(de), 1e-10, slopes);
  }

  private double[] facing(double[] qk, int batch, int steps, int width) {
    double[] q = java.util.Arrays.copyOf(qk, batch * width);
    double[] k = java.util.Arrays.copyOfRange(qk, batch * width, qk.length);
    Buffer z = bench.blank(4 * k.length);
    kernels.facing(z, bench.real(q), bench.real(k), batch, steps, width);
    return bench.doubles(z);
  }

  /// Two examples of one and the same query: what is there, and its slopes in query and keys.
  @Test
  void aQueryFacesItsKeys() {
    double[] q = {0.6, -0.2};
    double[] k = {0.5, 0.1, -0.4, 0.3};
    assertClose(
        facing(new double[] {0.6, -0.2, 0.5, 0.1, -0.4, 0.3}, 1, 2, 2),
        1e-15,
        new double[] {
          0.6, -0.2, 0.5, 0.1, 0.1, -0.3, 0.3, -0.02, //
          0.6, -0.2, -0.4, 0.3, 1, -0.5, -0.24, -0.06
        });
    double[] dz = Workbench.normal(5, 16);
    Buffer dq = bench.blank(2);
    Buffer dk = bench.blank(4);
    kernels.facingBackward(dq, dk, bench.real(dz), bench.real(q), bench.real(k), 1, 2, 2);
    double[] slopes =
        Workbench.differences(
            v -> facing(v, 1, 2, 2), new double[] {0.6, -0.2, 0.5, 0.1, -0.4, 0.3}, dz);
    assertClose(bench.doubles(dq), 1e-10, java.util.Arrays.copyOf(slopes, 2));
    assertClose(bench.doubles(dk), 1e-10, java.util.Arrays.copyOfRange(slopes, 2, 6));
  }

  @Test
  void vectorsAreSummedByWeight() {
    double[] w = {2, -1, 0.5, 3};
    double[] x = {1, 2, 3, 4, 5, 6, 7, 8};
    Buffer y = bench.blank(4);
    kernels.weightedSum(y, bench.real(w), bench.real(x), 2, 2, 2);
    assertClose(bench.doubles(y), 0, -1, 0, 23.5, 27);
    Buffer dw = bench.blank(4);
    Buffer dx = bench.blank(8);
    kernels.weightedSumBackward(
        dw, dx, bench.real(1, -1, 2, 0.5), bench.real(w), bench.real(x), 2, 2, 2);
    assertClose(bench.doubles(dw), 0, -1, -1, 13, 18);
    assertClose(bench.doubles(dx), 0, 2, -2, -1, 1, 1, 0.25, 6, 1.5);
  }
}
