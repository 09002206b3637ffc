// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(20)
class WorkersTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5})
  void runsEachChunkOnce(int threads) {
    try (Workers workers = new Workers(threads)) {
      assertThat(workers.threads()).isEqualTo(threads);
      for (int chunks : new int[] {0, 1, 2, 3, 16, 1000}) {
        for (int round = 0; round < 200; round++) {
          // Plain stores: run itself must make them visible.
          int[] calls = new int[chunks];
          workers.run(chunks, i -> calls[i]++);
          assertThat(calls).containsOnly(chunks == 0 ? new int[0] : new int[] {1});
        }
      }
    }
  }

  @Test
  void usesItsThreadsAndTheCaller() {
    try (Workers workers = new Workers(3)) {
      Set<Thread> seen = ConcurrentHashMap.newKeySet();
      CountDownLatch all = new CountDownLatch(3);
      // Each chunk waits for the others, so that three threads are needed.
      workers.run(
          3,
          _ -> {
            seen.add(Thread.currentThread());
            all.countDown();
            await(all);
          });
      assertThat(seen).hasSize(3).contains(Thread.currentThread());
      assertThat(seen.stream().filter(t -> !t.equals(Thread.currentThread())))
          .allMatch(Thread::isDaemon);
    }
  }

  @Test
  void wakesThreadsThatWentToSleep() throws InterruptedException {
    try (Workers workers = new Workers(2)) {
      for (int round = 0; round < 5; round++) {
        CountDownLatch both = new CountDownLatch(2);
        workers.run(
            2,
            _ -> {
              both.countDown();
              await(both);
            });
        Thread.sleep(5);
      }
    }
  }

  @Test
  void runsNestedWorkInline() {
    try (Workers workers = new Workers(3)) {
      AtomicIntegerArray calls = new AtomicIntegerArray(7 * 5);
      workers.run(
          7,
          i -> {
            Thread outer = Thread.currentThread();
            workers.run(
                5,
                j -> {
                  assertThat(Thread.currentThread()).isSameAs(outer);
                  calls.incrementAndGet(i * 5 + j);
                });
          });
      for (int i = 0; i < calls.length(); i++) {
        assertThat(calls.get(i)).isEqualTo(1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void throwsWhatAChunkThrewAndStaysUsable(int threads) {
    try (Workers workers = new Workers(threads)) {
      for (int bad = 0; bad < 20; bad++) {
        int chunk = bad;
        assertThatThrownBy(
                () ->
                    workers.run(
                        20,
                        i -> {
                          if (i == chunk) {
                            throw new ArithmeticException("chunk " + i);
                          }
                        }))
            .isInstanceOf(ArithmeticException.class)
            .hasMessage("chunk " + bad);
        int[] calls = new int[20];
        workers.run(20, i -> calls[i]++);
        assertThat(calls).containsOnly(1);
      }
    }
  }

  @Test
  void servesSeveralCallers() throws InterruptedException {
    try (Workers workers = new Workers(2)) {
      AtomicIntegerArray calls = new AtomicIntegerArray(4 * 50);
      Thread[] callers = new Thread[4];
      for (int t = 0; t < callers.length; t++) {
        int first = t * 50;
        callers[t] =
            new Thread(
                () -> {
                  for (int round = 0; round < 100; round++) {
                    workers.run(50, i -> calls.incrementAndGet(first + i));
                  }
                });
        callers[t].start();
      }
      for (Thread caller : callers) {
        caller.join();
      }
      for (int i = 0; i < calls.length(); i++) {
        assertThat(calls.get(i)).isEqualTo(100);
      }
    }
  }

  @Test
  void finishesAnInterruptedRunAndKeepsTheInterrupt() {
    try (Workers workers = new Workers(2)) {
      int[] calls = new int[8];
      Thread.currentThread().interrupt();
      workers.run(
          8,
          i -> {
            calls[i]++;
            busy();
          });
      assertThat(Thread.interrupted()).isTrue();
      assertThat(calls).containsOnly(1);
    }
  }

  @Test
  void endsItsThreadsWhenClosed() throws InterruptedException {
    Workers workers = new Workers(3);
    Set<Thread> seen = ConcurrentHashMap.newKeySet();
    CountDownLatch all = new CountDownLatch(3);
    workers.run(
        3,
        _ -> {
          seen.add(Thread.currentThread());
          all.countDown();
          await(all);
        });
    workers.close();
    for (Thread thread : seen) {
      if (!thread.equals(Thread.currentThread())) {
        thread.join(TimeUnit.SECONDS.toMillis(10));
        assertThat(thread.isAlive()).isFalse();
      }
    }
    assertThatIllegalStateException().isThrownBy(() -> workers.run(2, _ -> {}));
  }

  @Test
  void refusesToHaveNoThread() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Workers(0))
        .withMessageContaining("0 threads");
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /// Long enough for a worker to be in its chunk while the caller waits.
  private static void busy() {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(2);
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }
}
