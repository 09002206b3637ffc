// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.nio.file.Path;
import java.util.Arrays;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.BufferPool;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.HostArrays;
import org.gradus.tensor.Kernels;
import org.gradus.tensor.Kind;
import org.gradus.tensor.MemoryUse;
import org.gradus.tensor.Table;
import org.gradus.tensor.host.Flags;
import org.gradus.tensor.host.Floats;
import org.gradus.tensor.host.Ints;
import org.jspecify.annotations.Nullable;

/// Float32 on the heap, in vectors, on a fixed pool of threads.
///
/// The array of a `REAL` buffer is rounded up to a multiple of 16, so that loops over all of it need no rest.
public final class CpuDevice implements Device {
  private final Workers workers;
  private final Kernels kernels;
  private final BufferPool<Buffer> pool;
  private final HostArrays host;
  private final boolean poison;
  private final @Nullable Path tables;

  /// A device with threads of its own.
  public CpuDevice(DeviceOptions options) {
    this(options, Chunks.GRAIN);
  }

  /// A device that cuts work into chunks of `grain`.
  CpuDevice(DeviceOptions options, int grain) {
    workers = new Workers(options.threads());
    Chunks chunks = new Chunks(workers, grain);
    ColumnSum columnSum = new ColumnSum(workers);
    kernels =
        new Kernels(
            new CpuElementwise(chunks),
            new CpuLayout(chunks),
            new CpuReduce(chunks, columnSum),
            new CpuMatMul(chunks, new Gemm(workers), columnSum),
            new CpuSoftmax(chunks),
            new CpuNorm(chunks),
            new CpuGather(chunks),
            new CpuJagged(chunks),
            new CpuSort(chunks),
            new CpuInteraction(chunks),
            new CpuRecurrent(chunks),
            new CpuLoss(chunks),
            new CpuRandom(chunks),
            new CpuUpdate(chunks));
    pool = new BufferPool<>(options.poolBytes(), Float.BYTES);
    host = new HostArrays(options.hostBytes(), options.poison());
    poison = options.poison();
    tables = options.tables();
  }

  @Override
  public String name() {
    return "cpu";
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
    Buffer used = pool.take(kind, elements);
    if (used != null) {
      return used;
    }
    Buffer fresh = make(kind, elements);
    if (poison) {
      spoil(fresh); // Java's zeros would hide a read of memory that nobody wrote
    }
    return fresh;
  }

  /// A new buffer; where the heap has no room for one, in place of what the pool holds.
  private Buffer make(Kind kind, int elements) {
    try {
      return fresh(kind, elements);
    } catch (OutOfMemoryError e) {
      if (!pool.clear()) {
        throw e;
      }
      return fresh(kind, elements);
    }
  }

  private static Buffer fresh(Kind kind, int elements) {
    return switch (kind) {
      case REAL -> new Floats(new float[padded(elements)], elements);
      case INT -> new Ints(new int[elements], elements);
      case MASK -> new Flags(new byte[elements], elements);
    };
  }

  private static int padded(int elements) {
    return (elements + Lanes.LANES - 1) / Lanes.LANES * Lanes.LANES;
  }

  @Override
  public void release(Buffer buffer) {
    if (poison) {
      spoil(buffer);
    }
    pool.give(buffer);
  }

  private static void spoil(Buffer buffer) {
    switch (buffer.kind()) {
      case REAL -> Arrays.fill(Floats.of(buffer), Float.NaN);
      case INT -> Arrays.fill(Ints.of(buffer), Integer.MIN_VALUE);
      case MASK -> Arrays.fill(Flags.of(buffer), (byte) 0xFF);
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
    return tables == null ? CpuTable.zeros(rows, width) : CpuTable.mapped(tables, rows, width);
  }

  @Override
  public void upload(Buffer to, float[] from) {
    System.arraycopy(from, 0, Floats.of(to), 0, from.length);
  }

  @Override
  public void upload(Buffer to, double[] from) {
    float[] values = Floats.of(to);
    for (int i = 0; i < from.length; i++) {
      values[i] = (float) from[i];
    }
  }

  @Override
  public void upload(Buffer to, int[] from) {
    System.arraycopy(from, 0, Ints.of(to), 0, from.length);
  }

  @Override
  public void upload(Buffer to, byte[] from) {
    System.arraycopy(from, 0, Flags.of(to), 0, from.length);
  }

  @Override
  public void download(float[] to, Buffer from) {
    System.arraycopy(Floats.of(from), 0, to, 0, to.length);
  }

  @Override
  public void download(double[] to, Buffer from) {
    float[] values = Floats.of(from);
    for (int i = 0; i < to.length; i++) {
      to[i] = values[i];
    }
  }

  @Override
  public void download(int[] to, Buffer from) {
    System.arraycopy(Ints.of(from), 0, to, 0, to.length);
  }

  @Override
  public void download(byte[] to, Buffer from) {
    System.arraycopy(Flags.of(from), 0, to, 0, to.length);
  }

  @Override
  public void close() {
    workers.close();
  }
}
