// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/// Sums over the rows of `[rows, n]`, giving `[n]`: each column is one chain of additions in the order of the rows,
/// kept in a register.
final class Columns {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  private Columns() {}

  /// y`[j]` = Σ x`[r, j]`; zeros when there are no rows.
  static void sum(float[] y, int yAt, float[] x, int xAt, int rows, int n) {
    int j = 0;
    for (; j <= n - 4 * W; j += 4 * W) {
      four(y, yAt + j, x, xAt + j, rows, n);
    }
    for (; j <= n - W; j += W) {
      one(y, yAt + j, x, xAt + j, rows, n);
    }
    if (j < n) {
      rest(y, yAt + j, x, xAt + j, rows, n, Lanes.upTo(j, n));
    }
  }

  private static void four(float[] y, int yAt, float[] x, int xAt, int rows, int n) {
    FloatVector a = FloatVector.zero(S);
    FloatVector b = FloatVector.zero(S);
    FloatVector c = FloatVector.zero(S);
    FloatVector d = FloatVector.zero(S);
    int at = xAt;
    for (int r = 0; r < rows; r++) {
      a = FloatVector.fromArray(S, x, at).add(a);
      b = FloatVector.fromArray(S, x, at + W).add(b);
      c = FloatVector.fromArray(S, x, at + 2 * W).add(c);
      d = FloatVector.fromArray(S, x, at + 3 * W).add(d);
      at += n;
    }
    a.intoArray(y, yAt);
    b.intoArray(y, yAt + W);
    c.intoArray(y, yAt + 2 * W);
    d.intoArray(y, yAt + 3 * W);
  }

  private static void one(float[] y, int yAt, float[] x, int xAt, int rows, int n) {
    FloatVector a = FloatVector.zero(S);
    for (int r = 0; r < rows; r++) {
      a = FloatVector.fromArray(S, x, xAt + r * n).add(a);
    }
    a.intoArray(y, yAt);
  }

  private static void rest(
      float[] y, int yAt, float[] x, int xAt, int rows, int n, VectorMask<Float> rest) {
    FloatVector a = FloatVector.zero(S);
    for (int r = 0; r < rows; r++) {
      a = FloatVector.fromArray(S, x, xAt + r * n, rest).add(a);
    }
    a.intoArray(y, yAt, rest);
  }
}
