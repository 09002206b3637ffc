// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import it.unimi.dsi.fastutil.longs.Long2ObjectLinkedOpenHashMap;
import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Keeps released buffers for the next request of exactly the same kind and length.
///
/// A training step asks for the same sizes again and again, so exact sizes hit nearly always and waste
/// nothing. What is in use and what is held are together at most `capacity` bytes more than was ever in use at once, so that a
/// step finds all its buffers again, however large it is. When the pool is full, the sizes that were not asked for the longest
/// make room: lists of ids have another length in every batch, and would otherwise fill it for good.
///
/// @param <B> the device's buffers
public final class BufferPool<B extends Buffer> {
  /// Sizes remembered at most: far more than the operations of a step.
  private static final int SIZES = 1 << 14;

  /// More than any memory, and what is in use can still be added to it.
  private static final long MOST = Long.MAX_VALUE / 2;

  private final long capacity;
  private final int realBytes;
  private final Consumer<B> drop;
  private final Long2ObjectLinkedOpenHashMap<ArrayDeque<B>> free = // least lately asked for first
      new Long2ObjectLinkedOpenHashMap<>();
  private long live;
  private long peak;
  private long pooled;
  private long requests;
  private long hits;

  /// A pool on a device whose `REAL` takes `realBytes`.
  ///
  /// @param capacity bytes beyond the most that was ever in use; 0: nothing is held at all
  public BufferPool(long capacity, int realBytes) {
    this(capacity, realBytes, _ -> {});
  }

  /// As above, for a device that has to free memory itself.
  ///
  /// @param drop frees a buffer that made room
  public BufferPool(long capacity, int realBytes, Consumer<B> drop) {
    this.capacity = Math.min(capacity, MOST);
    this.realBytes = realBytes;
    this.drop = drop;
  }

  /// Kind and length in one number.
  private static long size(Kind kind, int elements) {
    long which =
        switch (kind) {
          case REAL -> 0;
          case INT -> 1;
          case MASK -> 2;
        };
    return which << Integer.SIZE | elements;
  }

  /// A released buffer of this kind and length, or null when there is none: then make one.
  public @Nullable B take(Kind kind, int elements) {
    requests++;
    long bytes = bytes(kind, elements);
    live += bytes;
    peak = Math.max(peak, live);
    var queue = free.getAndMoveToLast(size(kind, elements));
    B b = queue == null ? null : queue.pollLast();
    if (b != null) {
      hits++;
      pooled -= bytes;
    } else {
      makeRoom(room(), -1); // which is no size
    }
    return b;
  }

  /// Takes a buffer back; false when the pool has no room for it and the device should free it.
  public boolean give(B buffer) {
    long bytes = bytes(buffer.kind(), buffer.length());
    live -= bytes;
    long room = room();
    if (bytes > room) {
      return false;
    }
    long size = size(buffer.kind(), buffer.length());
    var queue = free.getAndMoveToLast(size);
    if (queue == null) {
      queue = new ArrayDeque<>();
      free.putAndMoveToLast(size, queue);
    }
    makeRoom(room - bytes, size);
    if (pooled + bytes > room) {
      return false;
    }
    queue.addLast(buffer);
    pooled += bytes;
    return true;
  }

  /// Bytes that may be held now.
  private long room() {
    return capacity == 0 ? 0 : capacity + (peak - live);
  }

  /// Drops everything that it holds, for a device that has no memory left.
  ///
  /// @return whether there was something
  public boolean clear() {
    boolean some = pooled > 0;
    makeRoom(0, -1); // which is no size
    return some;
  }

  /// Drops buffers of the sizes not asked for the longest until at most `target` bytes are left, and forgets sizes beyond
  /// the most that are remembered. Spares one size.
  private void makeRoom(long target, long spared) {
    if (pooled <= target && free.size() <= SIZES) {
      return;
    }
    for (var sizes = free.long2ObjectEntrySet().fastIterator();
        (pooled > target || free.size() > SIZES) && sizes.hasNext(); ) {
      var entry = sizes.next();
      if (entry.getLongKey() == spared) {
        return;
      }
      boolean forget = free.size() > SIZES;
      var queue = entry.getValue();
      while (!queue.isEmpty() && (forget || pooled > target)) {
        B b = queue.removeFirst();
        pooled -= bytes(b.kind(), b.length());
        drop.accept(b);
      }
      if (queue.isEmpty()) {
        sizes.remove();
      }
    }
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
