// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.SortKernels;

/// The merging of duplicate ids: `sort.cu`. All lists are sorted at once, each padded to the same power of two.
final class CudaSort implements SortKernels {
  private static final int KEYS = 1024; // of a block
  private static final int THREADS = 512;
  private static final int LIST_BYTES = 4 * Integer.BYTES + Long.BYTES;

  private final CudaDevice device;
  private final Launch launch;
  private final Kernel keysKernel;
  private final Kernel block;
  private final Kernel step;
  private final Kernel groups;

  CudaSort(CudaDevice device) {
    this.device = device;
    launch = device.launch();
    Module module = device.module("sort");
    keysKernel = module.kernel("keys");
    block = module.kernel("block");
    step = module.kernel("step");
    groups = module.kernel("groups");
  }

  @Override
  public int[] merge(
      List<Buffer> rows, Buffer segments, Buffer order, Buffer ids, int[] starts, int[] bounds) {
    int lists = bounds.length;
    int[] counts = new int[lists];
    if (lists == 0) {
      return counts;
    }
    int longest = 1;
    for (int l = 0; l < lists; l++) {
      longest = Math.max(longest, starts[l + 1] - starts[l]);
    }
    int padded = longest == 1 ? 1 : Integer.highestOneBit(longest - 1) << 1;
    long all = (long) lists * padded;
    GpuMemory described = describe(rows, starts);
    GpuMemory keys = device.memory(all * Long.BYTES);
    GpuMemory found = device.memory((long) lists * Integer.BYTES);
    try {
      launch
          .of(keysKernel)
          .address(keys.address())
          .buffer(ids)
          .address(described.address())
          .number(padded)
          .big(all)
          .each(all);
      sort(keys, padded, all);
      launch
          .of(groups)
          .buffer(segments)
          .buffer(order)
          .address(found.address())
          .address(keys.address())
          .address(described.address())
          .number(padded)
          .blocks(lists);
      device.staging().download(MemorySegment.ofArray(counts), found, 0);
    } finally {
      device.free(described);
      device.free(keys);
      device.free(found);
    }
    return counts;
  }

  /// The network: runs of 2, 4, … keys, each from distances of half the run down to 1.
  private void sort(GpuMemory keys, int padded, long all) {
    int width = Math.min(KEYS, padded);
    block(keys, padded, all, 2, width);
    for (long run = 2L * KEYS; run <= padded; run <<= 1) {
      for (long distance = run / 2; distance >= KEYS; distance /= 2) {
        launch
            .of(step)
            .address(keys.address())
            .number(padded)
            .number((int) run)
            .number((int) distance)
            .big(all / 2)
            .each(all / 2);
      }
      block(keys, padded, all, (int) run, (int) run);
    }
  }

  private void block(GpuMemory keys, int padded, long all, int least, int most) {
    launch
        .of(block)
        .address(keys.address())
        .number(padded)
        .number(least)
        .number(most)
        .grid(all / Math.min(KEYS, padded), 1, 1, THREADS, 1);
  }

  /// `struct List` of each list.
  private GpuMemory describe(List<Buffer> rows, int[] starts) {
    int lists = rows.size();
    ByteBuffer structs = ByteBuffer.allocate(lists * LIST_BYTES).order(ByteOrder.nativeOrder());
    for (int l = 0; l < lists; l++) {
      structs
          .putInt(starts[l])
          .putInt(starts[l + 1] - starts[l])
          .putInt(starts[l] + l)
          .putInt(0)
          .putLong(CudaBuffer.of(rows.get(l)).memory().address());
    }
    GpuMemory memory = device.memory(structs.capacity());
    device.staging().upload(memory, 0, MemorySegment.ofArray(structs.array()));
    return memory;
  }
}
