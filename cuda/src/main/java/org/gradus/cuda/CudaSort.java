// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;
import org.gradus.tensor.SortKernels;

/// The merging of duplicate ids: `sort.cu`. All lists are sorted at once, each padded to the same power of two.
final class CudaSort implements SortKernels {
  private static final int KEYS = 1024; // of a block
  private static final int THREADS = 512;
  private static final int LIST_INTS = 6; // of a `struct List`, its address counted as two

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
    Buffer described = describe(rows, starts);
    Buffer keys = device.allocate(Kind.INT, Math.toIntExact(2 * all)); // two ints a key
    Buffer found = device.allocate(Kind.INT, lists);
    try {
      launch
          .of(keysKernel)
          .buffer(keys)
          .buffer(ids)
          .buffer(described)
          .number(padded)
          .big(all)
          .each(all);
      sort(keys, padded, all);
      launch
          .of(groups)
          .buffer(segments)
          .buffer(order)
          .buffer(found)
          .buffer(keys)
          .buffer(described)
          .number(padded)
          .blocks(lists);
      device.download(counts, found);
    } finally {
      device.release(described);
      device.release(keys);
      device.release(found);
    }
    return counts;
  }

  /// The network: runs of 2, 4, … keys, each from distances of half the run down to 1.
  private void sort(Buffer keys, int padded, long all) {
    int width = Math.min(KEYS, padded);
    block(keys, padded, all, 2, width);
    for (long run = 2L * KEYS; run <= padded; run <<= 1) {
      for (long distance = run / 2; distance >= KEYS; distance /= 2) {
        launch
            .of(step)
            .buffer(keys)
            .number(padded)
            .number((int) run)
            .number((int) distance)
            .big(all / 2)
            .each(all / 2);
      }
      block(keys, padded, all, (int) run, (int) run);
    }
  }

  private void block(Buffer keys, int padded, long all, int least, int most) {
    launch
        .of(block)
        .buffer(keys)
        .number(padded)
        .number(least)
        .number(most)
        .grid(all / Math.min(KEYS, padded), 1, 1, THREADS, 1);
  }

  /// `struct List` of each list; an address is two ints, the lower one first.
  private Buffer describe(List<Buffer> rows, int[] starts) {
    int lists = rows.size();
    int[] structs = new int[lists * LIST_INTS];
    for (int l = 0; l < lists; l++) {
      long address = CudaBuffer.of(rows.get(l)).memory().address();
      int at = l * LIST_INTS;
      structs[at] = starts[l];
      structs[at + 1] = starts[l + 1] - starts[l];
      structs[at + 2] = starts[l] + l;
      structs[at + 4] = (int) address;
      structs[at + 5] = (int) (address >>> 32);
    }
    Buffer described = device.allocate(Kind.INT, structs.length);
    device.upload(described, structs);
    return described;
  }
}
