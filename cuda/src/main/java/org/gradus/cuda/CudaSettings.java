// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// What can be set about the device.
///
/// @param gemm whose matrix products
/// @param tf32 whether products of cuBLAS may round their factors to TF32, with 10 bits behind the point
/// @param graphs whether launches are collected into CUDA graphs
record CudaSettings(Gemm gemm, boolean tf32, boolean graphs) {
  private static final String GEMM = "cuda.gemm";
  private static final String TF32 = "cuda.tf32";
  private static final String GRAPHS = "cuda.graphs";

  /// For each key what it may be.
  static final Map<String, String> KEYS =
      Collections.unmodifiableMap(
          new TreeMap<>(
              Map.of(
                  GEMM,
                  "own (default): products by our own kernel, the same everywhere; cublas; or auto:"
                      + " cublas where it is found",
                  TF32,
                  "false (default), or true: products of cublas may round their factors to TF32",
                  GRAPHS,
                  "false (default), or true: launches that follow each other go to the GPU as one"
                      + " CUDA graph")));

  /// Whose matrix products.
  enum Gemm {
    /// those of `matmul.cu`, summed in the same order on every GPU
    OWN,
    /// those of cuBLAS, or an error
    CUBLAS,
    /// those of cuBLAS where it is found
    AUTO
  }

  /// Fails where float32 was chosen and TF32 asked for.
  CudaSettings {
    if (tf32 && gemm == Gemm.OWN) {
      throw new IllegalArgumentException(
          TF32 + "=true: our own products are float32. Expected " + GEMM + "=cublas beside it.");
    }
  }

  /// Reads settings by key; keys of other devices are passed over.
  static CudaSettings of(Map<String, String> given) {
    String gemm = given.getOrDefault(GEMM, "own");
    boolean tf32 = yes(given, TF32);
    boolean graphs = yes(given, GRAPHS);
    for (Gemm g : Gemm.values()) {
      if (g.name().toLowerCase(Locale.ROOT).equals(gemm)) {
        return new CudaSettings(g, tf32, graphs);
      }
    }
    throw new IllegalArgumentException(GEMM + "=" + gemm + ". Expected own, cublas or auto.");
  }

  /// Whether a key is set to true.
  private static boolean yes(Map<String, String> given, String key) {
    String value = given.getOrDefault(key, "false");
    if (!value.equals("true") && !value.equals("false")) {
      throw new IllegalArgumentException(key + "=" + value + ". Expected true or false.");
    }
    return value.equals("true");
  }
}
