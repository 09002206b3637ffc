// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Kind;
import org.gradus.tensor.MatMulKernels.Product;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// 2,048 products of the size that 27 vectors of 128 ask for, X Xᵀ and G X, beside loops of Java along rows on one thread.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class BatchedProductsBenchmark {
  private static final int BATCH = 2048;
  private static final int FIELDS = 27;
  private static final int WIDTH = 128;
  private static final int VECTORS = FIELDS * WIDTH; // numbers of one example
  private static final int PAIRS = FIELDS * FIELDS;

  private static final Product INNER =
      new Product(BATCH, FIELDS, FIELDS, WIDTH, false, true, VECTORS, VECTORS, false);

  private static final Product OUTER =
      new Product(BATCH, FIELDS, WIDTH, FIELDS, false, false, PAIRS, VECTORS, false);

  @Param({"1", "2"})
  private int threads = 2;

  private Device device = Device.open("reference");
  private Buffer x = buffer(0);
  private Buffer y = buffer(0);
  private Buffer g = buffer(0);
  private Buffer pairs = buffer(0);
  private Buffer vectors = buffer(0);
  private float[] left = {};
  private float[] right = {};
  private float[] weights = {};
  private float[] products = {};
  private float[] sums = {};

  private Buffer buffer(int n) {
    return device.allocate(Kind.REAL, n);
  }

  /// Draws the operands, and compares the ways.
  @Setup(Level.Trial)
  public void setUp() {
    tearDown();
    device = Device.open("cpu", DeviceOptions.defaults().withThreads(threads));
    left = drawn(1, BATCH * VECTORS);
    right = drawn(2, BATCH * VECTORS);
    weights = drawn(3, BATCH * PAIRS);
    products = new float[BATCH * PAIRS];
    sums = new float[BATCH * VECTORS];
    x = upload(left);
    y = upload(right);
    g = upload(weights);
    pairs = buffer(BATCH * PAIRS);
    vectors = buffer(BATCH * VECTORS);
    Agreement.check("inner products", download(inner(), products.length), innerLoops());
    Agreement.check("sums of vectors", download(outer(), sums.length), outerLoops());
  }

  private static float[] drawn(long key, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = Counter.uniform(key, i) - 0.5f;
    }
    return values;
  }

  private Buffer upload(float... values) {
    Buffer there = buffer(values.length);
    device.upload(there, values);
    return there;
  }

  private float[] download(Buffer from, int n) {
    float[] values = new float[n];
    device.download(values, from);
    return values;
  }

  /// Frees them.
  @TearDown(Level.Trial)
  public void tearDown() {
    device.close();
  }

  /// `[27, 128]` by the transpose of as much.
  @Benchmark
  public Buffer inner() {
    device.kernels().matMul().multiply(pairs, x, y, INNER);
    return pairs;
  }

  /// The same by three loops, each number a product of two rows.
  @Benchmark
  public float[] innerLoops() {
    for (int s = 0; s < BATCH; s++) {
      for (int i = 0; i < FIELDS; i++) {
        for (int j = 0; j < FIELDS; j++) {
          products[s * PAIRS + i * FIELDS + j] =
              dot(left, s * VECTORS + i * WIDTH, right, s * VECTORS + j * WIDTH);
        }
      }
    }
    return products;
  }

  private static float dot(float[] a, int aAt, float[] b, int bAt) {
    float sum = 0;
    for (int k = 0; k < WIDTH; k++) {
      sum += a[aAt + k] * b[bAt + k];
    }
    return sum;
  }

  /// `[27, 27]` by `[27, 128]`.
  @Benchmark
  public Buffer outer() {
    device.kernels().matMul().multiply(vectors, g, y, OUTER);
    return vectors;
  }

  /// The same by three loops along rows.
  @Benchmark
  public float[] outerLoops() {
    Arrays.fill(sums, 0);
    for (int s = 0; s < BATCH; s++) {
      for (int i = 0; i < FIELDS; i++) {
        for (int k = 0; k < FIELDS; k++) {
          float factor = weights[s * PAIRS + i * FIELDS + k];
          add(sums, s * VECTORS + i * WIDTH, factor, right, s * VECTORS + k * WIDTH);
        }
      }
    }
    return sums;
  }

  private static void add(float[] y, int yAt, float factor, float[] x, int xAt) {
    for (int j = 0; j < WIDTH; j++) {
      y[yAt + j] += factor * x[xAt + j];
    }
  }
}
