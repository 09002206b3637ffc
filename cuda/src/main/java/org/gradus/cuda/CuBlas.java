// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.function.Supplier;
import org.gradus.cuda.CudaMatMul.Matrix;
import org.gradus.cuda.CudaMatMul.Sizes;
import org.jspecify.annotations.Nullable;

/// Products of cuBLAS, in the stream of all other work, called through Java's foreign-function interface.
///
/// Sums of float32 are float32 here, and their order is the library's choice; with TF32 the factors are rounded to 10 bits behind the
/// point first, on GPUs of compute capability 8.0 or later.
final class CuBlas {
  // cublasOperation_t
  private static final int AS_STORED = 0;
  private static final int TRANSPOSED = 1;

  // cublasMath_t
  private static final int DEFAULT_MATH = 0; // float32 for products of float32
  private static final int TF32_TENSOR_OP_MATH = 3;

  private final Gpu gpu;
  private final CuBlasLibrary library;
  private final boolean tf32;
  private final long handle;
  private final MethodHandle sgemm;
  private final MethodHandle sgemmStridedBatched;
  private final MemorySegment zero;
  private final MemorySegment one;
  private final Supplier<String> words = this::describeLast; // made once
  private @Nullable Sizes last;

  /// Starts a library.
  CuBlas(Gpu gpu, CuBlasLibrary library, boolean tf32) {
    this.gpu = gpu;
    this.library = library;
    this.tf32 = tf32;
    Arena arena = Arena.ofAuto();
    zero = arena.allocateFrom(JAVA_FLOAT, 0);
    one = arena.allocateFrom(JAVA_FLOAT, 1);
    // handle, op(A), op(B), m, n, k, alpha, A, lda, B, ldb, beta, C, ldc
    sgemm =
        library.function(
            "cublasSgemm_v2",
            JAVA_LONG,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            ADDRESS,
            JAVA_LONG,
            JAVA_INT,
            JAVA_LONG,
            JAVA_INT,
            ADDRESS,
            JAVA_LONG,
            JAVA_INT);
    // the same with a stride behind each leading dimension, and the number of products at the end
    sgemmStridedBatched =
        library.function(
            "cublasSgemmStridedBatched",
            JAVA_LONG,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            ADDRESS,
            JAVA_LONG,
            JAVA_INT,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_INT,
            JAVA_LONG,
            ADDRESS,
            JAVA_LONG,
            JAVA_INT,
            JAVA_LONG,
            JAVA_INT);
    handle = create();
    MethodHandle destroy = library.function("cublasDestroy_v2", JAVA_LONG);
    gpu.atClose(
        () -> {
          int _ = status(() -> (int) destroy.invokeExact(handle));
        });
    MethodHandle setStream = library.function("cublasSetStream_v2", JAVA_LONG, JAVA_LONG);
    long stream = gpu.streamAddress();
    check(status(() -> (int) setStream.invokeExact(handle, stream)), "cublasSetStream_v2");
    MethodHandle setMathMode = library.function("cublasSetMathMode", JAVA_LONG, JAVA_INT);
    int mode = tf32 ? TF32_TENSOR_OP_MATH : DEFAULT_MATH;
    check(status(() -> (int) setMathMode.invokeExact(handle, mode)), "cublasSetMathMode");
  }

  private long create() {
    MethodHandle create = library.function("cublasCreate_v2", ADDRESS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      gpu.enter();
      check(status(() -> (int) create.invokeExact(out)), "cublasCreate_v2");
      return out.get(JAVA_LONG, 0);
    }
  }

  /// Starts the first candidate that is there and works.
  ///
  /// @throws IllegalArgumentException that says what was tried
  static CuBlas open(Gpu gpu, List<String> candidates, boolean tf32) {
    StringBuilder refused = new StringBuilder();
    for (String candidate : candidates) {
      try {
        return new CuBlas(gpu, CuBlasLibrary.load(candidate), tf32);
      } catch (IllegalArgumentException e) {
        // not there
      } catch (GpuException e) {
        refused.append(' ').append(candidate).append(" is there, but ").append(e.getMessage());
      }
    }
    throw new IllegalArgumentException(
        "cuda: no cuBLAS: looked for "
            + String.join(", ", candidates)
            + "."
            + refused
            + " Expected a CUDA toolkit of version 11 or later that the driver is new enough for,"
            + " or cuda.gemm=own.");
  }

