// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.concurrent.TimeUnit;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.trainer.bench.Meter;
import org.gradus.trainer.bench.Stopwatch;
import org.gradus.trainer.bench.Workload;
import org.gradus.trainer.bench.Workloads;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// The workload [Workloads#dlrm] under JMH: one training step of 2048 examples. Samples per second are 2048 divided by
/// the time. `gradus bench dlrm` splits it into phases.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 4)
@Measurement(iterations = 5, time = 3)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms4g", "-Xmx4g"})
public class DlrmStepBenchmark {
  @Param({"2"})
  private int threads = 2;

  private Device device = Device.open("reference");
  private Workload.Step step = open(10);

  private Workload.Step open(int rows) {
    return Workloads.dlrm(rows).open(device, new Stopwatch(new Meter()));
  }

  /// Builds model and data.
  @Setup(Level.Trial)
  public void setUp() {
    tearDown();
    device = Device.open("cpu", DeviceOptions.defaults().withThreads(threads));
    step = open(Workloads.ROWS);
  }

  /// Frees them.
  @TearDown(Level.Trial)
  public void tearDown() {
    step.close();
    device.close();
  }

  /// Forward, backward, update.
  @Benchmark
  public double step() {
    return step.run();
  }
}
