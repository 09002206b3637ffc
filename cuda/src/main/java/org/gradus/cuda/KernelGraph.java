// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import jcuda.driver.CUresult;

/// A CUDA graph that is a chain of kernels, as the driver keeps it, and what its nodes were last given.
final class KernelGraph {
  private final Driver driver;
  private final int hash;
  private final Kernel[] kernels;
  private final int[][] shapes;
  private final MemorySegment[] arguments;
  private final long[] nodes;
  private final long graph;
  private final long executable;

  /// The driver's functions of graphs, by the foreign-function interface: JCuda hands a node's parameters over in a structure of
  /// its own that says nothing of its last fields.
  static final class Driver {
    // CUDA_KERNEL_NODE_PARAMS: function, grid x y z, block x y z, shared bytes, pointers to
    // arguments, extra
    private static final long FUNCTION = 0;
    private static final long GRID = 8;
    private static final long BLOCK = 20;
    private static final long POINTERS = 40;
    private static final long SIZE = 72; // with the two fields that CUDA 12 put behind

    private final MethodHandle create = function("cuGraphCreate", ADDRESS, JAVA_INT);
    private final MethodHandle addKernel =
        function("cuGraphAddKernelNode", ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS);
    private final MethodHandle instantiate =
        function("cuGraphInstantiateWithFlags", ADDRESS, JAVA_LONG, JAVA_LONG);
    private final MethodHandle setKernel =
        function("cuGraphExecKernelNodeSetParams", JAVA_LONG, JAVA_LONG, ADDRESS);
    private final MethodHandle launch = function("cuGraphLaunch", JAVA_LONG, JAVA_LONG);
    private final MethodHandle destroyExecutable = function("cuGraphExecDestroy", JAVA_LONG);
    private final MethodHandle destroy = function("cuGraphDestroy", JAVA_LONG);
    private final Gpu gpu;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment node = arena.allocate(SIZE, 8);
    private final MemorySegment out = arena.allocate(JAVA_LONG);
    private final MemorySegment before = arena.allocate(JAVA_LONG);

    Driver(Gpu gpu) {
      this.gpu = gpu;
    }

    @SuppressWarnings("restricted") // the descriptors are those of cuda.h
    private static MethodHandle function(String symbol, MemoryLayout... parameters) {
      MemorySegment address =
          SymbolLookup.libraryLookup(Gpu.LIBRARY, Arena.global())
              .find(symbol)
              .orElseThrow(
                  () ->
                      new GpuException(
                          "cuda: the driver has no "
                              + symbol
                              + ". Expected a driver for CUDA 11.8 or later, or"
                              + " cuda.graphs=false."));
      return Linker.nativeLinker()
          .downcallHandle(address, FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
    }

    /// A call into the driver.
    private interface Call {
      int code() throws Throwable;
    }

    private static int code(Call call) {
      try {
        return call.code();
      } catch (Throwable e) {
        throw new IllegalStateException("cuda: a graph", e); // the call itself throws nothing
      }
    }

    /// `CUDA_KERNEL_NODE_PARAMS` of a launch.
    private MemorySegment describe(LaunchPlan plan) {
      node.set(JAVA_LONG, FUNCTION, plan.kernel().address());
      int[] shape = plan.shape();
      for (int i = 0; i < 3; i++) {
        node.set(JAVA_INT, GRID + (long) i * Integer.BYTES, shape[i]);
        node.set(JAVA_INT, BLOCK + (long) i * Integer.BYTES, i < 2 ? shape[3 + i] : 1);
      }
      node.set(JAVA_LONG, POINTERS, plan.memory().address());
      return node;
    }

    private long create() {
      gpu.check(code(() -> (int) create.invokeExact(out, 0)), "make a graph");
      return out.get(JAVA_LONG, 0);
    }

    /// Adds a kernel behind a node, 0 for none.
    private long add(long graph, long last, LaunchPlan plan) {
      before.set(JAVA_LONG, 0, last);
      long known = last == 0 ? 0 : 1;
      MemorySegment described = describe(plan);
      gpu.check(
          code(() -> (int) addKernel.invokeExact(out, graph, before, known, described)),
          "put kernel " + plan + " into a graph");
      return out.get(JAVA_LONG, 0);
    }

    private long instantiate(long graph) {
      gpu.check(code(() -> (int) instantiate.invokeExact(out, graph, 0L)), "instantiate a graph");
      return out.get(JAVA_LONG, 0);
    }

    private void set(long executable, long which, LaunchPlan plan) {
      MemorySegment described = describe(plan);
      int code = code(() -> (int) setKernel.invokeExact(executable, which, described));
      if (code != CUresult.CUDA_SUCCESS) {
        gpu.check(code, "set kernel " + plan + " in a graph");
      }
    }
  }

