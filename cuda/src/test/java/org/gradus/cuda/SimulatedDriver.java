// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/// The controls of the simulated driver, which a driver of a GPU does not have.
final class SimulatedDriver {
  private final MethodHandle counter;
  private final MethodHandle fail;

  /// Skips the test where the driver could not be built; fails where it was built and is not on the library path.
  @SuppressWarnings("restricted") // functions of a library of this module's tests
  SimulatedDriver() throws IOException {
    Path root = Path.of(Objects.requireNonNull(System.getProperty("gradus.root"), "gradus.root"));
    Path skipped = root.resolve("cuda/target/cudasim/skipped");
    assumeThat(skipped)
        .as(Files.exists(skipped) ? Files.readString(skipped) : "built")
        .doesNotExist();
    SymbolLookup library = SymbolLookup.libraryLookup("libcuda.so.1", Arena.global());
    Linker linker = Linker.nativeLinker();
    counter =
        linker.downcallHandle(
            library.findOrThrow("cudasim_counter"),
            FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS));
    fail =
        linker.downcallHandle(
            library.findOrThrow("cudasim_fail"),
            FunctionDescriptor.ofVoid(
                ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  }

  /// `live` (allocations), `streams`, `events`, `pinned`, `contexts`, `handles` (of cuBLAS), `graphs`, `leaked` or `errors`.
  long count(String what) {
    try (Arena arena = Arena.ofConfined()) {
      return (long) counter.invokeExact(arena.allocateFrom(what));
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /// Makes a call fail: the first, second, ... from now of a function, or of any function for `*`. A code of 700 or more loses the
  /// context.
  void fail(String function, int call, int code) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(function);
      fail.invokeExact(name, call, code);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
