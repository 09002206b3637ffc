// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;
import org.gradus.tensor.LayoutKernels;
import org.gradus.tensor.LayoutKernels.View;
import org.junit.jupiter.api.Test;

class ReferenceLayoutTest {
  private final Workbench bench = new Workbench();
  private final LayoutKernels kernels = bench.kernels().layout();

  private double[] read(View view, double... x) {
    Buffer y = bench.blank(view.elements());
    kernels.read(y, bench.real(x), view);
    return bench.doubles(y);
  }

  @Test
  void aTransposeIsAView() {
    View transposed = new View(0, new int[] {3, 2}, new int[] {1, 3});
    assertThat(read(transposed, 1, 2, 3, 4, 5, 6)).containsExactly(1, 4, 2, 5, 3, 6);
  }

  @Test
  void aSliceIsAView() {
    View lastTwoColumns = new View(1, new int[] {2, 2}, new int[] {3, 1});
    assertThat(read(lastTwoColumns, 1, 2, 3, 4, 5, 6)).containsExactly(2, 3, 5, 6);
  }

  @Test
  void strideZeroRepeats() {
    View expanded = new View(0, new int[] {2, 3}, new int[] {0, 1});
    assertThat(read(expanded, 1, 2, 3)).containsExactly(1, 2, 3, 1, 2, 3);
  }

  @Test
  void windowsOverlap() {
    View windowsOf2 = new View(0, new int[] {3, 2}, new int[] {1, 1});
    assertThat(read(windowsOf2, 1, 2, 3, 4)).containsExactly(1, 2, 2, 3, 3, 4);
  }

  @Test
  void aViewWithoutAxesIsOneElementAndAnEmptyOneIsNone() {
    assertThat(read(new View(2, new int[0], new int[0]), 1, 2, 3)).containsExactly(3);
    assertThat(read(new View(0, new int[] {2, 0}, new int[] {1, 1}), 1, 2)).isEmpty();
  }

  @Test
  void writingLeavesTheRestAlone() {
    Buffer y = bench.real(1, 2, 3, 4, 5, 6);
    kernels.write(y, bench.real(-1, -2), new View(1, new int[] {2, 1}, new int[] {3, 1}));
    assertThat(bench.doubles(y)).containsExactly(1, -1, 3, 4, -2, 6);
  }

  @Test
  void addingIsTheAdjointOfReading() {
    // ⟨read(x), r⟩ = ⟨x, add(r)⟩ for views that repeat, overlap and permute.
    double[] x = Workbench.normal(1, 12);
    for (View view :
        new View[] {
          new View(0, new int[] {3, 4, 2}, new int[] {1, 3, 0}),
          new View(1, new int[] {5, 3}, new int[] {2, 1}),
          new View(11, new int[] {12}, new int[] {-1}),
        }) {
      double[] r = Workbench.normal(2, view.elements());
      double left = 0;
      double[] reading = read(view, x);
      for (int i = 0; i < r.length; i++) {
        left += reading[i] * r[i];
      }
      Buffer dx = bench.real(new double[12]);
      kernels.add(dx, bench.real(r), view);
      double right = 0;
      for (int i = 0; i < 12; i++) {
        right += bench.doubles(dx)[i] * x[i];
      }
      // Sums of at most 24 products of size about 1, in another order.
      assertThat(Math.abs(left - right)).isLessThan(1e-13);
    }
  }

  @Test
  void addingCountsRepeatedPlaces() {
    Buffer y = bench.real(1, 1, 1);
    kernels.add(y, bench.real(1, 2, 3, 4, 5, 6), new View(0, new int[] {2, 3}, new int[] {0, 1}));
    assertThat(bench.doubles(y)).containsExactly(6, 8, 10);
  }

  @Test
  void integersAndMasksAreCopiedToo() {
    View reversed = new View(2, new int[] {3}, new int[] {-1});
    Buffer ids = bench.blank(Kind.INT, 3);
    kernels.read(ids, bench.ints(7, 8, 9), reversed);
    assertThat(bench.integers(ids)).containsExactly(9, 8, 7);
    kernels.write(ids, bench.ints(1, 2, 3), reversed);
    assertThat(bench.integers(ids)).containsExactly(3, 2, 1);
    Buffer mask = bench.blank(Kind.MASK, 3);
    kernels.read(mask, bench.mask(1, 0, 0), reversed);
    assertThat(bench.flags(mask)).containsExactly(0, 0, 1);
    kernels.write(mask, bench.mask(0, 1, 1), reversed);
    assertThat(bench.flags(mask)).containsExactly(1, 1, 0);
  }

  @Test
  void multiplesBeginAtZero() {
    Buffer y = bench.blank(Kind.INT, 4);
    kernels.multiples(y, 3, 4);
    assertThat(bench.integers(y)).containsExactly(0, 3, 6, 9);
  }
}
