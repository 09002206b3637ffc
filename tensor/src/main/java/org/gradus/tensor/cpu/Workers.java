// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// A fork-join of fixed size: `run` deals out chunks to the caller and to waiting threads.
///
/// Each thread has a share of neighbouring chunks, the same share in every run of as many chunks, and takes what is left of
/// another's, from its far end, when its own is done. So the rows of a batch that a thread wrote in one kernel are mostly
/// those that it reads in the next, and stay in its cache: on two cores without a cache in common a step of DIN took 1.5
/// times as long when any thread took any chunk.
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
  private final Job job;
  private volatile boolean closed;

  /// Starts threads − 1 daemon threads; the caller of `run` is the last one.
  Workers(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("cpu: " + threads + " threads given, expected at least 1");
    }
    // On fewer cores than threads a spinning thread takes the core of one that has work.
    spins = threads <= Runtime.getRuntime().availableProcessors() ? SPINS : 0;
    job = new Job(threads);
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i + 1);
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
      int takers = Math.min(threads(), chunks);
      job.begin(chunks, takers, body);
      for (int i = 0; i < takers - 1; i++) {
        workers[i].wake();
      }
      job.work(0);
      job.await(spins);
      job.end();
    } finally {
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

  /// The run under way; one object for all runs, one after the other. Each taker has a share: the chunks from `begin` up to,
  /// but without, `end`.
  ///
  /// A thread may still look for work when its run has ended and the next one begins. It then takes a chunk of the next: a share
  /// is written after all that a chunk needs, and whoever takes a chunk counts it before that run can end.
  private static final class Job {
    private static final AtomicIntegerFieldUpdater<Job> UNFINISHED =
        AtomicIntegerFieldUpdater.newUpdater(Job.class, "unfinished");

    private final AtomicLongArray
        shares; // of each taker: begin in the upper half, end in the lower
    private IntConsumer body = Job::nothing;
    private @Nullable Thread caller;
    private volatile int unfinished;
    private volatile boolean callerParked;
    private volatile @Nullable Throwable failure;

    Job(int threads) {
      shares = new AtomicLongArray(threads);
    }

    /// Deals out the chunks to the first `takers` threads; the shares of all are empty before.
    void begin(int chunks, int takers, IntConsumer body) {
      this.body = body;
      caller = Thread.currentThread();
      callerParked = false;
      failure = null;
      unfinished = chunks;
      for (int t = 0; t < takers; t++) {
        long begin = (long) chunks * t / takers;
        long end = (long) chunks * (t + 1) / takers;
        shares.set(t, begin << 32 | end);
      }
    }

    private static void nothing(int chunk) {}

    private static int begin(long share) {
      return (int) (share >>> 32);
    }

    private static int end(long share) {
      return (int) share;
    }

    boolean hasWork() {
      for (int t = 0; t < shares.length(); t++) {
        long share = shares.get(t);
        if (begin(share) < end(share)) {
          return true;
        }
      }
      return false;
    }

    /// Works through a taker's own share, then helps the others; a thread without a share helps at once.
    void work(int taker) {
      int threads = shares.length();
      int done = 0;
      for (int t = taker; t < taker + threads; t++) {
        int chunk;
        while ((chunk = take(t % threads, t == taker)) >= 0) {
          done++;
          try {
            if (failure == null) {
              body.accept(chunk);
            }
          } catch (Throwable thrown) {
            failure = thrown;
          }
        }
      }
      if (done > 0 && UNFINISHED.addAndGet(this, -done) == 0 && callerParked) {
        LockSupport.unpark(caller);
      }
    }

    /// A chunk of a share: its first for the owner, its last for others; −1 when it is empty.
    private int take(int of, boolean own) {
      while (true) {
        long share = shares.get(of);
        if (begin(share) >= end(share)) {
          return -1;
        }
        if (own) {
          if (shares.weakCompareAndSetVolatile(of, share, share + (1L << 32))) {
            return begin(share);
          }
        } else if (shares.weakCompareAndSetVolatile(of, share, share - 1)) {
          return end(share) - 1;
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
        Thread.currentThread().interrupt();
      }
    }

    /// Lets go of the arrays that the body holds, and throws what a chunk threw.
    void end() {
      Throwable thrown = failure;
      body = Job::nothing;
      caller = null;
      failure = null;
      switch (thrown) {
        case null -> {}
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        case Throwable e -> throw new IllegalStateException(e);
      }
    }
  }

  private final class Worker extends Thread {
    private final int taker;
    private volatile boolean parked;

    Worker(int taker) {
      super("gradus-cpu-" + taker);
      this.taker = taker;
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
        if (job.hasWork()) {
          job.work(taker);
          idle = 0;
        } else if (idle < spins) {
          idle++;
          Thread.onSpinWait();
        } else {
          // First the flag, then a second look: a run that began in between sees the flag.
          parked = true;
          if (!closed && !job.hasWork()) {
            LockSupport.park(Workers.this);
          }
          parked = false;
        }
      }
    }
  }
}
