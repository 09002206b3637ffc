// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GradientSumsTest {
  private final Bench bench = new Bench();
  private final Params params = Params.create(bench.device, 1);
  private final DenseParameter w = params.weight("w", Shape.of(3), Initializers.constant(1));
  private final DenseParameter other = params.weight("other", Shape.of(1), Initializers.zeros());
  private final TableParameter table = params.table("t", 6, 2, 0, Initializers.constant(1));

  @AfterEach
  void close() {
    params.close();
    bench.close();
  }

  /// Σ of c · w and of the rows, each with a weight: rows of the table get that weight in both columns.
  private Gradients walk(double[] c, int[] rows, double[] weights) {
    Tape tape = bench.tape;
    Var dense = tape.use(w).multiply(tape.constant(Shape.of(3), c)).sum();
    Var looked =
        Lookup.bags(
            tape,
            List.of(new Lookup.Bag(table, Pooling.SUM)),
            rows,
            new int[] {0, rows.length},
            tape.constant(Shape.of(weights.length), weights));
    return tape.backward(dense.add(looked.sum()));
  }

  @Test
  void innerProductsAndSumsOfSeveralWalks() {
    Gradients first = walk(new double[] {1, 2, 3}, new int[] {1, 3, 3}, new double[] {1, 2, 4});
    Gradients second = walk(new double[] {4, 0, -1}, new int[] {3, 5}, new double[] {10, 7});
    var scope = bench.tape.scope();
    for (int i = 0; i < 2; i++) { // nothing is used up
      assertThat(first.dot(second, w, scope)).isEqualTo(4 - 3);
      assertThat(first.dot(first, w, scope)).isEqualTo(14);
      assertThat(first.dot(second, table, scope)).isEqualTo(2 * 6 * 10); // row 3, two columns
      assertThat(second.dot(second, table, scope)).isEqualTo(2 * (100 + 49));
      assertThat(first.dot(second, other, scope)).isZero();
      Gradients sum =
          Gradients.sum(
              List.of(first, second),
              (walk, p) -> (walk == 0 ? 2 : -1) * (p.equals(table) ? 10 : 1),
              scope);
      assertThat(sum.parameters()).containsExactlyInAnyOrder(w, table);
      assertThat(sum.of(w))
          .isInstanceOfSatisfying(
              Gradient.Dense.class,
              g -> assertThat(g.values().toDoubles()).containsExactly(-2, 4, 7));
      assertThat(sum.of(table))
          .isInstanceOfSatisfying(
              Gradient.Rows.class,
              g -> {
                assertThat(g.count()).isEqualTo(3);
                assertThat(g.rows().toInts()).startsWith(1, 3, 5);
                double[] values = g.values().toDoubles();
                for (int d = 0; d < 2; d++) {
                  assertThat(values[d]).isCloseTo(20 * 1, within(1e-12));
                  assertThat(values[2 + d]).isCloseTo(20 * 6 - 10 * 10, within(1e-12));
                  assertThat(values[4 + d]).isCloseTo(-10 * 7, within(1e-12));
                }
              });
    }
  }

  /// One walk alone is scaled, and the original stays.
  @Test
  void aSumOfOneIsAMultiple() {
    Gradients only = walk(new double[] {1, 2, 3}, new int[] {4}, new double[] {5});
    Gradients half = Gradients.sum(List.of(only), (_, _) -> .5, bench.tape.scope());
    assertThat(half.of(table))
        .isInstanceOfSatisfying(
            Gradient.Rows.class, g -> assertThat(g.values().toDoubles()).startsWith(2.5, 2.5));
    assertThat(only.of(table))
        .isInstanceOfSatisfying(
            Gradient.Rows.class, g -> assertThat(g.values().toDoubles()).startsWith(5, 5));
  }
}
