// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;
import org.gradus.tensor.LayoutKernels.View;

/// Layouts move numbers and never change them.
class LayoutContractTest {
  private static final int SOURCE = 50_000;

  /// Views that never visit a place twice: plain, transposed, permuted, sliced, reversed, empty, scalar.
  private static final View[] DISTINCT = {
    new View(0, new int[] {1000}, new int[] {1}),
    new View(3, new int[] {31}, new int[] {1}),
    new View(5, new int[0], new int[0]),
    new View(0, new int[] {0}, new int[] {1}),
    new View(0, new int[] {3, 0, 2}, new int[] {2, 2, 1}),
    new View(0, new int[] {7, 9}, new int[] {1, 7}),
    new View(0, new int[] {33, 65}, new int[] {1, 33}),
    new View(0, new int[] {4, 5, 3}, new int[] {3, 12, 1}),
    new View(2, new int[] {17, 6}, new int[] {10, 1}),
    new View(1, new int[] {6, 17}, new int[] {40, 2}),
    new View(99, new int[] {100}, new int[] {-1}),
    new View(0, new int[] {3, 4, 5, 2}, new int[] {40, 2, 8, 1}),
    new View(0, new int[] {200, 201}, new int[] {1, 200}),
    new View(0, new int[] {100, 20, 20}, new int[] {20, 2000, 1}),
  };

  /// Views that repeat or overlap.
  private static final View[] REPEATING = {
    new View(7, new int[] {20}, new int[] {0}),
    new View(0, new int[] {5, 17}, new int[] {0, 1}),
    new View(0, new int[] {17, 5}, new int[] {1, 0}),
    new View(0, new int[] {3, 4, 5}, new int[] {5, 0, 1}),
    new View(0, new int[] {30, 8}, new int[] {1, 1}),
    new View(0, new int[] {300, 150}, new int[] {0, 1}),
    new View(0, new int[] {300, 150}, new int[] {1, 0}),
  };

  private static int reach(View view) {
    int reach = view.offset() + 1;
    for (int i = 0; i < view.sizes().length; i++) {
      reach += Math.max(0, view.strides()[i]) * Math.max(0, view.sizes()[i] - 1);
    }
    return reach;
  }

  private static String name(View view) {
    return java.util.Arrays.toString(view.sizes())
        + " by "
        + java.util.Arrays.toString(view.strides());
  }

  private static int[] numbered(int n) {
    int[] x = new int[n];
    for (int i = 0; i < n; i++) {
      x[i] = i;
    }
    return x;
  }

  private static View[] all() {
    View[] all = java.util.Arrays.copyOf(DISTINCT, DISTINCT.length + REPEATING.length);
    System.arraycopy(REPEATING, 0, all, DISTINCT.length, REPEATING.length);
    return all;
  }

  @OnEveryDevice
  void read(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (View view : all()) {
        int n = Math.min(SOURCE, reach(view));
        twin.compare(
            "read " + name(view),
            side -> {
              for (Buffer x :
                  new Buffer[] {
                    side.real(Samples.normal(1, n)),
                    side.ints(numbered(n)),
                    side.mask(Samples.mask(2, n))
                  }) {
                Buffer y = side.blank(x.kind(), view.elements());
                side.kernels().layout().read(y, x, view);
                side.exact(y);
              }
            });
      }
    }
  }

  @OnEveryDevice
  void writeLeavesTheRestAlone(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (View view : DISTINCT) {
        int n = reach(view) + 3;
        int m = view.elements();
        twin.compare(
            "write " + name(view),
            side -> {
              var kernels = side.kernels().layout();
              Buffer real = side.real(Samples.normal(1, n));
              kernels.write(real, side.real(Samples.normal(2, m)), view);
              side.exact(real);
              Buffer ints = side.ints(new int[n]);
              kernels.write(ints, side.ints(numbered(m)), view);
              side.exact(ints);
              Buffer mask = side.mask(Samples.mask(1, n));
              kernels.write(mask, side.mask(Samples.mask(2, m)), view);
              side.exact(mask);
            });
      }
    }
  }

  @OnEveryDevice
  void add(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (View view : all()) {
        int n = reach(view) + 3;
        float[] y = Samples.normal(1, n);
        float[] x = Samples.normal(2, view.elements());
        // Σ|x| per place by the same walk, and how many terms meet there: at most all of them.
        double[] magnitudes = Samples.magnitudes(y);
        double[] terms = new double[n];
        for (int i = 0; i < x.length; i++) {
          int place = view.offset();
          int rest = i;
          for (int axis = view.sizes().length - 1; axis >= 0; axis--) {
            place += rest % view.sizes()[axis] * view.strides()[axis];
            rest /= view.sizes()[axis];
          }
          magnitudes[place] += Math.abs(x[i]);
          terms[place]++;
        }
        twin.compare(
            "add " + name(view),
            side -> {
              Buffer sum = side.real(y);
              side.kernels().layout().add(sum, side.real(x), view);
              side.result(sum, (i, exact) -> terms[i] * Bound.U * magnitudes[i]);
            });
      }
    }
  }

  @OnEveryDevice
  void multiples(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int n : Samples.sizes()) {
        twin.compare(
            "multiples " + n,
            side -> {
              Buffer y = side.blank(Kind.INT, n);
              side.kernels().layout().multiples(y, 7, n);
              side.exact(y);
            });
      }
    }
  }
}
