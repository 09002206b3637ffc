// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Keeps released buffers for the next request of exactly the same kind and length.
///
/// A training step asks for the same sizes again and again, so exact sizes hit nearly always and waste
/// nothing. The pool holds at most `capacity` bytes; what does not fit is dropped.
///
/// @param <B> the device's buffers
public final class BufferPool<B extends Buffer> {
  private final long capacity;
  private final int realBytes;
  private final Map<Kind, Map<Integer, ArrayDeque<B>>> free = new EnumMap<>(Kind.class);
  private long live;
  private long peak;
  private long pooled;
  private long requests;
  private long hits;

  /// A pool that holds at most `capacity` bytes, on a device whose `REAL` takes `realBytes`.
  public BufferPool(long capacity, int realBytes) {
    this.capacity = capacity;
    this.realBytes = realBytes;
  }

  /// A released buffer of this kind and length, or null when there is none: then make one.
  public @Nullable B take(Kind kind, int elements) {
    requests++;
    long bytes = bytes(kind, elements);
    live += bytes;
    peak = Math.max(peak, live);
    var byLength = free.get(kind);
    var queue = byLength == null ? null : byLength.get(elements);
    B b = queue == null ? null : queue.pollLast();
    if (b != null) {
      hits++;
      pooled -= bytes;
    }
    return b;
  }

  /// Takes a buffer back; false when the pool is full and the device should free it.
  public boolean give(B buffer) {
    long bytes = bytes(buffer.kind(), buffer.length());
    live -= bytes;
    if (pooled + bytes > capacity) {
      return false;
    }
    free.computeIfAbsent(buffer.kind(), _ -> new HashMap<>())
        .computeIfAbsent(buffer.length(), _ -> new ArrayDeque<>())
        .addLast(buffer);
    pooled += bytes;
    return true;
  }

  /// What happened so far.
  public MemoryUse use() {
    return new MemoryUse(live, peak, pooled, requests, hits);
  }

  private long bytes(Kind kind, int elements) {
    return (long) elements
        * switch (kind) {
          case REAL -> realBytes;
          case INT -> 4;
          case MASK -> 1;
        };
  }
}
