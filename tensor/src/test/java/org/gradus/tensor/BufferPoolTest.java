// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import static org.assertj.core.api.Assertions.assertThat;

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
  void dropsWhatExceedsItsCapacity() {
    BufferPool<Buffer> pool = new BufferPool<>(10, 8);
    pool.take(Kind.REAL, 1);
    pool.take(Kind.REAL, 1);
    pool.take(Kind.MASK, 2);
    assertThat(pool.give(new Doubles(new double[1], 1))).isTrue();
    assertThat(pool.give(new Doubles(new double[1], 1))).isFalse();
    assertThat(pool.give(new Flags(new byte[2], 2))).isTrue();
    assertThat(pool.use().pooled()).isEqualTo(10);
    assertThat(pool.use().live()).isZero();
  }
}
