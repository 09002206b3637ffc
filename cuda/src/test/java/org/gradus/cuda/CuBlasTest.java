// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.gradus.cuda.CudaMatMul.Matrix;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Kind;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.MatMulKernels.Product;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// How cuBLAS is found and called, on a simulated one over the simulated driver: which numbers come out of whose library is another
/// question. Factors are small whole numbers, so that every sum is exact.
@Tag("simulated")
class CuBlasTest {
  private static final Path ROOT =
      Path.of(Objects.requireNonNull(System.getProperty("gradus.root"), "gradus.root"));
  private static final String LIBRARY =
      ROOT.resolve("cuda/target/cudasim/cublas/libcublas.so.12").toString();
  private static final DeviceOptions OPTIONS = new DeviceOptions(1, 1 << 20, true);
  private static final Map<String, String> CUBLAS = Map.of("cuda.gemm", "cublas");
  private static final int EXECUTION_FAILED = 13;
  private static final int NOT_INITIALIZED = 1;
  private static final int OUT_OF_MEMORY = 2;

  private SimulatedDriver driver;

  @BeforeEach
  void findTheDriver() throws IOException {
    driver = new SimulatedDriver();
    driver.fail("*", 0, 0);
  }

  @AfterEach
  void nothingIsLeftBehind() {
    driver.fail("*", 0, 0);
    for (String what : List.of("contexts", "live", "streams", "handles", "leaked")) {
      assertThat(driver.count(what)).as(what).isZero();
    }
  }

  private static CudaDevice open(Map<String, String> settings, String... candidates) {
    return new CudaDevice(0, OPTIONS.withSettings(settings), List.of(candidates));
  }

  /// The last product that the simulated library did, as it was called.
  @SuppressWarnings("restricted") // a function of a library of this module's tests
  private static String last() {
    MemorySegment function =
        SymbolLookup.libraryLookup(LIBRARY, Arena.global()).findOrThrow("cublassim_last");
    try {
      MemorySegment text =
          (MemorySegment)
              Linker.nativeLinker()
                  .downcallHandle(function, FunctionDescriptor.of(ValueLayout.ADDRESS))
                  .invokeExact();
      return text.reinterpret(1000).getString(0);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static float[] whole(long seed, int n) {
    Random random = new Random(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = random.nextInt(7) - 3;
    }
    return x;
  }

  private static Buffer upload(Device device, float... values) {
    Buffer buffer = device.allocate(Kind.REAL, values.length);
    device.upload(buffer, values);
    return buffer;
  }

  private static float[] download(Device device, Buffer buffer) {
    float[] values = new float[buffer.length()];
    device.download(values, buffer);
    return values;
  }

  /// By the definition.
  private static float[] product(float[] a, float[] b, float[] c, Product s) {
    float[] found = new float[c.length];
    for (int i = 0; i < c.length; i++) {
      int p = i / (s.m() * s.n());
      int row = i / s.n() % s.m();
      int column = i % s.n();
      float sum = s.accumulate() ? c[i] : 0;
      for (int l = 0; l < s.k(); l++) {
        int atA = s.transposeA() ? l * s.m() + row : row * s.k() + l;
        int atB = s.transposeB() ? column * s.k() + l : l * s.n() + column;
        sum += a[p * s.strideA() + atA] * b[p * s.strideB() + atB];
      }
      found[i] = sum;
    }
    return found;
  }

  @Test
  void everyLayoutIsTheProductThatIsMeant() {
    try (Device device = open(CUBLAS, LIBRARY)) {
      for (int layout = 0; layout < 64; layout++) {
        int m = 2;
        int n = 5;
        int k = 3;
        int batch = (layout & 8) != 0 ? 4 : 1;
        int strideA = (layout & 16) != 0 ? 0 : m * k;
        int strideB = (layout & 32) != 0 ? 0 : k * n;
        Product s =
            new Product(
                batch,
                m,
                n,
                k,
                (layout & 1) != 0,
                (layout & 2) != 0,
                strideA,
                strideB,
                (layout & 4) != 0);
        float[] a = whole(layout, batch * m * k);
        float[] b = whole(-layout, batch * k * n);
        float[] c = whole(7, batch * m * n);
        Buffer to = upload(device, c);
        device.kernels().matMul().multiply(to, upload(device, a), upload(device, b), s);
        assertThat(download(device, to)).as("%s", s).containsExactly(product(a, b, c, s));
      }
    }
  }

  /// C `[2, 5]` = A `[2, 3]` B `[3, 5]`: the transposes, `[5, 2]` = `[5, 3]` `[3, 2]`, B first.
  @Test
  void rowMajorMatricesAreHandedOverAsTheirTransposes() {
    try (Device device = open(CUBLAS, LIBRARY)) {
      Buffer a = upload(device, whole(1, 24));
      Buffer b = upload(device, whole(2, 60));
      Buffer c = device.allocate(Kind.REAL, 40);
      Product plain = Product.of(2, 5, 3);
      device.kernels().matMul().multiply(c, a, b, plain);
      assertThat(last())
          .isEqualTo(
              "cublasSgemm_v2 NN m=5 n=2 k=3 lda=5 ldb=3 ldc=5 strides=0,0,0 batch=1 alpha=1 beta=0"
                  + " math=0");
      device.kernels().matMul().multiply(c, a, b, plain.transposedA().accumulating());
      assertThat(last())
          .isEqualTo(
              "cublasSgemm_v2 NT m=5 n=2 k=3 lda=5 ldb=2 ldc=5 strides=0,0,0 batch=1 alpha=1 beta=1"
                  + " math=0");
      Product several = new Product(4, 2, 5, 3, false, true, 6, 15, false);
      device.kernels().matMul().multiply(c, a, b, several);
      assertThat(last())
          .isEqualTo(
              "cublasSgemmStridedBatched TN m=5 n=2 k=3 lda=3 ldb=3 ldc=5 strides=15,6,10 batch=4"
                  + " alpha=1 beta=0 math=0");
    }
  }

  /// What recurrent layers multiply: A in the middle of rows of 7, C in rows of 6 of which the rest stays.
  @Test
  void partsOfLargerMatrices() {
    try (Device device = open(CUBLAS, LIBRARY)) {
      float[] a = whole(1, 3 * 7);
      float[] b = whole(2, 2 * 4);
      float[] c = whole(3, 3 * 6);
      Buffer to = upload(device, c);
      CudaMatMul products = (CudaMatMul) device.kernels().matMul();
      products.multiply(
          new Matrix(to, 1, 6, false),
          new Matrix(upload(device, a), 2, 7, false),
          new Matrix(upload(device, b), 0, 4, false),
          3,
          4,
          2,
          true);
      float[] expected = c.clone();
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 4; j++) {
          expected[i * 6 + 1 + j] += a[i * 7 + 2] * b[j] + a[i * 7 + 3] * b[4 + j];
        }
      }
      assertThat(download(device, to)).containsExactly(expected);
    }
  }

