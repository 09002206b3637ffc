// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.BufferPool;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.HostArrays;
import org.gradus.tensor.Kernels;
import org.gradus.tensor.Kind;
import org.gradus.tensor.MemoryUse;
import org.gradus.tensor.Table;
import org.jspecify.annotations.Nullable;

/// An NVIDIA GPU. Kernels run one after the other in one stream; only copies to the host wait for them.
final class CudaDevice implements Device {
  private final int number;
  private final Gpu gpu;
  private final Staging staging;
  private final Launch launch;
  private final @Nullable KernelGraphs graphs;
  private final Kernels kernels;
  private final @Nullable CuBlas library;
  private final BufferPool<CudaBuffer> pool;
  private final HostArrays host;
  private final boolean poison;
  private final Set<GpuMemory> allocated = Collections.newSetFromMap(new IdentityHashMap<>());

  /// @param number which one, from 0
  CudaDevice(int number, DeviceOptions options) {
    this(number, options, CuBlasLibrary.candidates());
  }

  /// As above, with where to look for cuBLAS.
  CudaDevice(int number, DeviceOptions options, List<String> candidates) {
    this.number = number;
    CudaSettings settings = CudaSettings.of(options.settings());
    gpu = new Gpu(number);
    gpu.atClose(() -> allocated.forEach(GpuMemory::abandon));
    try {
      staging = new Staging(gpu);
      graphs = settings.graphs() ? new KernelGraphs(gpu) : null;
      launch = new Launch(gpu, graphs);
      host = new HostArrays(options.hostBytes(), options.poison());
      poison = options.poison();
      pool = new BufferPool<>(options.poolBytes(), Float.BYTES, b -> free(b.memory()));
      library = library(settings, candidates);
      CudaMatMul products = new CudaMatMul(this, library);
      kernels =
          new Kernels(
              new CudaElementwise(this),
              new CudaLayout(this),
              new CudaReduce(this),
              products,
              new CudaSoftmax(this),
              new CudaNorm(this),
              new CudaGather(this),
              new CudaJagged(this),
              new CudaSort(this),
              new CudaInteraction(this),
              new CudaRecurrent(this, products),
              new CudaLoss(this),
              new CudaRandom(this),
              new CudaUpdate(this));
    } catch (RuntimeException e) {
      gpu.close();
      throw e;
    }
  }

  private @Nullable CuBlas library(CudaSettings settings, List<String> candidates) {
    if (settings.gemm() == CudaSettings.Gemm.OWN) {
      return null;
    }
    try {
      return CuBlas.open(gpu, candidates, settings.tf32());
    } catch (IllegalArgumentException e) {
      if (settings.gemm() == CudaSettings.Gemm.CUBLAS || settings.tf32()) {
        throw e;
      }
      return null; // auto, and the description says what it is
    }
  }

  /// The kernels of a family; unloaded with the device.
  Module module(String family) {
    return new Module(gpu, family);
  }

  Gpu gpu() {
    return gpu;
  }

  Launch launch() {
    return launch;
  }

  /// What was done with graphs; null without them.
  @Nullable KernelGraphs graphs() {
    return graphs;
  }

  Staging staging() {
    return staging;
  }

  /// Memory that is freed with the device at the latest. What the pool holds goes first where there is none.
  GpuMemory memory(long bytes) {
    GpuMemory memory = new GpuMemory(gpu, bytes, pool::clear);
    allocated.add(memory);
    return memory;
  }

  /// Frees memory; on a GPU that failed, which was said, when the device closes.
  void free(GpuMemory memory) {
    if (!gpu.failed() && allocated.remove(memory)) {
      memory.free();
    }
  }

  @Override
  public String name() {
    return "cuda:" + number;
  }

  @Override
  public String description() {
    return name()
        + ", products by "
        + (library == null ? "our own kernel, float32" : library.describe())
        + (graphs == null ? "" : ", launches in CUDA graphs");
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public boolean float64() {
    return false;
  }

  @Override
  public Buffer allocate(Kind kind, int elements) {
    CudaBuffer used = pool.take(kind, elements);
    if (used != null) {
      return used;
    }
    CudaBuffer fresh =
        new CudaBuffer(kind, elements, memory((long) elements * CudaBuffer.bytes(kind)));
    if (poison) {
      fresh.memory().fill(0xFF); // as a float NaN, as an int −1
    }
    return fresh;
  }

  @Override
  public void release(Buffer buffer) {
    CudaBuffer b = CudaBuffer.of(buffer);
    if (poison && !gpu.failed()) {
      b.memory().fill(0xFF);
    }
    if (!pool.give(b)) {
      free(b.memory());
    }
  }

  @Override
  public MemoryUse memory() {
    return pool.use();
  }

  @Override
  public HostArrays host() {
    return host;
  }

  @Override
  public Table table(int rows, int width) {
    try {
      return new CudaTable(this, rows, width);
    } catch (GpuException e) {
      throw e.during("table [" + rows + ", " + width + "]");
    }
  }

  @Override
  public void upload(Buffer to, float[] from) {
    staging.upload(CudaBuffer.of(to).memory(), 0, MemorySegment.ofArray(from));
  }

  @Override
  public void upload(Buffer to, double[] from) {
    float[] rounded = new float[from.length];
    for (int i = 0; i < from.length; i++) {
      rounded[i] = (float) from[i];
    }
    upload(to, rounded);
  }

  @Override
  public void upload(Buffer to, int[] from) {
    staging.upload(CudaBuffer.of(to).memory(), 0, MemorySegment.ofArray(from));
  }

  @Override
  public void upload(Buffer to, byte[] from) {
    staging.upload(CudaBuffer.of(to).memory(), 0, MemorySegment.ofArray(from));
  }

  @Override
  public void download(float[] to, Buffer from) {
    staging.download(MemorySegment.ofArray(to), CudaBuffer.of(from).memory(), 0);
  }

  @Override
  public void download(double[] to, Buffer from) {
    float[] values = new float[to.length];
    download(values, from);
    for (int i = 0; i < to.length; i++) {
      to[i] = values[i];
    }
  }

  @Override
  public void download(int[] to, Buffer from) {
    staging.download(MemorySegment.ofArray(to), CudaBuffer.of(from).memory(), 0);
  }

  @Override
  public void download(byte[] to, Buffer from) {
    staging.download(MemorySegment.ofArray(to), CudaBuffer.of(from).memory(), 0);
  }

  /// Frees all memory, what was never released included.
  @Override
  public void close() {
    try {
      if (gpu.failed()) {
        gpu.settle();
      } else {
        gpu.await();
      }
    } finally {
      gpu.close();
    }
  }
}
