// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import com.google.common.hash.HashFunction;
import com.google.common.hash.Hashing;
import java.nio.charset.StandardCharsets;
import org.gradus.tensor.Counter;

/// Ids without a vocabulary (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009).
///
/// ```
/// id = 2 + h(token) mod (n − 2)              0 stays padding, 1 stays out of vocabulary
/// ```
///
/// h is MurmurHash3 (128 bits, the first 64 of them) of a token's UTF-8 bytes or of a `long`'s eight bytes; the number
/// 7 and the text "7" are different tokens. Tokens that meet in one row share its vector. Two ways to soften that:
/// [#sign(String)], so that what meets cancels on average, and [#ids(String, int)], several rows per token, so that two
/// tokens rarely share all (Serrà and Karatzoglou, "Getting Deep Recommenders Fit", RecSys 2017).
///
/// @param size n, the rows of the table
/// @param seed fields that share a table but should not share collisions take different ones
public record HashingTrick(int size, int seed) {
  /// Checks that there is a row for a known value.
  public HashingTrick {
    if (size < 3) {
      throw new IllegalArgumentException(
          "hashing: a table of "
              + size
              + " rows. Expected at least 3: padding, out of vocabulary, and one for tokens.");
    }
  }

  /// `id mod n`, the rule of DLRM's own pipeline: tables are capped by folding ids that were counted up before. The results
  /// 0 and 1 occur, so such a table has no row for padding.
  public static int remainder(long id, int size) {
    if (id < 0 || size < 1) {
      throw new IllegalArgumentException(
          "hashing: " + id + " mod " + size + ". Expected an id from 0 and a positive size.");
    }
    return (int) (id % size);
  }

  /// The row of a token, 2 … n − 1.
  public int id(String token) {
    return row(hash(token));
  }

  /// The row of a token, 2 … n − 1.
  public int id(long token) {
    return row(hash(token));
  }

  /// `count` rows of a token, each by a hash function of its own, the first that of [#id(String)]. They may coincide.
  public int[] ids(String token, int count) {
    return rows(hash(token), count);
  }

  /// `count` rows of a token, each by a hash function of its own, the first that of [#id(long)]. They may coincide.
  public int[] ids(long token, int count) {
    return rows(hash(token), count);
  }

  /// −1 or +1, independent of the row: a weight for the row's vector that makes the sum of what meets there unbiased.
  public int sign(String token) {
    return sign64(hash(token));
  }

  /// −1 or +1, independent of the row.
  public int sign(long token) {
    return sign64(hash(token));
  }

  /// 64 bits of a token.
  long hash(String token) {
    return function().hashString(token, StandardCharsets.UTF_8).asLong();
  }

  /// 64 bits of a token.
  long hash(long token) {
    return function().hashLong(token).asLong();
  }

  private HashFunction function() {
    return Hashing.murmur3_128(seed);
  }

  private int row(long hash) {
    return 2 + Math.floorMod(hash, size - 2);
  }

  private int[] rows(long hash, int count) {
    if (count < 1) {
      throw new IllegalArgumentException(
          "hashing: " + count + " rows per token. Expected at least 1.");
    }
    int[] rows = new int[count];
    rows[0] = row(hash);
    for (int j = 1; j < count; j++) {
      rows[j] = row(Counter.bits(hash, j));
    }
    return rows;
  }

  private static int sign64(long hash) {
    return Counter.bits(hash, -1) < 0 ? -1 : 1;
  }
}
