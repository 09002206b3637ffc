// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Table;
import org.jspecify.annotations.Nullable;

/// Launches kernels, with their arguments one after the other in the order of the kernel's parameters:
/// `launch.of(fill).buffer(y).real(1).number(n).each(n)`.
///
/// The arguments lie in memory that launches use again; the driver has copied them when a launch returns. With graphs it gets them
/// later, several launches at once. The last launch is left as it was until there is another one, for messages.
final class Launch {
  private static final int THREADS = 256;
  private static final long BLOCKS = 1 << 16;

  private final Gpu gpu;
  private final @Nullable KernelGraphs graphs;
  private LaunchPlan plan = new LaunchPlan(Arena.ofAuto().allocate(LaunchPlan.BYTES, 16));
  private LaunchPlan last = new LaunchPlan(Arena.ofAuto().allocate(LaunchPlan.BYTES, 16));
  private long launches;

  /// @param graphs where launches are collected; null to launch each at once
  Launch(Gpu gpu, @Nullable KernelGraphs graphs) {
    this.gpu = gpu;
    this.graphs = graphs;
  }

  /// Kernels launched so far.
  long launches() {
    return launches;
  }

  /// Begins the arguments of a kernel.
  Launch of(Kernel next) {
    if (graphs != null) {
      plan = graphs.next();
    }
    plan.begin(next);
    return this;
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
    plan.put(address);
    return this;
  }

  /// An int.
  Launch number(int value) {
    plan.put(value);
    plan.tell(value);
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
    plan.put(value);
    plan.tell(value);
    return this;
  }

  /// A float, rounded.
  Launch real(double value) {
    plan.put((float) value);
    return this;
  }

  /// A double.
  Launch wide(double value) {
    plan.put(value);
    return this;
  }

  /// A struct of ints.
  Launch struct(int... values) {
    long at = plan.room((long) values.length * Integer.BYTES, Integer.BYTES);
    MemorySegment.copy(values, 0, plan.memory(), ValueLayout.JAVA_INT, at, values.length);
    return this;
  }

  /// A struct of floats, rounded.
  Launch struct(double... values) {
    long at = plan.room((long) values.length * Float.BYTES, Float.BYTES);
    for (int i = 0; i < values.length; i++) {
      plan.memory().set(ValueLayout.JAVA_FLOAT, at + (long) i * Float.BYTES, (float) values[i]);
    }
    return this;
  }

  /// A struct of pointers, with ints behind them.
  Launch struct(long[] addresses, int[] values) {
    long first = (long) addresses.length * Long.BYTES;
    long at = plan.room(first + (long) values.length * Integer.BYTES, Long.BYTES);
    MemorySegment.copy(addresses, 0, plan.memory(), ValueLayout.JAVA_LONG, at, addresses.length);
    MemorySegment.copy(values, 0, plan.memory(), ValueLayout.JAVA_INT, at + first, values.length);
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
    plan.shape(gridX, gridY, gridZ, x, y);
    launches++;
    if (graphs == null) {
      plan.launch(gpu);
      LaunchPlan launched = plan;
      plan = last;
      last = launched;
    } else {
      graphs.add(plan);
    }
  }
}
