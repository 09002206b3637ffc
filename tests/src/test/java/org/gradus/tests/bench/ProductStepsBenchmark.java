// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
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

/// C = A B of square float32 matrices, from three loops to the product that models use: what each step of the way gains. All but
/// those that say so run on one thread.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ProductStepsBenchmark {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int W = S.length();

  /// Rows of the first register block, and of the one that `cpu` has for vectors of 16.
  private static final int ROWS = 4;

  private static final int MORE_ROWS = 12;

  @Param({"768"})
  private int n = 1;

  private float[] a = {};
  private float[] b = {};
  private float[] c = {};
  private float[] panel = {};
  private Device one = Device.open("reference");
  private Device two = Device.open("reference");
  private Buffer[] ofOne = {};
  private Buffer[] ofTwo = {};

  /// Draws A and B.
  @Setup(Level.Trial)
  public void setUp() {
    tearDown();
    a = new float[n * n];
    b = new float[n * n];
    c = new float[n * n];
    panel = new float[2 * W * n];
    for (int i = 0; i < n * n; i++) {
      a[i] = Counter.uniform(1, i) - 0.5f;
      b[i] = Counter.uniform(2, i) - 0.5f;
    }
    one = Device.open("cpu", DeviceOptions.defaults().withThreads(1));
    two = Device.open("cpu", DeviceOptions.defaults().withThreads(2));
    ofOne = operands(one);
    ofTwo = operands(two);
    check();
  }

  /// An error unless all ways give the same numbers.
  private void check() {
    float[] product = threeLoops().clone();
    Agreement.check("along rows", alongRows(), product);
    Agreement.check("vectors", vectors(), product);
    Agreement.check("registers", registers(), product);
    Agreement.check("twelve rows", twelveRows(), product);
    Agreement.check("panels", panels(), product);
    Agreement.check("packed", download(one, packed()), product);
    Agreement.check("on two threads", download(two, packedOnTwoThreads()), product);
  }

  private float[] download(Device device, Buffer from) {
    float[] values = new float[n * n];
    device.download(values, from);
    return values;
  }

  private Buffer[] operands(Device device) {
    Buffer[] operands = new Buffer[3];
    Arrays.setAll(operands, _ -> device.allocate(Kind.REAL, n * n));
    device.upload(operands[1], a);
    device.upload(operands[2], b);
    return operands;
  }

  /// Ends the devices.
  @TearDown(Level.Trial)
  public void tearDown() {
    one.close();
    two.close();
  }

  /// Row of A times column of B: the loads of B jump by a row each.
  @Benchmark
  public float[] threeLoops() {
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        float sum = 0;
        for (int k = 0; k < n; k++) {
          sum += a[i * n + k] * b[k * n + j];
        }
        c[i * n + j] = sum;
      }
    }
    return c;
  }

  /// The inner loops exchanged, so that every load and store goes along a row.
  @Benchmark
  public float[] alongRows() {
    Arrays.fill(c, 0);
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        float x = a[i * n + k];
        for (int j = 0; j < n; j++) {
          c[i * n + j] += x * b[k * n + j];
        }
      }
    }
    return c;
  }

  /// Vectors and fused multiply-adds, which the compiler does not make of the loop before.
  @Benchmark
  public float[] vectors() {
    Arrays.fill(c, 0);
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        FloatVector x = FloatVector.broadcast(S, a[i * n + k]);
        for (int j = 0; j < n; j += W) {
          x.fma(FloatVector.fromArray(S, b, k * n + j), FloatVector.fromArray(S, c, i * n + j))
              .intoArray(c, i * n + j);
        }
      }
    }
    return c;
  }

  /// Four rows by two vectors of C stay in registers over all k: no load or store of C inside.
  @Benchmark
  public float[] registers() {
    for (int i = 0; i < n; i += ROWS) {
      for (int j = 0; j < n; j += 2 * W) {
        block(a, b, c, n, i, j);
      }
    }
    return c;
  }

  private static void block(float[] a, float[] b, float[] c, int n, int i, int j) {
    FloatVector c0x = FloatVector.zero(S);
    FloatVector c0y = c0x;
    FloatVector c1x = c0x;
    FloatVector c1y = c0x;
    FloatVector c2x = c0x;
    FloatVector c2y = c0x;
    FloatVector c3x = c0x;
    FloatVector c3y = c0x;
    for (int k = 0; k < n; k++) {
      FloatVector x = FloatVector.fromArray(S, b, k * n + j);
      FloatVector y = FloatVector.fromArray(S, b, k * n + j + W);
      FloatVector a0 = FloatVector.broadcast(S, a[i * n + k]);
      c0x = a0.fma(x, c0x);
      c0y = a0.fma(y, c0y);
      FloatVector a1 = FloatVector.broadcast(S, a[(i + 1) * n + k]);
      c1x = a1.fma(x, c1x);
      c1y = a1.fma(y, c1y);
      FloatVector a2 = FloatVector.broadcast(S, a[(i + 2) * n + k]);
      c2x = a2.fma(x, c2x);
      c2y = a2.fma(y, c2y);
      FloatVector a3 = FloatVector.broadcast(S, a[(i + 3) * n + k]);
      c3x = a3.fma(x, c3x);
      c3y = a3.fma(y, c3y);
    }
    c0x.intoArray(c, i * n + j);
    c0y.intoArray(c, i * n + j + W);
    c1x.intoArray(c, (i + 1) * n + j);
    c1y.intoArray(c, (i + 1) * n + j + W);
    c2x.intoArray(c, (i + 2) * n + j);
    c2y.intoArray(c, (i + 2) * n + j + W);
    c3x.intoArray(c, (i + 3) * n + j);
    c3y.intoArray(c, (i + 3) * n + j + W);
  }

  /// Twelve rows by two vectors: 24 multiply-adds under way at a time, as many as their latency asks for, and 14 loads for them.
  @Benchmark
  public float[] twelveRows() {
    for (int i = 0; i < n; i += MORE_ROWS) {
      for (int j = 0; j < n; j += 2 * W) {
        block(a, i * n, b, j, n, c, i * n + j, n);
      }
    }
    return c;
  }

  /// Columns of B that a block reads are copied beside each other before, and serve all rows of A.
  @Benchmark
  public float[] panels() {
    for (int j = 0; j < n; j += 2 * W) {
      for (int k = 0; k < n; k++) {
        System.arraycopy(b, k * n + j, panel, k * 2 * W, 2 * W);
      }
      for (int i = 0; i < n; i += MORE_ROWS) {
        block(a, i * n, panel, 0, 2 * W, c, i * n + j, n);
      }
    }
    return c;
  }

  private static void block(
      float[] a, int at, float[] b, int bAt, int bRow, float[] c, int to, int n) {
    FloatVector c0x = FloatVector.zero(S);
    FloatVector c0y = c0x;
    FloatVector c1x = c0x;
    FloatVector c1y = c0x;
    FloatVector c2x = c0x;
    FloatVector c2y = c0x;
    FloatVector c3x = c0x;
    FloatVector c3y = c0x;
    FloatVector c4x = c0x;
    FloatVector c4y = c0x;
    FloatVector c5x = c0x;
    FloatVector c5y = c0x;
    FloatVector c6x = c0x;
    FloatVector c6y = c0x;
    FloatVector c7x = c0x;
    FloatVector c7y = c0x;
    FloatVector c8x = c0x;
    FloatVector c8y = c0x;
    FloatVector c9x = c0x;
    FloatVector c9y = c0x;
    FloatVector c10x = c0x;
    FloatVector c10y = c0x;
    FloatVector c11x = c0x;
    FloatVector c11y = c0x;
    for (int k = 0; k < n; k++) {
      FloatVector x = FloatVector.fromArray(S, b, bAt + k * bRow);
      FloatVector y = FloatVector.fromArray(S, b, bAt + k * bRow + W);
      FloatVector a0 = FloatVector.broadcast(S, a[at + 0 * n + k]);
      c0x = a0.fma(x, c0x);
      c0y = a0.fma(y, c0y);
      FloatVector a1 = FloatVector.broadcast(S, a[at + 1 * n + k]);
      c1x = a1.fma(x, c1x);
      c1y = a1.fma(y, c1y);
      FloatVector a2 = FloatVector.broadcast(S, a[at + 2 * n + k]);
      c2x = a2.fma(x, c2x);
      c2y = a2.fma(y, c2y);
      FloatVector a3 = FloatVector.broadcast(S, a[at + 3 * n + k]);
      c3x = a3.fma(x, c3x);
      c3y = a3.fma(y, c3y);
      FloatVector a4 = FloatVector.broadcast(S, a[at + 4 * n + k]);
      c4x = a4.fma(x, c4x);
      c4y = a4.fma(y, c4y);
      FloatVector a5 = FloatVector.broadcast(S, a[at + 5 * n + k]);
      c5x = a5.fma(x, c5x);
      c5y = a5.fma(y, c5y);
      FloatVector a6 = FloatVector.broadcast(S, a[at + 6 * n + k]);
      c6x = a6.fma(x, c6x);
      c6y = a6.fma(y, c6y);
      FloatVector a7 = FloatVector.broadcast(S, a[at + 7 * n + k]);
      c7x = a7.fma(x, c7x);
      c7y = a7.fma(y, c7y);
      FloatVector a8 = FloatVector.broadcast(S, a[at + 8 * n + k]);
      c8x = a8.fma(x, c8x);
      c8y = a8.fma(y, c8y);
      FloatVector a9 = FloatVector.broadcast(S, a[at + 9 * n + k]);
      c9x = a9.fma(x, c9x);
      c9y = a9.fma(y, c9y);
      FloatVector a10 = FloatVector.broadcast(S, a[at + 10 * n + k]);
      c10x = a10.fma(x, c10x);
      c10y = a10.fma(y, c10y);
      FloatVector a11 = FloatVector.broadcast(S, a[at + 11 * n + k]);
      c11x = a11.fma(x, c11x);
      c11y = a11.fma(y, c11y);
    }
    c0x.intoArray(c, to + 0 * n);
    c0y.intoArray(c, to + 0 * n + W);
    c1x.intoArray(c, to + 1 * n);
    c1y.intoArray(c, to + 1 * n + W);
    c2x.intoArray(c, to + 2 * n);
    c2y.intoArray(c, to + 2 * n + W);
    c3x.intoArray(c, to + 3 * n);
    c3y.intoArray(c, to + 3 * n + W);
    c4x.intoArray(c, to + 4 * n);
    c4y.intoArray(c, to + 4 * n + W);
    c5x.intoArray(c, to + 5 * n);
    c5y.intoArray(c, to + 5 * n + W);
    c6x.intoArray(c, to + 6 * n);
    c6y.intoArray(c, to + 6 * n + W);
    c7x.intoArray(c, to + 7 * n);
    c7y.intoArray(c, to + 7 * n + W);
    c8x.intoArray(c, to + 8 * n);
    c8y.intoArray(c, to + 8 * n + W);
    c9x.intoArray(c, to + 9 * n);
    c9y.intoArray(c, to + 9 * n + W);
    c10x.intoArray(c, to + 10 * n);
    c10y.intoArray(c, to + 10 * n + W);
    c11x.intoArray(c, to + 11 * n);
    c11y.intoArray(c, to + 11 * n + W);
  }

  /// The product of `cpu`: a register block of twelve rows, B packed into panels, steps of k that fit the cache.
  @Benchmark
  public Buffer packed() {
    one.kernels().matMul().multiply(ofOne[0], ofOne[1], ofOne[2], Product.of(n, n, n));
    return ofOne[0];
  }

  /// As [#packed()], B being the transpose of what is stored.
  @Benchmark
  public Buffer packedOfTransposedB() {
    Product product = Product.of(n, n, n).transposedB();
    one.kernels().matMul().multiply(ofOne[0], ofOne[1], ofOne[2], product);
    return ofOne[0];
  }

  /// As [#packed()], A being the transpose of what is stored.
  @Benchmark
  public Buffer packedOfTransposedA() {
    Product product = Product.of(n, n, n).transposedA();
    one.kernels().matMul().multiply(ofOne[0], ofOne[1], ofOne[2], product);
    return ofOne[0];
  }

  /// As [#packed()], on two threads.
  @Benchmark
  public Buffer packedOnTwoThreads() {
    two.kernels().matMul().multiply(ofTwo[0], ofTwo[1], ofTwo[2], Product.of(n, n, n));
    return ofTwo[0];
  }
}
