// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;
import jcuda.Pointer;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Table;
import org.jspecify.annotations.Nullable;

/// Launches kernels, with their arguments one after the other in the order of the kernel's parameters:
/// `launch.of(fill).buffer(y).real(1).number(n).each(n)`.
///
/// The arguments lie in one block of memory that every launch uses again; the driver has copied them when a launch returns.
final class Launch {
  private static final int THREADS = 256;
  private static final long BLOCKS = 1 << 16;
  private static final int PARAMETERS = 32;
  private static final long VALUES = PARAMETERS * Long.BYTES;

  private final Gpu gpu;
  private final MemorySegment block = Arena.ofAuto().allocate(VALUES + 1024, 16);
  private final Pointer pointer = Pointer.to(block.asByteBuffer());
  private @Nullable Kernel kernel;
  private int parameters;
  private long end;
  private long launches;
  private final long[] numbers = new long[PARAMETERS]; // among the arguments, for messages
  private int numberCount;
  private final int[] shape = new int[5];
  private final Supplier<String> words = this::describe; // made once

  Launch(Gpu gpu) {
    this.gpu = gpu;
  }

  /// The last launch, in words.
  private String describe() {
    StringBuilder sizes = new StringBuilder();
    for (int i = 0; i < numberCount; i++) {
      sizes.append(i == 0 ? " and numbers " : ", ").append(numbers[i]);
    }
    return (kernel == null ? "none" : kernel.name())
        + " with grid ("
        + shape[0]
        + ", "
        + shape[1]
        + ", "
        + shape[2]
        + ") of blocks ("
        + shape[3]
        + ", "
        + shape[4]
        + ")"
        + sizes;
  }

  /// Kernels launched so far.
  long launches() {
    return launches;
  }

  /// Begins the arguments of a kernel.
  Launch of(Kernel next) {
    kernel = next;
    parameters = 0;
    numberCount = 0;
    end = VALUES;
    return this;
  }

  /// Room for the next argument, aligned to its size.
  private long next(long bytes, long alignment) {
    long at = (end + alignment - 1) / alignment * alignment;
    block.set(ValueLayout.JAVA_LONG, (long) parameters++ * Long.BYTES, block.address() + at);
    end = at + bytes;
    return at;
  }

  /// A pointer, null for none.
  Launch buffer(@Nullable Buffer buffer) {
    return address(buffer == null ? 0 : CudaBuffer.of(buffer).memory().address());
  }

  /// A pointer to an element of a buffer of numbers.
  Launch buffer(Buffer buffer, long element) {
    return address(CudaBuffer.of(buffer).memory().address() + element * Float.BYTES);
  }

  /// A pointer to the first row of a table.
  Launch table(Table table) {
    return address(CudaTable.of(table).memory().address());
  }

  /// A pointer.
  Launch address(long address) {
    block.set(ValueLayout.JAVA_LONG, next(Long.BYTES, Long.BYTES), address);
    return this;
  }

  /// An int.
  Launch number(int value) {
    block.set(ValueLayout.JAVA_INT, next(Integer.BYTES, Integer.BYTES), value);
    numbers[numberCount++] = value;
    return this;
  }

  /// Which of a few: an enum of the kernels' source in the same order, which a test compares.
  @SuppressWarnings("EnumOrdinal")
  Launch choice(Enum<?> one) {
    return number(one.ordinal());
  }

  /// An int that says yes or no.
  Launch flag(boolean value) {
    return number(value ? 1 : 0);
  }

  /// A long.
  Launch big(long value) {
    block.set(ValueLayout.JAVA_LONG, next(Long.BYTES, Long.BYTES), value);
    numbers[numberCount++] = value;
    return this;
  }

  /// A float, rounded.
  Launch real(double value) {
    block.set(ValueLayout.JAVA_FLOAT, next(Float.BYTES, Float.BYTES), (float) value);
    return this;
  }

  /// A double.
  Launch wide(double value) {
    block.set(ValueLayout.JAVA_DOUBLE, next(Double.BYTES, Double.BYTES), value);
    return this;
  }

  /// A struct of ints.
  Launch struct(int... values) {
    long at = next((long) values.length * Integer.BYTES, Integer.BYTES);
    MemorySegment.copy(values, 0, block, ValueLayout.JAVA_INT, at, values.length);
    return this;
  }

  /// A struct of floats, rounded.
  Launch struct(double... values) {
    long at = next((long) values.length * Float.BYTES, Float.BYTES);
    for (int i = 0; i < values.length; i++) {
      block.set(ValueLayout.JAVA_FLOAT, at + (long) i * Float.BYTES, (float) values[i]);
    }
    return this;
  }

  /// A struct of pointers, with ints behind them.
  Launch struct(long[] addresses, int[] values) {
    long first = (long) addresses.length * Long.BYTES;
    long at = next(first + (long) values.length * Integer.BYTES, Long.BYTES);
    MemorySegment.copy(addresses, 0, block, ValueLayout.JAVA_LONG, at, addresses.length);
    MemorySegment.copy(values, 0, block, ValueLayout.JAVA_INT, at + first, values.length);
    return this;
  }

  /// Runs with a thread per element.
  void each(long elements) {
    blocks((elements + THREADS - 1) / THREADS);
  }

  /// Runs with a warp per row, for kernels of `FOR_EACH_ROW`.
  void warps(long rows) {
    each(rows * 32);
  }

  /// Runs with blocks of 256 threads; none when there is nothing to do.
  void blocks(long blocks) {
    if (blocks > 0) {
      grid(Math.min(blocks, BLOCKS), 1, 1, THREADS, 1);
    }
  }

  /// Runs with blocks of 256 threads, a row of them for each of some things.
  void rowsOfBlocks(long elements, int rows) {
    long blocks = Math.min((elements + THREADS - 1) / THREADS, BLOCKS);
    if (blocks > 0 && rows > 0) {
      grid(blocks, rows, 1, THREADS, 1);
    }
  }

  /// Runs a grid of blocks of x by y threads.
  void grid(long gridX, long gridY, long gridZ, int x, int y) {
    Kernel k = kernel;
    if (k == null) {
      throw new IllegalStateException("cuda: a launch without a kernel.");
    }
    if (parameters != k.parameters()) {
      throw new IllegalStateException(
          "cuda: " + parameters + " arguments for " + k.name() + ", which has " + k.parameters());
    }
    shape[0] = (int) gridX;
    shape[1] = (int) gridY;
    shape[2] = (int) gridZ;
    shape[3] = x;
    shape[4] = y;
    int code =
        JCudaDriver.cuLaunchKernel(
            k.function(), shape[0], shape[1], shape[2], x, y, 1, 0, gpu.enter(), pointer, null);
    if (code != CUresult.CUDA_SUCCESS) {
      throw gpu.failure("cuda: kernel " + describe() + ": " + CUresult.stringFor(code) + ".");
    }
    launches++;
    gpu.launched(words);
  }
}
