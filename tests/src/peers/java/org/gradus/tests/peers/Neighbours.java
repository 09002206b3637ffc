// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What other processes take of the cores since this was made. Bound threads that wait for each other suffer more from it than ours, so a
/// ratio on a busy machine is none.
///
/// @param busy seconds that all cores were busy until then
/// @param own seconds of this process until then
/// @param nanos when that was
record Neighbours(double busy, double own, long nanos) {
  /// Kernel ticks per second, on every Linux that Java runs on.
  private static final double TICKS = 100;

  static Neighbours now() throws IOException {
    List<String> all = List.of(Files.readAllLines(Path.of("/proc/stat")).getFirst().split(" +"));
    double ticks = 0;
    for (int column : new int[] {1, 2, 3, 6, 7}) { // user, nice, system, irq, softirq
      ticks += Double.parseDouble(all.get(column));
    }
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return new Neighbours(ticks / TICKS, system.getProcessCpuTime() * 1e-9, System.nanoTime());
  }

  /// Cores that others used on the mean since then.
  double cores() throws IOException {
    Neighbours now = now();
    double others = now.busy - busy - (now.own - own);
    return Math.max(0, others / ((now.nanos - nanos) * 1e-9));
  }
}
