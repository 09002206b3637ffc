// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.gradus.autograd.Lookup.Bag;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LookupTest {
  private final Bench bench = new Bench();
  private final Params params = Params.create(bench.device, 1);

  @AfterEach
  void close() {
    params.close();
    bench.close();
  }

  private TableParameter table(String name, int width, int padding, double... values) {
    TableParameter t =
        params.table(name, values.length / width, width, padding, Initializers.zeros());
    t.table().write(0, values);
    return t;
  }

  private Var bags(List<Bag> features, int[] values, int[] offsets, @Nullable Var weights) {
    return Lookup.bags(bench.tape, features, values, offsets, weights);
  }

  /// The row gradient as a dense one; empty when the table has none.
  private static double[] dense(Gradients g, TableParameter table) {
    if (!(g.of(table) instanceof Gradient.Rows found)) {
      return new double[0];
    }
    Tensor rows = found.rows();
    Tensor values = found.values();
    int count = found.count();
    int width = table.table().width();
    double[] dense = new double[table.table().rows() * width];
    int last = -1;
    for (int i = 0; i < count; i++) {
      int row = rows.toInts()[i];
      assertThat(row).as("rows rise").isGreaterThan(last);
      last = row;
      System.arraycopy(values.toDoubles(), i * width, dense, row * width, width);
    }
    return dense;
  }

  /// Two lookups of 300 of 1,000 rows touch some 518 together, another number in every step, and the merged rows find buffers of
  /// steps before all the same.
  @Test
  void rowsOfSeveralLookupsUseBuffersAgain() {
    TableParameter w = params.table("w", 1_000, 4, TableParameter.NO_PADDING, Initializers.zeros());
    Random random = new Random(7);
    TreeSet<Integer> counts = new TreeSet<>();
    long made = 0;
    for (int step = 0; step < 150; step++) {
      long before = bench.device.memory().requests() - bench.device.memory().hits();
      try (Tape tape = Tape.recording(bench.device)) {
        Var first = Lookup.rows(tape, w, Shape.of(300), random.ints(300, 0, 1_000).toArray());
        Var second = Lookup.rows(tape, w, Shape.of(300), random.ints(300, 0, 1_000).toArray());
        if (tape.backward(first.sum().add(second.sum())).of(w) instanceof Gradient.Rows found) {
          counts.add(found.count());
        }
      }
      made +=
          step < 50 ? 0 : bench.device.memory().requests() - bench.device.memory().hits() - before;
    }
    assertThat(counts).hasSizeGreaterThan(20);
    assertThat(made).as("buffers made in a hundred steps").isLessThan(10);
  }

  /// The worked example of EmbeddingBag (dlrm, EB-1 to EB-3).
  @Test
  void bagsOfDlrm() {
    TableParameter w =
        table(
            "w",
            3,
            TableParameter.NO_PADDING,
            0.1,
            0.2,
            0.3,
            0.4,
            0.5,
            0.6,
            -0.7,
            0.8,
            -0.9,
            1,
            -1.1,
            1.2);
    Var y =
        bags(
            List.of(new Bag(w, Pooling.SUM)),
            new int[] {0, 2, 2, 3, 0, 1},
            new int[] {0, 3, 6},
            null);
    assertThat(Bench.values(y))
        .containsExactly(new double[] {-1.3, 1.8, -1.5, 1.5, -0.4, 2.1}, within(1e-15));
    Gradients g = bench.walk(y, 1, -2, 0.5, 0.3, 0.1, -0.4);
    assertThat(dense(g, w))
        .containsExactly(
            new double[] {1.3, -1.9, 0.1, 0.3, 0.1, -0.4, 2, -4, 1, 0.3, 0.1, -0.4}, within(1e-15));
  }

  /// Pooled lists of ids, worked by hand: row 0 is padding.
  @Test
  void poolingsOfAPaddedList() {
    TableParameter e = table("e", 2, 0, 0, 0, 0.1, 0.2, -0.3, 0.4, 0.5, -0.6);
    int[] ids = {2, 3, 3, 0};
    int[] offsets = {0, 4};
    double root = Math.sqrt(3);
    Map<Pooling, double[]> expected =
        Map.of(
            Pooling.SUM, new double[] {0.7, -0.8},
            Pooling.MEAN, new double[] {0.7 / 3, -0.8 / 3},
            Pooling.MEAN_COUNT, new double[] {0.7 / 3, -0.8 / 3},
            Pooling.SQRTN, new double[] {0.7 / root, -0.8 / root},
            Pooling.MAX, new double[] {0.5, 0.4});
    expected.forEach(
        (pooling, y) ->
            assertThat(Bench.values(bags(List.of(new Bag(e, pooling)), ids, offsets, null)))
                .containsExactly(y, within(1e-15)));
    Var mean = bags(List.of(new Bag(e, Pooling.MEAN)), ids, offsets, null);
    assertThat(dense(bench.walk(mean, 1, -1), e))
        .containsExactly(
            new double[] {0, 0, 0, 0, 1 / 3.0, -1 / 3.0, 2 / 3.0, -2 / 3.0}, within(1e-15));
  }

  /// The oracle: the formulas on the host, gradients by central differences of them.
  private static double[] pooled(
      double[] rows, int width, int padding, Pooling pooling, int[] ids, double[] a) {
    double[] y = new double[width];
    double weights = 0;
    double squares = 0;
    int count = 0;
    for (int k = 0; k < ids.length; k++) {
      if (ids[k] == padding) {
        continue;
      }
      for (int d = 0; d < width; d++) {
        double v = rows[ids[k] * width + d];
        y[d] = pooling == Pooling.MAX ? (count == 0 ? v : Math.max(y[d], v)) : y[d] + a[k] * v;
      }
      weights += a[k];
      squares += a[k] * a[k];
      count++;
    }
    for (int d = 0; d < width && count > 0; d++) {
      y[d] /=
          switch (pooling) {
            case SUM, MAX -> 1;
            case MEAN -> weights;
            case MEAN_COUNT -> count;
            case SQRTN -> Math.sqrt(squares);
          };
    }
    return y;
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void weightedBagsAgainstDifferences(Pooling pooling) {
    double[] values = Bench.numbers(3, 10);
    values[0] = 0;
    values[1] = 0;
    TableParameter t = table("t", 2, 0, values);
    int[] ids = {1, 3, 3, 0, 2, 4, 1, 0};
    int[] offsets = {0, 4, 4, 7, 8}; // the second bag is empty, the last one padding only
    boolean weighted = pooling != Pooling.MAX;
    double[] a = {0.5, -0.3, 0.8, 7, 1.1, 0.4, 0.9, 2};
    double[] factors = weighted ? a : Bench.ones(8);
    Var weights = weighted ? bench.var(Shape.of(8), a) : null;
    double[] seed = Bench.numbers(4, 8);
    Var y = bags(List.of(new Bag(t, pooling)), ids, offsets, weights);
    Gradients g = bench.walk(y, seed);
    double[] analytic = dense(g, t);
    double[] expected = new double[8];
    for (int s = 0; s < 4; s++) {
      int[] bag = java.util.Arrays.copyOfRange(ids, offsets[s], offsets[s + 1]);
      double[] of = java.util.Arrays.copyOfRange(factors, offsets[s], offsets[s + 1]);
      System.arraycopy(pooled(values, 2, 0, pooling, bag, of), 0, expected, 2 * s, 2);
    }
    assertThat(Bench.values(y)).containsExactly(expected, within(1e-14));
    // h = 1e-6: h² f‴ and 1e-16 / h stay below 1e-9 for denominators of 0.5 and more.
    double h = 1e-6;
    for (int i = 2; i < 10; i++) {
      double x = values[i];
      values[i] = x + h;
      double above = objective(values, pooling, ids, offsets, factors, seed);
      values[i] = x - h;
      double below = objective(values, pooling, ids, offsets, factors, seed);
      values[i] = x;
      assertThat(analytic[i]).isCloseTo((above - below) / (2 * h), within(1e-9));
    }
    assertThat(analytic[0]).isZero();
    assertThat(analytic[1]).isZero();
    if (weights != null) {
      double[] ofWeights = bench.gradient(weights, y, seed);
      for (int k = 0; k < 8; k++) {
        double x = factors[k];
        factors[k] = x + h;
        double above = objective(values, pooling, ids, offsets, factors, seed);
        factors[k] = x - h;
        double below = objective(values, pooling, ids, offsets, factors, seed);
        factors[k] = x;
        assertThat(ofWeights[k]).isCloseTo((above - below) / (2 * h), within(1e-9));
      }
    }
  }

  private static double objective(
      double[] rows, Pooling pooling, int[] ids, int[] offsets, double[] a, double[] seed) {
    double sum = 0;
    for (int s = 0; s + 1 < offsets.length; s++) {
      int[] bag = java.util.Arrays.copyOfRange(ids, offsets[s], offsets[s + 1]);
      double[] of = java.util.Arrays.copyOfRange(a, offsets[s], offsets[s + 1]);
      double[] y = pooled(rows, 2, 0, pooling, bag, of);
      sum += seed[2 * s] * y[0] + seed[2 * s + 1] * y[1];
    }
    return sum;
  }

  @Test
  void featuresOfSeveralWidthsThatShareATable() {
    TableParameter t = table("t", 1, TableParameter.NO_PADDING, 1, 2, 3);
    TableParameter u = table("u", 2, TableParameter.NO_PADDING, 10, 20, 30, 40);
    List<Bag> features =
        List.of(
            new Bag(t, Pooling.SUM),
            new Bag(u, Pooling.SUM),
            new Bag(t, Pooling.MEAN),
            new Bag(t, Pooling.MAX));
    int[] ids = {0, 1, 2, 1, 0, 1, 2, 2, 1, 2, 0};
    int[] offsets = {0, 2, 3, 4, 5, 7, 8, 10, 11};
    Var y = bags(features, ids, offsets, null);
    assertThat(bench.tape.size()).as("one operation").isEqualTo(1);
    assertThat(bench.tape.operations())
        .as("in place of one per feature")
        .isEqualTo(features.size());
    assertThat(y.shape()).isEqualTo(Shape.of(2, 5));
    assertThat(Bench.values(y)).containsExactly(3, 30, 40, 2.5, 3, 3, 10, 20, 3, 1);
    Gradients g = bench.walk(y, 1, 2, 3, 4, 5, 10, 20, 30, 40, 50);
    // Row 0: 1 from the sum, 50 from the maximum; row 1: 1 + 4/2; row 2: 10 + 4/2 + 40 + 5.
    assertThat(dense(g, t)).containsExactly(51, 3, 57);
    assertThat(dense(g, u)).containsExactly(20, 30, 2, 3);
  }

  @Test
  void rowsOneByOne() {
    TableParameter t = table("t", 2, 0, 0, 0, 1, 2, 3, 4, 5, 6);
    Var y = Lookup.rows(bench.tape, t, Shape.of(2, 2), 3, 0, 1, 3);
    assertThat(y.shape()).isEqualTo(Shape.of(2, 2, 2));
    assertThat(Bench.values(y)).containsExactly(5, 6, 0, 0, 1, 2, 5, 6);
    double[] expected = {0, 0, 5, 6, 0, 0, 8, 10};
    assertThat(dense(bench.walk(y, 1, 2, 3, 4, 5, 6, 7, 8), t)).containsExactly(expected);
    Var same = Lookup.rows(bench.tape, t, bench.ints(3, 0, 1, 3));
    assertThat(Bench.values(same)).containsExactly(Bench.values(y));
    assertThat(dense(bench.walk(same, 1, 2, 3, 4, 5, 6, 7, 8), t)).containsExactly(expected);
  }

  /// A part of an array, with padding and without, and nothing at all.
  @Test
  void rowsOfAPartOfAnArray() {
    TableParameter t = table("t", 2, 0, 0, 0, 1, 2, 3, 4, 5, 6);
    int[] ids = {1, 3, 0, 2, 3, 3};
    Var y = Lookup.rows(bench.tape, t, ids, 1, 4);
    assertThat(y.shape()).isEqualTo(Shape.of(3, 2));
    assertThat(Bench.values(y)).containsExactly(5, 6, 0, 0, 3, 4);
    assertThat(dense(bench.walk(y, 1, 2, 3, 4, 5, 6), t)).containsExactly(0, 0, 0, 0, 5, 6, 1, 2);
    Var real = Lookup.rows(bench.tape, t, ids, 3, 6);
    assertThat(dense(bench.walk(real, 1, 2, 3, 4, 5, 6), t))
        .containsExactly(0, 0, 0, 0, 1, 2, 8, 10);
    assertThat(Lookup.rows(bench.tape, t, ids, 2, 2).shape()).isEqualTo(Shape.of(0, 2));
    assertThatThrownBy(() -> Lookup.rows(bench.tape, t, new int[] {9, 1, 4}, 1, 3))
        .hasMessageContaining("id 4 at position 2");
  }

  @Test
  void lookupsOfOneTableGiveOneGradient() {
    TableParameter t = table("t", 1, TableParameter.NO_PADDING, 1, 2, 3, 4);
    Var first = Lookup.rows(bench.tape, t, Shape.of(3), 3, 1, 3);
    Var second = bags(List.of(new Bag(t, Pooling.SUM)), new int[] {1, 0}, new int[] {0, 2}, null);
    Var y = first.sum().add(second.sum().multiply(10));
    assertThat(dense(bench.walk(y, 1), t)).containsExactly(10, 11, 0, 2);
    // A second walk over the same tape finds the same.
    assertThat(dense(bench.walk(y, 2), t)).containsExactly(20, 22, 0, 4);
  }

  @Test
  void aFrozenTableGetsNoGradient() {
    TableParameter t = table("t", 1, TableParameter.NO_PADDING, 2, 3);
    t.freeze(true);
    assertThat(Lookup.rows(bench.tape, t, Shape.of(1), 1).needsGradient()).isFalse();
    List<Bag> features = List.of(new Bag(t, Pooling.SUM));
    assertThat(bags(features, new int[] {1}, new int[] {0, 1}, null).needsGradient()).isFalse();
    Var weights = bench.var(Shape.of(2), 5, 7);
    Gradients g = bench.walk(bags(features, new int[] {1, 0}, new int[] {0, 2}, weights), 10);
    assertThat(g.of(t)).isNull();
    Tensor ofWeights = g.of(weights);
    assertThat(ofWeights == null ? null : ofWeights.toDoubles()).containsExactly(30, 20);
  }

  @Test
  void bagsWithoutIdsAreZeroAndHaveNoGradient() {
    TableParameter t = table("t", 2, 0, 0, 0, 1, 2);
    Var y = bags(List.of(new Bag(t, Pooling.MAX)), new int[0], new int[] {0, 0, 0}, null);
    assertThat(Bench.values(y)).containsExactly(0, 0, 0, 0);
    assertThat(bench.walk(y, 1, 2, 3, 4).of(t)).isNull();
    Var none = Lookup.rows(bench.tape, t, Shape.of(0));
    assertThat(none.shape()).isEqualTo(Shape.of(0, 2));
  }

  /// Row sums of the gradient equal Σ K_b dy_b, and permuting a bag changes nothing.
  @Test
  void identitiesOfRandomBags() {
    RandomGenerator random = new java.util.Random(5);
    double[] values = Bench.numbers(6, 40 * 3);
    TableParameter t = table("t", 3, TableParameter.NO_PADDING, values);
    int[] offsets = new int[21];
    for (int s = 0; s < 20; s++) {
      offsets[s + 1] = offsets[s] + random.nextInt(6);
    }
    int[] ids = random.ints(offsets[20], 0, 40).toArray();
    double[] seed = Bench.numbers(7, 60);
    List<Bag> features = List.of(new Bag(t, Pooling.SUM));
    Var y = bags(features, ids, offsets, null);
    double[] gradient = dense(bench.walk(y, seed), t);
    int[] reversed = new int[ids.length];
    double[] sums = new double[3];
    for (int s = 0; s < 20; s++) {
      for (int k = offsets[s]; k < offsets[s + 1]; k++) {
        reversed[offsets[s] + offsets[s + 1] - 1 - k] = ids[k];
        for (int d = 0; d < 3; d++) {
          sums[d] += seed[3 * s + d];
        }
      }
    }
    for (int row = 0; row < 40; row++) {
      for (int d = 0; d < 3; d++) {
        sums[d] -= gradient[3 * row + d];
      }
    }
    assertThat(sums).containsExactly(new double[3], within(1e-13)); // 50 terms below 1
    assertThat(Bench.values(bags(features, reversed, offsets, null)))
        .containsExactly(Bench.values(y), within(1e-15 * 5));
  }

  @Test
  void wrongIdsAndOffsetsAreErrors() {
    TableParameter t = table("t", 1, TableParameter.NO_PADDING, 1, 2);
    List<Bag> features =
        List.of(
            new Bag(params.table("u", 9, 1, -1, Initializers.zeros()), Pooling.SUM),
            new Bag(t, Pooling.SUM));
    assertThatThrownBy(() -> bags(features, new int[] {8, 2}, new int[] {0, 1, 2}, null))
        .hasMessage("t: id 2 at position 1 of a table with 2 rows. Expected ids from 0 to 1.");
    assertThatThrownBy(() -> Lookup.rows(bench.tape, t, Shape.of(2), 0, -1))
        .hasMessage("t: id -1 at position 1 of a table with 2 rows. Expected ids from 0 to 1.");
    assertThatThrownBy(() -> bags(features, new int[] {1}, new int[] {0, 1}, null))
        .hasMessage(
            "bags: 2 offsets for 2 features. Expected F·B + 1 offsets for F ≥ 1 features of B bags"
                + " each.");
    assertThatThrownBy(() -> bags(features, new int[] {1, 1}, new int[] {0, 2, 1}, null))
        .hasMessage(
            "bags: offsets from 0 to 1 for 2 values. Expected offsets from 0 to the number of"
                + " values that never fall.");
    List<Bag> maximum = List.of(new Bag(t, Pooling.MAX));
    Var weights = bench.var(1, 1);
    assertThatThrownBy(() -> bags(maximum, new int[] {1}, new int[] {0, 1}, weights))
        .hasMessage("bags: weights with Pooling.MAX. Expected none: a maximum has no weights.");
    List<Bag> sum = List.of(new Bag(t, Pooling.SUM));
    assertThatThrownBy(() -> bags(sum, new int[] {1, 1}, new int[] {0, 2}, weights))
        .hasMessage("bags: weights [1] for 2 values. Expected [2].");
  }
}
