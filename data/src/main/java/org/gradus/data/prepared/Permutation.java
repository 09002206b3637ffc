// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import org.gradus.tensor.Counter;

/// A permutation of 0 … n − 1 that is a function of a key: any position can be asked for at any time.
///
/// Up to 2¹⁶ rows it is a Fisher–Yates shuffle, kept as an array. Above, a Feistel network over the smallest power of
/// two that holds n permutes without an array: results outside [0, n) are fed in again until one lies inside (cycle
/// walking), fewer than two times on average.
public final class Permutation {
  private static final int ARRAY = 1 << 16;
  private static final int ROUNDS = 6;

  private final long n;
  private final long key;
  private final int[] array;
  private final int lowBits;
  private final int highBits;

  /// The permutation of so many places under a key.
  public Permutation(long n, long key) {
    this.n = n;
    this.key = key;
    this.array = n <= ARRAY ? shuffled((int) n, key) : new int[0];
    int bits = Math.max(2, 64 - Long.numberOfLeadingZeros(n - 1));
    this.lowBits = bits / 2;
    this.highBits = bits - lowBits;
  }

  private static int[] shuffled(int n, long key) {
    int[] a = new int[n];
    for (int i = 0; i < n; i++) {
      int j = (int) Counter.below(key, i, i + 1L);
      a[i] = a[j];
      a[j] = i;
    }
    return a;
  }

  /// Where position i goes.
  public long at(long i) {
    if (n <= ARRAY) {
      return array[(int) i];
    }
    long x = i;
    do {
      x = feistel(x);
    } while (x >= n);
    return x;
  }

  /// An unbalanced Feistel network: the halves trade places every round, and their widths with them.
  private long feistel(long x) {
    int left = highBits;
    int right = lowBits;
    long l = x >>> lowBits;
    long r = x & ((1L << lowBits) - 1);
    for (int round = 0; round < ROUNDS; round++) {
      long mixed = (l ^ Counter.bits(key + round, r)) & ((1L << left) - 1);
      l = r;
      r = mixed;
      int width = left;
      left = right;
      right = width;
    }
    return l << right | r;
  }
}
