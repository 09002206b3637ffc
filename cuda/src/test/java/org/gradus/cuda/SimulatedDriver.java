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
  private final MethodHandle set;

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
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT));
    set =
        linker.downcallHandle(
            library.findOrThrow("cudasim_set"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
  }

  /// `live` (allocations), `streams`, `events`, `pinned`, `contexts`, `handles` (of cuBLAS), `graphs`, `leaked` or `errors`;
  /// `contexts.1` are those of one GPU.
  long count(String what) {
    try (Arena arena = Arena.ofConfined()) {
      return (long) counter.invokeExact(arena.allocateFrom(what));
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /// Makes a call fail: the first, second, ... from now of a function, or of any function for `*`. Codes of kernels that failed, as
  /// 700 and 719, lose the context. Call 0 is none, -1 every one.
  void fail(String function, int call, int code) {
    int known;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(function);
      known = (int) fail.invokeExact(name, call, code);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    if (known == 0) {
      throw new AssertionError(function + " is not simulated");
    }
  }

  /// Changes the machine, as the variable of this name would.
  void set(String name, String value) {
    int possible;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment which = arena.allocateFrom(name);
      MemorySegment to = arena.allocateFrom(value);
      possible = (int) set.invokeExact(which, to);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    if (possible == 0) {
      throw new AssertionError(name + "=" + value);
    }
  }

  /// A machine as it is where no variable says otherwise, on which nothing fails.
  void reset() {
    fail("*", 0, 0);
    set("CUDASIM_DEVICES", "1");
    set("CUDASIM_DRIVER", "12.6");
    set("CUDASIM_CAPABILITY", "7.5");
    set("CUDASIM_MEM_MB", "1024");
  }
}
