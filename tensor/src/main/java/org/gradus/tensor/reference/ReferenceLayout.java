// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.LayoutKernels;
import org.gradus.tensor.host.Doubles;
import org.gradus.tensor.host.Flags;
import org.gradus.tensor.host.Ints;

/// Copies between contiguous blocks and strided views.
final class ReferenceLayout implements LayoutKernels {
  @Override
  public void read(Buffer yb, Buffer xb, View view) {
    switch (xb.kind()) {
      case REAL -> {
        double[] y = Doubles.of(yb);
        double[] x = Doubles.of(xb);
        over(view, (i, at) -> y[i] = x[at]);
      }
      case INT -> {
        int[] y = Ints.of(yb);
        int[] x = Ints.of(xb);
        over(view, (i, at) -> y[i] = x[at]);
      }
      case MASK -> {
        byte[] y = Flags.of(yb);
        byte[] x = Flags.of(xb);
        over(view, (i, at) -> y[i] = x[at]);
      }
    }
  }

  @Override
  public void write(Buffer yb, Buffer xb, View view) {
    switch (xb.kind()) {
      case REAL -> {
        double[] y = Doubles.of(yb);
        double[] x = Doubles.of(xb);
        over(view, (i, at) -> y[at] = x[i]);
      }
      case INT -> {
        int[] y = Ints.of(yb);
        int[] x = Ints.of(xb);
        over(view, (i, at) -> y[at] = x[i]);
      }
      case MASK -> {
        byte[] y = Flags.of(yb);
        byte[] x = Flags.of(xb);
        over(view, (i, at) -> y[at] = x[i]);
      }
    }
  }

  @Override
  public void add(Buffer yb, Buffer xb, View view) {
    double[] y = Doubles.of(yb);
    double[] x = Doubles.of(xb);
    over(view, (i, at) -> y[at] += x[i]);
  }

  @Override
  public void multiples(Buffer yb, int step, int n) {
    int[] y = Ints.of(yb);
    for (int i = 0; i < n; i++) {
      y[i] = i * step;
    }
  }

  /// What to do at one element: its row-major number, and its place in the view's buffer.
  private interface Visit {
    void at(int i, int place);
  }

  private static void over(View view, Visit visit) {
    Walk.over(
        view.sizes(),
        view.strides(),
        view.strides(),
        (i, place, _) -> visit.at(i, view.offset() + place));
  }
}
