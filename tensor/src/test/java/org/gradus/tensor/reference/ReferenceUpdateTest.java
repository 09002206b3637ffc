// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.tensor.reference.Workbench.assertClose;
import static org.gradus.tensor.reference.Workbench.numbers;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.Table;
import org.gradus.tensor.UpdateKernels;
import org.gradus.tensor.UpdateKernels.Adam;
import org.gradus.tensor.UpdateKernels.Ftrl;
import org.junit.jupiter.api.Test;

/// Numbers worked by hand, chosen so that every root is a whole number. Rows are tested on a table of three rows
/// of which row 2 and row 0 are given, in this order where the kernel allows it.
class ReferenceUpdateTest {
  private final Workbench bench = new Workbench();
  private final UpdateKernels kernels = bench.kernels().update();
  private final Buffer rows = bench.ints(2, 0);
  private final Buffer risingRows = bench.ints(0, 2);

  @Test
  void gradientDescent() {
    Buffer w = bench.real(1, 2, 3);
    kernels.sgd(w, bench.real(10, -10, 10), 0.1, 2);
    assertClose(bench.doubles(w), 1e-15, 0, 3, 3);
    Table t = bench.table(2, 1, 2, 3, 4, 5, 6);
    kernels.sgdRows(t, two(rows, bench.real(10, 20, -10, 0)), 0.1);
    assertClose(numbers(t), 1e-15, 2, 2, 3, 4, 4, 4);
  }

  @Test
  void momentumAndNesterov() {
    // v = 0.5 · 4 + 1 = 3; w = 10 − 2 · 3, or 10 − 2 (1 + 0.5 · 3).
    Buffer w = bench.real(10);
    Buffer v = bench.real(4);
    kernels.momentum(w, v, bench.real(1), 2, 0.5, false, 1);
    assertThat(bench.doubles(v)).containsExactly(3);
    assertThat(bench.doubles(w)).containsExactly(4);
    w = bench.real(10);
    v = bench.real(4);
    kernels.momentum(w, v, bench.real(1), 2, 0.5, true, 1);
    assertThat(bench.doubles(w)).containsExactly(5);

    Table tw = bench.table(1, 10, 10, 10);
    Table tv = bench.table(1, 4, 4, 8);
    kernels.momentumRows(tw, tv, two(rows, bench.real(1, 1)), 2, 0.5, false);
    assertThat(numbers(tv)).containsExactly(3, 4, 5);
    assertThat(numbers(tw)).containsExactly(4, 10, 0);
    tw = bench.table(1, 10, 10, 10);
    tv = bench.table(1, 4, 4, 8);
    kernels.momentumRows(tw, tv, two(rows, bench.real(1, 1)), 2, 0.5, true);
    assertThat(numbers(tw)).containsExactly(5, 10, 3);
  }

  @Test
  void adagrad() {
    // s = 16 + 9 = 25; w = 1 − 4 · 3 / (5 + 1)
    Buffer w = bench.real(1);
    Buffer s = bench.real(16);
    kernels.adagrad(w, s, bench.real(3), 4, 1, 1);
    assertThat(bench.doubles(s)).containsExactly(25);
    assertThat(bench.doubles(w)).containsExactly(-1);

    Table tw = bench.table(1, 1, 1, 1);
    Table ts = bench.table(1, 0, 0, 16);
    kernels.adagradRows(tw, ts, two(rows, bench.real(3, -3)), 4, 1);
    assertThat(numbers(ts)).containsExactly(9, 0, 25);
    assertThat(numbers(tw)).containsExactly(4, 1, -1);
  }

  @Test
  void rowWiseAdagradKeepsOneNumberARow() {
    Table tw = bench.table(2, 1, 1, 1, 1, 1, 1);
    Table ts = bench.table(1, 0, 7, 11);
    // Row 2: s = 11 + (1 + 49)/2 = 36, steps 7 · 1/(6 + 1) and 7 · 7/(6 + 1). Row 0: s = (9 + 9)/2,
    // steps ±21/4.
    kernels.rowWiseAdagradRows(tw, ts, two(rows, bench.real(1, 7, 3, -3)), 7, 1);
    assertThat(numbers(ts)).containsExactly(9, 7, 36);
    assertThat(numbers(tw)).containsExactly(1 - 5.25, 1 + 5.25, 1, 1, 0, -6);
  }

  private static RowGradient two(Buffer rows, Buffer values) {
    return new RowGradient.Summed(rows, values, 2);
  }

  // β₁ = ½, β₂ = ¾, ε = 1; corrections of a first step 2 and 4.
  private static final Adam ADAM = new Adam(3, 0.5, 0.75, 1, 2, 4);

  @Test
  void adam() {
    // m = 0.5 · 2 + 0.5 · 4 = 3; v = 0.75 · 0 + 0.25 · 16 = 4; step 3 · 6 / (√16 + 1) = 3.6
    Buffer w = bench.real(10);
    Buffer m = bench.real(2);
    Buffer v = bench.real(0);
    kernels.adam(w, m, v, bench.real(4), ADAM, 1);
    assertThat(bench.doubles(m)).containsExactly(3);
    assertThat(bench.doubles(v)).containsExactly(4);
    assertClose(bench.doubles(w), 1e-14, 6.4);
  }