  @Test
  void aLayerGetsItsBiasAndActivation() {
    try (Device device = open(CUBLAS, LIBRARY)) {
      float[] x = whole(1, 3 * 2);
      float[] w = whole(2, 2 * 5);
      float[] bias = whole(3, 5);
      Buffer y = device.allocate(Kind.REAL, 15);
      float[] z = product(x, w, new float[15], Product.of(3, 5, 2));
      for (int i = 0; i < z.length; i++) {
        z[i] += bias[i % 5];
      }
      for (Activation act : List.of(Activation.IDENTITY, Activation.RELU)) {
        device
            .kernels()
            .matMul()
            .linear(y, upload(device, x), upload(device, w), upload(device, bias), act, 3, 5, 2);
        float[] expected = z.clone();
        for (int i = 0; i < z.length && act == Activation.RELU; i++) {
          expected[i] = Math.max(z[i], 0);
        }
        assertThat(download(device, y)).as("%s", act).containsExactly(expected);
      }
    }
  }

  /// cuBLAS is not asked for sums of nothing.
  @Test
  void anEmptySumIsZeroPlusBias() {
    try (Device device = open(CUBLAS, LIBRARY)) {
      Buffer none = device.allocate(Kind.REAL, 0);
      Buffer y = device.allocate(Kind.REAL, 4);
      Buffer bias = upload(device, 3, -4);
      device.kernels().matMul().linear(y, none, none, bias, Activation.RELU, 2, 2, 0);
      assertThat(download(device, y)).containsExactly(3, 0, 3, 0);
    }
  }

  /// 1 + 2⁻¹² has 12 bits behind the point; TF32 has 10.
  @Test
  void factorsAreRoundedOnlyWhereTf32IsAskedFor() {
    for (boolean tf32 : new boolean[] {false, true}) {
      Map<String, String> settings =
          Map.of("cuda.gemm", "cublas", "cuda.tf32", Boolean.toString(tf32));
      try (CudaDevice device = open(settings, LIBRARY)) {
        Buffer a = upload(device, 1 + 0x1p-12f);
        Buffer b = upload(device, 3);
        Buffer c = device.allocate(Kind.REAL, 1);
        device.kernels().matMul().multiply(c, a, b, Product.of(1, 1, 1));
        assertThat(download(device, c)).containsExactly(tf32 ? 3 : 3 * (1 + 0x1p-12f));
        assertThat(device.description()).endsWith(tf32 ? ", factors in TF32" : ", float32");
      }
    }
  }

  @Test
  void saysWhichLibraryItIs() {
    try (CudaDevice device = open(CUBLAS, "libnothing.so.13", LIBRARY)) {
      assertThat(device.description())
          .isEqualTo("cuda:0, products by cuBLAS 12.6.4 at " + LIBRARY + ", float32");
    }
    assertThat(CuBlasLibrary.describe(List.of("libnothing.so.13", LIBRARY)))
        .isEqualTo("cuBLAS 12.6.4 at " + LIBRARY);
    assertThat(CuBlasLibrary.describe(List.of("libnothing.so.13", "libnothing.so.12")))
        .isEqualTo("no cuBLAS: looked for libnothing.so.13, libnothing.so.12");
  }

