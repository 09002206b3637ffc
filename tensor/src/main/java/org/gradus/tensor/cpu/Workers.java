// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// A fork-join of fixed size: `run` hands out chunks to the caller and to waiting threads.
///
/// Which thread runs a chunk is open, so a kernel decides by its shapes alone what a chunk is, and
/// no result depends on the number of threads. Workers wait for the next run in a short spin, since
/// the kernels of a step follow each other within microseconds, and then park.
///
/// Any thread may call `run`. While one run is under way, a second one (from a chunk of the first,
/// or from another thread) works through all its chunks on its own caller.
class Workers implements AutoCloseable {
  /// Turns of the spin before a thread parks: about 0.1 ms.
  private static final int SPINS = 4_000;

  private final Worker[] workers;
  private final int spins;
  private final AtomicBoolean busy = new AtomicBoolean();
  private volatile @Nullable Job job;
  private volatile boolean closed;

  /// Starts threads − 1 daemon threads; the caller of `run` is the last one.
  Workers(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("cpu: " + threads + " threads given, expected at least 1");
    }
    // On fewer cores than threads a spinning thread takes the core of one that has work.
    spins = threads <= Runtime.getRuntime().availableProcessors() ? SPINS : 0;
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker("gradus-cpu-" + (i + 1));
      workers[i].start();
    }
  }

  /// Threads that take part in a run, the caller included.
  int threads() {
    return workers.length + 1;
  }

  /// Calls body once for each of 0…chunks−1 and returns when all calls have ended.
  ///
  /// What a chunk throws is thrown here, after the chunks under way have ended; chunks that had not
  /// begun are left out.
  void run(int chunks, IntConsumer body) {
    if (closed) {
      throw new IllegalStateException("cpu: run on closed workers; the device was closed before");
    }
    if (chunks <= 1 || workers.length == 0 || !busy.compareAndSet(false, true)) {
      for (int i = 0; i < chunks; i++) {
        body.accept(i);
      }
      return;
    }
    try {
      Job current = new Job(chunks, body);
      job = current;
      int helpers = Math.min(workers.length, chunks - 1);
      for (int i = 0; i < helpers; i++) {
        workers[i].wake();
      }
      current.work();
      current.await(spins);
      current.rethrow();
    } finally {
      job = null; // lets go of the arrays that body holds
      busy.set(false);
    }
  }

  /// Ends the threads. A run must not be under way.
  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
    }
  }

  /// One run: its chunks are handed out by a counter.
  private static final class Job {
    private final int chunks;
    private final IntConsumer body;
    private final Thread caller = Thread.currentThread();
    private static final AtomicIntegerFieldUpdater<Job> NEXT =
        AtomicIntegerFieldUpdater.newUpdater(Job.class, "next");
    private static final AtomicIntegerFieldUpdater<Job> UNFINISHED =
        AtomicIntegerFieldUpdater.newUpdater(Job.class, "unfinished");

    private volatile int next;
    private volatile int unfinished;
    private volatile boolean callerParked;
    private volatile @Nullable Throwable failure;

    Job(int chunks, IntConsumer body) {
      this.chunks = chunks;
      this.body = body;
      unfinished = chunks;
    }

    boolean hasWork() {
      return next < chunks;
    }

    void work() {
      int i;
      while ((i = NEXT.getAndIncrement(this)) < chunks) {
        try {
          if (failure == null) {
            body.accept(i);
          }
        } catch (Throwable thrown) {
          failure = thrown;
        } finally {
          if (UNFINISHED.decrementAndGet(this) == 0 && callerParked) {
            LockSupport.unpark(caller);
          }
        }
      }
    }

    void await(int spins) {
      for (int s = 0; s < spins; s++) {
        if (unfinished == 0) {
          return;
        }
        Thread.onSpinWait();
      }
      callerParked = true;
      boolean interrupted = false;
      while (unfinished != 0) {
        LockSupport.park(this);
        // An interrupted thread cannot park, but the chunks still write to the caller's arrays.
        interrupted |= Thread.interrupted();
      }
      if (interrupted) {
        caller.interrupt();
      }
    }

    void rethrow() {
      switch (failure) {
        case null -> {}
        case RuntimeException thrown -> throw thrown;
        case Error thrown -> throw thrown;
        case Throwable thrown -> throw new IllegalStateException(thrown);
      }
    }
  }

  private final class Worker extends Thread {
    private volatile boolean parked;

    Worker(String name) {
      super(name);
      setDaemon(true);
    }

    void wake() {
      if (parked) {
        LockSupport.unpark(this);
      }
    }

    @Override
    public void run() {
      int idle = 0;
      while (!closed) {
        Job current = job;
        if (current != null && current.hasWork()) {
          current.work();
          idle = 0;
        } else if (idle < spins) {
          idle++;
          Thread.onSpinWait();
        } else {
          // First the flag, then a second look: a run that began in between sees the flag.
          parked = true;
          current = job;
          if (!closed && (current == null || !current.hasWork())) {
            LockSupport.park(Workers.this);
          }
          parked = false;
        }
      }
    }
  }
}
