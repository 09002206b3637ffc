// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// How a device is opened.
///
/// @param threads worker threads of `cpu`, the caller included; at least 1. Results do not depend on it.
/// @param poolBytes how much released memory a device may hold for reuse
/// @param poison fills released memory with NaN, so that a read after release cannot go unseen
public record DeviceOptions(int threads, long poolBytes, boolean poison) {
  /// Checks the ranges.
  public DeviceOptions {
    if (threads < 1) {
      throw new IllegalArgumentException("device: threads " + threads + ". Expected at least 1.");
    }
    if (poolBytes < 0) {
      throw new IllegalArgumentException(
          "device: poolBytes " + poolBytes + ". Expected at least 0.");
    }
  }

  /// All processors, a pool of at most a quarter of the heap, no poison.
  public static DeviceOptions defaults() {
    Runtime jvm = Runtime.getRuntime();
    return new DeviceOptions(jvm.availableProcessors(), jvm.maxMemory() / 4, false);
  }

  /// These options with another number of threads.
  public DeviceOptions withThreads(int n) {
    return new DeviceOptions(n, poolBytes, poison);
  }

  /// These options with released memory poisoned.
  public DeviceOptions withPoison() {
    return new DeviceOptions(threads, poolBytes, true);
  }
}
