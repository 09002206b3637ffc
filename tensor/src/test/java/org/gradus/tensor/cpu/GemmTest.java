// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Against a naive product: in double with the bound (k + 2) · 2⁻²⁴ · Σ|a||b|, and bit for bit against
/// the chain of fused multiply-adds that the documentation promises.
class GemmTest {
  private static final List<Blocking> BLOCKINGS = List.of(Blocking.NEAR, Blocking.FAR);

  private static final float UNTOUCHED = -12345f;

  @ParameterizedTest
  @CsvSource({
    "0, 3, 4",
    "3, 0, 4",
    "3, 4, 0",
    "1, 1, 1",
    "1, 1, 37",
    "1, 37, 1",
    "37, 1, 1",
    "2, 2, 2",
    "3, 5, 7",
    "11, 31, 13",
    "12, 32, 16",
    "13, 33, 17",
    "27, 27, 128",
    "27, 128, 27",
    "5, 16, 257",
    "1, 127, 67",
    "131, 1, 63",
    "1, 200, 300",
    "64, 64, 64",
    "47, 97, 512",
    "130, 33, 511",
    "7, 1025, 5",
    "24, 15, 4099",
    "211, 97, 129",
    "50, 300, 1100",
    "37, 32, 1030",
    "36, 40, 1030",
    "36, 32, 1030",
    "100, 7, 1500"
  })
  void equalsTheNaiveProduct(int m, int n, int k) {
    try (Workers workers = new Workers(2)) {
      for (Blocking blocking : BLOCKINGS) {
        Gemm gemm = new Gemm(workers, blocking);
        for (int variant = 0; variant < 32; variant++) {
          Case test = Case.of(new Size(m, n, k), variant);
          gemm.multiply(test.product);
          test.check();
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1000, 1024})
  void givesTheSameBitsHoweverItIsCut(int k) {
    float[] expected = null;
    for (Blocking blocking : BLOCKINGS) {
      for (int threads : new int[] {1, 2, 7}) {
        Random random = new Random(k);
        Matrix a = Matrix.of(randoms(100 * k, random), k);
        Matrix b = Matrix.of(randoms(k * 260, random), 260);
        Matrix c = Matrix.of(new float[100 * 260], 260);
        try (Workers workers = new Workers(threads)) {
          new Gemm(workers, blocking).multiply(Product.of(100, 260, k, a, b, c, Epilogue.STORE));
        }
        expected = expected == null ? chains(100, 260, k, a, b) : expected;
        assertThat(c.data()).containsExactly(expected);
      }
    }
  }

  /// Each element as one chain of fused multiply-adds.
  private static float[] chains(int m, int n, int k, Matrix a, Matrix b) {
    float[] c = new float[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        for (int l = 0; l < k; l++) {
          c[i * n + j] = Math.fma(a.data()[i * k + l], b.data()[l * n + j], c[i * n + j]);
        }
      }
    }
    return c;
  }

  @Test
  void choosesItsCutsByTheFirstCache() {
    assertThat(Blocking.of(48 << 10, 16)).isSameAs(Blocking.NEAR);
    assertThat(Blocking.of(32 << 10, 16)).isSameAs(Blocking.FAR);
    assertThat(Blocking.of(32 << 10, 8)).isSameAs(Blocking.NEAR);
  }

  @Test
  void refusesMoreStepsThanACopiedRowHasRoomFor() {
    int most = CopiedRowTiles.STRIDE;
    assertThat(new Blocking(most, 1).steps()).isEqualTo(most);
    assertThatThrownBy(() -> new Blocking(most + 1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Expected at most 1360");
  }

  @Test
  void cutsTheInnerDimensionAndWideProductsIntoSlabsWithTheSameChains() {
    try (Workers workers = new Workers(3)) {
      for (Blocking blocking : BLOCKINGS) {
        Gemm gemm = new Gemm(workers, blocking);
        for (int variant : new int[] {0, 1, 3, 9, 12, 21, 31}) {
          Case test = Case.of(new Size(5, 2051, 37), variant);
          gemm.multiply(test.product);
          test.check();
          test = Case.of(new Size(29, 33, 8195), variant);
          gemm.multiply(test.product);
          test.check();
        }
      }
    }
  }

  /// More strips of a transposed A than a chunk packs at a time, and more steps than a panel has.
  @Test
  void packsATallTransposedOperandInSeveralChunks() {
    try (Workers workers = new Workers(2)) {
      for (Blocking blocking : BLOCKINGS) {
        Case test = Case.of(new Size(1601, 33, 257), 1);
        new Gemm(workers, blocking).multiply(test.product);
        test.check();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 8, 28})
  void multipliesBatches(int variant) {
    int[][] sizes = {
      {27, 27, 32}, {1, 19, 8}, {9, 1, 8}, {4, 16, 16}, {70, 70, 90}, {29, 20, 1100}, {40, 230, 64}
    };
    for (int[] s : sizes) {
      for (int shared = 0; shared < 3; shared++) {
        int count = 1 + 40_000 / (s[0] * s[1] * s[2] / 16 + 1000);
        Product one = Case.of(new Size(s[0], s[1], s[2]), variant).product;
        Random random = new Random(5);
        Matrix a = spread(one.a(), shared == 1 ? 0 : count, random);
        Matrix b = spread(one.b(), shared == 2 ? 0 : count, random);
        Matrix c = spread(one.c(), count, random);
        float[] start = c.data().clone();
        Blocking blocking = BLOCKINGS.get(shared % 2);
        try (Workers workers = new Workers(2)) {
          new Gemm(workers, blocking)
              .batched(count, Product.of(one.m(), one.n(), one.k(), a, b, c, one.epilogue()));
        }
        for (int i = 0; i < count; i++) {
          new Case(Product.of(one.m(), one.n(), one.k(), a, b, c, one.epilogue()).at(i), start)
              .checkBound();
        }
      }
    }
  }

  @Test
  void givesTheSameBitsWithAnyNumberOfThreads() {
    for (int[] s : new int[][] {{200, 130, 300}, {70, 1, 9000}, {1, 900, 700}, {13, 256, 2048}}) {
      float[] expected = null;
      for (int threads : new int[] {1, 2, 3, 5}) {
        for (int variant : new int[] {0, 1, 2}) {
          Case test = Case.of(new Size(s[0], s[1], s[2]), variant);
          try (Workers workers = new Workers(threads)) {
            new Gemm(workers).multiply(test.product);
          }
          test.check();
          if (variant == 0) {
            expected = expected == null ? test.product.c().data() : expected;
            assertThat(test.product.c().data()).containsExactly(expected);
          }
        }
      }
    }
  }

  @Test
  void fusedEpilogueEqualsItsComposition() {
    Size size = new Size(45, 67, 300);
    Product plain = Case.of(size, 0).product;
    float[] bias = randoms(67, new Random(3));
    float[] fused = plain.c().data().clone();
    Matrix c = plain.c();
    Matrix target = new Matrix(fused, c.offset(), c.stride(), false, 0);
    try (Workers workers = new Workers(2)) {
      Gemm gemm = new Gemm(workers);
      gemm.multiply(plain);
      Epilogue epilogue = Epilogue.biasRelu(bias, 0);
      gemm.multiply(
          Product.of(size.m(), size.n(), size.k(), plain.a(), plain.b(), target, epilogue));
    }
    for (int i = 0; i < size.m(); i++) {
      for (int j = 0; j < size.n(); j++) {
        float composed = Math.max(c.data()[c.index(i, j)] + bias[j], 0f);
        assertThat(fused[c.index(i, j)]).isEqualTo(composed);
      }
    }
  }

  @Test
  void keepsNotANumberVisible() {
    float[] a = new float[16];
    Arrays.fill(a, 1f);
    a[5] = Float.NaN; // row 1 of A
    float[] c = new float[16];
    try (Workers workers = new Workers(1)) {
      Epilogue relu = new Epilogue(false, null, 0, true);
      Matrix ones = Matrix.of(a.clone(), 4);
      ones.data()[5] = 1f;
      new Gemm(workers).multiply(Product.of(4, 4, 4, Matrix.of(a, 4), ones, Matrix.of(c, 4), relu));
    }
    assertThat(c[4]).isNaN();
    assertThat(c[0]).isEqualTo(4f);
  }

  @Test
  void runsFromSeveralThreadsAtOnce() throws InterruptedException {
    try (Workers workers = new Workers(2)) {
      Gemm gemm = new Gemm(workers);
      Case[] tests = new Case[6];
      Thread[] threads = new Thread[tests.length];
      for (int t = 0; t < tests.length; t++) {
        Size size = t % 2 == 0 ? new Size(150, 230 + t, 120) : new Size(40, 30 + t, 1200);
        Case test = Case.of(size, t);
        tests[t] = test;
        threads[t] = new Thread(() -> gemm.multiply(test.product));
        threads[t].start();
      }
      for (int t = 0; t < tests.length; t++) {
        threads[t].join();
        tests[t].check();
      }
    }
  }

  private static float[] randoms(int size, Random random) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /// The storage of one matrix repeated `count` times with other values; 0 keeps one for all.
  private static Matrix spread(Matrix one, int count, Random random) {
    if (count == 0) {
      return one;
    }
    int step = one.data().length + 3;
    float[] data = randoms(count * step, random);
    return new Matrix(data, one.offset(), one.stride(), one.transposed(), step);
  }

  private record Size(int m, int n, int k) {
    static Size of(Product p) {
      return new Size(p.m(), p.n(), p.k());
    }

    long work() {
      return (long) m * n * k;
    }
  }

  /// A product with random operands, and C as it was before.
  ///
  /// Bits of the variant: 0 A transposed, 1 B transposed, 2 offsets and wider rows, 3 accumulate,
  /// 4 bias and ReLU.
  private record Case(Product product, float[] before) {
    static Case of(Size size, int variant) {
      Random random = new Random(17L * variant + size.work());
      int extra = (variant & 4) != 0 ? 5 : 0;
      Matrix a = matrix(size.m(), size.k(), (variant & 1) != 0, extra, random);
      Matrix b = matrix(size.k(), size.n(), (variant & 2) != 0, extra, random);
      Matrix c = matrix(size.m(), size.n(), false, extra, random);
      if ((variant & 8) == 0) {
        Arrays.fill(c.data(), UNTOUCHED);
      }
      boolean relu = (variant & 16) != 0;
      Epilogue epilogue =
          new Epilogue(
              (variant & 8) != 0, relu ? randoms(size.n() + extra, random) : null, extra, relu);
      return new Case(
          Product.of(size.m(), size.n(), size.k(), a, b, c, epilogue), c.data().clone());
    }

    private static Matrix matrix(int rows, int columns, boolean transposed, int extra, Random r) {
      int stride = (transposed ? rows : columns) + extra;
      int lines = transposed ? columns : rows;
      return new Matrix(randoms(3 * extra + lines * stride, r), 2 * extra, stride, transposed, 0);
    }

    /// The bound, the promised chain, and that nothing else of C was written.
    void check() {
      checkBound();
      Size size = Size.of(product);
      Matrix c = product.c();
      boolean[] written = new boolean[before.length];
      boolean lanes =
          (size.n() == 1 && !product.a().transposed())
              || (size.m() == 1 && size.n() != 1 && product.b().transposed());
      for (int i = 0; i < size.m(); i++) {
        for (int j = 0; j < size.n(); j++) {
          written[c.index(i, j)] = true;
          if (!lanes) {
            float chain = product.epilogue().accumulate() ? before[c.index(i, j)] : 0f;
            for (int k = 0; k < size.k(); k++) {
              chain = Math.fma(a(i, k), b(k, j), chain);
            }
            assertThat(c.data()[c.index(i, j)])
                .as("element (%s, %s) of %s", i, j, size)
                .isEqualTo(finished(chain, j));
          }
        }
      }
      for (int at = 0; at < before.length; at++) {
        if (!written[at]) {
          assertThat(c.data()[at]).as("element %s outside C", at).isEqualTo(before[at]);
        }
      }
    }

    void checkBound() {
      Size size = Size.of(product);
      Matrix c = product.c();
      float[] bias = product.epilogue().bias();
      for (int i = 0; i < size.m(); i++) {
        for (int j = 0; j < size.n(); j++) {
          double exact = product.epilogue().accumulate() ? before[c.index(i, j)] : 0;
          double magnitude = Math.abs(exact);
          for (int k = 0; k < size.k(); k++) {
            exact += (double) a(i, k) * b(k, j);
            magnitude += Math.abs((double) a(i, k) * b(k, j));
          }
          if (bias != null) {
            double addend = bias[product.epilogue().biasOffset() + j];
            exact = Math.max(exact + addend, 0);
            magnitude += Math.abs(addend);
          }
          double error = Math.abs(c.data()[c.index(i, j)] - exact);
          double bound = (size.k() + 2) * 0x1p-24 * magnitude;
          if (!(error <= bound)) {
            assertThat(error).as("element (%s, %s) of %s", i, j, size).isLessThanOrEqualTo(bound);
          }
        }
      }
    }

    private float finished(float x, int column) {
      float[] bias = product.epilogue().bias();
      if (bias == null) {
        return x;
      }
      return Math.max(x + bias[product.epilogue().biasOffset() + column], 0f);
    }

    private float a(int i, int k) {
      return product.a().data()[product.a().index(i, k)];
    }

    private float b(int k, int j) {
      return product.b().data()[product.b().index(k, j)];
    }
  }
}
