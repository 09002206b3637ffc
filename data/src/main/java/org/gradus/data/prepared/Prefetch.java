// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.jspecify.annotations.Nullable;

/// Has the next batches ready: one thread takes them from a stream, in its order, and waits when four lie ready.
final class Prefetch implements Examples.Stream {
  private static final int AHEAD = 4;

  private sealed interface Item {}

  private record Ready(Batch batch) implements Item {}

  private record End() implements Item {}

  private record Failed(RuntimeException cause) implements Item {}

  private final Examples.Stream from;
  private final BlockingQueue<Item> queue = new ArrayBlockingQueue<>(AHEAD);
  private final Thread thread;
  private boolean ended;

  Prefetch(Examples.Stream from) {
    this.from = from;
    this.thread = Thread.ofPlatform().daemon().name("gradus-prefetch").start(this::fill);
  }

  private void fill() {
    try {
      try {
        for (Batch b = from.next(); b != null; b = from.next()) {
          queue.put(new Ready(b));
        }
        queue.put(new End());
      } catch (RuntimeException e) {
        queue.put(new Failed(e));
      } catch (Error e) {
        queue.put(new Failed(new IllegalStateException("reading ahead failed: " + e, e)));
      }
    } catch (InterruptedException e) {
      // closed: nobody waits for more
    }
  }

  @Override
  public @Nullable Batch next() {
    if (ended) {
      return null;
    }
    try {
      return switch (queue.take()) {
        case Ready r -> r.batch();
        case End _ -> {
          ended = true;
          yield null;
        }
        case Failed f -> {
          ended = true;
          throw f.cause();
        }
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a batch", e);
    }
  }

  @Override
  public void close() {
    ended = true;
    thread.interrupt();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    from.close();
  }
}
