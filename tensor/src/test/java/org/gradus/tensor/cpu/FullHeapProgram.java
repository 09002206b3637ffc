// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Kind;

/// Asks for more than a heap of 64 MiB has room for beside what the pool holds, then for more than it has at all, for
/// [CpuDeviceTest]. Prints what the pool holds before, between and after, in MiB.
final class FullHeapProgram {
  private static final int MIB = 1 << 20;

  private FullHeapProgram() {}

  public static void main(String[] args) {
    try (CpuDevice device = new CpuDevice(new DeviceOptions(1, 48 * MIB, false))) {
      device.release(device.allocate(Kind.MASK, 36 * MIB));
      System.out.print(device.memory().pooled() / MIB);
      Buffer other = device.allocate(Kind.MASK, 40 * MIB);
      System.out.print(" " + device.memory().pooled() / MIB);
      device.release(other);
      try {
        device.allocate(Kind.MASK, 200 * MIB);
        System.out.println(" and more than there is");
      } catch (OutOfMemoryError e) {
        System.out.println(" " + device.memory().pooled() / MIB);
      }
    }
  }
}
