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
/// the last run on one thread.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ProductStepsBenchmark {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int W = S.length();

  /// Rows of a register block.
  private static final int ROWS = 4;

  @Param({"768"})
  private int n = 1;

  private float[] a = {};
  private float[] b = {};
  private float[] c = {};
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
    for (int i = 0; i < n * n; i++) {
      a[i] = Counter.uniform(1, i) - 0.5f;
      b[i] = Counter.uniform(2, i) - 0.5f;
    }
    one = Device.open("cpu", DeviceOptions.defaults().withThreads(1));
    two = Device.open("cpu", DeviceOptions.defaults().withThreads(2));
    ofOne = operands(one);
    ofTwo = operands(two);
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

  /// The product of `cpu`: a register block of twelve rows, B packed into panels, steps of k that fit the cache.
  @Benchmark
  public Buffer packed() {
    one.kernels().matMul().multiply(ofOne[0], ofOne[1], ofOne[2], Product.of(n, n, n));
    return ofOne[0];
  }

  /// The same on two threads.
  @Benchmark
  public Buffer packedOnTwoThreads() {
    two.kernels().matMul().multiply(ofTwo[0], ofTwo[1], ofTwo[2], Product.of(n, n, n));
    return ofTwo[0];
  }
}
