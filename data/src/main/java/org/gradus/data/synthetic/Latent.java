// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.synthetic;

import org.gradus.tensor.Counter;

/// Latent numbers that are hashes of a key and an index: nothing is stored, however many there are.
public final class Latent {
  private static final double SCALE = StrictMath.sqrt(3) / 65536;

  private Latent() {}

  /// A number with mean 0 and variance 1, nearly normal: the sum of four uniform ones (Irwin–Hall).
  public static double normal(long key, long index) {
    long b = Counter.bits(key, index);
    long sum = (b & 0xFFFF) + (b >>> 16 & 0xFFFF) + (b >>> 32 & 0xFFFF) + (b >>> 48);
    return (sum - 2 * 65535) * SCALE;
  }

  /// 1 / (1 + e^−z).
  public static double sigmoid(double z) {
    return 1 / (1 + StrictMath.exp(-z));
  }
}
