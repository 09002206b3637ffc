// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.tensor.reference.Workbench.assertClose;

import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.JaggedKernels;
import org.gradus.tensor.JaggedKernels.Bags;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.SortKernels;
import org.gradus.tensor.Table;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReferenceJaggedTest {
  private final Workbench bench = new Workbench();
  private final JaggedKernels kernels = bench.kernels().jagged();

  /// Groups the ids of a lookup, all in one table of `bound` rows.
  private SortKernels.Merged merge(Buffer ids, int bound) {
    int n = ids.length();
    Buffer rows = bench.blank(Kind.INT, n);
    Buffer segments = bench.blank(Kind.INT, n + 1);
    Buffer order = bench.blank(Kind.INT, n);
    int count = bench.kernels().sort().merge(rows, segments, order, ids, n, bound);
    return new SortKernels.Merged(rows, segments, order, count);
  }

  private double[] bags(
      Pooling pooling,
      int paddingId,
      Table table,
      int[] values,
      int[] offsets,
      double @Nullable [] weights) {
    int batch = offsets.length - 1;
    int n = batch * table.width();
    Buffer y = bench.blank(n);
    kernels.bags(
        y,
        pooling == Pooling.MAX ? bench.blank(Kind.INT, n) : null,
        List.of(new Bags(table, pooling, paddingId)),
        bench.ints(values),
        bench.ints(offsets),
        weights == null ? null : bench.real(weights),
        batch);
    return bench.doubles(y);
  }

  /// Worked example of EmbeddingBag: W `[4, 3]`, bags [0, 2, 2] and [3, 0, 1].
  @Test
  void embeddingBagOfTheWorkedExample() {
    Table w = bench.table(3, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, -0.7, 0.8, -0.9, 1, -1.1, 1.2);
    int[] values = {0, 2, 2, 3, 0, 1};
    double[] y = bags(Pooling.SUM, -1, w, values, new int[] {0, 3, 6}, null);
    assertClose(y, 1e-12, -1.3, 1.8, -1.5, 1.5, -0.4, 2.1);

    Buffer dy = bench.real(1, -2, 0.5, 0.3, 0.1, -0.4);
    Buffer ids = bench.ints(values);
    Buffer source = bench.ints(0, 0, 0, 3, 3, 3);
    SortKernels.Merged merged = merge(ids, 4);
    Buffer dw = bench.blank(12);
    kernels.sumRows(dw, dy, merged, source, null, 3);
    assertThat(merged.count()).isEqualTo(4);
    assertClose(bench.doubles(dw), 1e-12, 1.3, -1.9, 0.1, 0.3, 0.1, -0.4, 2, -4, 1, 0.3, 0.1, -0.4);

    // (EB-4): ⟨W row, dy of the bag⟩, by hand: 0.1 − 0.4 + 0.15; −0.7 − 1.6 − 0.45; …
    Buffer da = bench.blank(6);
    kernels.weightGradients(da, dy, w, ids, source, 0, 6);
    assertClose(bench.doubles(da), 1e-12, -0.15, -2.75, -2.75, -0.29, -0.07, -0.07);
  }

  /// Worked example of pooling: ids [2, 3, 3, 0] where 0 is padding.
  @Test
  void poolingsOfTheWorkedExample() {
    Table e = bench.table(2, 0, 0, 0.1, 0.2, -0.3, 0.4, 0.5, -0.6);
    int[] ids = {2, 3, 3, 0};
    int[] offsets = {0, 4};
    assertClose(bags(Pooling.SUM, 0, e, ids, offsets, null), 5e-7, 0.7, -0.8);
    assertClose(bags(Pooling.MEAN, 0, e, ids, offsets, null), 5e-7, 0.233333, -0.266667);
    assertClose(bags(Pooling.MEAN_COUNT, 0, e, ids, offsets, null), 5e-7, 0.233333, -0.266667);
    assertClose(bags(Pooling.SQRTN, 0, e, ids, offsets, null), 5e-7, 0.404145, -0.461880);
    assertClose(bags(Pooling.MAX, 0, e, ids, offsets, null), 5e-7, 0.5, 0.4);

    // The mean's backward, upstream (1, −1), coefficient 1/3 at each of the three real places.
    SortKernels.Merged merged = merge(bench.ints(2, 3, 3), 4);
    Buffer de = bench.blank(4);
    Buffer third = bench.real(1 / 3.0, 1 / 3.0, 1 / 3.0);
    kernels.sumRows(de, bench.real(1, -1), merged, bench.ints(0, 0, 0), third, 2);
    assertThat(bench.integers(merged.rows())).startsWith(2, 3);
    assertClose(bench.doubles(de), 5e-7, 0.333333, -0.333333, 0.666667, -0.666667);
  }

  @Test
  void weightsScaleTheTermsAndTheDivisors() {
    Table e = bench.table(1, 10, 20, 40);
    int[] ids = {0, 1, 2, 2};
    int[] offsets = {0, 2, 4};
    double[] weights = {1, 3, 4, -4};
    // Bag 0: 10 + 60, Σa = 4, √Σa² = √10. Bag 1: 160 − 160, Σa = 0.
    assertClose(bags(Pooling.SUM, -1, e, ids, offsets, weights), 0, 70, 0);
    assertClose(bags(Pooling.MEAN, -1, e, ids, offsets, weights), 0, 17.5, 0);
    assertClose(bags(Pooling.MEAN_COUNT, -1, e, ids, offsets, weights), 0, 35, 0);
    assertClose(bags(Pooling.SQRTN, -1, e, ids, offsets, weights), 1e-14, 70 / Math.sqrt(10), 0);
    assertClose(bags(Pooling.SQRTN, -1, e, ids, offsets, new double[4]), 0, 0, 0);
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void anEmptyBagAndOneOfPaddingGiveZero(Pooling pooling) {
    Table e = bench.table(1, -10, -20, -40);
    int[] ids = {1, 1, 2};
    assertClose(bags(pooling, 1, e, ids, new int[] {0, 0, 2, 3}, null), 0, 0, 0, -40);
  }

  @Test
  void severalFeaturesShareOneLookup() {
    // Two features of widths 2 and 1, batch 2: y [2, 3]; the third pools another way over the first
    // table.
    Table wide = bench.table(2, 1, 2, 3, 4);
    Table narrow = bench.table(1, 100, 200, 300);
    List<Bags> features =
        List.of(
            new Bags(wide, Pooling.SUM, -1),
            new Bags(narrow, Pooling.MEAN, -1),
            new Bags(wide, Pooling.MAX, -1));
    Buffer y = bench.blank(10);
    Buffer argmax = bench.blank(Kind.INT, 10);
    // bags: wide [0, 1], [1]; narrow [0, 2], []; wide by maximum [0, 1], [0, 0]
    Buffer values = bench.ints(0, 1, 1, 0, 2, 0, 1, 0, 0);
    Buffer offsets = bench.ints(0, 2, 3, 5, 5, 7, 9);
    kernels.bags(y, argmax, features, values, offsets, null, 2);
    assertThat(bench.doubles(y)).containsExactly(4, 6, 200, 3, 4, 3, 4, 0, 1, 2);
    int[] places = bench.integers(argmax);
    assertThat(new int[] {places[3], places[4], places[8], places[9]}).containsExactly(6, 6, 7, 7);
  }

  @Test
  void theGradientOfAMaximumGoesToTheFirstPlaceThatWon() {
    Table e = bench.table(2, 1, 9, 5, 2, 5, 3);
    Buffer y = bench.blank(4);
    Buffer argmax = bench.blank(Kind.INT, 4);
    Buffer values = bench.ints(0, 1, 2, 1, 0);
    Buffer offsets = bench.ints(0, 4, 5);
    kernels.bags(y, argmax, List.of(new Bags(e, Pooling.MAX, -1)), values, offsets, null, 2);
    assertThat(bench.doubles(y)).containsExactly(5, 9, 1, 9);
    assertThat(bench.integers(argmax)).containsExactly(1, 0, 4, 4);
    SortKernels.Merged merged = merge(values, 3);
    Buffer de = bench.blank(6);
    kernels.sumRowsMax(
        de,
        bench.real(10, 20, 1, 2),
        merged,
        bench.ints(0, 0, 0, 0, 2),
        bench.ints(0, 1, 2, 3, 4),
        argmax,
        2);
    // Row 0 won component 1 of bag 0 and both of bag 1; row 1 component 0 of bag 0, at its first
    // place; row 2 none.
    assertThat(bench.doubles(de)).containsExactly(1, 22, 10, 0, 0, 0);
  }

  @Test
  void maximumNeedsMemoryForItsPlaces() {
    Buffer one = bench.real(1);
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> kernels.pool(one, null, one, bench.ints(0, 1), Pooling.MAX, 1, 1))
        .hasMessageContaining("no argmax");
  }

  private double[] pool(Pooling pooling, @Nullable Buffer argmax, double[] x) {
    Buffer y = bench.blank(8);
    kernels.pool(y, argmax, bench.real(x), bench.ints(0, 3, 3, 4, 6), pooling, 4, 2);
    return bench.doubles(y);
  }

  @Test
  void poolsVectors() {
    double[] x = {1, -1, 2, -2, 6, -6, 5, 7, -1, 4, -3, 4};
    Buffer argmax = bench.blank(Kind.INT, 8);
    assertClose(pool(Pooling.SUM, null, x), 0, 9, -9, 0, 0, 5, 7, -4, 8);
    assertClose(pool(Pooling.MEAN, null, x), 0, 3, -3, 0, 0, 5, 7, -2, 4);
    assertClose(pool(Pooling.MEAN_COUNT, null, x), 0, 3, -3, 0, 0, 5, 7, -2, 4);
    double root2 = Math.sqrt(2);
    double root3 = Math.sqrt(3);
    assertClose(
        pool(Pooling.SQRTN, null, x),
        1e-14,
        9 / root3,
        -9 / root3,
        0,
        0,
        5,
        7,
        -4 / root2,
        8 / root2);
    assertClose(pool(Pooling.MAX, argmax, x), 0, 6, -1, 0, 0, 5, 7, -1, 4);
    assertThat(bench.integers(argmax)).containsExactly(2, 0, -1, -1, 3, 3, 4, 4);
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void theBackwardOfPoolingGivesItsSlopes(Pooling pooling) {
    double[] x = Workbench.normal(4, 12);
    double[] dy = Workbench.normal(5, 8);
    Buffer argmax = pooling == Pooling.MAX ? bench.blank(Kind.INT, 8) : null;
    double[] slopes = Workbench.differences(v -> pool(pooling, argmax, v), x, dy);
    assertThat(pool(pooling, argmax, x)).hasSize(8); // argmax is that of x again
    Buffer dx = bench.blank(12);
    kernels.poolBackward(dx, bench.real(dy), argmax, bench.ints(0, 3, 3, 4, 6), pooling, 4, 2);
    assertClose(bench.doubles(dx), 1e-10, slopes);
  }

  @Test
  void paddingCutsAndFills() {
    Buffer offsets = bench.ints(0, 3, 3, 4);
    Buffer y = bench.blank(12);
    kernels.pad(y, bench.real(1, 10, 2, 20, 3, 30, 4, 40), offsets, 3, 2, 2);
    assertThat(bench.doubles(y)).containsExactly(1, 10, 2, 20, 0, 0, 0, 0, 4, 40, 0, 0);
    Buffer dx = bench.blank(8);
    Buffer dy = bench.real(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    kernels.padBackward(dx, dy, offsets, 3, 2, 2);
    assertThat(bench.doubles(dx)).containsExactly(1, 2, 3, 4, 0, 0, 9, 10);
  }

  @Test
  void placesOfTheSecondFeatureOfTwo() {
    // Two examples; feature 0 has bags {4}, {}; feature 1 has bags {7, 0}, {0, 8, 9}; 0 is padding;
    // y is [2, 10].
    Buffer values = bench.ints(4, 7, 0, 0, 8, 9);
    Buffer offsets = bench.ints(0, 1, 1, 3, 6);
    Buffer ids = bench.ints(-1, -1, -1, -1, -1);
    Buffer source = bench.ints(-1, -1, -1, -1, -1);
    bench
        .kernels()
        .jagged()
        .places(ids, source, 1, values, offsets, new JaggedKernels.Slice(2, 2, 0, 6, 10));
    assertThat(bench.integers(ids)).containsExactly(-1, 7, 8, 9, -1);
    assertThat(bench.integers(source)).containsExactly(-1, 6, 16, 16, -1);
  }
}
