// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.ElementwiseKernels;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.MatMulKernels.Product;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.gradus.tensor.UpdateKernels.Adam;
import org.gradus.tests.fusion.Compositions;
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

/// Kernels that go over their numbers as seldom as they can, beside the same made of single operations: normalised exponentials
/// and normalisations forward and backward, a step of Adam, products of a matrix and a vector. Loops in plain Java run on one thread
/// and are to be compared with `threads` = 1. Before anything is measured, both ways must give the same numbers.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms2g", "-Xmx2g"})
public class PassesBenchmark {
  private static final int BATCH = 2048;
  private static final int WIDTH = 400;
  private static final double EPSILON = 1e-5;

  /// The tenth step, with the usual numbers.
  private static final Adam ADAM =
      new Adam(1e-3, 0.9, 0.999, 1e-8, 1 / (1 - Math.pow(0.9, 10)), 1 / (1 - Math.pow(0.999, 10)));

  @Param({"1", "2"})
  private int threads = 2;

  private Device device = Device.open("reference");
  private org.gradus.tensor.Scope inputs = new org.gradus.tensor.Scope(device);
  private Operand scores = operand(1, 1);
  private Operand tokens = operand(1, 1);
  private Operand hidden = operand(1, 1);
  private Weights fused = weights(1);
  private Weights composed = weights(1);
  private Skinny product = skinny(1, 1);
  private Skinny transposed = skinny(1, 1);

  /// What an operation reads, and what its result is multiplied by, both `[rows, n]`.
  private record Operand(Tensor x, Tensor seed) {}

  /// What a step of Adam reads and writes, all of one length, and room for what it makes on the way.
  private record Weights(Tensor w, Tensor m, Tensor v, Tensor g, Tensor made) {}

  /// A product A b of a matrix `[m, k]`, stored so or as `[k, m]`, and a vector `[k]`: on the device, there too with b as the first of
  /// two columns `[k, 2]` and a second of zeros, and on the host.
  @SuppressWarnings("ArrayRecordComponent") // a bundle of operands
  private record Skinny(
      int m, int k, Tensor a, Tensor b, Tensor columns, Tensor y, Tensor wide, Host host) {}

  /// The operands and the result of a product on the host.
  @SuppressWarnings("ArrayRecordComponent") // a bundle of operands
  private record Host(float[] a, float[] b, float[] y) {}

  /// Draws the inputs, and compares the ways.
  @Setup(Level.Trial)
  public void setUp() {
    tearDown();
    device = Device.open("cpu", DeviceOptions.defaults().withThreads(threads));
    inputs = new org.gradus.tensor.Scope(device);
    scores = operand(BATCH * 4, 50);
    tokens = operand(1280, 128);
    hidden = operand(BATCH, WIDTH);
    fused = weights(WIDTH * WIDTH);
    composed = weights(WIDTH * WIDTH);
    product = skinny(BATCH, WIDTH);
    transposed = skinny(WIDTH, BATCH);
    check();
  }

  private Operand operand(int rows, int n) {
    return new Operand(draw(1, rows, n), draw(2, rows, n));
  }

  private Weights weights(int n) {
    Tensor zeros = zeros(n);
    return new Weights(zeros, zeros(n), zeros(n), draw(3, n), zeros(n));
  }

  private Skinny skinny(int m, int k) {
    Host host = new Host(numbers(4, m * k), numbers(5, k), new float[m]);
    float[] columns = new float[2 * k];
    for (int i = 0; i < k; i++) {
      columns[2 * i] = host.b[i];
    }
    return new Skinny(
        m,
        k,
        inputs.upload(Shape.of(m, k), host.a),
        inputs.upload(Shape.of(k), host.b),
        inputs.upload(Shape.of(k, 2), columns),
        zeros(m),
        zeros(2 * m),
        host);
  }

  private Tensor zeros(int n) {
    return inputs.upload(Shape.of(n), new float[n]);
  }

  private Tensor draw(int key, int... sizes) {
    Shape shape = Shape.of(sizes);
    return inputs.upload(shape, numbers(key, shape.elements()));
  }

