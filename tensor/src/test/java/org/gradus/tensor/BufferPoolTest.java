// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.gradus.tensor.host.Doubles;
import org.gradus.tensor.host.Flags;
import org.gradus.tensor.host.Ints;
import org.junit.jupiter.api.Test;

class BufferPoolTest {
  @Test
  void handsBackExactlyTheKindAndLengthAskedFor() {
    BufferPool<Buffer> pool = new BufferPool<>(1000, 8);
    Buffer real = new Doubles(new double[4], 4);
    Buffer ints = new Ints(new int[4], 4);
    assertThat(pool.take(Kind.REAL, 4)).isNull();
    assertThat(pool.take(Kind.INT, 4)).isNull();
    assertThat(pool.give(real)).isTrue();
    assertThat(pool.give(ints)).isTrue();
    assertThat(pool.take(Kind.REAL, 3)).isNull();
    assertThat(pool.take(Kind.MASK, 4)).isNull();
    assertThat(pool.take(Kind.INT, 4)).isSameAs(ints);
    assertThat(pool.take(Kind.REAL, 4)).isSameAs(real);
    assertThat(pool.take(Kind.REAL, 4)).isNull();
  }

  @Test
  void countsBytesAndHits() {
    BufferPool<Buffer> pool = new BufferPool<>(1000, 8);
    pool.take(Kind.REAL, 10); // 80 bytes
    pool.take(Kind.INT, 5); // 20
    pool.take(Kind.MASK, 3); // 3
    assertThat(pool.use()).isEqualTo(new MemoryUse(103, 103, 0, 3, 0));
    pool.give(new Doubles(new double[10], 10));
    assertThat(pool.use()).isEqualTo(new MemoryUse(23, 103, 80, 3, 0));
    pool.take(Kind.REAL, 10);
    assertThat(pool.use()).isEqualTo(new MemoryUse(103, 103, 0, 4, 1));
    assertThat(pool.use().hitRate()).isEqualTo(0.25);
    assertThat(new MemoryUse(0, 0, 0, 0, 0).hitRate()).isZero();
  }

  @Test
  void holdsWhatAStepNeedsThoughItExceedsTheCapacity() {
    BufferPool<Buffer> pool = new BufferPool<>(10, 8);
    for (int step = 0; step < 3; step++) {
      for (int i = 0; i < 3; i++) {
        assertThat(pool.take(Kind.REAL, 1) == null).isEqualTo(step == 0);
      }
      for (int i = 0; i < 3; i++) {
        assertThat(pool.give(new Doubles(new double[1], 1))).isTrue();
      }
    }
    assertThat(pool.use()).isEqualTo(new MemoryUse(0, 24, 24, 9, 6));
  }

  @Test
  void holdsNoMoreThanItsCapacityBeyondWhatWasOnceInUse() {
    List<Buffer> dropped = new ArrayList<>();
    BufferPool<Buffer> pool = new BufferPool<>(10, 8, dropped::add);
    Random random = new Random(1);
    List<Buffer> used = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      if (used.isEmpty() || random.nextInt(12) > used.size()) {
        int n = random.nextInt(6);
        Buffer b = pool.take(Kind.REAL, n);
        used.add(b == null ? new Doubles(new double[n], n) : b);
      } else {
        pool.give(used.remove(random.nextInt(used.size())));
      }
      MemoryUse use = pool.use();
      assertThat(use.pooled()).isNotNegative();
      assertThat(use.live() + use.pooled()).isLessThanOrEqualTo(use.peak() + 10);
    }
    assertThat(dropped).hasSizeGreaterThan(100);
    assertThat(pool.use().hitRate()).isBetween(0.2, 0.99);
  }

  @Test
  void holdsNothingWithoutCapacity() {
    BufferPool<Buffer> pool = new BufferPool<>(0, 8);
    pool.take(Kind.REAL, 1);
    assertThat(pool.give(new Doubles(new double[1], 1))).isFalse();
    assertThat(pool.take(Kind.REAL, 1)).isNull();
  }

  @Test
  void dropsEverythingWhereThereIsNoMemoryLeft() {
    List<Buffer> dropped = new ArrayList<>();
    BufferPool<Buffer> pool = new BufferPool<>(100, 4, dropped::add);
    assertThat(pool.clear()).isFalse();
    List<Buffer> given = List.of(new Ints(new int[3], 3), new Flags(new byte[2], 2));
    given.forEach(b -> pool.take(b.kind(), b.length()));
    given.forEach(pool::give);
    assertThat(pool.clear()).isTrue();
    assertThat(dropped).containsExactlyElementsOf(given);
    assertThat(pool.use().pooled()).isZero();
    assertThat(pool.take(Kind.INT, 3)).isNull();
    assertThat(pool.clear()).isFalse();
  }

  @Test
  void sizesThatNobodyAsksForMakeRoom() {
    List<Buffer> dropped = new ArrayList<>();
    BufferPool<Buffer> pool = new BufferPool<>(100, 4, dropped::add);
    Buffer steady = new Ints(new int[10], 10); // 40 bytes, used in every step
    for (int step = 0; step < 50; step++) {
      assertThat(pool.take(Kind.INT, 10)).isSameAs(step == 0 ? null : steady);
      int n = 11 + step % 4; // lists of ids: 44 to 56 bytes, one of them fits beside the steady one
      pool.take(Kind.INT, n + 4 * step);
      pool.give(new Ints(new int[n + 4 * step], n + 4 * step));
      assertThat(pool.give(steady)).isTrue();
      assertThat(pool.use().pooled()).isLessThanOrEqualTo(100 + pool.use().peak());
    }
    assertThat(dropped).isNotEmpty().doesNotContain(steady);
  }

  @Test
  void forgetsSizesThatWereEmptyForLong() {
    List<Buffer> dropped = new ArrayList<>();
    BufferPool<Buffer> pool = new BufferPool<>(Long.MAX_VALUE, 4, dropped::add);
    Buffer oldest = new Ints(new int[0], 1_000_000);
    pool.give(oldest);
    for (int n = 0; n < 20_000; n++) {
      pool.give(new Ints(new int[0], n));
    }
    assertThat(dropped).startsWith(oldest).hasSizeLessThan(10_000);
  }
}
