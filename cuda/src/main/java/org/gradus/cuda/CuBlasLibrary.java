// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// NVIDIA's cuBLAS as it is found on a machine: its functions by their plain symbols, which versions 11 to 13 have in common.
final class CuBlasLibrary {
  private static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");
  private static final int NEWEST = 13;
  private static final int OLDEST = 11;

  private final String name;
  private final SymbolLookup symbols;

  private CuBlasLibrary(String name, SymbolLookup symbols) {
    this.name = name;
    this.symbols = symbols;
  }

  /// Where it may lie, the newest version first: on the library path, then in the folders of a CUDA toolkit.
  static List<String> candidates() {
    List<String> folders = new ArrayList<>(List.of(""));
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
      String toolkit = System.getenv(variable);
      if (toolkit != null && !toolkit.isBlank()) {
        folders.add(toolkit + (WINDOWS ? "\\bin\\" : "/lib64/"));
      }
    }
    if (!WINDOWS) {
      folders.add("/usr/local/cuda/lib64/");
    }
    List<String> found = new ArrayList<>();
    for (String folder : folders) {
      for (int version = NEWEST; version >= OLDEST; version--) {
        found.add(folder + (WINDOWS ? "cublas64_" + version + ".dll" : "libcublas.so." + version));
      }
    }
    return found;
  }

  /// Loads a candidate, for as long as the process lives.
  ///
  /// @throws IllegalArgumentException where there is none
  @SuppressWarnings("restricted") // a library that the user's system has
  static CuBlasLibrary load(String candidate) {
    return new CuBlasLibrary(candidate, SymbolLookup.libraryLookup(candidate, Arena.global()));
  }

  /// A sentence about the first candidate that is there, or about what was looked for.
  static String describe(List<String> candidates) {
    for (String candidate : candidates) {
      try {
        CuBlasLibrary library = load(candidate);
        return "cuBLAS " + library.version() + " at " + library.place();
      } catch (IllegalArgumentException e) {
        // the next one may be there
      }
    }
    return "no cuBLAS: looked for " + String.join(", ", candidates);
  }

  /// A function that returns a status.
  ///
  /// @throws GpuException where the library does not have it
  @SuppressWarnings("restricted") // the descriptors are those of cublas_api.h
  MethodHandle function(String symbol, MemoryLayout... parameters) {
    MemorySegment address =
        symbols
            .find(symbol)
            .orElseThrow(() -> new GpuException("cuda: " + name + " has no " + symbol + "."));
    return Linker.nativeLinker()
        .downcallHandle(address, FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
  }

  /// Such as `12.6.4`.
  String version() {
    MethodHandle property =
        function("cublasGetProperty", ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
    StringBuilder version = new StringBuilder();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      for (int part = 0; part < 3; part++) { // MAJOR_VERSION, MINOR_VERSION, PATCH_LEVEL
        int status = (int) property.invokeExact(part, value);
        CuBlas.check(status, "cublasGetProperty");
        version.append(part == 0 ? "" : ".").append(value.get(ValueLayout.JAVA_INT, 0));
      }
    } catch (GpuException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(
          "cuda: cublasGetProperty", e); // the call itself throws nothing
    }
    return version.toString();
  }

  /// The file, as far as the system tells which one it took.
  String place() {
    String file = name.substring(name.lastIndexOf('/') + 1);
    try (Stream<String> mapped = Files.lines(Path.of("/proc/self/maps"))) {
      return mapped
          .filter(line -> line.contains("/" + file))
          .map(line -> line.substring(line.indexOf('/')))
          .findFirst()
          .orElse(name);
    } catch (IOException e) {
      return name; // not a Linux
    }
  }
}
