// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LossTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void crossEntropyOfTheLogit() {
    double[] z = {-2, -0.5, 0, 0.7, 3};
    double[] t = {0, 1, 0.5, 1, 0.25};
    Var logits = bench.var(Shape.of(5), z);
    Var loss = logits.crossEntropyWithLogits(bench.tape.scope().upload(Shape.of(5), t));
    double[] seed = Bench.numbers(1, 5);
    double[] gradient = bench.gradient(logits, loss, seed);
    for (int i = 0; i < 5; i++) {
      double p = 1 / (1 + Math.exp(-z[i]));
      assertThat(Bench.values(loss)[i])
          .isCloseTo(-t[i] * Math.log(p) - (1 - t[i]) * Math.log(1 - p), within(1e-14));
      assertThat(gradient[i]).isCloseTo(seed[i] * (p - t[i]), within(1e-15));
    }
  }

  @Test
  void extremeLogitsStayFinite() {
    Var logits = bench.var(Shape.of(2), 1000, -1000);
    Tensor wrong = bench.tape.scope().upload(Shape.of(2), 0.0, 1.0);
    Var loss = logits.crossEntropyWithLogits(wrong);
    assertThat(Bench.values(loss)).containsExactly(1000, 1000);
    assertThat(bench.gradient(logits, loss, 1, 1)).containsExactly(1, -1);
    assertThatThrownBy(() -> logits.unsqueeze(1).crossEntropyWithLogits(wrong))
        .hasMessage(
            "crossEntropyWithLogits: targets [2] of kind REAL for logits [2, 1]. Expected targets"
                + " of kind REAL and the shape of the logits.");
  }
}
