// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/// Copies between host and GPU through pinned memory: a copy to the GPU returns when the numbers are in a pinned slot, a copy from
/// it when they are on the host. Arrays of the heap never meet an asynchronous copy: the collector may move them.
final class Staging {
  private static final int SLOTS = 4;
  private static final int BYTES = 1 << 20;

  private final Gpu gpu;
  private final List<Slot> slots = new ArrayList<>();
  private int next;

  /// Pinned memory, and the event after which it is free again.
  private record Slot(Pointer pointer, MemorySegment memory, CUevent free) {}

  Staging(Gpu gpu) {
    this.gpu = gpu;
    gpu.enter();
    for (int i = 0; i < SLOTS; i++) {
      Pointer pointer = new Pointer();
      pin(pointer);
      gpu.atClose(() -> JCudaDriver.cuMemFreeHost(pointer));
      MemorySegment memory =
          MemorySegment.ofBuffer(pointer.getByteBuffer(0, BYTES).order(ByteOrder.nativeOrder()));
      CUevent free = new CUevent();
      gpu.check(
          JCudaDriver.cuEventCreate(free, CUevent_flags.CU_EVENT_DISABLE_TIMING), "make an event");
      gpu.atClose(() -> JCudaDriver.cuEventDestroy(free));
      slots.add(new Slot(pointer, memory, free));
    }
  }

  private void pin(Pointer pointer) {
    int code = JCudaDriver.cuMemHostAlloc(pointer, BYTES, 0);
    if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      throw new GpuException(
          "cuda: no memory of the host for "
              + BYTES
              + " pinned bytes. Expected less of it in use, or a higher limit: ulimit -l, or that"
              + " of the container.");
    }
    gpu.check(code, "pin " + BYTES + " bytes of the host's memory");
  }

  /// Copies to the GPU.
  ///
  /// @param to where, from byte `at` on
  void upload(GpuMemory to, long at, MemorySegment from) {
    for (long done = 0; done < from.byteSize(); done += BYTES) {
      long n = Math.min(BYTES, from.byteSize() - done);
      Slot slot = take();
      MemorySegment.copy(from, done, slot.memory(), 0, n);
      gpu.check(
          JCudaDriver.cuMemcpyHtoDAsync(to.from(at + done), slot.pointer(), n, gpu.enter()),
          "copy " + n + " bytes to the GPU");
      gpu.check(JCudaDriver.cuEventRecord(slot.free(), gpu.enter()), "record an event");
    }
  }

  /// Copies from the GPU, after everything before it is done.
  void download(MemorySegment to, GpuMemory from, long at) {
    for (long done = 0; done < to.byteSize(); done += BYTES) {
      long n = Math.min(BYTES, to.byteSize() - done);
      Slot slot = take();
      gpu.check(
          JCudaDriver.cuMemcpyDtoHAsync(slot.pointer(), from.from(at + done), n, gpu.enter()),
          "copy " + n + " bytes from the GPU");
      gpu.await();
      MemorySegment.copy(slot.memory(), 0, to, done, n);
    }
  }

  private Slot take() {
    Slot slot = slots.get(next);
    next = (next + 1) % SLOTS;
    gpu.enter();
    gpu.check(JCudaDriver.cuEventSynchronize(slot.free()), "wait for a copy");
    return slot;
  }
}
