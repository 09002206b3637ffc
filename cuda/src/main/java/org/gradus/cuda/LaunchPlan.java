// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;
import jcuda.Pointer;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/// A launch that is about to happen: the kernel, its grid, its arguments in memory that is used again for the next one.
final class LaunchPlan {
  static final int PARAMETERS = 32;

  /// of the pointers to the arguments; these lie behind them
  static final long POINTERS = PARAMETERS * Long.BYTES;

  static final long BYTES = POINTERS + 1024;

  private final MemorySegment memory;
  private final Pointer pointer;
  private final int[] shape = new int[5];
  private final long[] numbers = new long[PARAMETERS]; // among the arguments, for messages
  private int numberCount;
  private final Supplier<String> words = this::toString; // made once
  private @Nullable Kernel kernel;
  private int parameters;
  private long end;

  /// @param memory of [#BYTES]
  LaunchPlan(MemorySegment memory) {
    this.memory = memory;
    pointer = Pointer.to(memory.asByteBuffer());
  }

  /// Begins the arguments of a kernel.
  void begin(Kernel next) {
    kernel = next;
    parameters = 0;
    numberCount = 0;
    end = POINTERS;
  }

  /// Room for the next argument, aligned.
  long room(long bytes, long alignment) {
    long at = (end + alignment - 1) / alignment * alignment;
    memory.set(ValueLayout.JAVA_LONG, (long) parameters++ * Long.BYTES, memory.address() + at);
    end = at + bytes;
    return at;
  }

  /// An argument.
  void put(int value) {
    memory.set(ValueLayout.JAVA_INT, room(Integer.BYTES, Integer.BYTES), value);
  }

  /// An argument.
  void put(long value) {
    memory.set(ValueLayout.JAVA_LONG, room(Long.BYTES, Long.BYTES), value);
  }

  /// An argument.
  void put(float value) {
    memory.set(ValueLayout.JAVA_FLOAT, room(Float.BYTES, Float.BYTES), value);
  }

  /// An argument.
  void put(double value) {
    memory.set(ValueLayout.JAVA_DOUBLE, room(Double.BYTES, Double.BYTES), value);
  }

  /// A number that a message about this launch shall name.
  void tell(long number) {
    numbers[numberCount++] = number;
  }

  /// Ends the arguments: a grid of blocks of x by y threads.
  void shape(long gridX, long gridY, long gridZ, int x, int y) {
    Kernel k = kernel();
    if (parameters != k.parameters()) {
      throw new IllegalStateException(
          "cuda: " + parameters + " arguments for " + k.name() + ", which has " + k.parameters());
    }
    shape[0] = (int) gridX;
    shape[1] = (int) gridY;
    shape[2] = (int) gridZ;
    shape[3] = x;
    shape[4] = y;
  }

  Kernel kernel() {
    if (kernel == null) {
      throw new IllegalStateException("cuda: a launch without a kernel.");
    }
    return kernel;
  }

  /// Grid x, y, z, and block x, y.
  int[] shape() {
    return shape;
  }

  /// The pointers, and behind them the arguments.
  MemorySegment memory() {
    return memory;
  }

  /// Where the arguments end.
  long end() {
    return end;
  }

  /// Has the driver do it now.
  void launch(Gpu gpu) {
    int code =
        JCudaDriver.cuLaunchKernel(
            kernel().function(),
            shape[0],
            shape[1],
            shape[2],
            shape[3],
            shape[4],
            1,
            0,
            gpu.enter(),
            pointer,
            null);
    if (code != CUresult.CUDA_SUCCESS) {
      throw gpu.notLaunched(code, "kernel " + this);
    }
    gpu.launched(words);
  }

  /// What it is, for a message.
  Supplier<String> words() {
    return words;
  }

  @Override
  public String toString() {
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
}
