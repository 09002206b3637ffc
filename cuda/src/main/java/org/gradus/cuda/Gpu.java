// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/// The first GPU: its context and one stream, in which everything happens in the order of the calls.
///
/// A context is current on a thread, not in a process, so every way into the driver goes through [#enter].
final class Gpu implements AutoCloseable {
  /// the driver's library
  static final String LIBRARY =
      System.getProperty("os.name").startsWith("Windows") ? "nvcuda.dll" : "libcuda.so.1";

  private final CUdevice device = new CUdevice();
  private final CUcontext context = new CUcontext();
  private final Stream stream = new Stream();
  private long current; // the thread that entered last
  private Supplier<String> lastLaunch = () -> "none";
  private boolean failed;
  private Runnable beforeEntering = () -> {};
  private final Deque<Runnable> undo = new ArrayDeque<>();

  /// JCuda keeps the address to itself and its subclasses.
  private static final class Stream extends CUstream {
    long address() {
      return getNativePointer();
    }
  }

  /// Opens the first GPU.
  Gpu() {
    check(start(), "start the driver");
    check(JCudaDriver.cuDeviceGet(device, 0), "find a GPU");
    check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "open a context");
    undo.push(() -> JCudaDriver.cuDevicePrimaryCtxRelease(device));
    try {
      check(JCudaDriver.cuCtxSetCurrent(context), "enter the context");
      current = Thread.currentThread().threadId();
      check(
          JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING),
          "make a stream");
      undo.push(() -> JCudaDriver.cuStreamDestroy(stream));
    } catch (GpuException e) {
      close();
      throw e;
    }
  }

  /// Loads and starts the driver; what it answers.
  private static int start() {
    String failure = NativeLibrary.failure();
    if (!failure.isEmpty()) {
      throw new GpuException("cuda: " + failure + ".");
    }
    return JCudaDriver.cuInit(0);
  }

  /// What is missing for a GPU to be used here; empty when nothing is.
  @SuppressWarnings("restricted") // a look at what the library path holds
  static String missing() {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(LIBRARY, arena);
    } catch (IllegalArgumentException e) {
      return "no NVIDIA driver: " + LIBRARY + " is not on the library path";
    }
    String failure = NativeLibrary.failure();
    if (!failure.isEmpty()) {
      return failure;
    }
    int code = start();
    if (code != CUresult.CUDA_SUCCESS) {
      return "the NVIDIA driver does not start: " + CUresult.stringFor(code);
    }
    int[] count = new int[1];
    code = JCudaDriver.cuDeviceGetCount(count);
    if (code != CUresult.CUDA_SUCCESS || count[0] == 0) {
      return "the NVIDIA driver finds no GPU";
    }
    return "";
  }

  /// Name, compute capability and memory of the first GPU, and the driver.
  static String describe() {
    check(start(), "start the driver");
    int[] version = new int[1];
    check(JCudaDriver.cuDriverGetVersion(version), "read the driver's version");
    return describe(0)
        + String.format(
            Locale.ROOT, ", driver for CUDA %d.%d", version[0] / 1000, version[0] % 1000 / 10);
  }

  /// All GPUs, a line each.
  static List<String> describeAll() {
    check(start(), "start the driver");
    int[] count = new int[1];
    check(JCudaDriver.cuDeviceGetCount(count), "count the GPUs");
    List<String> all = new ArrayList<>();
    for (int i = 0; i < count[0]; i++) {
      all.add("cuda:" + i + ": " + describe(i) + (i == 0 ? "" : " (not used)"));
    }
    return all;
  }

  private static String describe(int number) {
    CUdevice one = new CUdevice();
    check(JCudaDriver.cuDeviceGet(one, number), "find a GPU");
    byte[] name = new byte[256];
    check(JCudaDriver.cuDeviceGetName(name, name.length, one), "read the GPU's name");
    long[] memory = new long[1];
    check(JCudaDriver.cuDeviceTotalMem(memory, one), "read the GPU's memory");
    return String.format(
        Locale.ROOT,
        "%s, compute capability %d.%d, %d MiB",
        new String(name, StandardCharsets.UTF_8).trim(),
        attribute(one, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
        attribute(one, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
        memory[0] >> 20);
  }

  private static int attribute(CUdevice device, int which) {
    int[] value = new int[1];
    check(JCudaDriver.cuDeviceGetAttribute(value, which, device), "read an attribute of the GPU");
    return value[0];
  }

  /// Has something done before anything else goes into the stream.
  void beforeEntering(Runnable step) {
    beforeEntering = step;
  }

  /// The stream of all work, for the calling thread.
  CUstream enter() {
    makeCurrent();
    beforeEntering.run();
    return stream;
  }

  private void makeCurrent() {
    if (current != Thread.currentThread().threadId()) {
      check(JCudaDriver.cuCtxSetCurrent(context), "enter the context");
      current = Thread.currentThread().threadId();
    }
  }

  /// The stream, as libraries of C want it.
  long streamAddress() {
    return stream.address();
  }

  /// Has something undone when the GPU is left, what came last first. What it answers is of no interest: the context goes.
  void atClose(Runnable step) {
    undo.push(step);
  }

  /// Remembers what was launched, for the message of an error that shows only later.
  void launched(Supplier<String> words) {
    lastLaunch = words;
  }

  /// Waits until the GPU has done everything.
  void await() {
    int code = JCudaDriver.cuStreamSynchronize(enter());
    if (code != CUresult.CUDA_SUCCESS) {
      throw failure(
          "cuda: "
              + CUresult.stringFor(code)
              + " in a kernel, at the latest "
              + lastLaunch.get()
              + ". The context is lost; open the device anew.");
    }
  }

  /// Throws unless the driver said that all is well.
  static void check(int code, String what) {
    if (code != CUresult.CUDA_SUCCESS) {
      throw new GpuException("cuda: could not " + what + ": " + CUresult.stringFor(code) + ".");
    }
  }

  /// What to throw when a kernel could not be launched, or failed.
  GpuException failure(String message) {
    failed = true;
    return new GpuException(message);
  }

  /// Whether that happened: then nothing is worth waiting for.
  boolean failed() {
    return failed;
  }

  @Override
  public void close() {
    JCudaDriver.cuCtxSetCurrent(context);
    while (!undo.isEmpty()) {
      undo.pop().run();
    }
  }
}
