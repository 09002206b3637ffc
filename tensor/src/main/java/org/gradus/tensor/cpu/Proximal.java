// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

/// Shrinks rows of numbers: each number towards 0 by `l1`, then the row by `l21`, both not beyond 0.
record Proximal(float l1, float l21) {
  void move(float[] x, int from, int n) {
    for (int i = from; i < from + n; i++) {
      float size = Math.max(Math.abs(x[i]) - l1, 0);
      x[i] = Math.copySign(size, x[i]);
    }
    if (l21 > 0) {
      float norm = (float) Math.sqrt(Lanes.sumOfSquares(x, from, n));
      float left = norm <= l21 ? 0 : 1 - l21 / norm;
      for (int i = from; i < from + n; i++) {
        x[i] *= left;
      }
    }
  }
}
