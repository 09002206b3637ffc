// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.tensor.Counter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PermutationTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 100, 65_536, 65_537, 100_003, 131_072})
  void everyRowComesOnce(int n) {
    Permutation p = new Permutation(n, 7);
    BitSet seen = new BitSet();
    for (int i = 0; i < n; i++) {
      long at = p.at(i);
      assertThat(at).isBetween(0L, n - 1L);
      seen.set((int) at);
    }
    assertThat(seen.cardinality()).isEqualTo(n);
  }

  @Test
  void theSixOrdersOfThreeRowsAreEquallyLikely() {
    Map<String, Integer> counts = new TreeMap<>();
    int draws = 6000;
    for (int k = 0; k < draws; k++) {
      Permutation p = new Permutation(3, Counter.key(5, k));
      counts.merge("" + p.at(0) + p.at(1) + p.at(2), 1, Integer::sum);
    }
    assertThat(counts).hasSize(6);
    // Six standard deviations of a binomial with 6000 draws and probability 1/6.
    double bound = 6 * Math.sqrt(draws / 6.0 * 5 / 6);
    assertThat(counts.values())
        .allSatisfy(n -> assertThat(Math.abs(n - draws / 6.0)).isLessThan(bound));
  }

  @Test
  void aLongTableIsMixedThroughout() {
    int n = 100_000;
    Permutation p = new Permutation(n, 11);
    double product = 0;
    for (int i = 0; i < n; i++) {
      product += (i - (n - 1) / 2.0) * (p.at(i) - (n - 1) / 2.0);
    }
    // The rank correlation of a random order has standard deviation 1/√(n − 1).
    double correlation = product / ((double) n * ((double) n * n - 1) / 12);
    assertThat(Math.abs(correlation)).isLessThan(6 / Math.sqrt(n - 1));
  }

  @Test
  void anotherKeyGivesAnotherOrder() {
    Permutation a = new Permutation(100_000, 1);
    Permutation b = new Permutation(100_000, 2);
    int same = 0;
    for (int i = 0; i < 100_000; i++) {
      same += a.at(i) == b.at(i) ? 1 : 0;
    }
    assertThat(same).isLessThan(20); // 1 is expected; 20 has probability below 1e-18
  }
}
