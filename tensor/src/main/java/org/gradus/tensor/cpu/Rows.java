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
    for (int i = 0; i < whole; i += W) {
      FloatVector.fromArray(S, x, xAt + i)
          .fma(FloatVector.broadcast(S, s), FloatVector.fromArray(S, y, yAt + i))
          .intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, x, xAt + whole, rest)
          .fma(FloatVector.broadcast(S, s), FloatVector.fromArray(S, y, yAt + whole, rest))
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

  /// y = a · b + c, rounded after the product and after the sum
  static void multiplyAdd(float[] y, float[] a, float[] b, float[] c, int from, int n) {
    int whole = S.loopBound(n);
    for (int i = from; i < from + whole; i += W) {
      FloatVector.fromArray(S, a, i)
          .mul(FloatVector.fromArray(S, b, i))
          .add(FloatVector.fromArray(S, c, i))
          .intoArray(y, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, a, from + whole, rest)
          .mul(FloatVector.fromArray(S, b, from + whole, rest))
          .add(FloatVector.fromArray(S, c, from + whole, rest))
          .intoArray(y, from + whole, rest);
    }
  }

  /// y = s · a + c, rounded after the product and after the sum
  static void scaleAdd(float[] y, float s, float[] a, float[] c, int from, int n) {
    int whole = S.loopBound(n);
    for (int i = from; i < from + whole; i += W) {
      FloatVector.fromArray(S, a, i).mul(s).add(FloatVector.fromArray(S, c, i)).intoArray(y, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector.fromArray(S, a, from + whole, rest)
          .mul(s)
          .add(FloatVector.fromArray(S, c, from + whole, rest))
          .intoArray(y, from + whole, rest);
    }
  }

  /// u = d · b and v = d · a, in one pass over d
  static void products(float[] u, float[] v, float[] d, float[] a, float[] b, int from, int n) {
    int whole = S.loopBound(n);
    for (int i = from; i < from + whole; i += W) {
      FloatVector g = FloatVector.fromArray(S, d, i);
      g.mul(FloatVector.fromArray(S, b, i)).intoArray(u, i);
      g.mul(FloatVector.fromArray(S, a, i)).intoArray(v, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector g = FloatVector.fromArray(S, d, from + whole, rest);
      g.mul(FloatVector.fromArray(S, b, from + whole, rest)).intoArray(u, from + whole, rest);
      g.mul(FloatVector.fromArray(S, a, from + whole, rest)).intoArray(v, from + whole, rest);
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
