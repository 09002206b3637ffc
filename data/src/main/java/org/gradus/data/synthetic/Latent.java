// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.synthetic;

import org.gradus.tensor.Counter;

/// A latent number for every value of a column: hashes of a key and the value, so that nothing need be stored however
/// many there are. For laws with a table they are standardised: mean 0 and variance 1 over the values as they occur, so
/// that no seed makes a column weak or strong.
public final class Latent {
  private static final double SCALE = StrictMath.sqrt(3) / 65536;

  private final long key;
  private final double[] table;

  /// The latent numbers of a column whose values follow a law.
  public Latent(long key, PowerLaw law) {
    this.key = key;
    this.table = new double[law.tabulated() ? law.size() : 0];
    double mean = 0;
    double square = 0;
    for (int v = 0; v < table.length; v++) {
      table[v] = normal(key, v);
      mean += law.probability(v) * table[v];
      square += law.probability(v) * table[v] * table[v];
    }
    double deviation = Math.sqrt(Math.max(1e-12, square - mean * mean));
    for (int v = 0; v < table.length; v++) {
      table[v] = (table[v] - mean) / deviation;
    }
  }

  /// The number of a value; values outside the law, such as −1 for a missing one, have one too.
  public double of(int value) {
    return value >= 0 && value < table.length ? table[value] : normal(key, value);
  }

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
