// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.util.function.BooleanSupplier;
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
  ///
  /// @param makeRoom called when there is none, says whether there may be some now
  GpuMemory(Gpu gpu, long bytes, BooleanSupplier makeRoom) {
    this.gpu = gpu;
    this.bytes = Math.max(bytes, 4);
    block = new Block();
    gpu.enter();
    int code = JCudaDriver.cuMemAlloc(block, this.bytes);
    if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY && makeRoom.getAsBoolean()) {
      code = JCudaDriver.cuMemAlloc(block, this.bytes);
    }
    if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      long[] free = new long[1];
      long[] total = new long[1];
      JCudaDriver.cuMemGetInfo(free, total);
      String inPieces =
          free[0] < this.bytes
              ? ". "
              : ", in pieces that are too small, or held back by the driver. ";
      throw new GpuException(
          "cuda: no memory for "
              + this.bytes
              + " bytes; "
              + (free[0] >> 20)
              + " of "
              + (total[0] >> 20)
              + " MiB are free"
              + inPieces
              + "Expected smaller batches or tables, a GPU with more memory, or less of this one in"
              + " use by others, which nvidia-smi shows.");
    }
    gpu.check(code, "allocate " + this.bytes + " bytes");
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
    gpu.check(
        JCudaDriver.cuMemsetD8Async(block, (byte) value, bytes, gpu.enter()),
        "set " + bytes + " bytes");
  }

  void free() {
    gpu.enter();
    gpu.check(JCudaDriver.cuMemFree(block), "free " + bytes + " bytes");
  }

  /// Frees what is left when the device closes, its context lost or not.
  void abandon() {
    JCudaDriver.cuMemFree(block);
  }
}
