// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.numbers;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Rows of three, one and no real vectors.
class SequencePoolingTest {
  private static final int[] LENGTHS = {3, 1, 0};
  private static final double[] X = {
    1, 2, 3, 4, 5, 9, /* */ 7, 8, 1e3, 1e3, 1e3, 1e3, /* */ 1e3, 1e3, 1e3, 1e3, 1e3, 1e3
  };

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  private List<Var> pooled(Var x, Var target) {
    Tensor real = Masks.sequenceMask(bench.tape.scope(), LENGTHS, 3);
    return List.of(
        SequencePooling.mean(x, real),
        SequencePooling.last(x, LENGTHS),
        SequencePooling.attention(target, x, real));
  }

  @Test
  void workedByHand() {
    Var x = bench.variable(Shape.of(3, 3, 2), X);
    Var target = bench.variable(Shape.of(3, 2), 1, -1, 2, 3, 4, 5);
    List<Var> found = pooled(x, target);
    assertClose(numbers(found.get(0)), new double[] {3, 5, 7, 8, 0, 0}, EXACT);
    assertClose(numbers(found.get(1)), new double[] {5, 9, 7, 8, 0, 0}, EXACT);
    double near = Math.exp(-1 / Math.sqrt(2)); // of the first two; the third scores −4
    double far = Math.exp(-4 / Math.sqrt(2));
    double sum = 2 * near + far;
    double[] mixed = {(4 * near + 5 * far) / sum, (6 * near + 9 * far) / sum, 7, 8, 0, 0};
    assertClose(numbers(found.get(2)), mixed, EXACT);
    for (Var y : found) {
      double[] g = requireNonNull(bench.tape.backward(y.sum()).of(x)).toDoubles();
      assertThat(Arrays.copyOfRange(g, 8, 18)).containsOnly(0);
      assertThat(g).doesNotContain(Double.NaN);
    }
  }

  /// A length beyond T would reach into the next row.
  @Test
  void lengthsThatCannotBeAreRefused() {
    Var x = bench.variable(Shape.of(2, 2, 1), 1, 2, 30, 40);
    for (int[] lengths : new int[][] {{3, 1}, {-1, 1}, {1}, {1, 1, 1}}) {
      assertThatThrownBy(() -> SequencePooling.last(x, lengths))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "sequence pooling: lengths "
                  + Arrays.toString(lengths)
                  + " of sequences [2, 2, 1]. Expected 2 of them, from 0 to 2.");
    }
  }

  @Test
  void gradientsAreRight() {
    GradCheck.of(2)
        .input("x", Shape.of(3, 3, 2))
        .input("q", Shape.of(3, 2))
        .check(
            bench.device,
            _ ->
                (mode, in) -> {
                  Tensor real = Masks.sequenceMask(mode.tape().scope(), LENGTHS, 3);
                  Var x = in.get("x");
                  return Map.of(
                      "mean", SequencePooling.mean(x, real),
                      "last", SequencePooling.last(x, LENGTHS),
                      "attention", SequencePooling.attention(in.get("q"), x, real));
                })
        .orFail();
  }
}
