// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.StatUtils;
import org.gradus.data.DataSet;
import org.gradus.trainer.bench.Benchmark;
import org.gradus.trainer.run.Listener;
import org.gradus.trainer.run.TrainConfig;

/// How fast a model is trained once its loops are compiled: rows per second of the median step of a run, data included.
///
/// A step begins where the one before ended, or where its pass began; measuring the validation rows belongs to none.
final class Pace implements Listener {
  private final double seconds;
  private final List<Double> rates = new ArrayList<>();
  private long last;
  private long warmUp; //      steps
  private double warmed; //    seconds of them
  private double measured; //  seconds

  private Pace(double seconds) {
    this.seconds = seconds;
  }

  /// Rows per second: after 100 steps of warm-up, or ten times as long as is measured if these take longer.
  ///
  /// @param seconds how long steps are measured, at least one
  static double of(TrainConfig config, DataSet data, double seconds) {
    TrainConfig.Loop loop = config.loop();
    TrainConfig endless =
        config
            .with(
                new TrainConfig.Loop(
                    Integer.MAX_VALUE, loop.stepsPerEpoch(), loop.batchSize(), loop.dropLast()))
            .with((TrainConfig.Stopping) null);
    Pace pace = new Pace(seconds);
    TemporaryRun.train(endless, data, pace);
    return StatUtils.percentile(pace.rates.stream().mapToDouble(r -> r).toArray(), 50);
  }

  @Override
  public void epochStarted(int epoch, int epochs, long steps, long done) {
    last = System.nanoTime();
  }

  @Override
  public void stepDone(long step, int rows, Map<String, Double> parts) {
    long now = System.nanoTime();
    double took = (now - last) * 1e-9;
    last = now;
    if (warmUp < Benchmark.WARM_UP && warmed < 10 * seconds) {
      warmUp++;
      warmed += took;
    } else {
      measured += took;
      rates.add(rows / took);
    }
  }

  @Override
  public boolean stopRequested() {
    return !rates.isEmpty() && measured >= seconds;
  }
}