  /// Makes a graph of the first n plans.
  KernelGraph(Driver driver, int hash, LaunchPlan[] plans, int n) {
    this.driver = driver;
    this.hash = hash;
    kernels = new Kernel[n];
    shapes = new int[n][];
    arguments = new MemorySegment[n];
    nodes = new long[n];
    graph = driver.create();
    try {
      for (int i = 0; i < n; i++) {
        kernels[i] = plans[i].kernel();
        shapes[i] = plans[i].shape().clone();
        arguments[i] =
            MemorySegment.ofArray(new byte[(int) (plans[i].end() - LaunchPlan.POINTERS)]);
        arguments[i].copyFrom(given(plans[i]));
        nodes[i] = driver.add(graph, i == 0 ? 0 : nodes[i - 1], plans[i]);
      }
      executable = driver.instantiate(graph);
    } catch (GpuException e) {
      int _ = Driver.code(() -> (int) driver.destroy.invokeExact(graph));
      throw e;
    }
  }

  private static MemorySegment given(LaunchPlan plan) {
    return plan.memory().asSlice(LaunchPlan.POINTERS, plan.end() - LaunchPlan.POINTERS);
  }

  /// Whether it is of the kernels of the first n plans, whose hash is given.
  boolean isOf(int hash, LaunchPlan[] plans, int n) {
    if (this.hash != hash || kernels.length != n) {
      return false;
    }
    for (int i = 0; i < n; i++) {
      if (kernels[i].address() != plans[i].kernel().address()) {
        return false;
      }
    }
    return true;
  }

  /// How many of its nodes the plans would have otherwise.
  int different(LaunchPlan[] plans) {
    int different = 0;
    for (int i = 0; i < kernels.length; i++) {
      different += equals(i, plans[i]) ? 0 : 1;
    }
    return different;
  }

  private boolean equals(int i, LaunchPlan plan) {
    int[] shape = plan.shape();
    for (int d = 0; d < shape.length; d++) {
      if (shape[d] != shapes[i][d]) {
        return false;
      }
    }
    return arguments[i].mismatch(given(plan)) < 0;
  }

  /// Sets the nodes that the plans would have otherwise, for launches from now on; how many.
  int set(LaunchPlan[] plans) {
    int set = 0;
    for (int i = 0; i < kernels.length; i++) {
      if (!equals(i, plans[i])) {
        driver.set(executable, nodes[i], plans[i]);
        arguments[i].copyFrom(given(plans[i]));
        System.arraycopy(plans[i].shape(), 0, shapes[i], 0, shapes[i].length);
        set++;
      }
    }
    return set;
  }

  /// Runs all kernels, one after the other.
  void launch(long stream) {
    int code = Driver.code(() -> (int) driver.launch.invokeExact(executable, stream));
    if (code != CUresult.CUDA_SUCCESS) {
      throw driver.gpu.notLaunched(
          code,
          "a graph of "
              + kernels.length
              + " kernels, from "
              + kernels[0].name()
              + " to "
              + kernels[kernels.length - 1].name());
    }
  }

  /// Gives it back; what of it is still running goes on.
  void destroy() {
    int _ = Driver.code(() -> (int) driver.destroyExecutable.invokeExact(executable));
    int _ = Driver.code(() -> (int) driver.destroy.invokeExact(graph));
  }
}
