// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

/// Walks through a shape in row-major order, keeping the place in two strided views.
final class Walk {
  private Walk() {}

  /// What to do at one element: its row-major number, and its places in the two views.
  interface Visit {
    void at(int i, int a, int b);
  }

  /// Visits every element of the shape `sizes`, once each; none when a size is 0.
  static void over(int[] sizes, int[] strideA, int[] strideB, Visit visit) {
    int elements = 1;
    for (int size : sizes) {
      elements *= size;
    }
    int[] index = new int[sizes.length];
    for (int i = 0; i < elements; i++) {
      int a = 0;
      int b = 0;
      for (int axis = 0; axis < sizes.length; axis++) {
        a += index[axis] * strideA[axis];
        b += index[axis] * strideB[axis];
      }
      visit.at(i, a, b);
      for (int axis = sizes.length - 1; axis >= 0; axis--) {
        if (++index[axis] < sizes[axis]) {
          break;
        }
        index[axis] = 0;
      }
    }
  }
}