  private static float[] numbers(int key, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = Counter.uniform(key, i) - 0.5f;
    }
    return values;
  }

  private void check() {
    check("softmax", scores, Var::softmax, Compositions::softmax);
    check("layer norm", tokens, x -> x.layerNorm(EPSILON), x -> standardized(x, 1));
    check("batch norm", hidden, PassesBenchmark::batchNorm, x -> standardized(x, 0));
    adamFused();
    adamComposed();
    Agreement.check("adam, w", fused.w.toFloats(), composed.w.toFloats());
    Agreement.check("adam, m", fused.m.toFloats(), composed.m.toFloats());
    Agreement.check("adam, v", fused.v.toFloats(), composed.v.toFloats());
    Agreement.check("X w by dots", matrixVector().toFloats(), matrixVectorLoops());
    Agreement.check("X w by blocks", firstColumn(matrixVectorPacked()), product.host.y);
    Agreement.check("Xᵀ y by chains", transposedVector().toFloats(), transposedVectorLoops());
    float[] byColumns = transposedVectorLoops().clone();
    Agreement.check("Xᵀ y along rows", byColumns, transposedVectorAlongRows());
    Agreement.check("Xᵀ y by blocks", firstColumn(transposedVectorPacked()), transposed.host.y);
  }

  private void check(String what, Operand on, UnaryOperator<Var> one, UnaryOperator<Var> other) {
    float[][] found = new float[4][];
    for (int way = 0; way < 2; way++) {
      try (Tape tape = Tape.recording(device)) {
        Var x = tape.variable(on.x);
        Var y = (way == 0 ? one : other).apply(x);
        Gradients gradients = tape.backward(y, tape.scope().share(on.seed));
        found[way] = y.value().toFloats();
        found[2 + way] = Objects.requireNonNull(gradients.of(x)).toFloats();
      }
    }
    Agreement.check(what, found[0], found[1]);
    Agreement.check(what + ", backward", found[2], found[3]);
  }

  private static float[] firstColumn(Tensor wide) {
    float[] both = wide.toFloats();
    float[] first = new float[both.length / 2];
    for (int i = 0; i < first.length; i++) {
      first[i] = both[2 * i];
    }
    return first;
  }

  /// Frees the inputs.
  @TearDown(Level.Trial)
  public void tearDown() {
    inputs.close();
    device.close();
  }

  private int walk(Operand on, UnaryOperator<Var> op) {
    try (Tape tape = Tape.recording(device)) {
      tape.backward(op.apply(tape.variable(on.x)), tape.scope().share(on.seed));
      return tape.size();
    }
  }

  private static Var standardized(Var x, int axis) {
    return Compositions.standardized(x, axis, EPSILON);
  }

  private static Var batchNorm(Var x) {
    return x.batchNorm(null, EPSILON).y();
  }

  /// Softmax over rows `[8192, 50]`.
  @Benchmark
  public int softmaxFused() {
    return walk(scores, Var::softmax);
  }

  /// The same as a maximum, a difference, exponentials, a sum and a quotient.
  @Benchmark
  public int softmaxComposed() {
    return walk(scores, Compositions::softmax);
  }

  /// Rows `[1280, 128]`, each less its mean and divided by its deviation.
  @Benchmark
  public int layerNormFused() {
    return walk(tokens, x -> x.layerNorm(EPSILON));
  }

  /// The same as means, a difference, squares, a root and a product.
  @Benchmark
  public int layerNormComposed() {
    return walk(tokens, x -> standardized(x, 1));
  }

  /// Columns of `[2048, 400]`, each less its mean and divided by its deviation.
  @Benchmark
  public int batchNormFused() {
    return walk(hidden, PassesBenchmark::batchNorm);
  }

  /// The same as means, a difference, squares, a root and a product.
  @Benchmark
  public int batchNormComposed() {
    return walk(hidden, x -> standardized(x, 0));
  }

  /// A step of Adam on 400 × 400 weights in one pass.
  @Benchmark
  public Tensor adamFused() {
    Weights s = fused;
    device
        .kernels()
        .update()
        .adam(s.w.buffer(), s.m.buffer(), s.v.buffer(), s.g.buffer(), ADAM, s.w.elements());
    return s.w;
  }

  /// The same in ten passes: m = β₁m; m += (1−β₁)g; g²; v = β₂v; v += (1−β₂)g²; c₂v; its root; + ε; the quotient; w.
  @Benchmark
  public Tensor adamComposed() {
    Weights s = composed;
    ElementwiseKernels kernels = device.kernels().elementwise();
    int n = s.w.elements();
    kernels.unary(Unary.AFFINE, s.m.buffer(), s.m.buffer(), n, ADAM.beta1(), 0);
    kernels.addScaled(s.m.buffer(), s.g.buffer(), 1 - ADAM.beta1(), n);
    kernels.unary(Unary.SQUARE, s.made.buffer(), s.g.buffer(), n, 0, 0);
    kernels.unary(Unary.AFFINE, s.v.buffer(), s.v.buffer(), n, ADAM.beta2(), 0);
    kernels.addScaled(s.v.buffer(), s.made.buffer(), 1 - ADAM.beta2(), n);
    kernels.unary(Unary.AFFINE, s.made.buffer(), s.v.buffer(), n, ADAM.correction2(), 0);
    kernels.unary(Unary.SQRT, s.made.buffer(), s.made.buffer(), n, 0, 0);
    kernels.unary(Unary.AFFINE, s.made.buffer(), s.made.buffer(), n, 1, ADAM.epsilon());
    kernels.binary(Binary.DIVIDE, s.made.buffer(), s.m.buffer(), s.made.buffer(), n);
    kernels.addScaled(s.w.buffer(), s.made.buffer(), -ADAM.rate() * ADAM.correction1(), n);
    return s.w;
  }

  /// X w of X `[2048, 400]`: a dot product in vectors for each row.
  @Benchmark
  public Tensor matrixVector() {
    Skinny p = product;
    return multiplied(p.a, p.b, p.y, Product.of(p.m, 1, p.k));
  }

  /// The same by the blocks of a general product, which packs its operands: of two columns, the second of zeros, since one column
  /// never goes that way. A block has room for both, so that the second costs nothing.
  @Benchmark
  public Tensor matrixVectorPacked() {
    Skinny p = product;
    return multiplied(p.a, p.columns, p.wide, Product.of(p.m, 2, p.k));
  }

  /// The same as a loop over rows and one over columns, on one thread.
  @Benchmark
  public float[] matrixVectorLoops() {
    Skinny p = product;
    float[] a = p.host.a;
    float[] b = p.host.b;
    for (int i = 0; i < p.m; i++) {
      float sum = 0;
      for (int j = 0; j < p.k; j++) {
        sum += a[i * p.k + j] * b[j];
      }
      p.host.y[i] = sum;
    }
    return p.host.y;
  }

  /// Xᵀ y of X `[2048, 400]`, the gradient of w: sums of rows, 64 columns at a time in registers.
  @Benchmark
  public Tensor transposedVector() {
    Skinny p = transposed;
    return multiplied(p.a, p.b, p.y, Product.of(p.m, 1, p.k).transposedA());
  }

  /// The same by the blocks of a general product, as in [#matrixVectorPacked].
  @Benchmark
  public Tensor transposedVectorPacked() {
    Skinny p = transposed;
    return multiplied(p.a, p.columns, p.wide, Product.of(p.m, 2, p.k).transposedA());
  }

  /// The same as a loop over the columns of X and one down each, on one thread.
  @Benchmark
  public float[] transposedVectorLoops() {
    Skinny p = transposed;
    float[] a = p.host.a;
    float[] b = p.host.b;
    for (int i = 0; i < p.m; i++) {
      float sum = 0;
      for (int j = 0; j < p.k; j++) {
        sum += a[j * p.m + i] * b[j];
      }
      p.host.y[i] = sum;
    }
    return p.host.y;
  }

  /// The same as a loop over rows, each added to the result, on one thread.
  @Benchmark
  public float[] transposedVectorAlongRows() {
    Skinny p = transposed;
    float[] a = p.host.a;
    float[] y = p.host.y;
    Arrays.fill(y, 0);
    for (int j = 0; j < p.k; j++) {
      float factor = p.host.b[j];
      for (int i = 0; i < p.m; i++) {
        y[i] += a[j * p.m + i] * factor;
      }
    }
    return y;
  }

  private Tensor multiplied(Tensor a, Tensor b, Tensor y, Product sizes) {
    device.kernels().matMul().multiply(y.buffer(), a.buffer(), b.buffer(), sizes);
    return y;
  }
}
