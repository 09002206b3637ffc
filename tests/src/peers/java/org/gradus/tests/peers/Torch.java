// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;

/// libtorch, on a thread of its own: OpenMP binds the thread that calls it to one core, and with OMP_PROC_BIND every thread that
/// this one would start. Our threads shall not be among them.
final class Torch implements AutoCloseable {
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("libtorch").daemon().factory());

  /// Loads libtorch, sets its threads and lets them work once. Our threads must have been started before.
  Torch(int threads) {
    try {
      List<Path> before = tasks();
      call(
          () -> {
            torch.set_num_threads(threads);
            scoped(() -> torch.mm(torch.ones(256, 256), torch.ones(256, 256)));
            return threads;
          });
      checkFree(before);
      checkMkl();
    } catch (IOException e) {
      throw new UncheckedIOException("threads: cannot read /proc/self/task: " + e.getMessage(), e);
    }
  }

  /// Runs something on libtorch's thread and waits for it.
  <T> T call(Supplier<T> body) {
    try {
      return thread.submit(body::get).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while libtorch was at work", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("libtorch failed: " + e.getCause(), e.getCause());
    }
  }

  /// Runs something whose tensors are freed afterwards.
  static void scoped(Runnable body) {
    try (PointerScope _ = new PointerScope()) {
      body.run();
    }
  }

  /// The settings that libtorch says it runs with. It does not see MKL, which stands in for the OpenBLAS that it was built with.
  String describe() {
    return call(() -> torch.get_parallel_info().getString());
  }

  /// Fails if a thread that was there before libtorch may no longer run on every core: ours would be slow for a reason that is
  /// not theirs.
  private static void checkFree(List<Path> before) throws IOException {
    for (Path task : before) {
      if (!Files.exists(task)) {
        continue; // it has ended
      }
      for (String line : Files.readAllLines(task.resolve("status"))) {
        if (line.startsWith("Cpus_allowed:")) {
          String mask = line.substring(line.indexOf(':') + 1).strip().replace(",", "");
          int cores = new BigInteger(mask, 16).bitCount();
          if (cores < Runtime.getRuntime().availableProcessors()) {
            throw new IllegalStateException(
                "threads: "
                    + Files.readString(task.resolve("comm")).strip()
                    + " is bound to "
                    + cores
                    + " cores since libtorch was loaded. Expected our threads to be free.");
          }
        }
      }
    }
  }

  /// Fails if libtorch multiplies without MKL, which would make it slower than it can be.
  private static void checkMkl() throws IOException {
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
      if (maps.noneMatch(line -> line.contains("libmkl_core"))) {
        throw new IllegalStateException(
            "libtorch: MKL was not loaded. Expected -Dorg.bytedeco.openblas.load=mkl_rt.");
      }
    }
  }

  private static List<Path> tasks() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/task"))) {
      return all.toList();
    }
  }

  @Override
  public void close() {
    thread.shutdown();
  }
}
