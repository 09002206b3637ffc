// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/// Arithmetic on one row of n numbers, `x` from `xAt`: whole vectors, then one masked vector for the rest.
///
/// A masked vector goes through the same operations as a whole one, so that a number does not depend on where in a row it
/// stands.
final class Rows {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  private Rows() {}

  /// y = 0
  static void zero(float[] y, int yAt, int n) {
    java.util.Arrays.fill(y, yAt, yAt + n, 0f);
  }

  /// y = x: for short rows, where a call of System.arraycopy would take longer than the copy
  static void copy(float[] y, int yAt, float[] x, int xAt, int n) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector.fromArray(S, x, xAt + i).intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, x, xAt + whole, rest).intoArray(y, yAt + whole, rest);
    }
  }

  /// y += x
  static void add(float[] y, int yAt, float[] x, int xAt, int n) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector.fromArray(S, y, yAt + i)
          .add(FloatVector.fromArray(S, x, xAt + i))
          .intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, y, yAt + whole, rest)
          .add(FloatVector.fromArray(S, x, xAt + whole, rest))
          .intoArray(y, yAt + whole, rest);
    }
  }

  /// y += s · x, each product added with a single rounding
  static void addScaled(float[] y, int yAt, float s, float[] x, int xAt, int n) {
    int whole = S.loopBound(n);
    FloatVector factor = FloatVector.broadcast(S, s);
    for (int i = 0; i < whole; i += W) {
      FloatVector.fromArray(S, x, xAt + i)
          .fma(factor, FloatVector.fromArray(S, y, yAt + i))
          .intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, x, xAt + whole, rest)
          .fma(factor, FloatVector.fromArray(S, y, yAt + whole, rest))
          .intoArray(y, yAt + whole, rest);
    }
  }

  /// y = s · x
  static void scale(float[] y, int yAt, float s, float[] x, int xAt, int n) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector.fromArray(S, x, xAt + i).mul(s).intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, x, xAt + whole, rest).mul(s).intoArray(y, yAt + whole, rest);
    }
  }

  /// y = max(y, x); where x is larger, `argmax` = place
  static void max(float[] y, int[] argmax, int at, float[] x, int xAt, int place, int n) {
    for (int i = 0; i < n; i++) {
      if (x[xAt + i] > y[at + i]) {
        y[at + i] = x[xAt + i];
        argmax[at + i] = place;
      }
    }
  }
}
