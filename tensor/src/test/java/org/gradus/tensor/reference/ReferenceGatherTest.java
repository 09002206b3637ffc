// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.GatherKernels;
import org.gradus.tensor.Kind;
import org.gradus.tensor.SortKernels;
import org.junit.jupiter.api.Test;

/// Gathering and sorting: exact, so that every number is worked out by hand.
class ReferenceGatherTest {
  private final Workbench bench = new Workbench();
  private final GatherKernels kernels = bench.kernels().gather();
  private final SortKernels sort = bench.kernels().sort();

  // x [2, 3, 2], ids [4] into its middle axis.
  private final double[] x = {1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60};
  private final Buffer ids = bench.ints(2, 0, 2, 2);

  @Test
  void gathersAlongTheMiddleAxis() {
    Buffer y = bench.blank(16);
    kernels.gather(y, bench.real(x), ids, 2, 3, 4, 2);
    assertThat(bench.doubles(y))
        .containsExactly(5, 6, 1, 2, 5, 6, 5, 6, 50, 60, 10, 20, 50, 60, 50, 60);
  }

  @Test
  void scatteringAddsUpDuplicates() {
    Buffer dx = bench.real(new double[12]);
    Buffer dy = bench.real(1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 1, 1, 1, 1, 1, 1);
    kernels.scatterAdd(dx, dy, ids, 2, 3, 4, 2);
    assertThat(bench.doubles(dx)).containsExactly(3, 4, 0, 0, 13, 16, 1, 1, 0, 0, 3, 3);
    kernels.scatterAdd(dx, dy, ids, 2, 3, 4, 2);
    assertThat(bench.doubles(dx)).containsExactly(6, 8, 0, 0, 26, 32, 2, 2, 0, 0, 6, 6);
  }

  @Test
  void picksOneValueARow() {
    Buffer columns = bench.ints(2, 0);
    Buffer y = bench.blank(2);
    kernels.pick(y, bench.real(1, 2, 3, 4, 5, 6), columns, 2, 3);
    assertThat(bench.doubles(y)).containsExactly(3, 4);
    Buffer dx = bench.real(1, 1, 1, 1, 1, 1);
    kernels.pickBackward(dx, bench.real(10, 20), columns, 2, 3);
    assertThat(bench.doubles(dx)).containsExactly(1, 1, 11, 21, 1, 1);
  }

  @Test
  void readsRowsOfATable() {
    Buffer y = bench.blank(6);
    kernels.rows(y, bench.table(2, 1, 2, 3, 4, 5, 6), bench.ints(2, 2, 0), 3);
    assertThat(bench.doubles(y)).containsExactly(5, 6, 5, 6, 1, 2);
  }

  @Test
  void sortingGroupsEqualIdsInTheOrderOfTheirPlaces() {
    Buffer rows = bench.blank(Kind.INT, 7);
    Buffer segments = bench.blank(Kind.INT, 8);
    Buffer order = bench.blank(Kind.INT, 7);
    int count = sort.merge(rows, segments, order, bench.ints(5, 0, 9, 5, 9, 9, 3), 7, 10);
    assertThat(count).isEqualTo(4);
    assertThat(bench.integers(rows)).startsWith(0, 3, 5, 9);
    assertThat(bench.integers(segments)).startsWith(0, 1, 2, 4, 7);
    assertThat(bench.integers(order)).containsExactly(1, 6, 0, 3, 2, 4, 5);
  }

  @Test
  void sortingNothingFindsNothing() {
    Buffer segments = bench.blank(Kind.INT, 1);
    Buffer empty = bench.ints();
    assertThat(sort.merge(empty, segments, empty, empty, 0, 10)).isZero();
    assertThat(bench.integers(segments)).containsExactly(0);
  }
}
