// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/// A block of memory on the GPU.
final class GpuMemory {
  private final Gpu gpu;
  private final Block block;
  private final long bytes;

  /// JCuda keeps the address to itself and its subclasses.
  private static final class Block extends CUdeviceptr {
    long address() {
      return getNativePointer() + getByteOffset();
    }
  }

  /// Memory of at least one byte, undefined until written.
  GpuMemory(Gpu gpu, long bytes) {
    this.gpu = gpu;
    this.bytes = Math.max(bytes, 4);
    block = new Block();
    gpu.enter();
    int code = JCudaDriver.cuMemAlloc(block, this.bytes);
    if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      long[] free = new long[1];
      long[] total = new long[1];
      JCudaDriver.cuMemGetInfo(free, total);
      throw new GpuException(
          "cuda: no memory for "
              + this.bytes
              + " bytes; "
              + (free[0] >> 20)
              + " of "
              + (total[0] >> 20)
              + " MiB are free. Expected smaller batches or tables, or a GPU with more memory.");
    }
    Gpu.check(code, "allocate " + this.bytes + " bytes");
  }

  long address() {
    return block.address();
  }

  /// The part from a byte on, as the driver wants it.
  CUdeviceptr from(long offset) {
    return block.withByteOffset(offset);
  }

  /// Sets every byte, in the order of the stream.
  void fill(int value) {
    Gpu.check(
        JCudaDriver.cuMemsetD8Async(block, (byte) value, bytes, gpu.enter()),
        "set " + bytes + " bytes");
  }

  void free() {
    gpu.enter();
    Gpu.check(JCudaDriver.cuMemFree(block), "free " + bytes + " bytes");
  }

  /// Frees what is left when the device closes, its context lost or not.
  void abandon() {
    JCudaDriver.cuMemFree(block);
  }
}