  /// Version, place and arithmetic.
  String describe() {
    return "cuBLAS "
        + library.version()
        + " at "
        + library.place()
        + (tf32 ? ", factors in TF32" : ", float32");
  }

  /// C (+)= op(A) op(B), batch by batch, all row-major; k at least 1.
  ///
  /// cuBLAS is column-major, and a row-major matrix read so is its transpose: Cᵀ = op(B)ᵀ op(A)ᵀ, each as it is stored.
  void multiply(Matrix c, Matrix a, Matrix b, Sizes s, boolean accumulate) {
    long to = c.address();
    long first = b.address();
    long second = a.address();
    int opFirst = b.transposed() ? TRANSPOSED : AS_STORED;
    int opSecond = a.transposed() ? TRANSPOSED : AS_STORED;
    MemorySegment beta = accumulate ? one : zero;
    gpu.enter();
    int status;
    try {
      status =
          s.batch() == 1
              ? (int)
                  sgemm.invokeExact(
                      handle, opFirst, opSecond, s.n(), s.m(), s.k(), one, first, b.apart(), second,
                      a.apart(), beta, to, c.apart())
              : (int)
                  sgemmStridedBatched.invokeExact(
                      handle,
                      opFirst,
                      opSecond,
                      s.n(),
                      s.m(),
                      s.k(),
                      one,
                      first,
                      b.apart(),
                      s.strideB(),
                      second,
                      a.apart(),
                      s.strideA(),
                      beta,
                      to,
                      c.apart(),
                      s.strideC(),
                      s.batch());
    } catch (Throwable e) {
      throw new IllegalStateException(
          "cuda: a product of cuBLAS", e); // the call itself throws nothing
    }
    if (status != 0) {
      throw gpu.failure(
          "cuda: could not multiply by "
              + describe(s)
              + ": "
              + name(status)
              + gpu.lastLaunch(", behind ")
              + ". Open the device anew; cuda.gemm=own multiplies without the library.");
    }
    last = s;
    gpu.launched(words);
  }

  /// The last product, in words.
  private String describeLast() {
    Sizes s = last;
    return s == null ? "none" : describe(s);
  }

  private static String describe(Sizes s) {
    return (s.batch() == 1 ? "cublasSgemm_v2" : "cublasSgemmStridedBatched") + " of " + s;
  }

  /// A call into the library.
  private interface Call {
    int status() throws Throwable;
  }

  private static int status(Call call) {
    try {
      return call.status();
    } catch (Throwable e) {
      throw new IllegalStateException(
          "cuda: a call of cuBLAS", e); // the call itself throws nothing
    }
  }

  /// Throws unless the library said that all is well.
  static void check(int status, String function) {
    if (status != 0) {
      throw new GpuException("cuda: " + function + ": " + name(status) + ".");
    }
  }

  /// The name of a `cublasStatus_t`.
  private static String name(int status) {
    return switch (status) {
      case 1 -> "CUBLAS_STATUS_NOT_INITIALIZED";
      case 3 -> "CUBLAS_STATUS_ALLOC_FAILED";
      case 7 -> "CUBLAS_STATUS_INVALID_VALUE";
      case 8 -> "CUBLAS_STATUS_ARCH_MISMATCH";
      case 11 -> "CUBLAS_STATUS_MAPPING_ERROR";
      case 13 -> "CUBLAS_STATUS_EXECUTION_FAILED";
      case 14 -> "CUBLAS_STATUS_INTERNAL_ERROR";
      case 15 -> "CUBLAS_STATUS_NOT_SUPPORTED";
      case 16 -> "CUBLAS_STATUS_LICENSE_ERROR";
      default -> "status " + status;
    };
  }
}
