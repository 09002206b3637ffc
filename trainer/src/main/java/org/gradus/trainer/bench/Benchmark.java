// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import org.gradus.data.Examples;
import org.gradus.data.Examples.Pass;
import org.gradus.embeddings.Batch;
import org.jspecify.annotations.Nullable;

/// Measures a workload: steps until the code is compiled and the pool is full, then steps that count.
///
/// @param seconds how long steps count
/// @param warmUpSteps the least number of steps before, which last at least [#WARM_UP_SECONDS], and together at most ten times
///     as long as the steps that count
public record Benchmark(double seconds, int warmUpSteps) {
  /// A hundred steps of warm-up.
  public static final int WARM_UP = 100;

  /// Seconds of warm-up, for the compiler works beside the steps: a hundred short ones end before it has begun.
  public static final int WARM_UP_SECONDS = 2;

  private static final int PHASES = Phase.values().length;
  private static final int MOST_STEPS = 1 << 16;

  /// Checks the ranges.
  public Benchmark {
    if (!(seconds > 0) || warmUpSteps < 0) {
      throw new IllegalArgumentException(
          "bench: "
              + seconds
              + " seconds after "
              + warmUpSteps
              + " steps. Expected more than 0 and at least 0.");
    }
  }

  /// Measures a workload on a device.
  ///
  /// @param prepared rows of the workload's schema, for a second round that waits for its data; null for none
  public Measurement run(Workload workload, MeteredDevice device, @Nullable Examples prepared) {
    Stopwatch watch = new Stopwatch(device.meter());
    try (Workload.Step step = workload.open(device, watch)) {
      long least = end(WARM_UP_SECONDS);
      int warmUp = warmUp(step, least);
      boolean warm = warmUp >= warmUpSteps && System.nanoTime() >= least;
      long[][] nanos = new long[1024][PHASES];
      int n = 0;
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      Meter.Reading before = device.meter().read();
      long[] allocated = new long[nanos.length];
      long end = end(seconds);
      do {
        if (n == nanos.length) {
          nanos = longer(nanos);
          allocated = Arrays.copyOf(allocated, nanos.length);
        }
        // from here to there nothing is allocated but by the step
        long bytes = threads.getTotalThreadAllocatedBytes();
        step.run();
        allocated[n] = threads.getTotalThreadAllocatedBytes() - bytes;
        watch.copyTo(nanos[n++]);
      } while (System.nanoTime() < end && n < MOST_STEPS);
      Meter.Reading work = device.meter().read().since(before);
      Measurement.Loading loading =
          prepared != null && step instanceof ModelStep trained
              ? loading(trained, watch, prepared, workload.batch())
              : null;
      return new Measurement(
          workload.name(),
          workload.batch(),
          warmUp,
          warm,
          Measurement.Steps.of(Arrays.copyOf(nanos, n), step.operations()),
          Measurement.Allocated.of(Arrays.copyOf(allocated, n)),
          work,
          loading);
    }
  }

  private int warmUp(Workload.Step step, long least) {
    long end = end(10 * seconds);
    int n = 0;
    do {
      step.run();
      n++;
    } while ((n < warmUpSteps || System.nanoTime() < least) && System.nanoTime() < end);
    return n;
  }

  /// Passes over the rows, shuffled as in training.
  private Measurement.Loading loading(
      ModelStep step, Stopwatch watch, Examples rows, int batchSize) {
    int steps = 0;
    long waited = 0;
    long begun = System.nanoTime();
    long end = end(seconds);
    for (int epoch = 0; steps == 0 || System.nanoTime() < end; epoch++) {
      try (Examples.Stream stream = rows.stream(new Pass(batchSize, true, 1, epoch, 0, true))) {
        while (steps == 0 || System.nanoTime() < end) {
          watch.begin();
          Batch batch = stream.next();
          if (batch == null) {
            break;
          }
          step.train(batch);
          waited += watch.nanos(Phase.DATA_WAIT);
          steps++;
        }
        if (steps == 0) {
          throw new IllegalArgumentException(
              "bench: "
                  + rows.rows()
                  + " prepared rows make no batch of "
                  + batchSize
                  + ". Expected more rows, or a smaller --batch.");
        }
      }
    }
    return new Measurement.Loading(
        rows.rows(), steps, (System.nanoTime() - begun) * 1e-9, waited * 1e-9);
  }

  private static long end(double seconds) {
    return System.nanoTime() + (long) (seconds * 1e9);
  }

  private static long[][] longer(long[][] nanos) {
    long[][] more = Arrays.copyOf(nanos, 2 * nanos.length);
    for (int i = nanos.length; i < more.length; i++) {
      more[i] = new long[PHASES];
    }
    return more;
  }
}
