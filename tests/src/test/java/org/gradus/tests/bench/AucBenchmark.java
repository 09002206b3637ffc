// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.gradus.trainer.metrics.Auc;
import org.gradus.trainer.metrics.Metric;
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
import org.openjdk.jmh.annotations.Warmup;

/// The exact area under the curve of many scores, a quarter of them positive, the first call included: a run asks once.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 0)
@Measurement(iterations = 5)
@Fork(value = 3, jvmArgsAppend = "-Xmx2g")
public class AucBenchmark {
  @Param({"10000000"})
  private int rows = 1;

  private double[] scores = {};
  private float[] labels = {};

  /// Draws scores that rank positives somewhat higher.
  @Setup(Level.Trial)
  public void setUp() {
    SplittableRandom random = new SplittableRandom(1);
    scores = new double[rows];
    labels = new float[rows];
    for (int i = 0; i < rows; i++) {
      labels[i] = random.nextInt(4) == 0 ? 1 : 0;
      scores[i] = random.nextGaussian() + labels[i];
    }
  }

  /// All of them.
  @Benchmark
  public Metric auc() {
    return Auc.of(scores, labels);
  }
}
