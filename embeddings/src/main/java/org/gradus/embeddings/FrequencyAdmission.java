// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import com.google.common.hash.BloomFilter;
import com.google.common.hash.Funnels;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.util.ArrayList;
import java.util.List;

/// Gives a token an id of its own once it has occurred k times; until then it is out of vocabulary, id 1. Memory is
/// bounded, however many rare tokens there are.
///
/// A cascade of k − 1 Bloom filters counts: an occurrence enters the first filter that does not hold the token yet; a
/// token that all of them hold has occurred k times, and is admitted. Ids start at 2 in the order of admission, and
/// when the table is full, further tokens stay out of vocabulary.
///
/// A Bloom filter never forgets, but it may claim a token that it never saw. So a token is **never admitted late**, and
/// **sometimes early**: at most the share [Config#falsePositives] of tokens is taken for one occurrence more than they
/// have, per filter, as long as no more than [Config#expectedTokens] distinct tokens occur. Beyond that, the share
/// grows towards 1. An early token costs a row and nothing else. Admitted tokens are known by 64 bits of their hash: two
/// of m tokens share an id with a probability of about m² / 2⁶⁵.
///
/// The result depends on the order of tokens, so one thread feeds it, and it is fed training rows only.
public final class FrequencyAdmission {

  /// When a token is admitted, and how much memory may be spent on counting.
  ///
  /// @param minCount k, from 1 (every token is admitted at sight) to [#MAX_COUNT]
  /// @param size n, the rows of the table: n − 2 tokens are admitted at most
  /// @param expectedTokens distinct tokens, rare ones included, that the filters are made for
  /// @param falsePositives share of tokens, per filter, that may be taken for known ones, between 0 and 1
  public record Config(int minCount, int size, long expectedTokens, double falsePositives) {
    /// The largest k: above it a cascade of filters takes about as much memory as an exact count per 64-bit hash.
    public static final int MAX_COUNT = 16;

    /// Checks the ranges.
    public Config {
      if (minCount < 1
          || minCount > MAX_COUNT
          || size < 3
          || expectedTokens < 1
          || !(falsePositives > 0 && falsePositives < 1)) {
        throw new IllegalArgumentException(
            "admission: minCount "
                + minCount
                + ", size "
                + size
                + ", expectedTokens "
                + expectedTokens
                + ", falsePositives "
                + falsePositives
                + ". Expected 1 to "
                + MAX_COUNT
                + ", at least 3, at least 1, and between 0 and 1.");
      }
    }
  }

  private static final int OUT_OF_VOCABULARY = 1;

  private final Config config;
  private final HashingTrick hashing;
  private final List<BloomFilter<Long>> seen = new ArrayList<>(); // seen[i]: at least i + 1 times
  private final Long2IntOpenHashMap ids = new Long2IntOpenHashMap();

  /// Nothing seen yet.
  public FrequencyAdmission(Config config) {
    this.config = config;
    this.hashing = new HashingTrick(config.size, 0);
    for (int i = 1; i < config.minCount; i++) {
      seen.add(
          BloomFilter.create(Funnels.longFunnel(), config.expectedTokens, config.falsePositives));
    }
    ids.defaultReturnValue(OUT_OF_VOCABULARY);
  }

  /// Counts an occurrence of a token, and returns its id: its own from the k-th occurrence on, before that 1.
  public int observe(String token) {
    return observeHash(hashing.hash(token));
  }

  /// Counts an occurrence of a token, and returns its id: its own from the k-th occurrence on, before that 1.
  public int observe(long token) {
    return observeHash(hashing.hash(token));
  }

  /// The id of a token, 1 if it has none. Does not count: for validation, test and serving.
  public int id(String token) {
    return ids.get(hashing.hash(token));
  }

  /// The id of a token, 1 if it has none. Does not count: for validation, test and serving.
  public int id(long token) {
    return ids.get(hashing.hash(token));
  }

  /// Number of tokens with an id of their own.
  public int admitted() {
    return ids.size();
  }

  /// Whether the table has no row left.
  public boolean full() {
    return ids.size() == config.size - 2;
  }

  /// About how many distinct tokens occurred; exact counting would need memory for each. 0 when k = 1, where nothing is
  /// counted.
  public long approximateTokens() {
    return seen.isEmpty() ? 0 : seen.getFirst().approximateElementCount();
  }

  private int observeHash(long hash) {
    int id = ids.get(hash);
    if (id != OUT_OF_VOCABULARY || full()) {
      return id; // a full table admits nobody, so nobody need be counted
    }
    for (BloomFilter<Long> atLeast : seen) {
      if (atLeast.put(hash)) {
        return OUT_OF_VOCABULARY;
      }
    }
    int next = ids.size() + 2;
    ids.put(hash, next);
    return next;
  }
}
