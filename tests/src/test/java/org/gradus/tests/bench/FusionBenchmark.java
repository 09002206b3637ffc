// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.concurrent.TimeUnit;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
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

/// Operations that are one kernel, beside the same made of single operations: forward and backward, in the sizes of DeepFM,
/// DLRM and DIN.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms2g", "-Xmx2g"})
public class FusionBenchmark {
  private static final int BATCH = 2048;
  private static final int FIELDS = 26;
  private static final int STEPS = 50;

  @Param({"2"})
  private int threads = 2;

  private Device device = Device.open("reference");
  private org.gradus.tensor.Scope inputs = new org.gradus.tensor.Scope(device);
  private Tensor rows = none();
  private Tensor deeper = none();
  private Tensor first = none();
  private Tensor weight = none();
  private Tensor bias = none();
  private Tensor narrow = none();
  private Tensor wide = none();
  private Tensor logits = none();
  private Tensor targets = none();
  private Tensor keys = none();
  private Tensor query = none();
  private Tensor weights = none();
  private Tensor unit = none();
  private Tensor unitBias = none();
  private Tensor last = none();
  private Tensor lastBias = none();

  private Tensor none() {
    return inputs.real("none", Shape.of(0));
  }

  /// Draws the inputs.
  @Setup(Level.Trial)
  public void setUp() {
    tearDown();
    device = Device.open("cpu", DeviceOptions.defaults().withThreads(threads));
    inputs = new org.gradus.tensor.Scope(device);
    rows = draw(BATCH, 400);
    deeper = draw(BATCH, 400);
    first = draw(BATCH, 400);
    weight = draw(400, 400);
    bias = draw(400);
    narrow = draw(BATCH, FIELDS, 16);
    wide = draw(BATCH, FIELDS + 1, 64);
    logits = draw(BATCH);
    targets = draw(BATCH);
    keys = draw(512, STEPS, 32);
    query = draw(512, 32);
    weights = draw(512, STEPS);
    unit = draw(4 * 32, 36);
    unitBias = draw(36);
    last = draw(36, 1);
    lastBias = draw(1);
  }

  private Tensor draw(int... sizes) {
    Shape shape = Shape.of(sizes);
    float[] values = new float[shape.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Counter.uniform(sizes.length, i) - 0.5f;
    }
    return inputs.upload(shape, values);
  }

  /// Frees them.
  @TearDown(Level.Trial)
  public void tearDown() {
    inputs.close();
    device.close();
  }

  private int walk(Tape tape, Var y) {
    Tensor seed = tape.scope().real("seed", y.shape());
    tape.kernels().elementwise().fill(seed.buffer(), 1, seed.elements());
    tape.backward(y, seed);
    return tape.size();
  }

  /// max(x W + b, 0): bias and activation while a block of the product is in registers or cache.
  @Benchmark
  public int linearFused() {
    try (Tape tape = Tape.recording(device)) {
      Var x = tape.variable(rows);
      return walk(tape, x.linear(tape.variable(weight), tape.variable(bias), Activation.RELU));
    }
  }

  /// The same as a product, a sum and an activation.
  @Benchmark
  public int linearComposed() {
    try (Tape tape = Tape.recording(device)) {
      Var x = tape.variable(rows);
      return walk(tape, Compositions.linear(x, tape.variable(weight), tape.variable(bias)));
    }
  }

  /// FM's term of pairs.
  @Benchmark
  public int pairwiseFused() {
    try (Tape tape = Tape.recording(device)) {
      return walk(tape, tape.variable(narrow).pairwise());
    }
  }

  /// The same as sums and squares.
  @Benchmark
  public int pairwiseComposed() {
    try (Tape tape = Tape.recording(device)) {
      return walk(tape, Compositions.pairwise(tape.variable(narrow)));
    }
  }

  /// DLRM's products of all pairs.
  @Benchmark
  public int dotsFused() {
    try (Tape tape = Tape.recording(device)) {
      return walk(tape, tape.variable(wide).dots(true, false));
    }
  }

  /// The whole matrix of products, and the pairs taken from it.
  @Benchmark
  public int dotsComposed() {
    try (Tape tape = Tape.recording(device)) {
      return walk(tape, Compositions.dots(tape.variable(wide)));
    }
  }

  /// The cross-entropy from logits.
  @Benchmark
  public int crossEntropyFused() {
    try (Tape tape = Tape.recording(device)) {
      return walk(tape, tape.variable(logits).crossEntropyWithLogits(targets));
    }
  }

  /// The same as max(z, 0) − z t + ln(1 + e^−|z|).
  @Benchmark
  public int crossEntropyComposed() {
    try (Tape tape = Tape.recording(device)) {
      return walk(tape, Compositions.crossEntropy(tape.variable(logits), targets));
    }
  }

  /// What DIN's activation unit reads.
  @Benchmark
  public int facingFused() {
    try (Tape tape = Tape.recording(device)) {
      return walk(tape, tape.variable(keys).facing(tape.variable(query)));
    }
  }

  /// The same as copies, a difference, a product and a concatenation.
  @Benchmark
  public int facingComposed() {
    try (Tape tape = Tape.recording(device)) {
      return walk(tape, Compositions.facing(tape.variable(keys), tape.variable(query)));
    }
  }

  /// DIN's activation unit, 36 sigmoids wide, with the weighted sum after it.
  @Benchmark
  public int unitFused() {
    try (Tape tape = Tape.recording(device)) {
      Var k = tape.variable(keys);
      return walk(tape, scores(k.facing(tape.variable(query))).weightedSum(k));
    }
  }

  /// The same from what is not fused; the tower is the same in both.
  @Benchmark
  public int unitComposed() {
    try (Tape tape = Tape.recording(device)) {
      Var k = tape.variable(keys);
      Var seen = Compositions.facing(k, tape.variable(query));
      return walk(tape, Compositions.weightedSum(scores(seen), k));
    }
  }

  private Var scores(Var seen) {
    Tape tape = seen.tape();
    Var z = seen.reshape(512 * STEPS, 4 * 32);
    Var h = z.linear(tape.variable(unit), tape.variable(unitBias), Activation.SIGMOID);
    return h.linear(tape.variable(last), tape.variable(lastBias), Activation.IDENTITY)
        .reshape(512, STEPS);
  }

  /// A cross layer of DCN V2, but for its product.
  @Benchmark
  public int crossFused() {
    try (Tape tape = Tape.recording(device)) {
      return walk(tape, tape.variable(rows).cross(tape.variable(deeper), tape.variable(first)));
    }
  }

  /// The same as a product and a sum.
  @Benchmark
  public int crossComposed() {
    try (Tape tape = Tape.recording(device)) {
      return walk(
          tape,
          Compositions.cross(tape.variable(rows), tape.variable(deeper), tape.variable(first)));
    }
  }

  /// A weighted sum over steps.
  @Benchmark
  public int weightedSumFused() {
    try (Tape tape = Tape.recording(device)) {
      return walk(tape, tape.variable(weights).weightedSum(tape.variable(keys)));
    }
  }

  /// The same as products and a sum.
  @Benchmark
  public int weightedSumComposed() {
    try (Tape tape = Tape.recording(device)) {
      return walk(tape, Compositions.weightedSum(tape.variable(weights), tape.variable(keys)));
    }
  }
}
