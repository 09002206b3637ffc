// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Statistics with fixed keys: each bound is stated as a number of standard deviations of the statistic under
/// independent uniform draws, so that a sound generator would fail by chance less than once in ten thousand keys.
class CounterTest {
  private static final int N = 1 << 16;

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, -1, 42, Long.MIN_VALUE})
  void drawsAreUniform(long key) {
    int[] cells = new int[256];
    double sum = 0;
    for (int i = 0; i < N; i++) {
      double u = Counter.uniform53(key, i);
      assertThat(u).isGreaterThanOrEqualTo(0).isLessThan(1);
      cells[(int) (u * 256)]++;
      sum += u;
    }
    assertThat(sum / N).isBetween(0.5 - 5 / Math.sqrt(12.0 * N), 0.5 + 5 / Math.sqrt(12.0 * N));
    double chiSquare = 0;
    double expected = N / 256.0;
    for (int cell : cells) {
      chiSquare += (cell - expected) * (cell - expected) / expected;
    }
    double deviation = Math.sqrt(2 * 255.0);
    assertThat(chiSquare).isBetween(255 - 5 * deviation, 255 + 5 * deviation);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 7, -3, 1L << 40})
  void neighbouringKeysAndPositionsAreUncorrelated(long key) {
    double keys = 0;
    double positions = 0;
    for (int i = 0; i < N; i++) {
      double u = Counter.uniform53(key, i) - 0.5;
      keys += u * (Counter.uniform53(key + 1, i) - 0.5);
      positions += u * (Counter.uniform53(key, i + 1) - 0.5);
    }
    double fiveDeviations = 5 * Math.sqrt(N) / 12; // a product of two draws has deviation 1/12
    assertThat(Math.abs(keys)).isLessThan(fiveDeviations);
    assertThat(Math.abs(positions)).isLessThan(fiveDeviations);
  }

  @Test
  void neighbouringStreamsShareNoDraws() {
    // Streams that were shifts of one another would meet: 4 · 4096 draws of 64 bits should all
    // differ.
    var seen = new java.util.HashSet<Long>();
    for (long key = 0; key < 4; key++) {
      for (int i = 0; i < 4096; i++) {
        assertThat(seen.add(Counter.bits(key, i))).as("key %d position %d", key, i).isTrue();
      }
    }
  }

  @Test
  void oneBitOfTheKeyOrThePositionFlipsHalfOfTheBits() {
    for (int bit = 0; bit < 64; bit++) {
      int flippedByKey = 0;
      int flippedByPosition = 0;
      for (int i = 0; i < 256; i++) {
        long bits = Counter.bits(5, i);
        flippedByKey += Long.bitCount(bits ^ Counter.bits(5 ^ (1L << bit), i));
        flippedByPosition += Long.bitCount(bits ^ Counter.bits(5, i ^ (1L << bit)));
      }
      // 256 · 64 fair bits: mean 8192, deviation 64.
      assertThat(flippedByKey).as("key bit %d", bit).isBetween(8192 - 320, 8192 + 320);
      assertThat(flippedByPosition).as("position bit %d", bit).isBetween(8192 - 320, 8192 + 320);
    }
  }

  @Test
  void floatsHave24BitsAndStayBelowOne() {
    for (int i = 0; i < N; i++) {
      float u = Counter.uniform(9, i);
      assertThat(u).isGreaterThanOrEqualTo(0).isLessThan(1);
      assertThat(u * 0x1p24).isEqualTo(Math.rint(u * 0x1p24));
      assertThat(u).isEqualTo((float) (Math.floor(Counter.uniform53(9, i) * 0x1p24) * 0x1p-24));
    }
  }

  @Test
  void integersAreEvenlySpreadBelowTheBound() {
    int[] cells = new int[7];
    for (int i = 0; i < 70_000; i++) {
      cells[(int) Counter.below(3, i, 7)]++;
    }
    for (int cell : cells) {
      // Binomial: deviation √(70,000 · 1/7 · 6/7) = 92.6.
      assertThat(cell).isBetween(10_000 - 463, 10_000 + 463);
    }
    assertThat(Counter.below(3, 0, 1)).isZero();
  }

  @Test
  void derivedKeysDiffer() {
    var seen = new java.util.HashSet<Long>();
    for (long number = -500; number < 500; number++) {
      seen.add(Counter.key(1, number));
      seen.add(Counter.key(2, number));
      seen.add(Counter.key(1, "path." + number));
    }
    assertThat(seen).hasSize(3000);
    assertThat(Counter.key(1, "ab")).isNotEqualTo(Counter.key(1, "ba"));
    assertThat(Counter.key(1, "deep.0.w")).isEqualTo(Counter.key(1, "deep.0.w"));
  }
}
