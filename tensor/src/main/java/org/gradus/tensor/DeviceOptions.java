// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How a device is opened.
///
/// @param threads worker threads of `cpu`, the caller included; at least 1. Results do not depend on it.
/// @param poolBytes how much memory a device may hold for reuse, beyond the most that was ever in use ([BufferPool]); 0: none at all
/// @param poison fills released memory with NaN, so that a read after release cannot go unseen
/// @param tables folder of the files that tables of `cpu` are mapped to, or null for memory. With files, tables may be
///     larger than the memory that is free; the system keeps there what is in use. The files have no name and are gone
///     when the process is
/// @param settings of devices, by key ([DeviceProvider#settings]); those of another device than the one that is opened mean
///     nothing there
public record DeviceOptions(
    int threads,
    long poolBytes,
    boolean poison,
    @Nullable Path tables,
    Map<String, String> settings) {
  /// Checks the ranges.
  public DeviceOptions {
    settings = Map.copyOf(settings);
    if (threads < 1) {
      throw new IllegalArgumentException("device: threads " + threads + ". Expected at least 1.");
    }
    if (poolBytes < 0) {
      throw new IllegalArgumentException(
          "device: poolBytes " + poolBytes + ". Expected at least 0.");
    }
  }

  /// With tables in memory, and every setting as it is preset.
  public DeviceOptions(int threads, long poolBytes, boolean poison) {
    this(threads, poolBytes, poison, null, Map.of());
  }

  /// All processors, a pool of a quarter of the heap, no poison.
  public static DeviceOptions defaults() {
    Runtime jvm = Runtime.getRuntime();
    return new DeviceOptions(jvm.availableProcessors(), jvm.maxMemory() / 4, false);
  }

  /// How much host memory of past steps a device may hold for the next ones: a quarter of its own pool.
  public long hostBytes() {
    return poolBytes / 4;
  }

  /// These options with another number of threads.
  public DeviceOptions withThreads(int n) {
    return new DeviceOptions(n, poolBytes, poison, tables, settings);
  }

  /// These options with released memory poisoned.
  public DeviceOptions withPoison() {
    return new DeviceOptions(threads, poolBytes, true, tables, settings);
  }

  /// These options with tables in files of a folder, or in memory (null).
  public DeviceOptions withTables(@Nullable Path folder) {
    return new DeviceOptions(threads, poolBytes, poison, folder, settings);
  }

  /// These options with other settings of devices.
  public DeviceOptions withSettings(Map<String, String> given) {
    return new DeviceOptions(threads, poolBytes, poison, tables, given);
  }
}
