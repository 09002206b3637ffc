// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.gradus.tensor.DeviceProvider.Availability;

/// What the driver says of itself and of the GPUs, before one is opened.
final class Gpus {
  private Gpus() {}

  /// What a GPU is, and what its driver.
  ///
  /// @param name of the model
  /// @param capability compute capability, 75 for 7.5
  /// @param bytes of memory
  /// @param driver the version of CUDA that the driver is for, 11080 for 11.8
  private record Found(String name, int capability, long bytes, int driver) {
    /// Whether the driver translates the PTX of the kernels for this GPU.
    boolean takesKernels() {
      return driver >= Module.DRIVER && capability >= Module.CAPABILITY;
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%s, compute capability %s, %d MiB, driver for CUDA %s",
          name,
          point(capability),
          bytes >> 20,
          version(driver));
    }
  }

  /// Whether the GPU of a number can be opened, as far as can be told without: what it is, or what is missing.
  static Availability availability(int number) {
    String failure = missingLibrary();
    if (!failure.isEmpty()) {
      return new Availability(false, failure);
    }
    try {
      start();
      int count = count();
      if (number >= count) {
        return new Availability(
            false,
            switch (count) {
              case 0 -> "the NVIDIA driver finds no GPU";
              case 1 -> "the NVIDIA driver finds one GPU, cuda:0";
              default ->
                  "the NVIDIA driver finds " + count + " GPUs, cuda:0 to cuda:" + (count - 1);
            });
      }
      Found found = find(number);
      return new Availability(
          found.takesKernels(), found.takesKernels() ? found.toString() : found + needs());
    } catch (GpuException e) {
      String said = String.valueOf(e.getMessage());
      return new Availability(false, said.substring("cuda: ".length(), said.length() - 1));
    }
  }

  /// The first GPU that can be opened, and what it is; where there is none, what is missing of the first.
  static Availability firstUsable() {
    Availability first = availability(0);
    int number = first.usable() || !missingLibrary().isEmpty() ? 0 : firstUsableNumber();
    return number == 0
        ? first
        : new Availability(
            true,
            "cuda:"
                + number
                + ", "
                + availability(number).explanation()
                + ". Not cuda:0: "
                + first.explanation());
  }

  /// The number of that GPU; 0 where there is none.
  static int firstUsableNumber() {
    int count;
    try {
      start();
      count = count();
    } catch (GpuException e) {
      return 0; // availability says why
    }
    for (int i = 0; i < count; i++) {
      if (availability(i).usable()) {
        return i;
      }
    }
    return 0;
  }

  /// What the kernels need, for a message about what is there.
  static String needs() {
    return ". Expected compute capability "
        + point(Module.CAPABILITY)
        + " or later, and a driver for CUDA "
        + version(Module.DRIVER)
        + " or later (520 or later)";
  }

  /// All GPUs, a line each; none where the driver does not tell.
  static List<String> describeAll() {
    List<String> all = new ArrayList<>();
    if (missingLibrary().isEmpty()) {
      try {
        start();
        int count = count();
        for (int i = 0; i < count; i++) {
          Found found = find(i);
          all.add("cuda:" + i + ": " + found + (found.takesKernels() ? "" : " (not usable)"));
        }
      } catch (GpuException e) {
        return List.of(); // availability says why
      }
    }
    return all;
  }

  /// What is missing before the driver can be asked for anything; empty when nothing is.
  @SuppressWarnings("restricted") // a look at what the library path holds
  private static String missingLibrary() {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(Gpu.LIBRARY, arena);
    } catch (IllegalArgumentException e) {
      return "no NVIDIA driver: " + Gpu.LIBRARY + " is not on the library path";
    }
    return NativeLibrary.failure();
  }

  /// Starts the driver.
  static void start() {
    String failure = NativeLibrary.failure();
    if (!failure.isEmpty()) {
      throw new GpuException("cuda: " + failure + ".");
    }
    int code = JCudaDriver.cuInit(0);
    if (code == CUresult.CUDA_ERROR_INVALID_VALUE) { // not ours: there is no other argument
      throw new GpuException(
          "cuda: could not start the NVIDIA driver: "
              + CUresult.stringFor(code)
              + ". Expected one that starts: nvidia-smi shows that, and the driver itself may have"
              + " said why not.");
    }
    check(code, "start the NVIDIA driver");
  }

  /// How many there are.
  static int count() {
    int[] count = new int[1];
    check(JCudaDriver.cuDeviceGetCount(count), "count the GPUs");
    return count[0];
  }

  private static Found find(int number) {
    CUdevice one = new CUdevice();
    check(JCudaDriver.cuDeviceGet(one, number), "find GPU " + number);
    byte[] name = new byte[256];
    check(JCudaDriver.cuDeviceGetName(name, name.length, one), "read the GPU's name");
    long[] memory = new long[1];
    check(JCudaDriver.cuDeviceTotalMem(memory, one), "read the GPU's memory");
    int[] version = new int[1];
    check(JCudaDriver.cuDriverGetVersion(version), "read the driver's version");
    int major = attribute(one, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    int minor = attribute(one, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    return new Found(
        new String(name, StandardCharsets.UTF_8).trim(), 10 * major + minor, memory[0], version[0]);
  }

  private static int attribute(CUdevice device, int which) {
    int[] value = new int[1];
    check(
        JCudaDriver.cuDeviceGetAttribute(value, which, device),
        "read the compute capability of the GPU");
    return value[0];
  }

  private static void check(int code, String what) {
    if (code != CUresult.CUDA_SUCCESS) {
      throw new GpuException(what, code);
    }
  }

  private static String point(int number) {
    return number / 10 + "." + number % 10;
  }

  private static String version(int number) {
    return number / 1000 + "." + number % 1000 / 10;
  }
}
