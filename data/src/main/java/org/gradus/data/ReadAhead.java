// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.util.ArrayDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// Work on the pieces of a file by several threads, taken in the order of the file: what comes out, an error included, does
/// not depend on the number of threads. Pieces are used again, so memory does not grow with the file.
///
/// Pieces are read by the thread that asks for them, as many ahead as keep the others busy.
///
/// @param <P> a piece: what was read, and what the work made of it
public final class ReadAhead<P> implements AutoCloseable {
  private static final int MOST_THREADS = 16;

  /// Where pieces come from, and what is done with them.
  ///
  /// @param <P> a piece
  public interface Pieces<P> {
    /// A new piece, empty.
    P make();

    /// Fills a piece, new or used, with what comes next; false at the end. Called by one thread, in order.
    boolean read(P piece);

    /// The work, which any thread may do, at the same time as that on other pieces.
    void work(P piece);
  }

  private record Started<P>(P piece, Future<?> work) {}

  private final Pieces<P> pieces;
  private final int most;
  private final ExecutorService threads;
  private final ArrayDeque<Started<P>> ahead = new ArrayDeque<>();
  private final ArrayDeque<P> free = new ArrayDeque<>();
  private @Nullable P taken;
  private @Nullable RuntimeException failure;
  private boolean ended;

  /// Starts threads of its own.
  public ReadAhead(Pieces<P> pieces, int threads) {
    this.pieces = pieces;
    this.most = 2 * threads + 1;
    this.threads =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("gradus-read-", 0).factory());
  }

  /// As many threads as there are processors, up to 16.
  public static int threads() {
    return Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors());
  }

  /// The next piece with its work done, or null at the end. It may be used until the next call.
  public @Nullable P next() {
    if (taken != null) {
      free.add(taken);
      taken = null;
    }
    readMore();
    Started<P> first = ahead.poll();
    if (first == null) {
      if (failure != null) {
        throw failure; // reading failed behind everything that was read
      }
      return null;
    }
    await(first.work());
    taken = first.piece();
    return taken;
  }

  private void readMore() {
    while (!ended && ahead.size() < most) {
      P piece = free.isEmpty() ? pieces.make() : free.remove();
      try {
        ended = !pieces.read(piece);
      } catch (RuntimeException e) {
        failure = e;
        ended = true;
      }
      if (!ended) {
        ahead.add(new Started<>(piece, threads.submit(() -> pieces.work(piece))));
      }
    }
  }

  private static void await(Future<?> work) {
    try {
      work.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException("reading ahead failed: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a piece of a file", e);
    }
  }

  /// Stops the threads, after the pieces they are at.
  @Override
  public void close() {
    ended = true;
    ahead.forEach(started -> started.work().cancel(false));
    ahead.clear();
    threads.close();
  }
}
