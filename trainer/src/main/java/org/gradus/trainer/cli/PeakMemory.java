// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.gradus.tensor.MemoryUse;

/// How much memory the process took at most.
final class PeakMemory {
  private PeakMemory() {}

  /// One line for the user: of the process where the system tells (Linux), of the heap, and of the device's tensors.
  static String describe(MemoryUse device) {
    long heap = 0;
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      if (pool.getType() == MemoryType.HEAP) {
        heap += pool.getPeakUsage().getUsed();
      }
    }
    return String.format(
        Locale.ROOT,
        "peak memory: %sheap %.0f MB, tensors %.0f MB (pool hit rate %.3f)",
        process(),
        heap * 1e-6,
        device.peak() * 1e-6,
        device.hitRate());
  }

  private static String process() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmHWM:")) {
          long kib = Long.parseLong(line.replaceAll("[^0-9]", ""));
          return String.format(Locale.ROOT, "process %.0f MB, ", kib * 1024e-6);
        }
      }
    } catch (IOException | NumberFormatException e) {
      // another system, or another format: the heap is what can be said
      return "";
    }
    return "";
  }
}
