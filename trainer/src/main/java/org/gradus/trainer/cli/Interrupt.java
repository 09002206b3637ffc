// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.gradus.trainer.run.Listener;

/// Turns Ctrl-C into a checkpoint: the run is asked to stop, and the process waits until it has.
final class Interrupt implements AutoCloseable {
  private final Duration patience;
  private final PrintStream to;
  private volatile String left = "its latest checkpoint counts";
  private final AtomicBoolean asked = new AtomicBoolean();
  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "gradus-interrupt");

  Interrupt() {
    this(Duration.ofSeconds(60), System.err);
  }

  /// @param patience how long to wait for the run
  /// @param to who is told that it did not stop
  Interrupt(Duration patience, PrintStream to) {
    this.patience = patience;
    this.to = to;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /// What there is of a run that does not stop in time, and where.
  void leaves(String words) {
    left = words;
  }

  /// Waits for the run to stop; says so when it does not.
  void stop() {
    asked.set(true);
    try {
      // A checkpoint of a large model takes a while; a second Ctrl-C does not wait.
      if (!finished.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        to.println("gradus: the run did not stop in " + patience.toSeconds() + " s; " + left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// A listener that also passes on the wish to stop.
  Listener watch(Listener listener) {
    return new Listener() {
      @Override
      public void note(String line) {
        listener.note(line);
      }

      @Override
      public void epochStarted(int epoch, int epochs, long steps, long done) {
        listener.epochStarted(epoch, epochs, steps, done);
      }

      @Override
      public void stepDone(long step, int rows, Map<String, Double> parts) {
        listener.stepDone(step, rows, parts);
      }

      @Override
      public void epochDone(EpochReport epoch) {
        listener.epochDone(epoch);
      }

      @Override
      public boolean stopRequested() {
        return asked.get() || listener.stopRequested();
      }
    };
  }

  @Override
  public void close() {
    finished.countDown();
    if (!asked.get()) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // The process began to end in this very moment; the hook does not wait any more.
      }
    }
  }
}
