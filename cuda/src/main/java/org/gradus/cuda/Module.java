// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/// The kernels of one family, `family.cu` as PTX, which the driver translates for its GPU.
final class Module {
  /// The least version of CUDA whose drivers read the PTX: 11.8, which is PTX ISA 7.8.
  static final int DRIVER = 11_080;

  /// The least compute capability that the PTX is for: 7.5.
  static final int CAPABILITY = 75;

  private static final Pattern ENTRY = Pattern.compile("\\.visible \\.entry (\\w+)\\(([^)]*)\\)");

  private final Gpu gpu;
  private final String family;
  private final CUmodule module = new CUmodule();
  private final Map<String, Integer> parameters;

  Module(Gpu gpu, String family) {
    this.gpu = gpu;
    this.family = family;
    byte[] ptx;
    try (InputStream in = Module.class.getResourceAsStream(family + ".ptx")) {
      if (in == null) {
        throw new IllegalStateException("cuda: " + family + ".ptx is not in this build.");
      }
      ptx = in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    parameters = parameters(new String(ptx, StandardCharsets.US_ASCII));
    gpu.enter();
    // the driver reads up to a zero
    int code = JCudaDriver.cuModuleLoadData(module, Arrays.copyOf(ptx, ptx.length + 1));
    switch (code) {
      case CUresult.CUDA_ERROR_INVALID_PTX,
          CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION,
          CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU ->
          throw refused(code, Gpus.needs());
      case CUresult.CUDA_ERROR_JIT_COMPILER_NOT_FOUND,
          CUresult.CUDA_ERROR_JIT_COMPILATION_DISABLED ->
          throw refused(
              code,
              ". Expected libnvidia-ptxjitcompiler.so beside the driver's library, and no"
                  + " CUDA_DISABLE_PTX_JIT");
      default -> gpu.check(code, "load the kernels of " + family);
    }
    gpu.atClose(() -> JCudaDriver.cuModuleUnload(module));
  }

  private GpuException refused(int code, String expected) {
    return new GpuException(
        "cuda: the driver does not take the kernels of "
            + family
            + ": "
            + CUresult.stringFor(code)
            + expected
            + ".");
  }

  /// The kernel `family_what`.
  Kernel kernel(String what) {
    String name = family + "_" + what;
    Kernel.Function function = new Kernel.Function();
    gpu.enter();
    gpu.check(JCudaDriver.cuModuleGetFunction(function, module, name), "find kernel " + name);
    return new Kernel(name, function, parameters.getOrDefault(name, 0));
  }

  /// How many parameters each kernel of a PTX text has.
  static Map<String, Integer> parameters(String ptx) {
    Map<String, Integer> found = new HashMap<>();
    Matcher entry = ENTRY.matcher(ptx);
    while (entry.find()) {
      String list = entry.group(2);
      found.put(entry.group(1), (list.length() - list.replace(".param", "").length()) / 6);
    }
    return found;
  }
}
