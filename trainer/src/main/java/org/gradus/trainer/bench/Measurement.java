// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a [Benchmark] found.
///
/// @param workload its name
/// @param batch examples of a step
/// @param warmUp steps before the first one measured
/// @param warm whether they were as many, and took as long, as a benchmark asks for
/// @param steps what was measured of each step
/// @param allocated heap bytes of a step, all threads together
/// @param work what the kernels did in all steps measured
/// @param loading the same steps on prepared data, or null
public record Measurement(
    String workload,
    int batch,
    int warmUp,
    boolean warm,
    Steps steps,
    Allocated allocated,
    Meter.Reading work,
    @Nullable Loading loading) {

  /// Times of steps.
  ///
  /// @param count number of steps
  /// @param operations recorded in a step, the last one
  /// @param median seconds of a step
  /// @param phases seconds of each phase, medians each
  public record Steps(int count, int operations, double median, Map<Phase, Double> phases) {
    /// @param nanos one row per step, phases in their order
    static Steps of(long[][] nanos, int operations) {
      long[] sums = new long[nanos.length];
      for (int i = 0; i < sums.length; i++) {
        sums[i] = Arrays.stream(nanos[i]).sum();
      }
      Map<Phase, Double> phases = new EnumMap<>(Phase.class);
      Phase[] order = Phase.values();
      for (int p = 0; p < order.length; p++) {
        long[] column = new long[nanos.length];
        for (int i = 0; i < column.length; i++) {
          column[i] = nanos[i][p];
        }
        phases.put(order[p], Measurement.median(column) * 1e-9);
      }
      return new Steps(sums.length, operations, Measurement.median(sums) * 1e-9, phases);
    }
  }

  /// Bytes of a step.
  ///
  /// @param mean over all steps, those included in which some loop was not compiled yet
  /// @param median what a step takes once they are
  public record Allocated(double mean, double median) {
    static Allocated of(long[] bytes) {
      return new Allocated(
          Arrays.stream(bytes).average().orElse(Double.NaN), Measurement.median(bytes));
    }
  }

  private static double median(long[] values) {
    long[] v = values.clone();
    Arrays.sort(v);
    int n = v.length;
    return n == 0 ? Double.NaN : 0.5 * (v[(n - 1) / 2] + v[n / 2]);
  }

  /// Steps on batches that a loader reads ahead.
  ///
  /// @param rows of the prepared file
  /// @param steps number of steps
  /// @param seconds all of them took
  /// @param waited seconds of that in which the next batch was not there yet
  public record Loading(long rows, int steps, double seconds, double waited) {
    /// Share of the time spent waiting.
    public double share() {
      return waited / seconds;
    }
  }

  /// Examples per second of the median step.
  public double samplesPerSecond() {
    return batch / steps.median;
  }

  /// 10⁹ operations of products per second of all steps.
  public double gflops() {
    return work.flops() / steps.count / steps.median * 1e-9;
  }

  /// 10⁹ bytes of lookups and updates per second of all steps.
  public double gbps() {
    return work.bytes() / steps.count / steps.median * 1e-9;
  }

  /// 10⁹ operations per second inside the kernels of products.
  public double gflopsInside() {
    return work.productNanos() == 0 ? 0 : work.flops() / work.productNanos();
  }

  /// 10⁹ bytes per second inside the kernels of lookups and updates.
  public double gbpsInside() {
    return work.moveNanos() == 0 ? 0 : work.bytes() / work.moveNanos();
  }

  /// For JSON; milliseconds, 10⁹ operations a second and 10⁹ bytes a second, as the names say.
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("workload", workload);
    map.put("batch", batch);
    map.put("warm_up_steps", warmUp);
    map.put("warm", warm);
    map.put("steps", steps.count);
    map.put("samples_per_second", samplesPerSecond());
    map.put("step_ms", steps.median * 1e3);
    Map<String, Object> phases = new LinkedHashMap<>();
    steps.phases.forEach((p, seconds) -> phases.put(p.word(), seconds * 1e3));
    map.put("phase_ms", phases);
    map.put("allocated_bytes_per_step", allocated.mean);
    map.put("allocated_bytes_median_step", allocated.median);
    map.put("operations_per_step", steps.operations);
    map.put("gflop_per_step", work.flops() / steps.count * 1e-9);
    map.put("gflops", gflops());
    map.put("gflops_inside_products", gflopsInside());
    map.put("gb_per_step", work.bytes() / steps.count * 1e-9);
    map.put("gbps", gbps());
    map.put("gbps_inside_moves", gbpsInside());
    if (loading != null) {
      Map<String, Object> data = new LinkedHashMap<>();
      data.put("rows", loading.rows);
      data.put("steps", loading.steps);
      data.put("samples_per_second", (double) batch * loading.steps / loading.seconds);
      data.put("data_wait_share", loading.share());
      map.put("prepared_data", data);
    }
    return map;
  }
}
