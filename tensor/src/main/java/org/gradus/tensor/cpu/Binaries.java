// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.ElementwiseKernels.Compare;

/// The loops behind [CpuElementwise#binary] and [CpuElementwise#compare]: n values of y, a and b from a place of their
/// own in each, in whole blocks of 16.
final class Binaries {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  private Binaries() {}

  static void run(Binary op, float[] y, int yAt, float[] x, int xAt, float[] z, int zAt, int n) {
    switch (op) {
      case ADD -> add(y, yAt, x, xAt, z, zAt, n);
      case SUBTRACT -> subtract(y, yAt, x, xAt, z, zAt, n);
      case MULTIPLY -> multiply(y, yAt, x, xAt, z, zAt, n);
      case DIVIDE -> divide(y, yAt, x, xAt, z, zAt, n);
      case MIN -> min(y, yAt, x, xAt, z, zAt, n);
      case MAX -> max(y, yAt, x, xAt, z, zAt, n);
    }
  }

  private static FloatVector load(float[] x, int i) {
    return FloatVector.fromArray(S, x, i);
  }

  private static void add(float[] y, int yAt, float[] a, int aAt, float[] b, int bAt, int n) {
    for (int i = 0; i < n; i += W) {
      load(a, aAt + i).add(load(b, bAt + i)).intoArray(y, yAt + i);
    }
  }

  private static void subtract(float[] y, int yAt, float[] a, int aAt, float[] b, int bAt, int n) {
    for (int i = 0; i < n; i += W) {
      load(a, aAt + i).sub(load(b, bAt + i)).intoArray(y, yAt + i);
    }
  }

  private static void multiply(float[] y, int yAt, float[] a, int aAt, float[] b, int bAt, int n) {
    for (int i = 0; i < n; i += W) {
      load(a, aAt + i).mul(load(b, bAt + i)).intoArray(y, yAt + i);
    }
  }

  private static void divide(float[] y, int yAt, float[] a, int aAt, float[] b, int bAt, int n) {
    for (int i = 0; i < n; i += W) {
      load(a, aAt + i).div(load(b, bAt + i)).intoArray(y, yAt + i);
    }
  }

  private static void min(float[] y, int yAt, float[] a, int aAt, float[] b, int bAt, int n) {
    for (int i = 0; i < n; i += W) {
      load(a, aAt + i).min(load(b, bAt + i)).intoArray(y, yAt + i);
    }
  }

  private static void max(float[] y, int yAt, float[] a, int aAt, float[] b, int bAt, int n) {
    for (int i = 0; i < n; i += W) {
      load(a, aAt + i).max(load(b, bAt + i)).intoArray(y, yAt + i);
    }
  }

  static void run(
      Compare op, byte[] mask, int maskAt, float[] x, int xAt, float[] z, int zAt, int n) {
    switch (op) {
      case LESS -> less(mask, maskAt, x, xAt, z, zAt, n);
      case LESS_EQUAL -> lessEqual(mask, maskAt, x, xAt, z, zAt, n);
      case EQUAL -> equal(mask, maskAt, x, xAt, z, zAt, n);
    }
  }

  private static void less(byte[] mask, int maskAt, float[] a, int aAt, float[] b, int bAt, int n) {
    for (int i = 0; i < n; i++) {
      mask[maskAt + i] = (byte) (a[aAt + i] < b[bAt + i] ? 1 : 0);
    }
  }

  private static void lessEqual(
      byte[] mask, int maskAt, float[] a, int aAt, float[] b, int bAt, int n) {
    for (int i = 0; i < n; i++) {
      mask[maskAt + i] = (byte) (a[aAt + i] <= b[bAt + i] ? 1 : 0);
    }
  }

  private static void equal(
      byte[] mask, int maskAt, float[] a, int aAt, float[] b, int bAt, int n) {
    for (int i = 0; i < n; i++) {
      mask[maskAt + i] = (byte) (a[aAt + i] == b[bAt + i] ? 1 : 0);
    }
  }
}
