// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.gpu;

import java.util.List;
import java.util.Locale;
import org.gradus.tests.device.DeviceUnderTest;
import org.gradus.trainer.bench.Benchmark;
import org.gradus.trainer.bench.Measurement;
import org.gradus.trainer.bench.MeteredDevice;
import org.gradus.trainer.bench.Workloads;

/// Training steps of DeepFM and DLRM on the device that `gradus.device` names: a line each, with model, batch, what ran it and
/// milliseconds of the median step. `--dry-run` takes steps of a few examples.
final class StepTimes {
  private StepTimes() {}

  /// See the class.
  public static void main(String[] args) {
    boolean dry = List.of(args).contains("--dry-run");
    Benchmark benchmark = dry ? new Benchmark(0.01, 1) : new Benchmark(5, Benchmark.WARM_UP);
    int rows = dry ? 20 : Workloads.ROWS;
    for (int batch : dry ? new int[] {2} : new int[] {2048, 16384}) {
      for (String model : List.of("deepfm", "dlrm")) {
        try (MeteredDevice metered = new MeteredDevice(DeviceUnderTest.openOne())) {
          Measurement m = benchmark.run(Workloads.get(model, rows).withBatch(batch), metered, null);
          String products = metered.description();
          System.out.printf(
              Locale.ROOT,
              "%s\t%d\tGradus, products by %s%s\t%.4f%n",
              model,
              batch,
              products.contains("cuBLAS") ? "cuBLAS" : "our own kernel",
              products.contains("graphs") ? ", in graphs" : "",
              1e3 * m.steps().median());
        }
      }
    }
  }
}
