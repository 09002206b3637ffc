// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SoftmaxTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void maskedRowsAgainstTheFormula() {
    int[] m = {1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1};
    Tensor mask = bench.mask(Shape.of(3, 4), m);
    double[] numbers = Bench.numbers(1, 12);
    numbers[1] = 700; // what a mask hides has no influence, however large
    Var x = bench.var(Shape.of(3, 4), numbers);
    double[] seed = Bench.numbers(2, 12);
    double[] softmax = new double[12];
    double[] logSoftmax = new double[12];
    double[] logSumExp = new double[3];
    double[] ofSoftmax = new double[12];
    double[] ofLogSoftmax = new double[12];
    double[] ofLogSumExp = new double[12];
    for (int r = 0; r < 3; r++) {
      double sum = 0;
      double dot = 0;
      double upstream = 0;
      for (int j = 4 * r; j < 4 * r + 4; j++) {
        sum += m[j] * Math.exp(numbers[j]);
        upstream += m[j] * seed[j];
      }
      if (sum == 0) {
        continue; // zeros and no gradient
      }
      logSumExp[r] = Math.log(sum);
      for (int j = 4 * r; j < 4 * r + 4; j++) {
        softmax[j] = m[j] * Math.exp(numbers[j]) / sum;
        logSoftmax[j] = m[j] * (numbers[j] - Math.log(sum));
        dot += softmax[j] * seed[j];
      }
      for (int j = 4 * r; j < 4 * r + 4; j++) {
        ofSoftmax[j] = softmax[j] * (seed[j] - dot);
        ofLogSoftmax[j] = m[j] * (seed[j] - softmax[j] * upstream);
        ofLogSumExp[j] = softmax[j] * seed[r];
      }
    }
    // A few roundings of numbers below 10.
    assertThat(Bench.values(x.softmax(mask))).containsExactly(softmax, within(1e-14));
    assertThat(Bench.values(x.logSoftmax(mask))).containsExactly(logSoftmax, within(1e-14));
    assertThat(Bench.values(x.logSumExp(mask))).containsExactly(logSumExp, within(1e-14));
    assertThat(bench.gradient(x, x.softmax(mask), seed)).containsExactly(ofSoftmax, within(1e-14));
    assertThat(bench.gradient(x, x.logSoftmax(mask), seed))
        .containsExactly(ofLogSoftmax, within(1e-14));
    assertThat(bench.gradient(x, x.logSumExp(mask), seed[0], seed[1], seed[2]))
        .containsExactly(ofLogSumExp, within(1e-14));
  }

  @Test
  void withoutAMaskEveryEntryCounts() {
    Var x = bench.var(Shape.of(2, 3), 1, 2, 3, 1000, 1000, -1000);
    Tensor all = bench.mask(Shape.of(3), 1, 1, 1);
    assertThat(Bench.values(x.softmax())).containsExactly(Bench.values(x.softmax(all)));
    assertThat(Bench.values(x.logSoftmax())).containsExactly(Bench.values(x.logSoftmax(all)));
    assertThat(Bench.values(x.logSumExp())).containsExactly(Bench.values(x.logSumExp(all)));
    assertThat(x.logSumExp().shape()).isEqualTo(Shape.of(2));
    assertThat(Bench.values(x.softmax())[3]).isEqualTo(0.5);
    Bench.differentiates(in -> in.get(0).softmax(), Shape.of(2, 3));
    Bench.differentiates(in -> in.get(0).logSoftmax(), Shape.of(2, 2, 3));
    Bench.differentiates(in -> in.get(0).logSumExp(), Shape.of(2, 3));
  }

  @Test
  void aMaskBroadcastsOverTheScores() {
    Var x = bench.var(3, 2, 2, 3); // [B, H, T] scores, [B, 1, T] mask
    Tensor mask = bench.mask(Shape.of(2, 1, 3), 1, 1, 0, 0, 1, 1);
    Tensor full = bench.mask(Shape.of(2, 2, 3), 1, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1);
    assertThat(Bench.values(x.softmax(mask))).containsExactly(Bench.values(x.softmax(full)));
    assertThatThrownBy(() -> x.index(0, 0).softmax(mask))
        .hasMessage(
            "softmax: mask [2, 1, 3] for scores [2, 3]. Expected a mask that broadcasts to the"
                + " scores.");
    assertThatThrownBy(() -> x.sum().softmax()).hasMessage("softmax: a scalar. Expected […, n].");
  }
}