  @Test
  void adamOnRowsLeavesAbsentRowsAlone() {
    Table w = bench.table(1, 10, 10, 10);
    Table m = bench.table(1, 2, 2, 0);
    Table v = bench.table(1, 0, 0, 0);
    kernels.adamRows(w, m, v, two(rows, bench.real(4, 4)), ADAM);
    // Row 2: m = 2, v = 4, step 3 · 4 / 5.
    assertThat(numbers(m)).containsExactly(3, 2, 2);
    assertThat(numbers(v)).containsExactly(4, 0, 4);
    assertClose(numbers(w), 1e-14, 6.4, 10, 7.6);
  }

  @Test
  void adamOnAllRowsGivesAbsentRowsThePenaltysGradient() {
    Table w = bench.table(1, 10, 8, 10, 8);
    Table m = bench.table(1, 2, 2, 0, 2);
    Table v = bench.table(1, 0, 0, 0, 0);
    // Rows 1 and 3 are absent: g = 0.5 · 8 = 4, so m = 3, v = 4, step 3.6.
    kernels.adamAllRows(w, m, v, two(risingRows, bench.real(4, 4)), ADAM, 0.5, 0);
    assertThat(numbers(m)).containsExactly(3, 3, 2, 3);
    assertClose(numbers(w), 1e-14, 6.4, 4.4, 7.6, 4.4);
  }

  @Test
  void adamOnAllRowsStartsAtTheFirst() {
    Table w = bench.table(1, 10, 8, 10);
    Table m = bench.table(1, 2, 2, 0);
    Table v = bench.table(1, 0, 0, 0);
    kernels.adamAllRows(w, m, v, two(risingRows, bench.real(4, 4)), ADAM, 0, 1);
    // Row 1: g = 0, so m = 1, v = 0, step 3 · 2 / 1.
    assertThat(numbers(m)).containsExactly(2, 1, 2);
    assertClose(numbers(w), 1e-14, 10, 2, 7.6);
  }

  // α = 2, β = 1, λ₁ = 3, λ₂ = 0.5
  private static final Ftrl FTRL = new Ftrl(2, 1, 3, 0.5);

  @Test
  void ftrl() {
    // σ = (√(9 + 16) − √9)/2 = 1; z = 10 + 4 − 1 · 2 = 12; n = 25; w = −(12 − 3)/((1 + 5)/2 + 0.5)
    // The second has |z| = |−1 + 4 − 2 · 0| ≤ 3, the third z = −9 − 4 − 1 · 1 = −14: w = 11/3.5.
    Buffer w = bench.real(2, 0, 1);
    Buffer z = bench.real(10, -1, -9);
    Buffer s = bench.real(9, 0, 9);
    kernels.ftrl(w, z, s, bench.real(4, 4, -4), FTRL, 3);
    assertThat(bench.doubles(z)).containsExactly(12, 3, -14);
    assertThat(bench.doubles(s)).containsExactly(25, 16, 25);
    assertClose(bench.doubles(w), 1e-14, -9 / 3.5, 0, 11 / 3.5);
  }

  @Test
  void ftrlOnRows() {
    Table w = bench.table(1, 0, 5, 2);
    Table z = bench.table(1, -1, 0, 10);
    Table s = bench.table(1, 0, 0, 9);
    kernels.ftrlRows(w, z, s, two(rows, bench.real(4, 4)), FTRL);
    assertThat(numbers(z)).containsExactly(3, 0, 12);
    assertThat(numbers(s)).containsExactly(16, 0, 25);
    assertClose(numbers(w), 1e-14, 0, 5, -9 / 3.5);
  }

  /// 4 and −5 become 3 and −4, of length 5, of which 2.5 is left: half. What is below l1, or in a row below l21, is 0.
  @Test
  void proximal() {
    Buffer w = bench.real(4, -5, 1, -2, 0.5, 9);
    kernels.proximal(w, 2, 2, 1, 2.5);
    assertThat(bench.doubles(w)).containsExactly(1.5, -2, 0, 0, 0.5, 9);
    Table t = bench.table(2, -2, 1, 7, 7, -4, 5);
    kernels.proximalRows(t, rows, 2, 1, 0);
    assertThat(numbers(t)).containsExactly(-1, 0, 7, 7, -3, 4);
    kernels.proximalRows(t, rows, 2, 0, 2.5);
    assertThat(numbers(t)).containsExactly(0, 0, 7, 7, -1.5, 2);
  }

  @Test
  void penaltiesOfTheRowsGiven() {
    Table w = bench.table(2, 1, 2, 3, 4, 5, 6);
    Buffer g = bench.real(100, 100, 100, 100);
    kernels.addRowPenalty(g, w, rows, null, 2, 10);
    assertThat(bench.doubles(g)).containsExactly(150, 160, 110, 120);
    kernels.addRowPenalty(g, w, rows, bench.real(2, -1), 2, 10);
    assertThat(bench.doubles(g)).containsExactly(250, 280, 100, 100);
    assertThat(kernels.sumOfSquaresRows(w, rows, 2)).isEqualTo(1 + 4 + 25 + 36);
    assertThat(kernels.sumOfSquaresAll(w, 0)).isEqualTo(91);
    assertThat(kernels.sumOfSquaresAll(w, 1)).isEqualTo(86);
  }

  @Test
  void onlyAbsentRowsDecay() {
    Table w = bench.table(1, 8, 8, 8, 8);
    kernels.decayAbsentRows(w, bench.ints(2), 1, 0.25, 1);
    assertThat(numbers(w)).containsExactly(8, 6, 8, 6);
    kernels.decayAbsentRows(w, risingRows, 2, 0.5, 1);
    assertThat(numbers(w)).containsExactly(8, 3, 8, 3);
  }
}
