// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

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
import org.gradus.tensor.host.Doubles;
import org.gradus.tensor.host.Flags;
import org.gradus.tensor.host.Ints;

/// Float64 on the heap, one thread: the device that defines every kernel.
public final class ReferenceDevice implements Device {
  private final Kernels kernels =
      new Kernels(
          new ReferenceElementwise(),
          new ReferenceLayout(),
          new ReferenceReduce(),
          new ReferenceMatMul(),
          new ReferenceSoftmax(),
          new ReferenceNorm(),
          new ReferenceGather(),
          new ReferenceJagged(),
          new ReferenceSort(),
          new ReferenceInteraction(),
          new ReferenceRecurrent(),
          new ReferenceLoss(),
          new ReferenceRandom(),
          new ReferenceUpdate());
  private final BufferPool<Buffer> pool;
  private final HostArrays host;
  private final boolean poison;

  /// A device of its own; the number of threads is ignored.
  public ReferenceDevice(DeviceOptions options) {
    pool = new BufferPool<>(options.poolBytes(), Double.BYTES);
    host = new HostArrays(options.hostBytes(), options.poison());
    poison = options.poison();
  }

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public boolean float64() {
    return true;
  }

  @Override
  public Buffer allocate(Kind kind, int elements) {
    Buffer used = pool.take(kind, elements);
    if (used != null) {
      return used;
    }
    Buffer fresh =
        switch (kind) {
          case REAL -> new Doubles(new double[elements], elements);
          case INT -> new Ints(new int[elements], elements);
          case MASK -> new Flags(new byte[elements], elements);
        };
    if (poison) {
      spoil(fresh); // Java's zeros would hide a read of memory that nobody wrote
    }
    return fresh;
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
      case REAL -> Arrays.fill(Doubles.of(buffer), Double.NaN);
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
    return new ReferenceTable(rows, width);
  }

  @Override
  public void upload(Buffer to, float[] from) {
    double[] values = Doubles.of(to);
    for (int i = 0; i < from.length; i++) {
      values[i] = from[i];
    }
  }

  @Override
  public void upload(Buffer to, double[] from) {
    System.arraycopy(from, 0, Doubles.of(to), 0, from.length);
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
    double[] values = Doubles.of(from);
    for (int i = 0; i < to.length; i++) {
      to[i] = (float) values[i];
    }
  }

  @Override
  public void download(double[] to, Buffer from) {
    System.arraycopy(Doubles.of(from), 0, to, 0, to.length);
  }

  @Override
  public void download(int[] to, Buffer from) {
    System.arraycopy(Ints.of(from), 0, to, 0, to.length);
  }

  @Override
  public void download(byte[] to, Buffer from) {
    System.arraycopy(Flags.of(from), 0, to, 0, to.length);
  }

  /// Nothing to end: its memory is the heap's.
  @Override
  public void close() {}
}
