// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.lang.foreign.MemorySegment;

/// Where the blocks of a kernel leave a number each, for the host to put together in the order of the blocks.
final class Partials {
  private static final int BLOCKS = 128;
  private static final int THREADS = 256;

  private final CudaDevice device;
  private final GpuMemory memory;

  Partials(CudaDevice device) {
    this.device = device;
    memory = device.memory((long) BLOCKS * Double.BYTES);
  }

  /// The first argument of such a kernel.
  long address() {
    return memory.address();
  }

  /// The sum of what the blocks left, after the launch of a kernel over so many elements.
  double sum(Launch launch, long elements) {
    double[] parts = new double[launch(launch, elements)];
    device.staging().download(MemorySegment.ofArray(parts), memory, 0);
    double sum = 0;
    for (double part : parts) {
      sum += part;
    }
    return sum;
  }

  /// The least int that the blocks left.
  int least(Launch launch, long elements) {
    int[] parts = new int[launch(launch, elements)];
    device.staging().download(MemorySegment.ofArray(parts), memory, 0);
    int least = Integer.MAX_VALUE;
    for (int part : parts) {
      least = Math.min(least, part);
    }
    return least;
  }

  private static int launch(Launch launch, long elements) {
    int blocks = (int) Math.min((elements + THREADS - 1) / THREADS, BLOCKS);
    launch.blocks(blocks);
    return blocks;
  }
}
