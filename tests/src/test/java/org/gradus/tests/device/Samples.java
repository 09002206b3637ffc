// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import java.util.Random;

/// Inputs: deterministic, and exact in float32.
final class Samples {
  /// Sizes around the widths of vectors: empty, one, primes, 2ᵏ and its neighbours, and tails.
  static final int[] SIZES = {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 127, 255, 1000};

  /// A size that every device cuts among its threads.
  static final int LARGE = 40_007;

  /// Places where functions break: zeros, ones, kinks, the ends of float32, infinities, not a number.
  static final float[] SPECIAL = {
    0f,
    -0f,
    1f,
    -1f,
    0.5f,
    -0.5f,
    2f,
    -2f,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    -Float.MIN_NORMAL,
    0x1p-30f,
    -0x1p-30f,
    17f,
    -17f,
    88f,
    -88f,
    90f,
    -90f,
    104f,
    -104f,
    1000f,
    -1000f,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.NaN
  };

  private Samples() {}

  /// [#SIZES], and [#LARGE].
  static int[] sizes() {
    int[] sizes = java.util.Arrays.copyOf(SIZES, SIZES.length + 1);
    sizes[SIZES.length] = LARGE;
    return sizes;
  }

  /// n normal numbers.
  static float[] normal(long seed, int n) {
    Random random = new Random(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  /// n numbers in [0.1, 2.1).
  static float[] positive(long seed, int n) {
    Random random = new Random(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = 0.1f + 2 * random.nextFloat();
    }
    return x;
  }

  /// n integers in [0, bound), many of them equal.
  static int[] ids(long seed, int n, int bound) {
    Random random = new Random(seed);
    int[] ids = new int[n];
    for (int i = 0; i < n; i++) {
      ids[i] = random.nextInt(bound);
    }
    return ids;
  }

  /// n truth values, about two thirds of them 1.
  static byte[] mask(long seed, int n) {
    Random random = new Random(seed);
    byte[] mask = new byte[n];
    for (int i = 0; i < n; i++) {
      mask[i] = (byte) (random.nextInt(3) == 0 ? 0 : 1);
    }
    return mask;
  }

  /// Offsets of bags with 0 to `longest` values each, every third one empty.
  static int[] offsets(long seed, int bags, int longest) {
    Random random = new Random(seed);
    int[] offsets = new int[bags + 1];
    for (int s = 0; s < bags; s++) {
      offsets[s + 1] = offsets[s] + (s % 3 == 1 ? 0 : random.nextInt(longest + 1));
    }
    return offsets;
  }

  static double[] magnitudes(float[] x) {
    double[] magnitudes = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      magnitudes[i] = Math.abs((double) x[i]);
    }
    return magnitudes;
  }
}
