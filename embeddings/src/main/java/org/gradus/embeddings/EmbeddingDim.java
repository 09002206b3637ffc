// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

/// Rules of thumb for the width of an embedding (S-1).
public final class EmbeddingDim {
  private EmbeddingDim() {}

  /// ⌈log₂ n⌉ for a field with n values, at least 1.
  public static int log2(long n) {
    check(n);
    return Math.max(1, 64 - Long.numberOfLeadingZeros(n - 1));
  }

  /// ⌈k · n^¼⌉ for a field with n values, 0 < k ≤ 16; Deep & Cross uses k = 6.
  public static int fourthRoot(long n, double k) {
    check(n);
    if (!(k > 0 && k <= 16)) {
      throw new IllegalArgumentException("embedding width: k = " + k + ". Expected 0 < k ≤ 16.");
    }
    return (int) Math.ceil(k * Math.sqrt(Math.sqrt((double) n)));
  }

  /// A width, but at most `cap`.
  public static int capped(int width, int cap) {
    if (cap < 1) {
      throw new IllegalArgumentException("embedding width: cap " + cap + ". Expected at least 1.");
    }
    return Math.min(width, cap);
  }

  private static void check(long n) {
    if (n < 1) {
      throw new IllegalArgumentException("embedding width: n = " + n + ". Expected at least 1.");
    }
  }
}
