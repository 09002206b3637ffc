// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/// A GPU that is open: its context and one stream, in which everything happens in the order of the calls.
///
/// A context is current on a thread, not in a process, so every way into the driver goes through [#enter]. Once a call has failed
/// that is closed: what was to be computed or copied is not there, and numbers that come later would be of what was there before.
final class Gpu implements AutoCloseable {
  /// the driver's library
  static final String LIBRARY =
      System.getProperty("os.name").startsWith("Windows") ? "nvcuda.dll" : "libcuda.so.1";

  private final CUdevice device = new CUdevice();
  private final CUcontext context = new CUcontext();
  private final Stream stream = new Stream();
  private final boolean only; // no other GPU whose context might be current
  private long current; // the thread that entered last
  private @Nullable Supplier<String> lastLaunch;
  private @Nullable String failure; // what failed first
  private Runnable beforeEntering = () -> {};
  private final Deque<Runnable> undo = new ArrayDeque<>();

  /// JCuda keeps the address to itself and its subclasses.
  private static final class Stream extends CUstream {
    long address() {
      return getNativePointer();
    }
  }

  /// Opens the GPU of a number, from 0.
  Gpu(int number) {
    Gpus.start();
    only = Gpus.count() == 1;
    check(JCudaDriver.cuDeviceGet(device, number), "find GPU " + number);
    check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "open a context on GPU " + number);
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

  /// Has something done before anything else goes into the stream.
  void beforeEntering(Runnable step) {
    beforeEntering = step;
  }

  /// The stream of all work, for the calling thread. Throws once something has failed.
  CUstream enter() {
    requireUnfailed();
    makeCurrent();
    beforeEntering.run();
    return stream;
  }

  /// Throws what failed first, once something has.
  void requireUnfailed() {
    if (failure != null) {
      throw new GpuException(
          "cuda: no more numbers from this device until it is opened anew, since it "
              + failure.substring("cuda: ".length()));
    }
  }

  private void makeCurrent() {
    if (!only || current != Thread.currentThread().threadId()) {
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

  /// What was launched last, behind words that lead to it; nothing where nothing was.
  String lastLaunch(String words) {
    return lastLaunch == null ? "" : words + lastLaunch.get();
  }

  /// Waits until the GPU has done everything.
  void await() {
    check(JCudaDriver.cuStreamSynchronize(enter()), "wait for the GPU");
  }

  /// Waits after a failure, before what is still running loses its memory. What is to be said was said.
  void settle() {
    JCudaDriver.cuCtxSetCurrent(context);
    JCudaDriver.cuStreamSynchronize(stream);
  }

  /// Throws unless the driver said that all is well, and lets nothing go on that follows. A kernel that failed shows at any later
  /// call, so the message names the last one.
  void check(int code, String what) {
    if (code != CUresult.CUDA_SUCCESS) {
      throw refused(code, what, " in a kernel, at the latest ");
    }
  }

  /// What to throw when something could not be launched: the kernel that failed may be one before it, or itself.
  GpuException notLaunched(int code, String what) {
    return refused(code, "launch " + what, " in it or in a kernel before it, at the latest ");
  }

  private GpuException refused(int code, String what, String where) {
    return failure(
        "cuda: could not "
            + what
            + ": "
            + CUresult.stringFor(code)
            + (GpuException.isLost(code) ? lastLaunch(where) : "")
            + ". "
            + GpuException.advice(code));
  }

  /// What to throw when something that was asked of the GPU was not done. It is the last of it.
  ///
  /// @param message that begins with `cuda: could not`
  GpuException failure(String message) {
    if (failure == null) {
      failure = message;
    }
    return new GpuException(message);
  }

  /// Whether that happened: then nothing is worth waiting for, and what is given back goes with the context.
  boolean failed() {
    return failure != null;
  }

  @Override
  public void close() {
    JCudaDriver.cuCtxSetCurrent(context);
    while (!undo.isEmpty()) {
      undo.pop().run();
    }
  }
}