  @Test
  void looksForTheNewestFirstAndOnTheLibraryPathFirst() {
    List<String> candidates = CuBlasLibrary.candidates();
    assertThat(candidates)
        .startsWith("libcublas.so.13", "libcublas.so.12", "libcublas.so.11")
        .endsWith("/usr/local/cuda/lib64/libcublas.so.11");
  }

  @Test
  void autoTakesOurKernelWhereThereIsNoLibrary() {
    try (CudaDevice device = open(Map.of("cuda.gemm", "auto"), "libnothing.so.13")) {
      assertThat(device.description()).isEqualTo("cuda:0, products by our own kernel, float32");
    }
    try (CudaDevice device = open(Map.of("cuda.gemm", "auto"), LIBRARY)) {
      assertThat(device.description()).contains("cuBLAS 12.6.4");
    }
    try (CudaDevice device = open(Map.of(), LIBRARY)) {
      assertThat(device.description()).contains("our own kernel");
    }
  }

  @Test
  void aLibraryThatIsAskedForAndMissingIsAnError() {
    for (Map<String, String> settings :
        List.of(CUBLAS, Map.of("cuda.gemm", "auto", "cuda.tf32", "true"))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> open(settings, "libnothing.so.13", "libnothing.so.12"))
          .withMessage(
              "cuda: no cuBLAS: looked for libnothing.so.13, libnothing.so.12. Expected a CUDA"
                  + " toolkit of version 11 or later that the driver is new enough for, or"
                  + " cuda.gemm=own.");
    }
  }

  @Test
  void aLibraryThatIsAnotherOneIsAnError() {
    String driverLibrary = ROOT.resolve("cuda/target/cudasim/libcuda.so.1").toString();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> open(CUBLAS, driverLibrary))
        .withMessageContaining(driverLibrary + " is there, but cuda: ")
        .withMessageContaining("has no cublasSgemm_v2");
  }

  @Test
  void theNextCandidateIsTriedWhereOneDoesNotStart() {
    driver.fail("cublasCreate_v2", 1, NOT_INITIALIZED);
    try (CudaDevice device = open(CUBLAS, LIBRARY, LIBRARY)) {
      assertThat(device.description()).contains("cuBLAS 12.6.4");
    }
    driver.fail("cublasCreate_v2", 1, NOT_INITIALIZED);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> open(CUBLAS, LIBRARY))
        .withMessageContaining("cublasCreate_v2: CUBLAS_STATUS_NOT_INITIALIZED");
  }

  @Test
  void openingFailsAtAnyCallAndLeavesNothing() {
    boolean opened = false;
    for (int call = 1; !opened; call++) {
      driver.fail("*", call, OUT_OF_MEMORY);
      try (CudaDevice device = open(CUBLAS, LIBRARY)) {
        driver.fail("*", 0, 0);
        opened = device.description().contains("cuBLAS");
      } catch (GpuException | IllegalArgumentException e) {
        assertThat(e).hasMessageStartingWith("cuda: ");
      }
      nothingIsLeftBehind();
    }
  }

  @Test
  void aProductThatFailsSaysWhich() {
    try (Device device = open(CUBLAS, LIBRARY)) {
      Buffer x = upload(device, 1, 2, 3, 4);
      driver.fail("cublasSgemm_v2", 1, EXECUTION_FAILED);
      assertThatExceptionOfType(GpuException.class)
          .isThrownBy(() -> device.kernels().matMul().multiply(x, x, x, Product.of(2, 2, 2)))
          .withMessageStartingWith(
              "cuda: could not multiply by cublasSgemm_v2 of Sizes[batch=1, m=2, n=2, k=2")
          .withMessageContaining("CUBLAS_STATUS_EXECUTION_FAILED. Open the device anew")
          .withMessageNotContaining("none");
      assertThatExceptionOfType(GpuException.class)
          .isThrownBy(() -> device.download(new float[4], x))
          .withMessageContaining("since it could not multiply by cublasSgemm_v2");
    }
  }

  @Test
  void settingsAreReadOrRefused() {
    assertThat(CudaSettings.of(Map.of()))
        .isEqualTo(new CudaSettings(CudaSettings.Gemm.OWN, false, false));
    assertThat(CudaSettings.KEYS.keySet()).allMatch(key -> key.startsWith("cuda."));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CudaSettings.of(Map.of("cuda.gemm", "mkl")))
        .withMessage("cuda.gemm=mkl. Expected own, cublas or auto.");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CudaSettings.of(Map.of("cuda.tf32", "yes")))
        .withMessage("cuda.tf32=yes. Expected true or false.");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CudaSettings.of(Map.of("cuda.tf32", "true")))
        .withMessage(
            "cuda.tf32=true: our own products are float32. Expected cuda.gemm=cublas beside it.");
  }
}
