// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HashingTrickTest {
  private final HashingTrick hashing = new HashingTrick(1002, 0);

  /// MurmurHash3 x64 128 of nothing with seed 0 is 0 by its definition: every step multiplies or xors zeros.
  @Test
  void anEmptyTextHashesToZero() {
    assertThat(hashing.hash("")).isZero();
    assertThat(hashing.id("")).isEqualTo(2);
  }

  /// The published test vector: "The quick brown fox jumps over the lazy dog", seed 0, is e34bbc7bbc071b6c 7a433ca9c49a9347.
  @Test
  void isMurmurOfTheUtf8Bytes() {
    assertThat(hashing.hash("The quick brown fox jumps over the lazy dog"))
        .isEqualTo(0xe34bbc7bbc071b6cL);
    assertThat(hashing.id("The quick brown fox jumps over the lazy dog"))
        .isEqualTo(2 + Math.floorMod(0xe34bbc7bbc071b6cL, 1000));
  }

  @Test
  void leavesPaddingAndOutOfVocabularyFree() {
    HashingTrick small = new HashingTrick(5, 3);
    Set<Integer> ids = new HashSet<>();
    for (long t = -50; t < 50; t++) {
      ids.add(small.id(t));
      ids.add(small.id("t" + t));
    }
    assertThat(ids).containsExactlyInAnyOrder(2, 3, 4);
    assertThat(new HashingTrick(3, 0).id("any")).isEqualTo(2);
  }

  /// 10 000 tokens over ten blocks of rows: 1000 each, within 5 standard deviations of a binomial (30 each).
  @Test
  void spreadsTokens() {
    int[] count = new int[10];
    for (long t = 0; t < 10_000; t++) {
      count[(hashing.id(t) - 2) / 100]++;
    }
    for (int c : count) {
      assertThat(c).isBetween(850, 1150);
    }
  }

  @Test
  void isAFunctionOfTokenAndSeed() {
    HashingTrick other = new HashingTrick(1002, 1);
    int different = 0;
    for (long t = 0; t < 100; t++) {
      assertThat(hashing.id(t)).isEqualTo(new HashingTrick(1002, 0).id(t));
      different += hashing.id(t) == other.id(t) ? 0 : 1;
    }
    assertThat(different).isGreaterThan(90);
  }

  @Test
  void severalRowsPerTokenAreIndependent() {
    int equalFirst = 0;
    int equalBoth = 0;
    for (long t = 0; t < 1000; t++) {
      int[] a = hashing.ids(t, 2);
      int[] b = hashing.ids(t + 100_000, 2);
      assertThat(a[0]).isEqualTo(hashing.id(t));
      assertThat(a[1]).isBetween(2, 1001);
      equalFirst += a[0] == a[1] ? 1 : 0;
      equalBoth += a[0] == b[0] && a[1] == b[1] ? 1 : 0;
    }
    assertThat(equalFirst).isLessThan(10); // 1 expected; P(≥ 10) < 2e-7
    assertThat(equalBoth).isZero(); //        0.001 expected
    assertThat(hashing.ids("x", 3)[0]).isEqualTo(hashing.id("x"));
  }

  /// Signs are fair, also among the tokens of one row: the point of them.
  @Test
  void signsAreFairWithinARow() {
    HashingTrick small = new HashingTrick(4, 0);
    int[] sum = new int[4];
    int[] count = new int[4];
    for (long t = 0; t < 4000; t++) {
      assertThat(Math.abs(small.sign(t))).isEqualTo(1);
      sum[small.id(t)] += small.sign(t);
      count[small.id(t)]++;
    }
    for (int row = 2; row < 4; row++) {
      assertThat((double) Math.abs(sum[row])).isLessThan(5 * Math.sqrt(count[row]));
    }
    assertThat(small.sign("a")).isEqualTo(new HashingTrick(99, 0).sign("a"));
  }

  @Test
  void remainder() {
    assertThat(HashingTrick.remainder(40_000_007L, 40_000_000)).isEqualTo(7);
    assertThat(HashingTrick.remainder(0xffffffffL, 1000)).isEqualTo(295); // 4 294 967 295
    assertThat(HashingTrick.remainder(1000, 1000)).isZero();
  }

  @Test
  void saysWhatIsWrong() {
    refuses(() -> new HashingTrick(2, 0), "a table of 2 rows");
    refuses(() -> HashingTrick.remainder(-1, 5), "-1 mod 5");
    refuses(() -> hashing.ids("x", 0), "0 rows per token");
  }

  private static void refuses(Runnable wrong, String message) {
    assertThatThrownBy(wrong::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
